//! What producers of events write to.

use std::collections::VecDeque;
use std::sync::Arc;

use gauntlet_model::Event;
use parking_lot::Mutex;

/// Where events go from the training loop.
pub trait EventSink: Send + Sync {
    /// Takes an event. Returns at once, unless the sink was set up to hold the producer back.
    fn offer(&self, event: Arc<Event>);
}

/// An sink that keeps events in memory until they are taken.
#[derive(Default)]
pub struct Collector(Mutex<VecDeque<Arc<Event>>>);

impl Collector {
    /// Takes everything collected so far, in order.
    pub fn take(&self) -> Vec<Arc<Event>> {
        self.0.lock().drain(..).collect()
    }
}

impl EventSink for Collector {
    fn offer(&self, event: Arc<Event>) {
        self.0.lock().push_back(event);
    }
}
