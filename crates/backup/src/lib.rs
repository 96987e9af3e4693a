//! Backups: everything that is stored, in one compressed file that does not depend on the database.
//!
//! An archive is a `tar` of lines of JSON and of artifacts, compressed by zstd: `tar --zstd -xf` opens it.
//! The rows of tables are of one moment; events come afterwards, up to each run's head at that moment, since
//! an event never changes: writers go on all the while. Memory does not grow with the log: what is compressed
//! is a few megabytes at a time. An incremental archive holds the events and artifacts that those before it
//! do not; rows of tables are in each.
//!
//! Beside each archive lies its manifest, a small file of JSON with counts and hashes. It is written last: an
//! archive without one is unfinished.

// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod archive;
mod create;
mod error;
mod events;
mod folder;
mod manifest;
mod migrate;
mod place;
mod progress;
mod read;
mod restore;
mod retention;
mod target;
mod verify;

pub use create::{CreateOptions, Extent, create};
pub use error::BackupError;
pub use folder::FolderTarget;
pub use manifest::{ArchiveInfo, ArtifactEntry, Base, Manifest, RunEntry, TableEntry};
pub use migrate::migrate;
pub use place::{Bucket, Place};
pub use progress::{Progress, ProgressCounts};
pub use restore::{Restored, restore};
pub use retention::{Retention, prune, remove};
pub use target::{Sink, Target, archives, chain_of};
pub use verify::{Verified, verify, verify_chain};
