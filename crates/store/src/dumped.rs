//! What a dump consists of: rows and events as lines of JSON, and the moment they are of.

use gauntlet_model::RunId;

/// Rows of one table, each a line that is a JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRows {
    /// The table's name.
    pub table: &'static str,
    /// Rows in `lines`.
    pub rows: u64,
    /// The lines, each with its line feed.
    pub lines: Vec<u8>,
}

/// Events of one run, each a line that is a JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventLines {
    /// The lines, each with its line feed, by sequence number.
    pub lines: Vec<u8>,
    /// Events in `lines`.
    pub events: u64,
    /// Events that should be there and cannot be read: the database is damaged.
    pub missing: u64,
    /// The sequence number to go on from.
    pub next: u64,
}

/// A run and how far its log goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DumpRun {
    /// Its number in the database, which no other run of that database ever has.
    pub run_no: i64,
    /// Its id.
    pub id: RunId,
    /// Events in its log.
    pub head: u64,
}

/// What was stored at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DumpMoment {
    /// Number of the last migration of the schema.
    pub schema: i64,
    /// Every run, by its number.
    pub runs: Vec<DumpRun>,
    /// The greatest number that a run ever had.
    pub last_run_no: i64,
}

/// An artifact, and who refers to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DumpArtifact {
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// The runs that refer to it.
    pub runs: Vec<RunId>,
}
