//! A file of records: checked to its end, then appended in batches, one written while the next one is read.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gauntlet_api::ImportPhase;
use gauntlet_model::{Body, Event, EventId, RunId, RunPatch, RunSpec, Timestamp};
use gauntlet_results::{Format, Plan};
use gauntlet_store::{Appended, StoreError};
use tokio::task::JoinHandle;

use super::job::{Stop, Work};
use crate::Error;
use crate::clock::now;

/// Events appended in one transaction, at most.
const BATCH_EVENTS: usize = 1000;
/// About how many bytes they may have.
const BATCH_BYTES: usize = 4 << 20;
/// Records between two checks whether the file was given up.
const RECORDS_PER_CHECK: u64 = 256;
/// Longest wait for room in the log between two such checks.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// A batch that is being written.
struct InFlight {
    written: JoinHandle<Result<Appended, StoreError>>,
    /// Events of the file up to its last one.
    appended: u64,
    /// Whether an earlier attempt may have written it without saying so in `session.json`: its duplicates are
    /// its own events then, not copies in the file.
    may_repeat: bool,
}

/// What a file holds about its run beside the events.
pub(super) struct Facts<'f> {
    /// The run to create.
    pub(super) spec: &'f RunSpec,
    /// People's notes.
    pub(super) notes: &'f str,
    /// What is unusual in the file.
    pub(super) warnings: &'f [String],
    /// Scored snapshots.
    pub(super) steps: u64,
}

/// Appends the events of a file in batches, after what an earlier attempt did.
///
/// Reading and writing overlap: one batch is in flight while the next one is filled. It is awaited before the
/// next one is sent, so batches arrive in the order of the file, and `session.appended` counts durable events
/// only. An attempt that begins again skips that many events without sending them. The batch after them may
/// be in the log as well, when the process ended between the commit and the note of it; the log takes an
/// event id once, so sending it again is harmless.
pub(super) struct Appender<'w> {
    work: &'w Work,
    run: RunId,
    /// Events that were there when this attempt began.
    done: u64,
    appended: u64,
    copies: u64,
    in_flight: Option<InFlight>,
    batch: Vec<Event>,
    bytes: usize,
}

impl<'w> Appender<'w> {
    pub(super) fn new(work: &'w Work, run: RunId) -> Self {
        let done = work.entry.with(|session| session.appended);
        let batch = Vec::with_capacity(BATCH_EVENTS);
        Self { work, run, done, appended: 0, copies: 0, in_flight: None, batch, bytes: 0 }
    }

    /// Takes the next event of the file; `position_bytes` is how far that has been read.
    pub(super) fn push(&mut self, event: Event, position_bytes: u64) -> Result<(), Stop> {
        self.appended += 1;
        if self.appended <= self.done {
            if self.appended.is_multiple_of(RECORDS_PER_CHECK) {
                self.work.look(position_bytes)?;
            }
            return Ok(());
        }
        self.bytes += approximate_bytes(&event);
        self.batch.push(event);
        if self.batch.len() == BATCH_EVENTS || self.bytes >= BATCH_BYTES {
            self.copies += self.work.settle(self.in_flight.take())?;
            let batch = std::mem::take(&mut self.batch);
            self.in_flight = Some(self.work.send(&self.run, batch, self.appended, self.done));
            self.bytes = 0;
            self.work.look(position_bytes)?;
        }
        Ok(())
    }

    /// Waits until all of it is in the log, the run's end included; answers how many events have an id that
    /// an event before them has.
    pub(super) fn close(mut self, end: Option<Event>) -> Result<u64, Stop> {
        self.appended += u64::from(end.is_some());
        self.batch.extend(end);
        self.copies += self.work.settle(self.in_flight.take())?;
        if !self.batch.is_empty() {
            let last = self.work.send(&self.run, self.batch, self.appended, self.done);
            self.copies += self.work.settle(Some(last))?;
        }
        Ok(self.copies)
    }
}

impl Work {
    /// Reads the file to its end: what it holds, or the first mistake in it.
    pub(super) fn check(&self, name: &str, format: Format) -> Result<Plan, Stop> {
        let created_at = self.entry.with(|session| session.created_at);
        let survey = gauntlet_results::survey(format, self.file()?, created_at, &self.options);
        let mut survey = survey.map_err(|e| self.refused(e))?;
        let mut records = 0_u64;
        while survey.advance().map_err(|e| self.refused(e))? {
            records += 1;
            if records.is_multiple_of(RECORDS_PER_CHECK) {
                self.look(survey.position_bytes())?;
            }
        }
        if records == 0 {
            let nothing = "the file is empty; expected at least one record";
            return Err(Stop::File(Error::Unreadable(nothing.to_owned())));
        }
        survey.plan(name).map_err(|e| self.refused(e))
    }

