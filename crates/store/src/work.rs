//! What the writer can be asked to do.

use std::sync::Arc;

use gauntlet_model::{
    EffectSet, Monitor, RunId, RunPatch, RunStarted, Timestamp, WriterAnswer, WriterId, WriterReport,
};

use crate::backup_change::BackupChange;
use crate::key_change::KeyChange;
use crate::list_view::ViewChange;
use crate::reply::{Reply, Settle};
use crate::row::Row;
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
    KeepChunk {
        run: RunId,
        level: u8,
        chunk: u64,
        bytes: Arc<[u8]>,
        reply: Reply<()>,
    },
    Seal {
        run: RunId,
        run_no: i64,
        chunks: Vec<PackedChunk>,
        sealed: SealedTo,
        reply: Reply<bool>,
    },
    PutEffects {
        project: String,
        effects: EffectSet,
        now: Timestamp,
        reply: Reply<EffectSet>,
    },
    PutMonitor {
        monitor: Monitor,
        reply: Reply<()>,
    },
    DeleteMonitor {
        project: String,
        name: String,
        reply: Reply<bool>,
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
    SettleCall {
        call_no: i64,
        outcome: CallOutcome,
        now: Timestamp,
        reply: Reply<()>,
    },
    ChangeView {
        change: ViewChange,
        reply: Reply<()>,
    },
    ChangeKey {
        change: KeyChange,
        reply: Reply<()>,
    },
    ChangeBackups {
        change: BackupChange,
        reply: Reply<u64>,
    },
    PutProjection {
        run: RunId,
        projection: Projection,
        reply: Reply<()>,
    },
    Ping {
        reply: Reply<()>,
    },
}

impl Work {
    /// The run that it is about; `None` where it is about none, or about any.
    pub(crate) fn run(&self) -> Option<&RunId> {
        match self {
            Work::Create { run, .. } | Work::Origin { run, .. } | Work::Import { run, .. } => Some(&run.id),
            Work::Append { run, .. }
            | Work::Patch { run, .. }
            | Work::Delete { run, .. }
            | Work::Issue { run, .. }
            | Work::Acknowledge { run, .. }
            | Work::Pop { run, .. }
            | Work::PutWriter { run, .. }
            | Work::KeepChunk { run, .. }
            | Work::Seal { run, .. }
            | Work::Raise { run, .. }
            | Work::PutProjection { run, .. } => Some(run),
            Work::Sweep { .. }
            | Work::PutEffects { .. }
            | Work::PutMonitor { .. }
            | Work::DeleteMonitor { .. }
            | Work::SettleCall { .. }
            | Work::ChangeView { .. }
            | Work::ChangeKey { .. }
            | Work::ChangeBackups { .. }
            | Work::Ping { .. } => None,
        }
    }

    /// Whether it changes a setting that servers hold in memory.
    pub(crate) fn is_setting(&self) -> bool {
        matches!(self, Work::PutEffects { .. } | Work::ChangeKey { .. })
    }

    fn rows(&self) -> &[Arc<Row>] {
        match self {
            Work::Append { rows, .. } | Work::Import { rows, .. } | Work::Raise { rows, .. } => rows,
            Work::Origin { rows, .. } => rows,
            Work::Issue { row, .. } | Work::Acknowledge { row, .. } => std::slice::from_ref(row),
            Work::Create { run, .. } => std::slice::from_ref(&run.row),
            Work::Patch { .. }
            | Work::Delete { .. }
            | Work::Pop { .. }
            | Work::PutWriter { .. }
            | Work::Sweep { .. }
            | Work::KeepChunk { .. }
            | Work::Seal { .. }
            | Work::PutEffects { .. }
            | Work::PutMonitor { .. }
            | Work::DeleteMonitor { .. }
            | Work::SettleCall { .. }
            | Work::ChangeView { .. }
            | Work::ChangeKey { .. }
            | Work::ChangeBackups { .. }
            | Work::PutProjection { .. }
            | Work::Ping { .. } => &[],
        }
    }

    /// How much of a group it fills.
    pub(crate) fn weight(&self) -> usize {
        self.rows().len().max(1)
    }

    /// About how many bytes it takes while it waits.
    pub(crate) fn bytes(&self) -> usize {
        let held = match self {
            Work::KeepChunk { bytes, .. } => bytes.len(),
            Work::Seal { chunks, .. } => chunks.iter().map(|chunk| chunk.bytes.len()).sum(),
            Work::Raise { progress: Some(progress), .. } => progress.states.len(),
            Work::PutProjection { projection, .. } => projection.paths.len() * 64,
            Work::Patch { patch, .. } => patch.notes.as_ref().map_or(0, String::len),
            Work::PutWriter { report, .. } => {
                report.summary.as_ref().and_then(|s| serde_json::to_string(s).ok()).map_or(0, |s| s.len())
            }
            _ => 0,
        };
        held + self.rows().iter().map(|row| row.bytes()).sum::<usize>()
    }

    /// Its way back, whatever the type of the answer.
    pub(crate) fn reply(&mut self) -> &mut dyn Settle {
        match self {
            Work::Create { reply, .. }
            | Work::Acknowledge { reply, .. }
            | Work::Seal { reply, .. }
            | Work::DeleteMonitor { reply, .. } => reply,
            Work::Append { reply, .. } | Work::Origin { reply, .. } => reply,
            Work::Import { reply, .. }
            | Work::Patch { reply, .. }
            | Work::Delete { reply, .. }
            | Work::KeepChunk { reply, .. }
            | Work::PutMonitor { reply, .. }
            | Work::Raise { reply, .. }
            | Work::SettleCall { reply, .. }
            | Work::ChangeView { reply, .. }
            | Work::ChangeKey { reply, .. }
            | Work::PutProjection { reply, .. }
            | Work::Ping { reply } => reply,
            Work::Issue { reply, .. } | Work::Sweep { reply, .. } | Work::ChangeBackups { reply, .. } => {
                reply
            }
            Work::PutWriter { reply, .. } => reply,
            Work::PutEffects { reply, .. } => reply,
            Work::Pop { reply, .. } => reply,
        }
    }
}
