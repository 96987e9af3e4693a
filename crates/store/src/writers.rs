//! Who writes a run: their reports, and the look for those that are not heard of any more.

use gauntlet_model::{RunId, Timestamp, WriterAnswer, WriterId, WriterReport};

use crate::reply::Reply;
use crate::run_end::check_end;
use crate::work::LogWork;
use crate::{Store, StoreError};

impl Store {
    /// Takes a writer's report. After the last writer of a run has finished this appends the run's
    /// `run.finished`; a writer that joins a run which has ended sets it running again. A writer that has
    /// finished stays finished.
    pub async fn put_writer(
        &self,
        run: &RunId,
        writer: &WriterId,
        report: WriterReport,
        now: Timestamp,
    ) -> Result<WriterAnswer, StoreError> {
        report.check()?;
        check_end(run, &report, now)?;
        let (reply, answer) = Reply::new();
        let work = LogWork::PutWriter { run: run.clone(), writer: writer.clone(), report, now, reply };
        self.ask(work, answer).await
    }

    /// Marks the writers that are overdue as lost, ends the runs that only waited for them, and notes the
    /// runs that nobody was heard of for; at most some hundreds at a time. Returns how many it changed.
    ///
    /// `since`: when the server began to take reports. Nobody is missed who could not report before.
    pub async fn sweep_writers(&self, now: Timestamp, since: Timestamp) -> Result<u64, StoreError> {
        if !self.log().is_sweep_due(now, since).await? {
            return Ok(0);
        }
        let (reply, answer) = Reply::new();
        self.ask(LogWork::Sweep { now, since, reply }, answer).await
    }

    /// Whether a run of that id was deleted and not created since.
    pub async fn is_gone(&self, run: &RunId) -> Result<bool, StoreError> {
        self.log().is_gone(run).await
    }
}
