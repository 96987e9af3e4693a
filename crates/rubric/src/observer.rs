//! The observer: one `snapshot.scored` event for every root call of a rubric tree.
//!
//! It only builds an event and passes it on; sinks must not block. What it costs the training loop is the
//! text of one event.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use gauntlet_model::{Body, EpisodeId, Event, Gap, MAX_STEP, Object, RunStatus, Status};
use gauntlet_telemetry::pause::{self, Ending};
use gauntlet_telemetry::{Clock, Commands, EventSink};

use crate::description::CallDescription;
use crate::evaluation::Evaluation;
use crate::hooks::HookHandle;
use crate::node::{Node, Started, Watcher};
use crate::snapshot;

/// How an observer observes.
pub struct ObserverConfig {
    /// Metadata of every event; a call's generated entries win.
    pub metadata: Object,
    /// An id that no other observer of the run has, in this process or another. A call whose description
    /// names no episode gets the episode `{writer}-{step}`, so that observers which count alike do not
    /// replace each other's rollouts. `None` leaves such calls without an episode.
    pub writer: Option<String>,
    /// The last step the run has already: the first call's step is the one after it. 0 for a new run.
    pub after_step: u64,
    /// 0-based calls the run pauses at. The emitted step is the call's index plus 1, after
    /// [`Self::after_step`].
    pub pause_on_indices: BTreeSet<u64>,
    /// Where commands come from while paused; without a source nothing pauses.
    pub commands: Option<Arc<dyn Commands>>,
    /// Longest pause; after it the run continues.
    pub pause_timeout: Duration,
}

impl Default for ObserverConfig {
    fn default() -> Self {
        Self {
            metadata: Object::new(),
            writer: None,
            after_step: 0,
            pause_on_indices: BTreeSet::new(),
            commands: None,
            pause_timeout: Duration::from_secs(300),
        }
    }
}

/// What an observer has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Root calls begun.
    pub calls: u64,
    /// Snapshots handed to the sinks.
    pub emitted: u64,
    /// Of those, calls that failed and were emitted without a root score.
    pub incomplete: u64,
    /// Snapshots that break a rule of events (more scores than one may hold); a `gap` event reports each.
    pub refused: u64,
}

/// Attached to a tree. Dropping it leaves it attached; [`Observer::detach`] ends it.
pub struct Observer {
    shared: Arc<Shared>,
    hook: HookHandle,
}

struct Shared {
    sinks: Vec<Arc<dyn EventSink>>,
    clock: Arc<dyn Clock>,
    config: ObserverConfig,
    calls: AtomicU64,
    emitted: AtomicU64,
    incomplete: AtomicU64,
    refused: AtomicU64,
    is_stopped: AtomicBool,
}

impl Observer {
    /// Watches every call of `root`. `describe` describes one, on the caller's thread.
    pub fn attach<A: ?Sized + 'static, O: ?Sized + 'static>(
        root: &Node<A, O>,
        describe: impl Fn(&A, &O) -> CallDescription + Send + Sync + 'static,
        sinks: Vec<Arc<dyn EventSink>>,
        clock: Arc<dyn Clock>,
        config: ObserverConfig,
    ) -> Self {
        let shared = Arc::new(Shared {
            sinks,
            clock,
            config,
            calls: AtomicU64::new(0),
            emitted: AtomicU64::new(0),
            incomplete: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            is_stopped: AtomicBool::new(false),
        });
        let hook = root.watch(Arc::new(RootWatcher { shared: Arc::clone(&shared), describe }));
        Self { shared, hook }
    }

    /// The counts so far.
    pub fn counts(&self) -> Counts {
        let shared = &self.shared;
        Counts {
            calls: shared.calls.load(Relaxed),
            emitted: shared.emitted.load(Relaxed),
            incomplete: shared.incomplete.load(Relaxed),
            refused: shared.refused.load(Relaxed),
        }
    }

