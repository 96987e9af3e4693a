//! What every reader needs besides the file, and what it leaves besides the events.

use gauntlet_model::{Body, Event, EventId, RunFinished, RunSpec, Status, Timestamp};

use crate::distinct::RepeatedKeys;
use crate::error::ImportError;
use crate::options::Options;

/// Receives the events of a file, one by one; an error ends the import.
pub(crate) type Emit<'e> = &'e mut dyn FnMut(Event) -> Result<(), ImportError>;

/// What every reader gets besides the file.
pub(crate) struct Context<'c> {
    /// The file's name, for the run's name.
    pub name: &'c str,
    /// Used where the file has no time.
    pub now: Timestamp,
    /// Options of the import.
    pub options: &'c Options,
    /// Makes ids for events without one.
    pub ids: &'c mut dyn FnMut() -> EventId,
    /// Receives each event.
    pub emit: Emit<'c>,
    /// The warnings so far.
    pub warnings: Vec<String>,
    /// Keys that occur again in one object, beside the steps.
    pub repeats: RepeatedKeys,
}

impl Context<'_> {
    /// An error once the import is cancelled.
    pub(crate) fn check_cancelled(&self) -> Result<(), ImportError> {
        self.options.check_cancelled()
    }
}

/// What a reader found besides the events.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub spec: RunSpec,
    pub notes: String,
}

/// The event that ends a run whose file does not.
pub(crate) fn end(id: EventId, at: Timestamp) -> Result<Event, ImportError> {
    let body = RunFinished { status: Status::Completed, summary: None };
    Event::new(id, at, None, None, body)
        .map_err(|e| ImportError::new(e.field, e.message, "a run that can be closed"))
}

/// Whether an event ends the run; `None` for events that do not change its status.
pub(crate) fn closes_run(event: &Event) -> Option<bool> {
    match event.body() {
        Body::RunFinished(end) => Some(end.status.is_final()),
        Body::RunStatus(now) => Some(now.status.is_final()),
        _ => None,
    }
}
