//! The server of a run: where its events go, and what it answers.

mod resuming;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use gauntlet_model::{FieldError, Object, RunId, RunSpec, Status};
use gauntlet_telemetry::{
    Commands, Endpoint, ServerCommands, ServerSink, Sink, Spool, SpoolingSink, deliver_leftovers,
};

use writer::Writer;

/// A server that a run goes to.
#[derive(Clone)]
pub(crate) struct Server(pub(crate) Endpoint);

impl Server {
    /// Refuses an address or a key that breaks a rule.
    pub(crate) fn new(base: &str, key: Option<&str>) -> Result<Self, FieldError> {
        let endpoint = Endpoint::new(base)?;
        Ok(Self(match key {
            Some(key) => endpoint.with_key(key)?,
            None => endpoint,
        }))
    }

    /// Whether there could be a server of this address and key.
    pub(crate) fn check(base: &str, key: Option<&str>) -> Result<(), FieldError> {
        Self::new(base, key).map(drop)
    }

    /// Its address, without a trailing slash.
    pub(crate) fn base(&self) -> &str {
        self.0.base()
    }

    /// The page of a run.
    pub(crate) fn page(&self, run: &RunId) -> String {
        self.0.run_url(run, "").replacen("/api/v1/runs/", "/runs/", 1)
    }

    /// The greatest step it has of a run; `None` where it has none, or does not answer within 3 s.
    pub(crate) fn last_step(&self, run: &RunId) -> Option<u64> {
        resuming::last_step(&self.0, run)
    }

    /// A sink that delivers a run here; with a spool for when the server is away.
    pub(crate) fn sink(&self, spec: RunSpec, spool: Option<Spool>) -> Result<Box<dyn Sink>, FieldError> {
        let sink = ServerSink::at(self.0.clone(), spec)?;
        Ok(match spool {
            Some(spool) => Box::new(SpoolingSink::new(sink.with_blobs(spool.blobs()), spool)),
            None => Box::new(sink),
        })
    }

    /// Delivers what other processes of this machine left in these folders, on a thread beside the run.
    /// Problems are not the run's: what is left stays on disk for the next one.
    pub(crate) fn deliver_leftovers(&self, folders: [PathBuf; 2]) -> std::io::Result<()> {
        let endpoint = self.0.clone();
        let deliver = move || {
            let sink = |spool: &Spool| {
                Ok(ServerSink::at(endpoint.clone(), spool.spec().clone())?.with_blobs(spool.blobs()))
            };
            for folder in &folders {
                let _ = deliver_leftovers(folder, sink);
            }
        };
        std::thread::Builder::new().name("gauntlet-leftovers".to_owned()).spawn(deliver).map(drop)
    }

    /// What people command from the browser.
    pub(crate) fn commands(&self, run: &RunId) -> std::io::Result<Arc<dyn Commands>> {
        Ok(Arc::new(ServerCommands::listen(self.0.clone(), run.clone())?))
    }

    /// This process as one of a run's writers: signs of life begin.
    pub(crate) fn join(&self, run: &RunId, writer: &str) -> std::io::Result<Membership> {
        Writer::start(self.0.clone(), run, writer).map(Membership)
    }
}

/// This process as one of a run's writers. Dropped without an end, the server finds out by itself.
pub(crate) struct Membership(Writer);

impl Membership {
    /// Tells the server that this writer has ended. Returns whether it knows now.
    pub(crate) fn finish(mut self, status: Status, summary: Option<&Object>, deadline: Instant) -> bool {
        self.0.finish(status, summary, deadline).is_ok()
    }
}
