//! Events to a Gauntlet server over HTTP: `POST {base}/api/v1/runs`, then `POST
//! {base}/api/v1/runs/{run}/events`.

use std::path::PathBuf;
use std::sync::Arc;

use gauntlet_model::{ArtifactAdded, Body, Event, FieldError, RunId, RunSpec};

use super::Endpoint;
use crate::sink::{DeliveryError, Sink};

/// How often a run is created again that the server has lost.
const MAX_CREATED: u32 = 8;

/// Creates the run on the first batch and appends every batch to it. An event sent twice is stored once: its
/// id is the idempotency key, so a batch whose answer got lost is safe to repeat. A run that
/// exists is continued, with the settings it was created with; one that the server has lost is created again.
pub struct ServerSink {
    endpoint: Endpoint,
    run: RunId,
    spec: RunSpec,
    blobs: Option<PathBuf>,
    is_created: bool,
    lost: u32,
    /// What the server answered once the run had been deleted: it is not asked again.
    gone: Option<String>,
}

impl ServerSink {
    /// A sink for the run `spec` names. `base` is an address such as `http://127.0.0.1:4600`; a trailing
    /// slash is ignored. Refuses a base that is not plain HTTP and a spec without an id.
    pub fn new(base: &str, spec: RunSpec) -> Result<Self, FieldError> {
        Self::at(Endpoint::new(base)?, spec)
    }

    /// A sink for the run `spec` names, at a server. Refuses a spec without an id.
    pub fn at(endpoint: Endpoint, spec: RunSpec) -> Result<Self, FieldError> {
        let run = spec.id.clone();
        let run = run.ok_or_else(|| FieldError::new("id", "is missing; the sink needs the run's id"))?;
        Ok(Self { endpoint, run, spec, blobs: None, is_created: false, lost: 0, gone: None })
    }

    /// Sends the content of artifacts too: before an `artifact.added` goes out, the file of that folder that
    /// is named by its SHA-256 is uploaded, and removed once the server has it. An artifact without such a
    /// file is sent as it is: the server has its content from elsewhere.
    pub fn with_blobs(mut self, folder: impl Into<PathBuf>) -> Self {
        self.blobs = Some(folder.into());
        self
    }

    fn upload(&self, artifact: &ArtifactAdded) -> Result<(), DeliveryError> {
        let Some(path) = self.blobs.as_ref().map(|folder| folder.join(&artifact.sha256)) else {
            return Ok(());
        };
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(DeliveryError::not_now(format!("{}: {e}", path.display()))),
        };
        let url = self.endpoint.run_url(&self.run, &format!("/artifacts/{}", artifact.sha256));
        self.endpoint.put(&url, &bytes)?;
        // Should this fail, the copy is uploaded again later, and removed then.
        let _ = std::fs::remove_file(path);
        Ok(())
    }

    fn create(&mut self) -> Result<(), DeliveryError> {
        let spec = serde_json::to_vec(&self.spec).map_err(refused)?;
        match self.endpoint.post(&self.endpoint.runs_url(), &spec) {
            Ok(_) | Err(DeliveryError::Conflict { .. }) => {
                self.is_created = true;
                Ok(())
            }
            // The index of an event is meaningless here: it is the run that was refused.
            Err(DeliveryError::Refused { message, .. } | DeliveryError::Missing { message }) => {
                Err(DeliveryError::Refused {
                    index: None,
                    message: format!("the run was refused: {message}"),
                })
            }
            Err(other) => Err(other),
        }
    }

    fn send(&self, batch: &[Arc<Event>]) -> Result<(), DeliveryError> {
        for (index, event) in batch.iter().enumerate() {
            let Body::ArtifactAdded(artifact) = event.body() else { continue };
            self.upload(artifact).map_err(|error| match error {
                DeliveryError::NotNow { .. } | DeliveryError::Missing { .. } | DeliveryError::Gone { .. } => {
                    error
                }
                // An artifact that cannot be stored gets no event either.
                other => DeliveryError::Refused {
                    index: Some(index),
                    message: format!("artifact {:?}: {other}", artifact.name),
                },
            })?;
        }
        let events: Vec<&Event> = batch.iter().map(Arc::as_ref).collect();
        let body = serde_json::to_vec(&events).map_err(refused)?;
        self.endpoint.post(&self.endpoint.run_url(&self.run, "/events"), &body).map(drop)
    }

    fn try_deliver(&mut self, batch: &[Arc<Event>]) -> Result<(), DeliveryError> {
        if !self.is_created {
            self.create()?;
        }
        let sent = self.send(batch);
        if matches!(sent, Err(DeliveryError::Missing { .. })) && self.lost < MAX_CREATED {
            // The server's data folder is a new one. (A run that was deleted answers Gone.)
            self.lost += 1;
            self.is_created = false;
            self.create()?;
            return self.send(batch);
        }
        sent
    }
}

impl Sink for ServerSink {
    fn deliver(&mut self, batch: &[Arc<Event>]) -> Result<(), DeliveryError> {
        if let Some(message) = self.gone.clone() {
            return Err(DeliveryError::Gone { message });
        }
        let sent = self.try_deliver(batch);
        if let Err(DeliveryError::Gone { message }) = &sent {
            self.gone = Some(message.clone());
        }
        sent
    }
}

fn refused(error: serde_json::Error) -> DeliveryError {
    DeliveryError::Refused { index: None, message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_without_an_id_is_refused_at_once() {
        let spec = RunSpec { id: RunId::new("r").ok(), ..RunSpec::named("n") };
        assert!(ServerSink::new("http://127.0.0.1:4600", spec).is_ok());
        assert!(ServerSink::new("http://127.0.0.1:4600", RunSpec::named("n")).is_err());
    }
}
