//! The trait of sinks, and the reasons why a sink does not take a batch.

use std::sync::Arc;
use std::time::Duration;

use gauntlet_model::Event;

/// Delivers events: to a server, a file, a database. Runs on its own thread and may block.
pub trait Sink: Send {
    /// Delivers a batch (never empty), in order, all or nothing. Returning `Ok` acknowledges every event of
    /// it.
    fn deliver(&mut self, batch: &[Arc<Event>]) -> Result<(), DeliveryError>;

    /// Continues with what was taken but not delivered yet; called between batches. Most sinks have no
    /// backlog.
    fn catch_up(&mut self) -> Backlog {
        Backlog::default()
    }
}

impl<S: Sink + ?Sized> Sink for Box<S> {
    fn deliver(&mut self, batch: &[Arc<Event>]) -> Result<(), DeliveryError> {
        (**self).deliver(batch)
    }

    fn catch_up(&mut self) -> Backlog {
        (**self).catch_up()
    }
}

/// What a sink has taken but not delivered yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Backlog {
    /// Events still to be delivered.
    pub events: u64,
    /// Why they are not delivered yet, as the server reports it; empty where there is no reason.
    pub delay: String,
    /// Events dropped since the last call.
    pub lost: u64,
    /// Why the last of them was.
    pub reason: String,
}

/// Why a batch was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// Not now: the same batch may be taken later.
    #[error("{message}")]
    NotNow {
        /// How long to wait before the next try, where the server asks for a time.
        after: Option<Duration>,
        /// What happened.
        message: String,
    },
    /// The other side has no such run.
    #[error("{message}")]
    Missing {
        /// The server's message.
        message: String,
    },
    /// The run was deleted: nothing more of it is taken, now or later.
    #[error("{message}")]
    Gone {
        /// The server's message.
        message: String,
    },
    /// The other side has it already, with other content.
    #[error("{message}")]
    Conflict {
        /// The server's message.
        message: String,
    },
    /// Too much at once: half of it may be taken.
    #[error("the batch is too large")]
    TooLarge,
    /// Never: some events of the batch are at fault. The others may be taken without them.
    #[error(
        "{} events were refused, the first: {}",
        events.len(),
        events.first().map_or("", |(_, message)| message)
    )]
    RefusedEvents {
        /// 0-based position of each in the batch, and the server's message.
        events: Vec<(usize, String)>,
    },
    /// Never: one event of the batch is at fault, or all of it.
    #[error("{message}")]
    Refused {
        /// 0-based position of the event in the batch; `None` where the complete batch is refused.
        index: Option<usize>,
        /// The server's message.
        message: String,
    },
}

impl DeliveryError {
    pub(crate) fn not_now(message: impl std::fmt::Display) -> Self {
        Self::NotNow { after: None, message: message.to_string() }
    }
}
