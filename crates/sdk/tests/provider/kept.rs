//! A run whose events a test can look at.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gauntlet_sdk::model::{Body, EpisodeFinished, Event, SnapshotScored, StepRecorded};
use gauntlet_sdk::telemetry::{DeliveryError, Sink};
use gauntlet_sdk::{Mode, ObservabilityProvider};

/// Keeps events, and logs about it as an HTTP client would.
#[derive(Clone, Default)]
struct Chatty(Arc<Mutex<Vec<Arc<Event>>>>);

impl Sink for Chatty {
    fn deliver(&mut self, batch: &[Arc<Event>]) -> Result<(), DeliveryError> {
        let span = tracing::info_span!("POST", episode = "the sink itself");
        span.in_scope(|| tracing::error!("{} events", batch.len()));
        self.0.lock().unwrap().extend(batch.iter().cloned());
        Ok(())
    }
}

/// An offline run of its own and everything that goes into it.
pub struct Kept {
    pub run: ObservabilityProvider,
    events: Chatty,
    _folder: tempfile::TempDir,
}

impl Kept {
    pub fn start() -> Self {
        let (folder, events) = (tempfile::tempdir().unwrap(), Chatty::default());
        let builder = ObservabilityProvider::builder().unwrap().mode(Mode::Offline);
        let run = builder.spool(folder.path(), 1 << 26).sink("kept", events.clone()).start().unwrap();
        Self { run, events, _folder: folder }
    }

    /// Everything behind `run.started` and `run.status`.
    pub fn told(&self) -> Told {
        self.run.flush(Duration::from_secs(60)).unwrap();
        Told(self.events.0.lock().unwrap().iter().skip(2).cloned().collect())
    }
}

/// Events, by what they are.
pub struct Told(pub Vec<Arc<Event>>);

impl Told {
    pub fn steps(&self) -> Vec<(&Event, &StepRecorded)> {
        self.these(|body| match body {
            Body::StepRecorded(step) => Some(step),
            _ => None,
        })
    }

    pub fn nodes(&self) -> Vec<(&Event, &SnapshotScored)> {
        self.these(|body| match body {
            Body::SnapshotScored(node) => Some(node),
            _ => None,
        })
    }

    pub fn ends(&self) -> Vec<(&Event, &EpisodeFinished)> {
        self.these(|body| match body {
            Body::EpisodeFinished(end) => Some(end),
            _ => None,
        })
    }

    fn these<'a, T: 'a>(&'a self, of: impl Fn(&'a Body) -> Option<&'a T>) -> Vec<(&'a Event, &'a T)> {
        self.0.iter().filter_map(|event| Some((&**event, of(event.body())?))).collect()
    }
}
