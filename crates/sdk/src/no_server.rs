//! In the place of `server` where the feature `http` is off: no run goes to one. The type has no value, so
//! that its methods are never called.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use gauntlet_model::{FieldError, Object, RunId, RunSpec, Status};
use gauntlet_telemetry::{Commands, Sink, Spool};

#[derive(Clone)]
pub(crate) enum Server {}

impl Server {
    pub(crate) fn check(_: &str, _: Option<&str>) -> Result<(), FieldError> {
        Ok(())
    }

    pub(crate) fn new(_: &str, _: Option<&str>) -> Result<Self, FieldError> {
        Err(FieldError::new(
            "mode",
            "is online; this program was built without the feature `http` of gauntlet-sdk",
        ))
    }

    pub(crate) fn base(&self) -> &str {
        match *self {}
    }

    pub(crate) fn page(&self, _: &RunId) -> String {
        match *self {}
    }

    pub(crate) fn last_step(&self, _: &RunId) -> Option<u64> {
        match *self {}
    }

    pub(crate) fn sink(&self, _: RunSpec, _: Option<Spool>) -> Result<Box<dyn Sink>, FieldError> {
        match *self {}
    }

    pub(crate) fn deliver_leftovers(&self, _: [PathBuf; 2]) -> std::io::Result<()> {
        match *self {}
    }

    pub(crate) fn commands(&self, _: &RunId) -> std::io::Result<Arc<dyn Commands>> {
        match *self {}
    }

    pub(crate) fn join(&self, _: &RunId, _: &str) -> std::io::Result<Membership> {
        match *self {}
    }
}

pub(crate) enum Membership {}

impl Membership {
    pub(crate) fn finish(self, _: Status, _: Option<&Object>, _: Instant) -> bool {
        match self {}
    }
}
