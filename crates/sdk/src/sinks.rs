//! The sinks of a run: each with its queue and thread.

use std::sync::Arc;

use gauntlet_model::Event;
use gauntlet_telemetry::{BatchProcessor, EventSink};

/// A running sink.
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) delivery: BatchProcessor,
    /// Whether it delivers to the server.
    pub(crate) is_server: bool,
}

/// Gives an event to every sink. Returns at once.
pub(crate) fn offer(sinks: &[Named], event: &Arc<Event>) {
    for sink in sinks {
        sink.delivery.offer(Arc::clone(event));
    }
}
