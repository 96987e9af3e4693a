//! An episode in its two states: running, where steps are recorded, and ended, where only scores may come.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use gauntlet_model::{
    EpisodeFinished, EpisodeId, EpisodeStarted, FailureKind, FieldError, MAX_STEP, Object, Score, ScoreAdded,
    ScoreTarget, Scores, SnapshotScored, Status, StepError, StepKind, StepRecorded, Timestamp,
};
use gauntlet_telemetry::EventSink;
use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};

use crate::artifacts::ArtifactError;
use crate::failure;
use crate::provider::ObservabilityProvider;
use crate::summary::EpisodeSummary;

impl ObservabilityProvider {
    /// Begins an episode: one attempt at one task. Its steps are numbered 0, 1, 2, ... in the order they are
    /// recorded.
    pub fn start_episode(&self, task: impl Into<String>) -> Result<Episode, FieldError> {
        self.start_episode_as(
            self.new_trace_id()?,
            None,
            EpisodeStarted { task: Some(task.into()), metadata: Object::new() },
        )
    }

    /// Begins an episode under an id of its own. All its records belong to training step `step` where one is
    /// given.
    pub fn start_episode_as(
        &self,
        id: EpisodeId,
        step: Option<u64>,
        started: EpisodeStarted,
    ) -> Result<Episode, FieldError> {
        let task = started.task.clone();
        self.log_body(Some(id.clone()), step, started)?;
        self.nodes().begun(&id);
        Ok(Episode::begun(self.clone(), id, step, task))
    }

    /// 16 bytes in hex, as traces are named.
    pub(crate) fn new_trace_id(&self) -> Result<EpisodeId, FieldError> {
        EpisodeId::new(self.clock().new_id().to_string().replace('-', ""))
    }
}

/// How an episode ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// A final status.
    pub status: Status,
    /// Sum of rewards.
    pub return_: Option<f64>,
    /// Cost in the producer's currency.
    pub cost: Option<f64>,
    /// Why it failed.
    pub error: Option<String>,
}

impl Outcome {
    /// It ended well.
    pub fn completed() -> Self {
        Self { status: Status::Completed, return_: None, cost: None, error: None }
    }

    /// It ended well, with this sum of rewards.
    pub fn returned(return_: f64) -> Self {
        Self { return_: Some(return_), ..Self::completed() }
    }

    /// It failed.
    pub fn failed<E: Error + ?Sized>(error: &E) -> Self {
        Self { status: Status::Failed, error: Some(error.to_string()), ..Self::completed() }
    }
}

/// A running episode. Steps are recorded through it and nothing else, so a step without an episode cannot be
/// written; [`Episode::end`] takes it, so a step after its end cannot either. Dropped without an end it is
/// recorded as cancelled, or as failed where a panic dropped it.
#[derive(Debug)]
#[must_use = "an episode that is dropped is recorded as cancelled"]
pub struct Episode {
    provider: ObservabilityProvider,
    id: EpisodeId,
    /// The training step all records belong to; `None` numbers them.
    pub(crate) at: Option<u64>,
    next: AtomicU64,
    task: Option<String>,
    summary: Mutex<EpisodeSummary>,
    began: Timestamp,
    began_micros: Option<u64>,
    has_ended: bool,
}

impl Episode {
    fn begun(provider: ObservabilityProvider, id: EpisodeId, at: Option<u64>, task: Option<String>) -> Self {
        let (began, began_micros) = (provider.clock().now(), provider.clock().elapsed_micros());
        let (next, summary) = (AtomicU64::new(0), Mutex::default());
        Self { provider, id, at, next, task, summary, began, began_micros, has_ended: false }
    }

    /// Its id.
    pub fn id(&self) -> &EpisodeId {
        &self.id
    }

    /// When it began.
    pub fn began(&self) -> Timestamp {
        self.began
    }

    /// Something the agent thought.
    pub fn thought(&self, text: impl Into<String>) -> Result<(), FieldError> {
        self.record_text(StepKind::Thought, "text", text.into())
    }

    /// Something the agent saw.
    pub fn observation(&self, text: impl Into<String>) -> Result<(), FieldError> {
        self.record_text(StepKind::Observation, "text", text.into())
    }

    /// A message to or from the agent.
    pub fn message(&self, role: &str, text: impl Into<String>) -> Result<(), FieldError> {
        let payload = [("role", json!(role)), ("text", Value::from(text.into()))];
        self.record(StepKind::Message, None, object(payload), None)
    }

    /// Something that went wrong outside a tool.
    pub fn error<E: Error + ?Sized>(&self, error: &E) -> Result<(), FieldError> {
        self.record(StepKind::Error, None, Object::new(), Some(failure::from_error(error)))
    }

    /// Any step, now and without a duration.
    pub fn record(
        &self,
        kind: StepKind,
        name: Option<String>,
        payload: Object,
        error: Option<StepError>,
    ) -> Result<(), FieldError> {
        let at = self.provider.clock().now();
        self.step(StepRecorded {
            step_kind: kind,
            name,
            span_id: self.new_span_id(),
            parent_span_id: None,
            started_at: at,
            ended_at: None,
            payload,
            error,
            metadata: Object::new(),
        })
    }

    /// Any step, with all its fields.
    pub fn step(&self, step: StepRecorded) -> Result<(), FieldError> {
        let event = Arc::new(self.provider.event(Some(self.id.clone()), Some(self.next_step()), step)?);
        self.summary().observe(&event);
        self.provider.offer(event);
        Ok(())
    }

    /// The scores of the complete episode: its node is at training step `step`.
    pub fn scored(&self, step: u64, snapshot: SnapshotScored) -> Result<(), FieldError> {
        self.provider.log_body(Some(self.id.clone()), Some(step), snapshot)
    }

