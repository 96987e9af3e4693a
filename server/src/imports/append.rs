//! A file of records: checked to its end, then appended in batches, one written while the next one is read.

use std::sync::atomic::Ordering;

use axum::http::StatusCode;
use gauntlet_model::{Body, Event, EventId, RunId, RunPatch, Timestamp};
use gauntlet_results::{Format, Plan};
use gauntlet_store::{Appended, StoreError};
use tokio::task::JoinHandle;

use super::job::{Stop, Work, internal};
use super::session::Phase;
use crate::error::ApiError;
use crate::state::now;

/// Events appended in one transaction, at most.
const BATCH_EVENTS: usize = 1000;
/// About how many bytes they may have.
const BATCH_BYTES: usize = 4 << 20;
/// Records between two looks at the clock.
const LOOK: u64 = 256;

/// A batch on its way into the log.
struct Sent {
    written: JoinHandle<Result<Appended, StoreError>>,
    /// The number of its last event.
    appended: u64,
    /// Whether an earlier attempt may have written it.
    again: bool,
}

impl Work {
    /// Reads the file to its end: what it holds, or the first mistake in it.
    pub(super) fn check(&self, name: &str, format: Format) -> Result<Plan, Stop> {
        let created_at = self.entry.with(|session| session.created_at);
        let mut survey = gauntlet_results::survey(format, self.file()?, created_at)?;
        let mut records = 0_u64;
        while survey.advance()? {
            records += 1;
            if records.is_multiple_of(LOOK) {
                self.look(survey.position_bytes())?;
            }
        }
        if records == 0 {
            let nothing = "the file is empty; expected at least one record";
            return Err(Stop::File(ApiError::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "unreadable_file",
                nothing,
            )));
        }
        Ok(survey.plan(name)?)
    }

    /// Appends what the file holds, behind what an earlier attempt did.
    pub(super) fn append(&self, plan: &Plan, format: Format) -> Result<(), Stop> {
        let run = self.begin(plan)?;
        let (created_at, done) = self.entry.with(|session| (session.created_at, session.appended));
        let mut next = ids(created_at, &run);
        let mut appended = 0_u64;
        let mut copies = 0;
        // One batch is written while the next one is read.
        let mut sent: Option<Sent> = None;
        let mut batch = Vec::with_capacity(BATCH_EVENTS);
        let mut bytes = 0;
        {
            let mut events = gauntlet_results::replay(plan, format, self.file()?, &mut next)?;
            while let Some(event) = events.next() {
                let event = event?;
                appended += 1;
                if appended <= done {
                    if appended.is_multiple_of(LOOK) {
                        self.look(events.position_bytes())?;
                    }
                    continue;
                }
                bytes += weight(&event);
                batch.push(event);
                if batch.len() == BATCH_EVENTS || bytes >= BATCH_BYTES {
                    copies += self.settle(sent.take())?;
                    sent = Some(self.send(&run, std::mem::take(&mut batch), appended, done));
                    bytes = 0;
                    self.look(events.position_bytes())?;
                }
            }
        }
        let end = plan.end(next())?;
        appended += u64::from(end.is_some());
        batch.extend(end);
        copies += self.settle(sent)?;
        if !batch.is_empty() {
            copies += self.settle(Some(self.send(&run, batch, appended, done)))?;
        }
        self.finish(plan, &run, copies)
    }

    /// Creates the run, or finds the one of an earlier attempt.
    fn begin(&self, plan: &Plan) -> Result<RunId, Stop> {
        let run = self.run()?;
        self.entry.done_bytes.store(0, Ordering::Relaxed);
        self.change(|session| {
            session.phase = Phase::Importing;
            session.run_name = plan.spec().name.clone();
            session.steps = plan.steps();
            session.warnings = plan.warnings().to_vec();
        })?;
        let created_at = self.entry.with(|session| session.created_at);
        self.wait(|| self.inner.store.create_run(plan.spec().clone(), run.clone(), created_at))?;
        Ok(run)
    }

    fn finish(&self, plan: &Plan, run: &RunId, copies: u64) -> Result<(), Stop> {
        let notes = plan.notes();
        if !notes.is_empty() {
            let patch = RunPatch { notes: Some(notes.to_owned()), ..RunPatch::default() };
            self.wait(|| self.inner.store.patch_run(run, patch.clone(), now()))?;
        }
        let stored = self.wait(|| self.inner.store.run(run))?;
        self.change(|session| {
            session.phase = Phase::Done;
            session.episodes = stored.map_or(0, |run| run.episodes);
            if copies > 0 {
                session.warnings.push(format!(
                    "{copies} events have an id that an event before them has; only the first was kept"
                ));
            }
            if session.steps == 0 {
                session.warnings.push("the file holds no scored step".to_owned());
            }
        })
    }

    /// Begins to append a batch, which ends at event number `appended`. `done` events were there when this attempt
    /// began: the batch behind them may be there as well.
    fn send(&self, run: &RunId, batch: Vec<Event>, appended: u64, done: u64) -> Sent {
        let again = self.again && appended.saturating_sub(batch.len() as u64) <= done;
        let (store, run) = (self.inner.store.clone(), run.clone());
        let written = self.handle.spawn(async move {
            loop {
                match store.append(&run, batch.clone(), now()).await {
                    Err(StoreError::Busy { retry_after }) => tokio::time::sleep(retry_after).await,
                    answer => return answer,
                }
            }
        });
        Sent { written, appended, again }
    }

    /// Waits until a batch is in the log; answers how many of its events have an id that the log had.
    fn settle(&self, sent: Option<Sent>) -> Result<u64, Stop> {
        let Some(Sent { written, appended, again }) = sent else { return Ok(0) };
        let written = self.handle.block_on(written);
        let written = written.map_err(|e| Stop::Later(internal(&format!("the log stopped: {e}"))))??;
        self.change(|session| session.appended = appended)?;
        Ok(if again { 0 } else { written.duplicates })
    }
}

/// Ids for the events of a run, in the order of the file: the same each time, and rising, so that the log's index
/// of them grows at its end.
fn ids(created_at: Timestamp, run: &RunId) -> impl FnMut() -> EventId {
    let millis = u64::try_from(created_at.micros() / 1000).unwrap_or(0);
    let salt = run.as_str().bytes().fold(0_u128, |salt, byte| (salt * 31 + u128::from(byte)) & 0xff_ffff);
    let mut count = 0_u128;
    move || {
        count += 1;
        EventId::v7(millis, count << 24 | salt)
    }
}

/// About how many bytes an event has.
fn weight(event: &Event) -> usize {
    match event.body() {
        Body::SnapshotScored(scored) => scored.action.len() + scored.observation.len() + 512,
        _ => 2048,
    }
}
