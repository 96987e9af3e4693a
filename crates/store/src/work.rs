//! What the writer can be asked to do.

use std::sync::Arc;

use gauntlet_model::{
    EffectSet, Monitor, RunId, RunPatch, RunStarted, Timestamp, WriterAnswer, WriterId, WriterReport,
};

use crate::backup_change::BackupChange;
use crate::key_change::KeyChange;
use crate::reply::{Reply, Settle};
use crate::row::Row;
use crate::view_change::ViewChange;
use crate::{
    Appended, CallOutcome, MonitorProgress, NewCall, PackedChunk, PendingCommand, Projection, SealedTo,
};

/// What goes with an alert that the log does not have yet.
pub(crate) struct WithAlert {
    /// The `command.issued` for the training side.
    pub command: Option<Arc<Row>>,
    /// The call that reports it.
    pub call: Option<NewCall>,
}

/// A run to create.
pub(crate) struct NewRun {
    pub id: RunId,
    pub started: RunStarted,
    /// Its `run.started`.
    pub row: Arc<Row>,
}

/// One request. Every variant is done completely or not at all.
pub(crate) enum Work {
    /// Changes a run or its log.
    Log(LogWork),
    /// Changes what is stored in tables beside the logs.
    Table(TableWork),
}

/// A request that changes a run or its log.
pub(crate) enum LogWork {
    Create {
        run: NewRun,
        now: Timestamp,
        reply: Reply<bool>,
    },
    Append {
        run: RunId,
        rows: Vec<Arc<Row>>,
        now: Timestamp,
        reply: Reply<Appended>,
    },
    Origin {
        run: NewRun,
        rows: [Arc<Row>; 1],
        now: Timestamp,
        reply: Reply<Appended>,
    },
    Import {
        run: NewRun,
        rows: Vec<Arc<Row>>,
        now: Timestamp,
        reply: Reply<()>,
    },
    Patch {
        run: RunId,
        patch: RunPatch,
        now: Timestamp,
        reply: Reply<()>,
    },
    Delete {
        run: RunId,
        now: Timestamp,
        reply: Reply<()>,
    },
    Issue {
        run: RunId,
        command_id: String,
        row: Arc<Row>,
        now: Timestamp,
        reply: Reply<u64>,
    },
    Acknowledge {
        run: RunId,
        command_id: String,
        row: Arc<Row>,
        now: Timestamp,
        reply: Reply<bool>,
    },
    Pop {
        run: RunId,
        now: Timestamp,
        reply: Reply<Option<PendingCommand>>,
    },
    PutWriter {
        run: RunId,
        writer: WriterId,
        report: WriterReport,
        now: Timestamp,
        reply: Reply<WriterAnswer>,
    },
    Sweep {
        now: Timestamp,
        since: Timestamp,
        reply: Reply<u64>,
    },
    Raise {
        run: RunId,
        progress: Option<MonitorProgress>,
        rows: Vec<Arc<Row>>,
        /// What goes with each of the rows.
        with: Vec<WithAlert>,
        now: Timestamp,
        reply: Reply<()>,
    },
}

/// A request that changes what is stored in tables beside the logs: chunks, settings, keys, calls.
pub(crate) enum TableWork {
    PutChunk { run: RunId, level: u8, chunk: u64, bytes: Arc<[u8]>, reply: Reply<()> },
    Seal { run: RunId, run_no: i64, chunks: Vec<PackedChunk>, sealed: SealedTo, reply: Reply<bool> },
    PutEffects { project: String, effects: EffectSet, now: Timestamp, reply: Reply<EffectSet> },
    PutMonitor { monitor: Monitor, reply: Reply<()> },
    DeleteMonitor { project: String, name: String, reply: Reply<bool> },
    SettleCall { call_no: i64, outcome: CallOutcome, now: Timestamp, reply: Reply<()> },
    ChangeView { change: ViewChange, reply: Reply<()> },
    ChangeKey { change: KeyChange, reply: Reply<()> },
    ChangeBackups { change: BackupChange, reply: Reply<u64> },
    PutProjection { run: RunId, projection: Projection, reply: Reply<()> },
    Ping { reply: Reply<()> },
}

impl From<LogWork> for Work {
    fn from(work: LogWork) -> Self {
        Self::Log(work)
    }
}

impl From<TableWork> for Work {
    fn from(work: TableWork) -> Self {
        Self::Table(work)
    }
}

impl Work {
    /// The run that it is about; `None` where it is about none, or about any.
    pub(crate) fn run(&self) -> Option<&RunId> {
        match self {
            Self::Log(work) => work.run(),
            Self::Table(work) => work.run(),
        }
    }

    /// Whether it deletes a run.
    pub(crate) fn is_deletion(&self) -> bool {
        matches!(self, Self::Log(LogWork::Delete { .. }))
    }