    /// Attaches a file to the episode.
    pub fn artifact(
        &self,
        name: impl Into<String>,
        mime_type: impl Into<String>,
        role: impl Into<String>,
        content: impl Into<Vec<u8>>,
    ) -> Result<(), ArtifactError> {
        let episode = Some(self.id.clone());
        self.provider.artifact_of(
            episode,
            self.at,
            name.into(),
            mime_type.into(),
            role.into(),
            content.into(),
        )
    }

    /// Ends it. An episode without a score becomes one node of the path: its return is the root score, and a
    /// failure or a time limit fails the node. Where the outcome breaks a rule, the episode stays open and
    /// can be ended with another one.
    pub fn end(mut self, outcome: Outcome) -> Result<EndedEpisode, NotEnded> {
        match self.record_end(outcome) {
            Ok(()) => {
                self.has_ended = true;
                Ok(EndedEpisode { provider: self.provider.clone(), id: self.id.clone() })
            }
            Err(refusal) => Err(NotEnded { episode: Box::new(self), refusal }),
        }
    }

    fn record_end(&self, outcome: Outcome) -> Result<(), FieldError> {
        let now = self.provider.clock().elapsed_micros();
        let latency = self.began_micros.zip(now).map(|(from, to)| to.saturating_sub(from) as f64 / 1000.0);
        let return_ = outcome.return_.map(Score::new).transpose();
        let finished = EpisodeFinished {
            status: outcome.status,
            return_: return_.map_err(|e| FieldError::new("body.return", e.message))?,
            latency_ms: latency,
            cost: outcome.cost,
            error: outcome.error.map(|text| failure::cut(text, gauntlet_model::MAX_TEXT_BYTES)),
        };
        let node = self.unscored(&finished);
        let finished = self.provider.event(Some(self.id.clone()), self.at, finished)?;
        if let Some(node) = node {
            self.scored(self.place(), node)?;
        }
        self.provider.log_event(finished);
        self.provider.nodes().ended(&self.id);
        Ok(())
    }

    /// The node of an episode that has none, so that it is seen; unless nothing happened in it.
    fn unscored(&self, ended: &EpisodeFinished) -> Option<SnapshotScored> {
        let error = ended.error.as_deref().filter(|error| !error.is_empty());
        if self.provider.nodes().is_drawn(&self.id) || !(self.summary().has_steps() || error.is_some()) {
            return None;
        }
        let (action, observation) = self.last_texts(error);
        let has_failed = ended.status.is_failure();
        Some(SnapshotScored {
            // A finite number under this path breaks no rule.
            scores: Scores::new(ended.return_.map(|it| ("root", it.get()))).unwrap_or_default(),
            failures: has_failed.then_some(FailureKind::Generic).into_iter().collect(),
            action,
            observation,
            duration_ms: ended.latency_ms,
            ..SnapshotScored::default()
        })
    }

    fn summary(&self) -> MutexGuard<'_, EpisodeSummary> {
        self.summary.lock()
    }

    /// The last output and the last input of the agent; without an input, its task.
    pub(crate) fn last_texts(&self, otherwise: Option<&str>) -> (String, String) {
        let summary = self.summary();
        (summary.last_output(otherwise), summary.last_input(self.task.as_deref()))
    }

    /// The step of its last node, or of the one it will be.
    pub(crate) fn place(&self) -> u64 {
        self.at.unwrap_or_else(|| self.provider.nodes().place(&self.id))
    }

    fn record_text(&self, kind: StepKind, key: &str, text: String) -> Result<(), FieldError> {
        self.record(kind, None, object([(key, Value::from(text))]), None)
    }

    fn next_step(&self) -> u64 {
        self.at.unwrap_or_else(|| self.next.fetch_add(1, Relaxed).min(MAX_STEP))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.provider.clock().now()
    }

    /// 8 bytes in hex.
    pub(crate) fn new_span_id(&self) -> String {
        let id = self.provider.clock().new_id();
        hex::encode(&id.as_bytes()[8..])
    }
}

impl Drop for Episode {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let outcome = if std::thread::panicking() {
            Outcome { status: Status::Failed, error: Some("panicked".to_owned()), ..Outcome::completed() }
        } else {
            let error = Some("dropped without an end".to_owned());
            Outcome { status: Status::Cancelled, error, ..Outcome::completed() }
        };
        // Nothing of this outcome can break a rule.
        let _ = self.record_end(outcome);
    }
}

/// An outcome that breaks a rule. The episode is still open and can be ended with another one; dropped, it is
/// recorded as cancelled.
#[derive(Debug, thiserror::Error)]
#[error("{refusal}")]
pub struct NotEnded {
    /// The episode.
    pub episode: Box<Episode>,
    /// Which field breaks which rule.
    pub refusal: FieldError,
}

/// An episode that has ended: scores may still come, from a judge that takes its time or from a person.
#[derive(Debug, Clone)]
pub struct EndedEpisode {
    provider: ObservabilityProvider,
    id: EpisodeId,
}

impl EndedEpisode {
    /// Its id.
    pub fn id(&self) -> &EpisodeId {
        &self.id
    }

    /// A score of the complete episode. `source` names who scored.
    pub fn score(
        &self,
        path: impl Into<String>,
        value: f64,
        source: impl Into<String>,
    ) -> Result<(), FieldError> {
        let score = ScoreAdded {
            target: ScoreTarget::Episode,
            path: path.into(),
            value: Score::new(value).map_err(|e| FieldError::new("body.value", e.message))?,
            label: None,
            explanation: None,
            source: source.into(),
        };
        self.provider.score(Some(self.id.clone()), None, score)
    }
}

pub(crate) fn object<const N: usize>(entries: [(&str, Value); N]) -> Object {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
