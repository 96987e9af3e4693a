//! Files on their way in: in one request, or in slices.

use gauntlet_model::{RunId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ErrorInfo;

/// How a whole file in one request is read.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportQuery {
    /// The file's name, which names the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which column is which field, such as `completion=answer,step=iteration`.
    #[serde(default)]
    pub map: String,
    /// Whether a file that is broken or cut is imported as far as it can be read.
    #[serde(default)]
    pub partial: bool,
}

/// What a whole file in one request became.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Imported {
    /// The new run.
    pub run: RunId,
    /// Its name.
    pub name: String,
    /// Scored steps.
    pub steps: u64,
    /// Episodes.
    pub episodes: u64,
    /// What was unusual in the file, though it could be read.
    pub warnings: Vec<String>,
}

/// A file that will come in slices.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportAnnouncement {
    /// Its name, which names the run.
    pub name: String,
    /// Its size in bytes, where it is known before the last slice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// What tells it from other files, such as its path, size and time of change: announced under the same
    /// key it continues where it was. Without a key it is a file of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Which column is which field, such as `completion=answer,step=iteration`.
    #[serde(default)]
    pub map: String,
    /// Whether a file that is broken or cut is imported as far as it can be read.
    #[serde(default)]
    pub partial: bool,
}

/// Where a slice begins.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SliceQuery {
    /// Where in the file the slice begins, bytes.
    pub offset: u64,
    /// Whether it is the last one, where no size was announced.
    #[serde(default)]
    pub last: bool,
}

/// One file under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ImportStatus {
    /// Names it in later requests.
    pub id: String,
    /// The file's name.
    pub name: String,
    /// How far it has come.
    pub phase: ImportPhase,
    /// Its size in bytes, once it is known.
    pub size_bytes: Option<u64>,
    /// Bytes that have arrived: where the next slice begins.
    pub received_bytes: u64,
    /// Bytes read in this phase.
    pub done_bytes: u64,
    /// When it was announced.
    pub created_at: Timestamp,
    /// The run it becomes; there from the moment its first event is.
    pub run: Option<RunId>,
    /// The run's name.
    pub run_name: String,
    /// Scored steps.
    pub steps: u64,
    /// Episodes.
    pub episodes: u64,
    /// What is unusual in the file, though it can be read.
    pub warnings: Vec<String>,
    /// Why it failed, or why it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorInfo>,
}

impl ImportStatus {
    /// What became of the file, once it is done.
    pub fn imported(&self) -> Option<Imported> {
        let run = self.run.clone().filter(|_| self.phase == ImportPhase::Done)?;
        Some(Imported {
            run,
            name: self.run_name.clone(),
            steps: self.steps,
            episodes: self.episodes,
            warnings: self.warnings.clone(),
        })
    }
}

/// How far a file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportPhase {
    /// Its bytes are arriving.
    Receiving,
    /// It is read to its end, so that a file with a mistake leaves nothing behind.
    Checking,
    /// Its events are appended to the run.
    Importing,
    /// The run is complete.
    Done,
    /// The file was refused.
    Failed,
}

impl ImportPhase {
    /// Whether the server has all of it and is at work.
    pub fn is_working(self) -> bool {
        matches!(self, Self::Checking | Self::Importing)
    }
}
