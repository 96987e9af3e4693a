//! The provider: what a program holds while it is being recorded.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use gauntlet_model::{
    AlertRaised, Body, EpisodeId, Event, FieldError, MAX_SCORES, Object, RunFinished, RunId, RunStatus,
    Score, ScoreAdded, ScoreTarget, Scores, Severity, SnapshotScored, Status,
};
use gauntlet_rubric::{CallDescription, Node, Observer, ObserverConfig};
use gauntlet_telemetry::{Clock, EventSink};
use parking_lot::{Mutex, MutexGuard};

use crate::artifacts::{ArtifactError, Artifacts};
use crate::names::Names;
use crate::nodes::Nodes;
use crate::report::{NotDurable, Report, SinkReport};
use crate::server::{Membership, Server};
use crate::sinks::{Named, offer};

/// A run being recorded. Cloning it is cheap; all clones are one run. Nothing here waits for the network, and
/// what it is given was validated before: an [`Event`] that breaks a rule cannot be built.
///
/// Events that are still on their way when the last clone is dropped are delivered for a few seconds more;
/// what cannot be delivered by then stays on disk for the next process.
#[derive(Clone)]
pub struct ObservabilityProvider(Arc<Inner>);

struct Inner {
    run: RunId,
    server: Option<Server>,
    clock: Arc<dyn Clock>,
    /// Before the sinks: what waits here is offered to them in the end.
    artifacts: Option<Artifacts>,
    sinks: Arc<Vec<Named>>,
    nodes: Mutex<Nodes>,
    /// The last step the run had when this process joined it.
    resumed_after: Option<u64>,
    names: Names,
    /// Signs of life; `None` without a server.
    membership: Mutex<Option<Membership>>,
    /// Events given to a provider without a sink.
    discarded: AtomicU64,
}

impl fmt::Debug for ObservabilityProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservabilityProvider").field("run", &self.0.run).finish_non_exhaustive()
    }
}

impl ObservabilityProvider {
    pub(crate) fn new(
        run: RunId,
        server: Option<Server>,
        clock: Arc<dyn Clock>,
        sinks: Vec<Named>,
        artifacts: Option<Artifacts>,
        resumed_after: Option<u64>,
    ) -> std::io::Result<Self> {
        let names = Names::new(clock.new_id());
        let join = |server: &Server| server.join(&run, names.writer());
        let membership = server.as_ref().map(join).transpose()?;
        Ok(Self(Arc::new(Inner {
            run,
            server,
            clock,
            artifacts,
            sinks: Arc::new(sinks),
            nodes: Mutex::new(Nodes::after(resumed_after)),
            resumed_after,
            names,
            membership: Mutex::new(membership),
            discarded: AtomicU64::new(0),
        })))
    }

    /// Logs the run's start and its first status.
    pub(crate) fn begin(&self, started: Event) {
        self.log_event(started);
        // A status without a reason breaks no rule.
        let _ = self.log_body(None, None, RunStatus { status: Status::Running, reason: None });
    }

    /// The run's id.
    pub fn run(&self) -> &RunId {
        &self.0.run
    }

    /// The run's page, where there is a server.
    pub fn url(&self) -> Option<String> {
        self.server().map(|server| server.page(&self.0.run))
    }

    /// The server the run goes to, if any.
    pub(crate) fn server(&self) -> Option<&Server> {
        self.0.server.as_ref()
    }

