//! An alert as it is raised, and the calls of webhooks that are queued with it, as plain data.

use gauntlet_model::{CommandIssued, Event, Timestamp};

/// An alert to append, and the call that reports it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAlert {
    /// The `alert.raised`.
    pub event: Event,
    /// The command of the monitor to the training side, where it has one.
    pub command: Option<CommandIssued>,
    /// The call of the monitor's webhook, where it has one. Both are issued only if the log does not have the
    /// event already.
    pub call: Option<NewCall>,
}

/// A call to queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCall {
    /// The project of the monitor.
    pub project: String,
    /// The name of the monitor.
    pub monitor: String,
    /// Where to.
    pub url: String,
    /// What is posted: JSON.
    pub payload: String,
}

/// A queued call that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueCall {
    /// Its number.
    pub call_no: i64,
    /// Where to.
    pub url: String,
    /// What is posted.
    pub payload: String,
    /// How often it was tried.
    pub attempts: u32,
}

/// The outcome of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallOutcome {
    /// It was taken. The call is done, and what the monitor failed to deliver before is forgotten.
    Delivered,
    /// It was not taken.
    Failed {
        /// Why, for people.
        error: String,
        /// When to try again; `None` to give it up.
        retry_at: Option<Timestamp>,
    },
}
