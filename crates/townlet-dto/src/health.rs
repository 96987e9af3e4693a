//! How the program that runs the town is doing: what only it can know, as it reports it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How the transport of events is doing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransportStatus {
    /// What kind of transport it is.
    pub provider: String,
    /// Events that wait.
    pub queue_length: u64,
    /// Events that were dropped.
    pub dropped_messages: u64,
    /// How long the last delivery took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_flush_duration_ms: Option<f64>,
    /// Batches that were delivered.
    pub payloads_flushed_total: u64,
    /// Their bytes.
    pub bytes_flushed_total: u64,
    /// Whether requests carry a key.
    pub auth_enabled: bool,
    /// The worker that delivers.
    pub worker: WorkerStatus,
}

/// How the worker of a transport is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerStatus {
    /// Whether it runs.
    pub alive: bool,
    /// Its last error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How often it was started again.
    pub restart_count: u64,
}

/// The program that runs the town.
pub trait Host {
    /// Milliseconds since the tick began.
    fn duration_ms(&self) -> f64;

    /// The status of its transport.
    fn transport(&self) -> TransportStatus;

    /// The path of the snapshot of a failed tick, where it stores one.
    fn snapshot_path(&self) -> Option<String> {
        None
    }
}

/// A host without a clock and without a transport: for tests, training and comparisons.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoHost;

impl Host for NoHost {
    fn duration_ms(&self) -> f64 {
        0.0
    }

    fn transport(&self) -> TransportStatus {
        TransportStatus { provider: "none".to_owned(), ..TransportStatus::default() }
    }
}

/// A summary of a tick for people.
pub type Summary = BTreeMap<String, f64>;
