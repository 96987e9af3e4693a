//! How a run ends once its last writer has finished.

use std::sync::Arc;

use gauntlet_model::{Object, RunFinished, RunId, Status, Timestamp, WriterReport, severity_rank};

use crate::StoreError;
use crate::row::{Row, internal_event, internal_event_id};

/// Refuses a report of an end that could not be appended later.
pub(crate) fn check_end(run: &RunId, report: &WriterReport, now: Timestamp) -> Result<(), StoreError> {
    let Some(status) = report.status else { return Ok(()) };
    let ends = [Finished { status, exit_code: report.exit_code, summary: report.summary.clone() }];
    finished_row(run, 0, &ends, now).map(drop)
}

/// How one writer ended.
pub(crate) struct Finished {
    pub status: Status,
    pub exit_code: Option<i64>,
    pub summary: Option<Object>,
}

/// The `run.finished` of writers that ended so, the last one last: the worst status, with that writer's exit
/// code, and the last one's summary.
pub(crate) fn finished_row(
    run: &RunId,
    head: u64,
    ends: &[Finished],
    now: Timestamp,
) -> Result<Option<Arc<Row>>, StoreError> {
    let Some(worst) = ends.iter().max_by_key(|end| severity_rank(end.status)) else { return Ok(None) };
    let mut summary = ends.last().and_then(|end| end.summary.clone());
    if let Some(code) = worst.exit_code {
        summary.get_or_insert_default().insert("exit_code".to_owned(), code.into());
    }
    let end = RunFinished { status: worst.status, summary };
    internal_event(internal_event_id(run, "finished", &head.to_string()), now, end).map(Some)
}
