//! The import of one complete file: check it, then append its events in batches. Killed at any moment and run again
//! it makes the same events under the same ids, and goes on behind those that are in the log.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::http::StatusCode;
use gauntlet_model::{
    Body, Event, EventId, FieldError, RunId, RunPatch, RunStatus, RunSummary, Status, Timestamp,
};
use gauntlet_results::{Format, ImportError, Imported, Plan};
use gauntlet_store::{Appended, Store, StoreError};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::Inner;
use super::session::{Entry, Phase};
use crate::error::ApiError;
use crate::state::{new_event_id, new_run_id, now};

/// Events appended in one transaction, at most.
const BATCH_EVENTS: usize = 1000;
/// About how many bytes they may have.
const BATCH_BYTES: usize = 4 << 20;
/// Records between two looks at the clock.
const LOOK: u64 = 256;

/// Why a file did not become a run.
enum Stop {
    /// Its content: final.
    File(ApiError),
    /// The log or the disk: it goes on later.
    Later(ApiError),
    /// Somebody gave it up.
    Cancelled,
}

impl From<ImportError> for Stop {
    fn from(error: ImportError) -> Self {
        Self::File(error.into())
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Invalid { .. } | StoreError::Conflict(_) => Self::File(error.into()),
            // Somebody deleted the run while it was filled.
            StoreError::NotFound(_) => Self::Cancelled,
            _ => Self::Later(error.into()),
        }
    }
}

/// Imports the file of that entry, once nobody else does.
pub async fn run(inner: &Arc<Inner>, entry: &Arc<Entry>) -> Result<(), ApiError> {
    let _job = entry.job.lock().await;
    if !entry.with(|session| session.phase.is_working()) {
        return outcome(entry);
    }
    let _room = inner.room.acquire().await.map_err(|_| internal("the server stops"))?;
    entry.change(|session| session.error = None)?;
    let again = entry.with(|session| session.run.is_some());
    let work = Work { inner: Arc::clone(inner), entry: Arc::clone(entry), handle: Handle::current(), again };
    let stopped = tokio::task::spawn_blocking(move || work.whole()).await;
    let stopped = stopped.map_err(|e| {
        tracing::error!(error = %e, "an import stopped");
        internal("the file could not be read")
    })?;
    match stopped {
        Ok(()) => Ok(()),
        Err(Stop::Cancelled) => {
            let error = ApiError::new(StatusCode::GONE, "cancelled", "the import was given up");
            entry.change(|session| {
                session.phase = Phase::Failed;
                session.error = Some(error.body());
            })?;
            Err(error)
        }
        Err(Stop::Later(error)) => {
            entry.change(|session| session.error = Some(error.body()))?;
            Err(error)
        }
        Err(Stop::File(error)) => {
            refuse(inner, entry, &error).await?;
            Err(error)
        }
    }
}

/// What came of a file that is no longer under way.
fn outcome(entry: &Entry) -> Result<(), ApiError> {
    match entry.with(|session| session.error.clone()) {
        None => Ok(()),
        Some(error) => {
            let message = error.get("message").and_then(|m| m.as_str()).unwrap_or("the file was refused");
            Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "unreadable_file", message))
        }
    }
}

/// Notes a refusal. A run that has begun says so itself; usually there is none, as the file was checked before.
async fn refuse(inner: &Inner, entry: &Entry, error: &ApiError) -> Result<(), ApiError> {
    entry.change(|session| {
        session.phase = Phase::Failed;
        session.error = Some(error.body());
    })?;
    let _ = std::fs::remove_file(entry.folder.join("file"));
    let Some(run) = entry.with(|session| session.run.clone()) else { return Ok(()) };
    if inner.store.head(&run).await?.is_none() {
        return Ok(());
    }
    let reason = Some(error.message().chars().take(500).collect());
    let failed = RunStatus { status: Status::Failed, reason };
    let event = Event::new(new_event_id(), now(), None, None, failed)?;
    inner.store.append(&run, vec![event], now()).await?;
    Ok(())
}

/// A batch on its way into the log.
struct Sent {
    written: JoinHandle<Result<Appended, StoreError>>,
    /// The number of its last event.
    appended: u64,
    /// Whether an earlier attempt may have written it.
    again: bool,
}

struct Work {
    inner: Arc<Inner>,
    entry: Arc<Entry>,
    handle: Handle,
    /// Whether an earlier attempt may have written to the run.
    again: bool,
}

impl Work {
    fn whole(&self) -> Result<(), Stop> {
        let name = self.entry.name();
        let format = Format::of(&name, &self.file()?)?;
        if format == Format::Document {
            self.document(&name)?;
        } else {
            let plan = self.check(&name, format)?;
            self.append(&plan, format)?;
        }
        let _ = std::fs::remove_file(self.entry.folder.join("file"));
        Ok(())
    }

