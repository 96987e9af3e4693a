//! The typed, versioned events of a run, their ids, and their validation.
//!
//! Everything Gauntlet stores is an [`Event`]: one fact about one run. An `Event` cannot be built without
//! passing validation, so any `Event` may be stored. The crate knows no clock, no randomness, no I/O:
//! ids and times are arguments. The browser, the server and every SDK depend on it.

// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod access;
mod backup;
mod body;
mod decode;
pub mod dipg;
mod effects;
mod event;
mod fnv;
mod ids;
mod limits;
mod list_view;
mod monitor;
mod parameters;
mod rules;
mod run;
pub mod schema;
mod score;
mod snapshot;
mod time;
mod writer;

pub use access::{ApiKey, Role};
pub use backup::{Backup, BackupKind, BackupStatus};
pub use body::*;
pub use decode::{
    BatchError, EventError, MAX_REFUSED_EVENTS, decode_array, decode_json, decode_lines, decode_one,
};
pub use effects::{
    Disagreement, EffectColor, EffectCondition, EffectKind, EffectRule, EffectSet, MAX_EFFECTS, MAX_TREND,
    Trend,
};
pub use event::{Body, Event, Kind, Record};
pub use fnv::fnv1a_128;
pub use ids::{EpisodeId, EventId, RunId, WriterId};
pub use limits::{
    FieldError, MAX_BODY_BYTES, MAX_ID_BYTES, MAX_LABEL_BYTES, MAX_PATH_BYTES, MAX_SCORES, MAX_STEP,
    MAX_TAGS, MAX_TEXT_BYTES,
};
pub use list_view::ListView;
pub use monitor::{Monitor, MonitorAction, ProjectAlert, WebhookFailure};
pub use parameters::{DeclaredParameter, TWEAKABLE};
pub use rules::{FailureRule, FailureRules, RuleInForce};
pub use run::{DEFAULT_PROJECT, RunPatch, RunSpec, RunSummary};
pub use score::{Score, Scores};
pub use snapshot::{Snapshot, SnapshotError, unescape_html};
pub use time::Timestamp;
pub use writer::{
    Contact, MAX_WRITER_INTERVAL_SECS, WRITER_INTERVAL_SECS, WriterAnswer, WriterCounts, WriterReport,
    WriterState, severity_rank,
};

/// A JSON object as clients send it: key order kept, values untyped.
pub type Object = serde_json::Map<String, serde_json::Value>;