    /// Clock and ids.
    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// The steps of the run's nodes.
    pub(crate) fn nodes(&self) -> MutexGuard<'_, Nodes> {
        self.0.nodes.lock()
    }

    /// Offers an event to every sink. Returns at once.
    pub fn log_event(&self, event: Event) {
        self.offer(Arc::new(event));
    }

    /// An event of this run with the current time.
    ///
    /// # Errors
    ///
    /// Which field breaks which rule.
    pub(crate) fn event(
        &self,
        episode: Option<EpisodeId>,
        step: Option<u64>,
        body: impl Into<Body>,
    ) -> Result<Event, FieldError> {
        let clock = self.clock();
        Event::new(clock.new_id(), clock.now(), episode, step, body)
    }

    /// Builds an event of this run with the current time, and offers it to every sink.
    ///
    /// # Errors
    ///
    /// Which field breaks which rule.
    pub fn log_body(
        &self,
        episode: Option<EpisodeId>,
        step: Option<u64>,
        body: impl Into<Body>,
    ) -> Result<(), FieldError> {
        self.log_event(self.event(episode, step, body)?);
        Ok(())
    }

    /// Scores of one step: rubric paths, `root` for the total. Further calls for the same step add later
    /// scores to the first; nothing that another process logs for that step is replaced. More scores than one
    /// event may hold are sent as several.
    pub fn log<P: Into<String>>(
        &self,
        scores: impl IntoIterator<Item = (P, f64)>,
        step: u64,
    ) -> Result<(), FieldError> {
        let mut more: Vec<_> = scores.into_iter().map(|(path, value)| (path.into(), value)).collect();
        // Everything is checked before the step counts as logged: a refused call leaves no trace.
        let scores = Scores::new(more.drain(..more.len().min(MAX_SCORES)))?;
        let more = more.into_iter().map(|(path, value)| step_score(path, value));
        let mut later = more.collect::<Result<Vec<_>, _>>()?;
        let episode = self.0.names.logged(step)?;
        let event = |body: Body| self.event(Some(episode.clone()), Some(step), body);
        let mut events = Vec::new();
        if self.nodes().log(step) {
            events.push(event(SnapshotScored { scores, ..SnapshotScored::default() }.into())?);
        } else {
            let again = scores.iter().map(|(path, value)| step_score(path.to_owned(), value));
            later.splice(0..0, again.collect::<Result<Vec<_>, _>>()?);
        }
        for score in later {
            events.push(event(score.into())?);
        }
        events.into_iter().for_each(|event| self.log_event(event));
        Ok(())
    }

    /// Measurements of a training step that judge no rollout: a loss, a learning rate. Each is kept under
    /// `metrics.<name>` with the step, beside its rollouts, and drawn as a curve.
    pub fn metrics<P: AsRef<str>>(
        &self,
        values: impl IntoIterator<Item = (P, f64)>,
        step: u64,
    ) -> Result<(), FieldError> {
        let event = |(name, value): (P, f64)| {
            self.event(None, Some(step), step_score(format!("metrics.{}", name.as_ref()), value)?)
        };
        let events = values.into_iter().map(event).collect::<Result<Vec<_>, _>>()?;
        events.into_iter().for_each(|event| self.log_event(event));
        Ok(())
    }

    /// One judged rollout with everything that is known about it. Each is kept, however many a step has.
    pub fn rollout(&self, step: u64, snapshot: SnapshotScored) -> Result<(), FieldError> {
        self.log_body(Some(self.0.names.rollout(step)?), Some(step), snapshot)
    }

    /// A score that comes later, or from a person. Of a step it needs `step`, and `episode` where the step
    /// has one.
    pub fn score(
        &self,
        episode: Option<EpisodeId>,
        step: Option<u64>,
        score: ScoreAdded,
    ) -> Result<(), FieldError> {
        self.log_body(episode, step, score)
    }

    /// Raises an alert: an event of the run that its page and `gauntlet tail` show. Its text is title and
    /// text, or the one that is not empty.
    ///
    /// # Errors
    ///
    /// Both are empty, the text is too long, or the step too great.
    pub fn alert(
        &self,
        title: &str,
        text: &str,
        severity: Severity,
        step: Option<u64>,
    ) -> Result<(), FieldError> {
        let parts: Vec<_> =
            [title, text].into_iter().map(str::trim).filter(|part| !part.is_empty()).collect();
        let alert = AlertRaised { text: parts.join(": "), severity, monitor: None, rule: None };
        self.log_body(None, step, alert)
    }

    /// Keeps a file with the run. The content is hashed and written aside on a thread of its own, uploaded
    /// once, and then announced by an `artifact.added` event.
    pub fn artifact(
        &self,
        name: impl Into<String>,
        mime_type: impl Into<String>,
        role: impl Into<String>,
        content: impl Into<Vec<u8>>,
    ) -> Result<(), ArtifactError> {
        self.artifact_of(None, None, name.into(), mime_type.into(), role.into(), content.into())
    }

    pub(crate) fn artifact_of(
        &self,
        episode: Option<EpisodeId>,
        step: Option<u64>,
        name: String,
        mime_type: String,
        role: String,
        content: Vec<u8>,
    ) -> Result<(), ArtifactError> {
        let Some(artifacts) = &self.0.artifacts else {
            self.0.discarded.fetch_add(1, Relaxed);
            return Ok(());
        };
        let clock = self.clock();
        let draft = crate::artifacts::Draft {
            id: clock.new_id(),
            at: clock.now(),
            episode,
            step,
            name,
            mime_type,
            role,
        };
        let sinks = Arc::clone(&self.0.sinks);
        artifacts.add(draft, content, move |event| offer(&sinks, &Arc::new(event)))
    }

    /// Watches every call of a rubric tree: each becomes a `snapshot.scored`, at the next step; in a run that
    /// goes on, past the last step it had. Where `config` pauses and names no source of commands, they come
    /// from the server.
    pub fn watch<A: ?Sized + 'static, O: ?Sized + 'static>(
        &self,
        root: &Node<A, O>,
        describe: impl Fn(&A, &O) -> CallDescription + Send + Sync + 'static,
        mut config: ObserverConfig,
    ) -> std::io::Result<Observer> {
        if config.commands.is_none() && !config.pause_on_indices.is_empty() {
            config.commands = self.server().map(|server| server.commands(&self.0.run)).transpose()?;
        }
        config.after_step = config.after_step.max(self.0.resumed_after.unwrap_or(0));
        if config.writer.is_none() {
            let observer = Names::new(self.clock().new_id());
            config.writer = Some(observer.writer().to_owned());
        }
        let sinks: Vec<Arc<dyn EventSink>> = vec![Arc::new(self.clone())];
        Ok(Observer::attach(root, describe, sinks, Arc::clone(&self.0.clock), config))
    }

    /// The counters of all sinks now.
    pub fn report(&self) -> Report {
        let of = |sink: &Named| SinkReport {
            name: sink.name.clone(),
            counters: sink.delivery.counters(),
            last_loss: sink.delivery.last_loss(),
            delay: sink.delivery.delay(),
        };
        let artifacts_lost = self.0.artifacts.as_ref().map_or(0, Artifacts::lost);
        let discarded = self.0.discarded.load(Relaxed);
        Report { sinks: self.0.sinks.iter().map(of).collect(), artifacts_lost, discarded }
    }

    /// Waits until everything recorded so far is durable. `Ok` means everything since the start of
    /// the run.
    ///
    /// # Errors
    ///
    /// [`NotDurable`] where the time is up before, or where anything was dropped; its report has the counts
    /// and the reasons.
    pub fn flush(&self, timeout: Duration) -> Result<Report, NotDurable> {
        let is_settled = self.settle(timeout);
        let report = self.report();
        if is_settled && report.is_complete() { Ok(report) } else { Err(NotDurable(report)) }
    }

    /// Waits until everything so far was delivered or dropped. Returns whether it was in time.
    fn settle(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let left = || deadline.saturating_duration_since(Instant::now());
        let mut is_settled = self.0.artifacts.as_ref().is_none_or(|artifacts| artifacts.settle(left()));
        for sink in self.0.sinks.iter() {
            is_settled &= sink.delivery.flush(left()).is_ok();
        }
        is_settled
    }

    /// Ends this process's part of the run with a final status and totals, once everything it recorded has
    /// arrived. The run ends when no other process writes to it any more. Where anything was lost, a line
    /// on the standard error stream reports it.
    ///
    /// # Errors
    ///
    /// [`FinishError::Field`] where `status` ends no run; [`FinishError::NotDurable`] as [`Self::flush`] has
    /// it.
    pub fn finish(
        self,
        status: Status,
        summary: Option<Object>,
        timeout: Duration,
    ) -> Result<Report, FinishError> {
        let finished = self.event(None, None, RunFinished { status, summary: summary.clone() })?;
        let deadline = Instant::now() + timeout;
        let left = || deadline.saturating_duration_since(Instant::now());
        let has_arrived = self.settle(left());
        let membership = self.0.membership.lock().take();
        // The server ends the run itself, once its last writer has ended. Where it cannot be reached now, the
        // event waits on disk with the others.
        let is_known = has_arrived
            && membership.is_some_and(|membership| membership.finish(status, summary.as_ref(), deadline));
        let finished = Arc::new(finished);
        for sink in self.0.sinks.iter().filter(|sink| !(is_known && sink.is_server)) {
            sink.delivery.offer(Arc::clone(&finished));
        }
        let result = self.flush(left());
        if let Err(NotDurable(report)) = &result {
            eprintln!("gauntlet: run {}: {report}", self.0.run);
        }
        Ok(result?)
    }

    /// Flushes, and drops this clone. The run stays open: another process may continue it.
    ///
    /// # Errors
    ///
    /// [`NotDurable`] as [`Self::flush`] has it.
    pub fn close(self, timeout: Duration) -> Result<Report, NotDurable> {
        self.flush(timeout)
    }
}

/// A later score of a step.
fn step_score(path: String, value: f64) -> Result<ScoreAdded, FieldError> {
    Ok(ScoreAdded {
        target: ScoreTarget::Step,
        value: Score::new(value).map_err(|e| FieldError::new(format!("body.scores.{path}"), e.message))?,
        path,
        label: None,
        explanation: None,
        source: "log".to_owned(),
    })
}

/// Why the end of a run was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// The status does not end a run.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// Not everything is durable.
    #[error(transparent)]
    NotDurable(#[from] NotDurable),
}

/// An observer of any rubric tree can write to it.
impl EventSink for ObservabilityProvider {
    fn offer(&self, event: Arc<Event>) {
        if matches!(event.body(), Body::SnapshotScored(_)) {
            self.nodes().observe(&event);
        }
        if self.0.sinks.is_empty() {
            self.0.discarded.fetch_add(1, Relaxed);
        }
        offer(&self.0.sinks, &event);
    }
}