    /// Whether a person asked the run to stop. The training loop decides what to make of it.
    pub fn is_stopped(&self) -> bool {
        self.shared.is_stopped.load(Relaxed)
    }

    /// Stops observing.
    pub fn detach(self) {
        self.hook.remove();
    }
}

struct RootWatcher<F> {
    shared: Arc<Shared>,
    describe: F,
}

impl<A: ?Sized + 'static, O: ?Sized + 'static, F: Fn(&A, &O) -> CallDescription + Send + Sync> Watcher<A, O>
    for RootWatcher<F>
{
    fn started(&self) -> Started {
        let index = self.shared.calls.fetch_add(1, Relaxed);
        Started { index, micros: self.shared.clock.elapsed_micros() }
    }

    fn ended(
        &self,
        started: Started,
        node: &Node<A, O>,
        action: &A,
        observation: &O,
        evaluation: &Evaluation,
    ) {
        let shared = &*self.shared;
        let now = shared.clock.elapsed_micros();
        let duration_ms = started.micros.zip(now).map(|(from, to)| to.saturating_sub(from) as f64 / 1000.0);
        let commands = shared.config.commands.as_deref();
        let commands = commands.filter(|_| shared.config.pause_on_indices.contains(&started.index));
        let step = shared.config.after_step.saturating_add(started.index + 1).min(MAX_STEP);
        let mut description = (self.describe)(action, observation);
        let writer = shared.config.writer.as_ref();
        let generated = || EpisodeId::new(format!("{}-{step}", writer?)).ok();
        let episode = description.episode.take().or_else(generated);
        let body =
            snapshot::body(evaluation, description, &shared.config.metadata, duration_ms, commands.is_some());
        let event = body.and_then(|body| shared.event(episode.clone(), step, body));
        match event {
            Ok(event) => {
                if evaluation.error.is_some() {
                    shared.incomplete.fetch_add(1, Relaxed);
                }
                shared.emitted.fetch_add(1, Relaxed);
                shared.emit(event);
            }
            Err(refusal) => {
                shared.refused.fetch_add(1, Relaxed);
                let reason: String =
                    refusal.to_string().chars().filter(|c| !c.is_control()).take(120).collect();
                shared.emit_body(
                    episode.clone(),
                    step,
                    Gap { lost: 1, reason: format!("a snapshot was refused: {reason}") },
                );
            }
        }
        let Some(commands) = commands else { return };
        let timeout = shared.config.pause_timeout;
        let ending = pause::wait(&|new| node.tweak(new), commands, timeout, |applied| {
            shared.emit_body(episode.clone(), step, applied)
        });
        let reason = match ending {
            Ending::Resumed => None,
            Ending::Stopped => {
                shared.is_stopped.store(true, Relaxed);
                Some("asked to stop".to_owned())
            }
            Ending::TimedOut => Some(format!("no command within {} s", timeout.as_secs_f64())),
        };
        shared.emit_body(episode, step, RunStatus { status: Status::Running, reason });
    }
}

impl Shared {
    fn event(
        &self,
        episode: Option<EpisodeId>,
        step: u64,
        body: impl Into<Body>,
    ) -> Result<Event, gauntlet_model::FieldError> {
        Event::new(self.clock.new_id(), self.clock.now(), episode, Some(step), body)
    }

    /// Emits an event other than a snapshot. Only a command with an invalid id can make it break a rule; the
    /// event is then left out, but the command was applied and acknowledged.
    fn emit_body(&self, episode: Option<EpisodeId>, step: u64, body: impl Into<Body>) {
        match self.event(episode, step, body) {
            Ok(event) => self.emit(event),
            Err(_) => {
                self.refused.fetch_add(1, Relaxed);
            }
        }
    }

    fn emit(&self, event: Event) {
        let event = Arc::new(event);
        for sink in &self.sinks {
            sink.offer(Arc::clone(&event));
        }
    }
}