    /// Whether it changes a setting that servers hold in memory.
    pub(crate) fn is_setting(&self) -> bool {
        matches!(self, Self::Table(TableWork::PutEffects { .. } | TableWork::ChangeKey { .. }))
    }

    fn rows(&self) -> &[Arc<Row>] {
        match self {
            Self::Log(work) => work.rows(),
            Self::Table(_) => &[],
        }
    }

    /// How much of a group it fills.
    pub(crate) fn weight(&self) -> usize {
        self.rows().len().max(1)
    }

    /// About how many bytes it takes while it waits.
    pub(crate) fn bytes(&self) -> usize {
        let held = match self {
            Self::Log(work) => work.bytes_beside_rows(),
            Self::Table(work) => work.bytes(),
        };
        held + self.rows().iter().map(|row| row.bytes()).sum::<usize>()
    }

    /// Where its outcome is sent, whatever the type of the answer.
    pub(crate) fn reply(&mut self) -> &mut dyn Settle {
        match self {
            Self::Log(work) => work.reply(),
            Self::Table(work) => work.reply(),
        }
    }
}

impl LogWork {
    fn run(&self) -> Option<&RunId> {
        match self {
            Self::Create { run, .. } | Self::Origin { run, .. } | Self::Import { run, .. } => Some(&run.id),
            Self::Append { run, .. }
            | Self::Patch { run, .. }
            | Self::Delete { run, .. }
            | Self::Issue { run, .. }
            | Self::Acknowledge { run, .. }
            | Self::Pop { run, .. }
            | Self::PutWriter { run, .. }
            | Self::Raise { run, .. } => Some(run),
            Self::Sweep { .. } => None,
        }
    }

    fn rows(&self) -> &[Arc<Row>] {
        match self {
            Self::Append { rows, .. } | Self::Import { rows, .. } | Self::Raise { rows, .. } => rows,
            Self::Origin { rows, .. } => rows,
            Self::Issue { row, .. } | Self::Acknowledge { row, .. } => std::slice::from_ref(row),
            Self::Create { run, .. } => std::slice::from_ref(&run.row),
            Self::Patch { .. }
            | Self::Delete { .. }
            | Self::Pop { .. }
            | Self::PutWriter { .. }
            | Self::Sweep { .. } => &[],
        }
    }

    fn bytes_beside_rows(&self) -> usize {
        match self {
            Self::Raise { progress: Some(progress), .. } => progress.states.len(),
            Self::Patch { patch, .. } => patch.notes.as_ref().map_or(0, String::len),
            Self::PutWriter { report, .. } => {
                report.summary.as_ref().and_then(|s| serde_json::to_string(s).ok()).map_or(0, |s| s.len())
            }
            _ => 0,
        }
    }

    fn reply(&mut self) -> &mut dyn Settle {
        match self {
            Self::Create { reply, .. } | Self::Acknowledge { reply, .. } => reply,
            Self::Append { reply, .. } | Self::Origin { reply, .. } => reply,
            Self::Import { reply, .. }
            | Self::Patch { reply, .. }
            | Self::Delete { reply, .. }
            | Self::Raise { reply, .. } => reply,
            Self::Issue { reply, .. } | Self::Sweep { reply, .. } => reply,
            Self::PutWriter { reply, .. } => reply,
            Self::Pop { reply, .. } => reply,
        }
    }
}

impl TableWork {
    fn run(&self) -> Option<&RunId> {
        match self {
            Self::PutChunk { run, .. } | Self::Seal { run, .. } | Self::PutProjection { run, .. } => {
                Some(run)
            }
            Self::PutEffects { .. }
            | Self::PutMonitor { .. }
            | Self::DeleteMonitor { .. }
            | Self::SettleCall { .. }
            | Self::ChangeView { .. }
            | Self::ChangeKey { .. }
            | Self::ChangeBackups { .. }
            | Self::Ping { .. } => None,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::PutChunk { bytes, .. } => bytes.len(),
            Self::Seal { chunks, .. } => chunks.iter().map(|chunk| chunk.bytes.len()).sum(),
            Self::PutProjection { projection, .. } => projection.paths.len() * 64,
            _ => 0,
        }
    }

    fn reply(&mut self) -> &mut dyn Settle {
        match self {
            Self::Seal { reply, .. } | Self::DeleteMonitor { reply, .. } => reply,
            Self::PutChunk { reply, .. }
            | Self::PutMonitor { reply, .. }
            | Self::SettleCall { reply, .. }
            | Self::ChangeView { reply, .. }
            | Self::ChangeKey { reply, .. }
            | Self::PutProjection { reply, .. }
            | Self::Ping { reply } => reply,
            Self::ChangeBackups { reply, .. } => reply,
            Self::PutEffects { reply, .. } => reply,
        }
    }
}
