//! A run whose events a test can read.

use std::sync::Arc;
use std::time::Duration;

use gauntlet_sdk::model::{Body, EpisodeFinished, Event, SnapshotScored, StepRecorded};
use gauntlet_sdk::telemetry::{DeliveryError, Sink};
use gauntlet_sdk::{Mode, ObservabilityProvider};
use parking_lot::Mutex;

/// A sink that collects events, and logs spans of its own as an HTTP client would.
#[derive(Clone, Default)]
struct LoggingSink(Arc<Mutex<Vec<Arc<Event>>>>);

impl Sink for LoggingSink {
    fn deliver(&mut self, batch: &[Arc<Event>]) -> Result<(), DeliveryError> {
        let span = tracing::info_span!("POST", episode = "the sink itself");
        span.in_scope(|| tracing::error!("{} events", batch.len()));
        self.0.lock().extend(batch.iter().cloned());
        Ok(())
    }
}

/// An offline run and all events that are recorded in it.
pub(crate) struct RecordedRun {
    pub run: ObservabilityProvider,
    sink: LoggingSink,
    _folder: tempfile::TempDir,
}

impl RecordedRun {
    pub(crate) fn start() -> Self {
        let (folder, sink) = (tempfile::tempdir().unwrap(), LoggingSink::default());
        let builder = ObservabilityProvider::builder().unwrap().mode(Mode::Offline);
        let run = builder.spool(folder.path(), 1 << 26).sink("recorded", sink.clone()).start().unwrap();
        Self { run, sink, _folder: folder }
    }

    /// All events after `run.started` and `run.status`.
    pub(crate) fn events(&self) -> Recorded {
        self.run.flush(Duration::from_secs(60)).unwrap();
        Recorded(self.sink.0.lock().iter().skip(2).cloned().collect())
    }
}

/// Events, and selections of them by kind.
pub(crate) struct Recorded(pub Vec<Arc<Event>>);

impl Recorded {
    pub(crate) fn steps(&self) -> Vec<(&Event, &StepRecorded)> {
        self.select(|body| match body {
            Body::StepRecorded(step) => Some(step),
            _ => None,
        })
    }

    pub(crate) fn nodes(&self) -> Vec<(&Event, &SnapshotScored)> {
        self.select(|body| match body {
            Body::SnapshotScored(node) => Some(node),
            _ => None,
        })
    }

    pub(crate) fn ends(&self) -> Vec<(&Event, &EpisodeFinished)> {
        self.select(|body| match body {
            Body::EpisodeFinished(end) => Some(end),
            _ => None,
        })
    }

    fn select<'a, T: 'a>(&'a self, of: impl Fn(&'a Body) -> Option<&'a T>) -> Vec<(&'a Event, &'a T)> {
        self.0.iter().filter_map(|event| Some((&**event, of(event.body())?))).collect()
    }
}
