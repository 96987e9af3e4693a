//! An event made ready for the log by its caller, so that the one writer has as little to do as possible.

use std::sync::Arc;

use gauntlet_film::{Evidence, failure_of, is_measurement, path_failure};
use gauntlet_model::{
    Body, Event, EventId, FailureKind, FailureRule, Kind, MAX_LABEL_BYTES, Object, RunId, ScoreTarget,
    Severity, Status, Timestamp, fnv1a_128,
};

use crate::StoreError;

/// A step of an episode: what is scored.
pub(crate) type NodeKey = (u64, Option<Arc<str>>);

/// An event as its row, with what the projections need to know of it.
#[derive(Debug)]
pub(crate) struct Row {
    pub id: [u8; 16],
    pub at: i64,
    pub kind: Kind,
    pub episode: Option<Arc<str>>,
    pub step: Option<u64>,
    pub root: Option<f64>,
    /// What a snapshot's producer declared, the most severe.
    pub declared: Option<FailureKind>,
    /// The most severe failure by the medical rules, what was declared included.
    pub medical: Option<FailureKind>,
    pub evidence: Evidence,
    pub scoring: Option<Scoring>,
    /// Of the end of an episode, whether the episode has failed.
    pub has_failed: Option<bool>,
    pub origin: bool,
    pub body: Arc<str>,
    /// The run's status from here on.
    pub status: Option<Status>,
    pub command: Option<CommandChange>,
    pub labels: Labels,
    /// Its severity, of an alert.
    pub severity: Option<Severity>,
}

/// Why a node fails, as its row holds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Failure {
    /// Declared, raised by the end of the episode, or found by the medical rules.
    Kind(FailureKind),
    /// Only by its root score: another rule may find nothing.
    Root,
}

impl Failure {
    /// The failure of a node under a rule.
    pub(crate) fn of(
        rule: FailureRule,
        root: Option<f64>,
        declared: Option<FailureKind>,
        medical: Option<FailureKind>,
    ) -> Option<Self> {
        match rule {
            FailureRule::Dipg => medical.map(Failure::Kind),
            FailureRule::RootBelow(_) => {
                let by_root = root.and_then(|root| path_failure(rule, "root", root)).map(|_| Failure::Root);
                declared.map(Failure::Kind).or(by_root)
            }
        }
    }

    /// The word in the column.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Failure::Kind(kind) => kind.as_str(),
            Failure::Root => "root",
        }
    }

    /// The failure of that word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        match word {
            "root" => Some(Failure::Root),
            word => FailureKind::ALL.into_iter().find(|kind| kind.as_str() == word).map(Failure::Kind),
        }
    }

    /// What it is for everybody else.
    pub(crate) fn kind(self) -> FailureKind {
        match self {
            Failure::Kind(kind) => kind,
            Failure::Root => FailureKind::Generic,
        }
    }
}

/// How an event scores its step.
#[derive(Debug)]
pub(crate) enum Scoring {
    Snapshot,
    /// A path and its later score. Measurements are left out: they are judged nowhere.
    Later(Arc<str>, f64),
}

/// What an event does to the queue of commands.
#[derive(Debug)]
pub(crate) enum CommandChange {
    Issued(Arc<str>),
    Applied(Arc<str>),
}

/// What the origin's clients call the task and the sort of run, in metadata.
#[derive(Debug, Clone, Default)]
pub(crate) struct Labels {
    pub task_id: Option<Arc<str>>,
    pub run_type: Option<Arc<str>>,
}

impl Labels {
    /// Reads them from metadata; what is not a valid label is left out.
    pub(crate) fn of(metadata: &Object) -> Self {
        let label = |key: &str| {
            let text = metadata.get(key)?.as_str()?;
            let fits =
                !text.is_empty() && text.len() <= MAX_LABEL_BYTES && !text.chars().any(char::is_control);
            fits.then(|| Arc::from(text))
        };
        Self { task_id: label("task_id"), run_type: label("run_type") }
    }
}