    /// Appends what the file holds.
    pub(super) fn append(&self, plan: &Plan, format: Format) -> Result<(), Stop> {
        let facts =
            Facts { spec: plan.spec(), notes: plan.notes(), warnings: plan.warnings(), steps: plan.steps() };
        let run = self.begin(&facts)?;
        let mut next = self.ids(&run);
        let mut appender = Appender::new(self, run.clone());
        {
            let file = self.file()?;
            let replay = gauntlet_results::replay(plan, format, file, &self.options, &mut next);
            let mut events = replay.map_err(|e| self.refused(e))?;
            while let Some(event) = events.next() {
                let event = event.map_err(|e| self.refused(e))?;
                appender.push(event, events.position_bytes())?;
            }
        }
        let end = plan.end(next()).map_err(|e| self.refused(e))?;
        let copies = appender.close(end)?;
        self.finish(&facts, &run, copies)
    }

    /// Ids for the events of a run, in the order of the file.
    pub(super) fn ids(&self, run: &RunId) -> impl FnMut() -> EventId + use<> {
        ids(self.entry.with(|session| session.created_at), run)
    }

    /// Creates the run, or finds the one of an earlier attempt.
    pub(super) fn begin(&self, facts: &Facts<'_>) -> Result<RunId, Stop> {
        let run = self.run()?;
        self.entry.done_bytes.store(0, Ordering::Relaxed);
        self.change(|session| {
            session.phase = ImportPhase::Importing;
            session.run_name = facts.spec.name.clone();
            session.steps = facts.steps;
            session.warnings = facts.warnings.to_vec();
        })?;
        self.create_run(facts.spec, &run)?;
        Ok(run)
    }

    pub(super) fn finish(&self, facts: &Facts<'_>, run: &RunId, copies: u64) -> Result<(), Stop> {
        if !facts.notes.is_empty() {
            let patch = RunPatch { notes: Some(facts.notes.to_owned()), ..RunPatch::default() };
            self.wait(|| self.inner.store.patch_run(run, patch.clone(), now()))?;
        }
        let stored = self.wait(|| self.inner.store.run(run))?;
        self.change(|session| {
            session.phase = ImportPhase::Done;
            if let Some(stored) = stored {
                // As in the run's summary: a step that was scored several times is one.
                session.steps = stored.steps;
                session.episodes = stored.episodes;
            }
            if copies > 0 {
                session.warnings.push(format!(
                    "{copies} events have an id that an event before them has; only the first was kept"
                ));
            }
            if facts.steps == 0 {
                session.warnings.push("the file holds no scored step".to_owned());
            } else if session.steps < facts.steps {
                session.warnings.push(format!(
                    "{} scored snapshots are {} steps: a later one of a step replaces the one before",
                    facts.steps, session.steps
                ));
            }
        })
    }

    /// Begins to append a batch, which ends at event number `appended`. `done` events were there when this
    /// attempt began: the batch after them may be there as well.
    fn send(&self, run: &RunId, batch: Vec<Event>, appended: u64, done: u64) -> InFlight {
        let may_repeat = self.again && appended.saturating_sub(batch.len() as u64) <= done;
        let (store, run) = (self.inner.store.clone(), run.clone());
        let (entry, stopping) = (Arc::clone(&self.entry), self.inner.stopping.clone());
        let written = self.handle.spawn(async move {
            loop {
                match store.append(&run, batch.clone(), now()).await {
                    Err(StoreError::Busy { retry_after }) => {
                        tokio::time::sleep(retry_after.min(LONGEST_WAIT)).await;
                        if stopping.is_cancelled() || entry.is_cancelled() {
                            return Err(StoreError::Busy { retry_after });
                        }
                    }
                    answer => return answer,
                }
            }
        });
        InFlight { written, appended, may_repeat }
    }

    /// Waits until a batch is in the log; answers how many of its events have an id that the log had.
    fn settle(&self, in_flight: Option<InFlight>) -> Result<u64, Stop> {
        let Some(InFlight { written, appended, may_repeat }) = in_flight else { return Ok(0) };
        let written = self.handle.block_on(written);
        let written = written.map_err(|e| Stop::Later(Error::internal(format!("the log stopped: {e}"))))?;
        if let Err(StoreError::Busy { .. }) = &written {
            self.look(0)?;
        }
        let written = written?;
        self.change(|session| {
            session.appended = appended;
            session.attempts = 0;
        })?;
        Ok(if may_repeat { 0 } else { written.duplicates })
    }
}

/// Ids for the events of a run, in the order of the file: the same each time, and rising, so that the log's
/// index of them grows at its end.
fn ids(created_at: Timestamp, run: &RunId) -> impl FnMut() -> EventId + use<> {
    let millis = u64::try_from(created_at.micros() / 1000).unwrap_or(0);
    let salt = run.as_str().bytes().fold(0_u128, |salt, byte| (salt * 31 + u128::from(byte)) & 0xff_ffff);
    let mut count = 0_u128;
    move || {
        count += 1;
        EventId::v7(millis, count << 24 | salt)
    }
}

/// About how many bytes an event has.
fn approximate_bytes(event: &Event) -> usize {
    match event.body() {
        Body::SnapshotScored(scored) => scored.action.len() + scored.observation.len() + 512,
        _ => 2048,
    }
}
