//! Who writes a run: each process reports that it lives and how it ended; the server decides when the run has
//! ended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::body::Status;
use crate::limits::FieldError;
use crate::{Object, Timestamp};

/// How often a writer reports by default, seconds.
pub const WRITER_INTERVAL_SECS: u32 = 10;
/// The longest interval between two reports, seconds (an hour).
pub const MAX_WRITER_INTERVAL_SECS: u32 = 3600;

/// What a writer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WriterState {
    /// It writes, and reports again within its interval.
    Running,
    /// It has ended, and everything it wrote was delivered.
    Finished,
}

/// What a writer reports of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WriterReport {
    /// Whether it still writes.
    pub state: WriterState,
    /// While it runs: it reports again within so many seconds, 1 to 3600; 10 where it does not say. Not heard
    /// of for three intervals, it counts as lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3600))]
    pub interval_secs: Option<u32>,
    /// Once it has finished: how it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["completed", "failed", "timed_out", "cancelled", null]))]
    pub status: Option<Status>,
    /// Once it has finished: the exit code of its process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    /// Once it has finished: totals to keep with the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Object>,
}

impl WriterReport {
    /// A report of a writer that goes on.
    pub fn running(interval_secs: u32) -> Self {
        let interval_secs = Some(interval_secs);
        Self { state: WriterState::Running, interval_secs, status: None, exit_code: None, summary: None }
    }

    /// A report of a writer that has ended.
    pub fn finished(status: Status) -> Self {
        let status = Some(status);
        Self { state: WriterState::Finished, interval_secs: None, status, exit_code: None, summary: None }
    }

    /// Checks that the fields go together: an interval while it runs, a final status once it has finished.
    pub fn check(&self) -> Result<(), FieldError> {
        let refuse = |field: &str, why: String| Err(FieldError::new(field, why));
        match self.state {
            WriterState::Running => {
                let of_an_end = [
                    ("status", self.status.is_some()),
                    ("exit_code", self.exit_code.is_some()),
                    ("summary", self.summary.is_some()),
                ];
                if let Some((field, _)) = of_an_end.into_iter().find(|(_, is_there)| *is_there) {
                    return refuse(field, "belongs to the state \"finished\", not \"running\"".to_owned());
                }
                let secs = self.interval_secs.unwrap_or(WRITER_INTERVAL_SECS);
                if secs == 0 || secs > MAX_WRITER_INTERVAL_SECS {
                    let why = format!("is {secs}; it must be 1 to {MAX_WRITER_INTERVAL_SECS} seconds");
                    return refuse("interval_secs", why);
                }
                Ok(())
            }
            WriterState::Finished if self.interval_secs.is_some() => {
                refuse("interval_secs", "belongs to the state \"running\", not \"finished\"".to_owned())
            }
            WriterState::Finished => match self.status {
                Some(status) if status.is_final() => Ok(()),
                Some(status) => {
                    let why = format!(
                        "is {:?}; it must be completed, failed, timed_out or cancelled",
                        status.as_str()
                    );
                    refuse("status", why)
                }
                None => refuse("status", "is missing; a writer that has finished says how".to_owned()),
            },
        }
    }
}

/// How many writers of a run do what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct WriterCounts {
    /// Those that write.
    pub running: u64,
    /// Those that have ended.
    pub finished: u64,
    /// Those not heard of for three of their intervals.
    pub lost: u64,
}

/// What a writer learns when it reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WriterAnswer {
    /// Status of the run.
    pub status: Status,
    /// The run's writers, this one among them.
    pub writers: WriterCounts,
}

/// When somebody who writes a run was last heard of. Ended runs have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contact {
    /// When the last event or report came.
    pub last_at: Timestamp,
    /// Whether nothing came in time: none of its writers reports any more, or, where it has none, no event
    /// came for 15 minutes. Any sign of life takes it back.
    pub lost: bool,
}

/// The rank of an end by severity, greater is worse: the run takes the worst end of its writers.
pub fn severity_rank(status: Status) -> u8 {
    match status {
        Status::Failed => 3,
        Status::TimedOut => 2,
        Status::Cancelled => 1,
        Status::Completed | Status::Pending | Status::Running | Status::Paused => 0,
    }
}
