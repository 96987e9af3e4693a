//! What producers of events write to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use gauntlet_model::Event;

/// Where events go from the training loop.
pub trait Outlet: Send + Sync {
    /// Takes an event. Returns at once, unless the outlet was set up to hold the producer back.
    fn offer(&self, event: Arc<Event>);
}

/// An outlet that keeps events in memory until they are taken.
#[derive(Default)]
pub struct Collector(Mutex<VecDeque<Arc<Event>>>);

impl Collector {
    /// Takes everything collected so far, in order.
    pub fn take(&self) -> Vec<Arc<Event>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect()
    }
}

impl Outlet for Collector {
    fn offer(&self, event: Arc<Event>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(event);
    }
}