    fn file(&self) -> Result<File, Stop> {
        let path = self.entry.file();
        let file = File::open(&path).map_err(|e| {
            let message = format!("{} cannot be read: {e}", path.display());
            Stop::File(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "unreadable_file", message))
        })?;
        Ok(file)
    }

    /// Notes how far the reading has come; stops it where somebody gave the file up.
    fn look(&self, position_bytes: u64) -> Result<(), Stop> {
        self.entry.done_bytes.store(position_bytes, Ordering::Relaxed);
        if self.inner.stopping.is_cancelled() {
            return Err(Stop::Later(internal("the server stops; the import goes on when it is back")));
        }
        match self.entry.cancelled.load(Ordering::Acquire) {
            true => Err(Stop::Cancelled),
            false => Ok(()),
        }
    }

    fn check(&self, name: &str, format: Format) -> Result<Plan, Stop> {
        let created_at = self.entry.with(|session| session.created_at);
        let mut survey = gauntlet_results::survey(format, self.file()?, created_at)?;
        let mut records = 0_u64;
        while survey.advance()? {
            records += 1;
            if records.is_multiple_of(LOOK) {
                self.look(survey.position_bytes())?;
            }
        }
        Ok(survey.plan(name)?)
    }

    fn append(&self, plan: &Plan, format: Format) -> Result<(), Stop> {
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

    /// The run's id: on the disk before the run is there, so that a second attempt finds it.
    fn run(&self) -> Result<RunId, Stop> {
        if let Some(run) = self.entry.with(|session| session.run.clone()) {
            return Ok(run);
        }
        let run = new_run_id()?;
        self.change(|session| session.run = Some(run.clone()))?;
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

    /// A document is read as a whole and kept in one transaction.
    fn document(&self, name: &str) -> Result<(), Stop> {
        let most = self.inner.document_bytes;
        let size = self.entry.with(|session| session.size_bytes).unwrap_or_default();
        if size > most {
            let message = format!(
                "the file is one JSON document of {size} bytes, which are read as a whole up to {most} bytes; \
                 larger files open as JSON Lines, CSV or Parquet"
            );
            return Err(Stop::File(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)));
        }
        let run = self.run()?;
        if let (true, Some(stored)) = (self.again, self.wait(|| self.inner.store.run(&run))?) {
            return self.whole_in_one(&stored, stored.steps, stored.episodes, Vec::new());
        }
        loop {
            let bytes = std::fs::read(self.entry.file()).map_err(|e| Stop::Later(super::kept_nothing(&e)))?;
            let file = gauntlet_results::import(name, &bytes, now(), &mut new_event_id)?;
            self.look(bytes.len() as u64)?;
            drop(bytes);
            match self.handle.block_on(keep(&self.inner.store, run.clone(), file)) {
                // The file is read again rather than held twice.
                Err(StoreError::Busy { retry_after }) => std::thread::sleep(retry_after),
                Err(error) => return Err(error.into()),
                Ok((stored, told)) => {
                    return self.whole_in_one(&stored, told.steps, told.episodes, told.warnings);
                }
            }
        }
    }

    fn whole_in_one(
        &self,
        stored: &RunSummary,
        steps: u64,
        episodes: u64,
        warnings: Vec<String>,
    ) -> Result<(), Stop> {
        self.change(|session| {
            session.phase = Phase::Done;
            session.run_name = stored.name.clone();
            session.steps = steps;
            session.episodes = episodes;
            session.warnings = warnings;
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

    /// Asks the log until it has room.
    fn wait<T, F>(&self, ask: impl Fn() -> F) -> Result<T, Stop>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        loop {
            match self.handle.block_on(ask()) {
                Err(StoreError::Busy { retry_after }) => {
                    std::thread::sleep(retry_after.min(Duration::from_millis(100)));
                    if self.entry.cancelled.load(Ordering::Acquire) {
                        return Err(Stop::Cancelled);
                    }
                }
                answer => return Ok(answer?),
            }
        }
    }

    fn change(&self, change: impl FnOnce(&mut super::session::Session)) -> Result<(), Stop> {
        self.entry.change(change).map_err(Stop::Later)
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

/// What a file in one piece says beside its events.
pub struct Told {
    /// Scored steps.
    pub steps: u64,
    /// Episodes.
    pub episodes: u64,
    /// What is unusual in it.
    pub warnings: Vec<String>,
}

/// Keeps a file that was read as a whole, in one transaction.
pub async fn keep(store: &Store, run: RunId, file: Imported) -> Result<(RunSummary, Told), StoreError> {
    let told = Told { steps: file.steps, episodes: file.episodes, warnings: file.warnings };
    let mut stored = store.import_run(file.spec, run, file.events, now()).await?;
    if !file.notes.is_empty() {
        let patch = RunPatch { notes: Some(file.notes), ..RunPatch::default() };
        stored = store.patch_run(&stored.id, patch, now()).await?;
    }
    Ok((stored, told))
}

/// 500, with a sentence.
pub fn internal(message: &str) -> ApiError {
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
}

impl From<FieldError> for Stop {
    fn from(error: FieldError) -> Self {
        Self::File(error.into())
    }
}
