//! The log: each run is one append-only sequence of events, and everything else is a projection of it.
//!
//! [`Store`] appends and reads. One writer takes what callers hand in, commits many requests at once, and
//! only then answers them and publishes the new heads; readers have connections of their own and never wait
//! for it. An event is identified by its id, so sending it again appends nothing; an origin client's snapshot
//! has none, so there the same content of the same step is stored once.
//!
//! The database is behind a port (`log_store`). Only what is behind it speaks SQL: `database`, which SQLite
//! and PostgreSQL share, and the backends, `sqlite` and `postgres`. Their errors are turned into
//! [`StoreError`]. No decision about runs depends on a clock or on randomness: times are arguments, and the
//! ids of the few events the store makes itself follow from their content.

// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod answers;
mod api_keys;
mod artifacts;
mod backup_change;
mod backups;
mod blob_hash;
mod blob_refs;
mod blobs;
mod calls;
mod columns;
mod commands;
mod conditions;
mod counts;
mod cursor;
mod database;
mod disk;
mod dump;
mod dumped;
mod effects;
mod episode;
mod error;
mod events;
mod key_change;
mod leases;
mod list_views;
mod load;
mod log_store;
mod lookup;
mod monitored;
mod monitors;
mod options;
mod postgres;
mod private;
mod projected;
mod projection;
mod queue;
mod recent;
mod reply;
mod row;
mod run_end;
mod runs;
mod sealed;
mod sealing;
mod search;
mod searching;
mod sql;
mod sqlite;
mod store;
mod view_change;
mod views;
mod watches;
mod webhooks;
mod work;
mod writers;

pub use answers::{
    Appended, Created, Excerpt, InEpisode, OriginSession, Page, PendingCommand, RunGroup, RunQuery, Slice,
    SnapshotFilter, StepCounts, StepEvents, StepPart, StepPlace, StepRow,
};
pub use blobs::{Blob, Blobs, Upload};
pub use calls::{CallOutcome, DueCall, NewAlert, NewCall};
pub use columns::{ColumnKind, Order, RunColumn, RunField, Statistic};
pub use conditions::{Comparison, Condition, Conditions, Operand};
pub use counts::{Counts, Waiting};
pub use dumped::{DumpArtifact, DumpMoment, DumpRun, EventLines, TableRows};
pub use error::{StoreError, with_causes};
pub use leases::Leases;
pub use load::Loader;
pub use monitored::{MonitorProgress, MonitoredRun};
pub use options::{DATABASE_FILE, DatabaseUrl, Options, Synchronous};
pub use private::{folder as private_folder, touch as private_file};
pub use projection::{PathTotals, Projection, StaleRun};
pub use recent::RecentEvents;
pub use sealed::{PackedChunk, SealedTo, SealingRun};
pub use search::{
    FailureFilter, Hit, Judged, Progress, QuerySyntax, SearchPage, SearchQuery, Segment, TextField,
};
pub use sql::sql_statement;
pub use store::Store;
pub use views::{SqlBounds, SqlRows, SqlStatement, SqlValue, ValueKind, View, ViewColumn};

/// Events that a read gets from the database without waiting for their use. Whoever reads a whole log reads
/// so many at a time: of a longer read, every event beyond makes two threads wake each other, which costs
/// more than reading it.
pub const READ_AHEAD: u32 = 128;
