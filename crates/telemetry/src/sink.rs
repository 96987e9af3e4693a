//! What takes events for good: the trait, and why a batch is not taken.

use std::sync::Arc;
use std::time::Duration;

use gauntlet_model::Event;

/// Takes events for good. Runs on a thread of its own and may block.
pub trait Sink: Send {
    /// Delivers a batch (never empty), in order, all or nothing. Returning `Ok` acknowledges every event of
    /// it.
    fn deliver(&mut self, batch: &[Arc<Event>]) -> Result<(), DeliveryError>;

    /// Goes on with what was taken but has not arrived yet; called between batches. Most sinks are never
    /// behind.
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

/// What a sink has taken without passing it on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Backlog {
    /// Events still to be passed on.
    pub events: u64,
    /// Why they have not been, in the words of the other side; empty where nothing holds them up.
    pub delay: String,
    /// Events given up since the last time it was asked.
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
        /// How long the other side asks to wait, if it says.
        after: Option<Duration>,
        /// What happened.
        message: String,
    },
    /// The other side has no such run.
    #[error("{message}")]
    Missing {
        /// What it said.
        message: String,
    },
    /// The run was deleted: nothing more of it is taken, now or later.
    #[error("{message}")]
    Gone {
        /// What the other side answered.
        message: String,
    },
    /// The other side has it already, with other content.
    #[error("{message}")]
    Conflict {
        /// What it said.
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
        /// 0-based position of each in the batch, and what the other side said of it.
        events: Vec<(usize, String)>,
    },
    /// Never: one event of the batch is at fault, or all of it.
    #[error("{message}")]
    Refused {
        /// 0-based position of the event in the batch; `None` where the whole batch is refused.
        index: Option<usize>,
        /// What the other side said.
        message: String,
    },
}

impl DeliveryError {
    pub(crate) fn not_now(message: impl std::fmt::Display) -> Self {
        Self::NotNow { after: None, message: message.to_string() }
    }
}
