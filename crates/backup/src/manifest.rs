//! What an archive says of itself: counts and hashes of everything in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The number of this format.
pub(crate) const FORMAT: u32 = 1;
/// How the name of every archive ends.
pub(crate) const SUFFIX: &str = ".tar.zst";

/// The last entry of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Number of the format.
    pub format: u32,
    /// The version of gauntlet that wrote it.
    pub written_by: String,
    /// Whose backup it is: the name of the installation.
    pub name: String,
    /// The moment it is of, in RFC 3339.
    pub created_at: String,
    /// Number of the last migration of the schema.
    pub schema: i64,
    /// The archive that this one goes on from; `None`: it is full.
    pub base: Option<Base>,
    /// The greatest number that a run ever had.
    pub last_run_no: i64,
    /// Tables by their names.
    pub tables: BTreeMap<String, TableEntry>,
    /// Every run, by its number.
    pub runs: Vec<RunEntry>,
    /// Numbers of runs that were deleted while the archive was written: their rows are in it, and not wanted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deleted_runs: Vec<i64>,
    /// Every artifact that runs refer to.
    pub artifacts: Vec<ArtifactEntry>,
    /// Events in this archive.
    pub events: u64,
    /// Events that the database had lost.
    pub missing_events: u64,
    /// Bytes in this archive before compression.
    pub raw_bytes: u64,
}

/// The archive that another one goes on from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// Its file's name.
    pub file: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// A table in an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableEntry {
    /// Its rows.
    pub rows: u64,
    /// SHA-256 of its lines, in hexadecimal.
    pub sha256: String,
}

/// A run in an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunEntry {
    /// Its number in the database.
    pub run_no: i64,
    /// Its id.
    pub id: String,
    /// The sequence number of the first event that this archive has of it.
    pub from: u64,
    /// Events in its log: the sequence number past the last one of this archive.
    pub head: u64,
    /// Events in this archive; fewer than `head - from` where the database had lost some.
    pub events: u64,
    /// The id of the last event of the log, in hexadecimal.
    pub last_id: Option<String>,
    /// SHA-256 of its lines in this archive, in hexadecimal.
    pub sha256: String,
}

/// An artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArtifactEntry {
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// The runs that refer to it.
    pub runs: Vec<String>,
    /// Whether its bytes are in this archive; else they are in one before it.
    pub stored: bool,
    /// Whether its bytes were not those of its hash any more: it is not stored.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub damaged: bool,
}

/// An archive with its manifest: what lies beside the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchiveInfo {
    /// Its file's name.
    pub file: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Milliseconds that writing it took.
    pub millis: u64,
    /// What is in it.
    pub manifest: Manifest,
}

/// The name of the manifest beside an archive.
pub(crate) fn manifest_file(archive: &str) -> String {
    format!("{}.json", archive.strip_suffix(SUFFIX).unwrap_or(archive))
}