impl Row {
    pub(crate) fn of(event: &Event) -> Self {
        let mut row = Self {
            id: *event.id().as_bytes(),
            at: event.at().micros(),
            kind: event.kind(),
            episode: event.episode().map(|e| Arc::from(e.as_str())),
            step: event.step(),
            root: None,
            declared: None,
            medical: None,
            evidence: Evidence::default(),
            scoring: None,
            has_failed: None,
            origin: false,
            body: Arc::from(event.body().to_json()),
            status: None,
            command: None,
            labels: Labels::default(),
            severity: None,
        };
        match event.body() {
            Body::SnapshotScored(snapshot) => {
                row.root = snapshot.scores.root();
                row.declared = snapshot.failures.iter().copied().min();
                row.medical = {
                    let declared = snapshot.failures.iter().copied();
                    failure_of(FailureRule::Dipg, snapshot.scores.iter(), declared)
                };
                row.evidence = Evidence::of(&snapshot.scores, &snapshot.not_evaluated);
                row.scoring = Some(Scoring::Snapshot);
                row.labels = Labels::of(&snapshot.metadata);
            }
            Body::ScoreAdded(added) if added.target == ScoreTarget::Step && !is_measurement(&added.path) => {
                row.evidence = Evidence::of_later(&added.path, added.value.get());
                row.scoring = Some(Scoring::Later(Arc::from(&*added.path), added.value.get()));
            }
            Body::AlertRaised(alert) => row.severity = Some(alert.severity),
            Body::RunStarted(started) => row.labels = Labels::of(&started.metadata),
            Body::EpisodeFinished(end) => row.has_failed = Some(end.status.is_failure()),
            Body::RunStatus(change) => row.status = Some(change.status),
            Body::RunFinished(end) => row.status = Some(end.status),
            Body::CommandIssued(c) => row.command = Some(CommandChange::Issued(Arc::from(&*c.command_id))),
            Body::CommandApplied(c) => row.command = Some(CommandChange::Applied(Arc::from(&*c.command_id))),
            _ => {}
        }
        row
    }

    /// A row an origin client posted: its step and its content identify it in its run.
    pub(crate) fn of_origin(event: &Event) -> Self {
        Self { origin: true, ..Self::of(event) }
    }

    /// Whether it scores a step by a snapshot.
    pub(crate) fn is_snapshot(&self) -> bool {
        matches!(self.scoring, Some(Scoring::Snapshot))
    }

    /// The node it scores.
    pub(crate) fn node(&self) -> Option<NodeKey> {
        self.scoring.as_ref()?;
        Some((self.step?, self.episode.clone()))
    }

    /// About how many bytes it takes while it waits.
    pub(crate) fn bytes(&self) -> usize {
        self.body.len() + 256
    }
}

/// The id of an event the store itself appends: made from the run and what the event is about, so that it
/// says nothing twice. (A hash of run, a zero byte, purpose, a zero byte, subject.)
pub(crate) fn internal_event_id(run: &RunId, purpose: &str, subject: &str) -> EventId {
    let bytes = run.as_str().bytes().chain([0]).chain(purpose.bytes()).chain([0]).chain(subject.bytes());
    EventId::from_u128(fnv1a_128(bytes))
}

/// The id of the `command.applied` that acknowledges a command.
pub(crate) fn applied_id(run: &RunId, command_id: &str) -> EventId {
    internal_event_id(run, "applied", command_id)
}

/// An event of the store's own. A refusal names the field as the caller of the store knows it.
pub(crate) fn internal_event(
    id: EventId,
    at: Timestamp,
    body: impl Into<Body>,
) -> Result<Arc<Row>, StoreError> {
    match Event::new(id, at, None, None, body) {
        Ok(event) => Ok(Arc::new(Row::of(&event))),
        Err(e) => Err(StoreError::invalid(e.field.strip_prefix("body.").unwrap_or(&e.field), e.message)),
    }
}
