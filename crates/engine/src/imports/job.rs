//! The import of one complete file: check it, then append its events in batches. Killed at any moment and run
//! again it makes the same events under the same ids, and goes on after those that are in the log.

use std::fs::File;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use gauntlet_api::ImportPhase;
use gauntlet_model::{Event, FieldError, RunId, RunSpec, RunStatus, Status};
use gauntlet_results::{Format, ImportError, Options};
use gauntlet_store::StoreError;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::Inner;
use super::session::Entry;
use crate::Error;
use crate::clock::{new_event_id, new_run_id, now};
use crate::memory::{BudgetError, Share};

/// Why a file did not become a run.
pub(super) enum Stop {
    /// Its content: final.
    File(Error),
    /// The log or the disk: it goes on later.
    Later(Error),
    /// Somebody gave it up.
    Cancelled,
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Invalid { .. } | StoreError::Conflict(_) => Self::File(error.into()),
            // Somebody deleted the run while it was filled.
            StoreError::NotFound(_) | StoreError::Gone(_) => Self::Cancelled,
            _ => Self::Later(error.into()),
        }
    }
}

impl From<FieldError> for Stop {
    fn from(error: FieldError) -> Self {
        Self::File(error.into())
    }
}

/// How often a file is begun whose import ends the process each time, before it is refused.
const MAX_ATTEMPTS: u32 = 10;

/// Imports the file of that entry, once no other thread does.
pub(super) async fn run(inner: &Arc<Inner>, entry: &Arc<Entry>) -> Result<(), Error> {
    let _job = entry.job.lock().await;
    if !entry.with(|session| session.phase.is_working()) {
        return outcome(entry);
    }
    let _room = inner.room.acquire().await.map_err(|_| Error::internal("the server stops"))?;
    if entry.is_cancelled() {
        return Err(Error::Cancelled);
    }
    entry.change(|session| {
        session.error = None;
        session.attempts += 1;
    })?;
    if entry.with(|session| session.attempts) > MAX_ATTEMPTS {
        let message = format!("the server ended {MAX_ATTEMPTS} times while it read this file");
        let error = Error::internal(message);
        refuse(inner, entry, &error).await?;
        return Err(error);
    }
    let stopped = match Work::of(inner, entry) {
        Ok(work) => tokio::task::spawn_blocking(move || work.import()).await,
        Err(error) => Ok(Err(Stop::File(error))),
    };
    let stopped = stopped.unwrap_or_else(|error| {
        // A job that panics has failed, once: started again it would only panic again.
        let request_id = new_event_id().to_string();
        tracing::error!(%error, request_id, file = entry.name(), "an import panicked");
        let message = "the file could not be read; the server's log says more under this request id";
        Err(Stop::File(Error::Internal { message: message.to_owned(), request_id: Some(request_id) }))
    });
    match stopped {
        Ok(()) => Ok(()),
        Err(Stop::Cancelled) => {
            let error = Error::Cancelled;
            entry.change(|session| {
                session.phase = ImportPhase::Failed;
                session.error = Some(error.info());
            })?;
            Err(error)
        }
        Err(Stop::Later(error)) => {
            entry.change(|session| session.error = Some(error.info()))?;
            Err(error)
        }
        Err(Stop::File(error)) => {
            refuse(inner, entry, &error).await?;
            Err(error)
        }
    }
}

/// The outcome of a file whose import has ended.
fn outcome(entry: &Entry) -> Result<(), Error> {
    match entry.with(|session| session.error.clone()) {
        None => Ok(()),
        Some(error) => Err(Error::Unreadable(error.message)),
    }
}

/// Notes a refusal. A run that has begun says so itself; usually there is none, as the file was checked
/// before.
async fn refuse(inner: &Inner, entry: &Entry, error: &Error) -> Result<(), Error> {
    entry.change(|session| {
        session.phase = ImportPhase::Failed;
        session.error = Some(error.info());
    })?;
    entry.remove_upload();
    let Some(run) = entry.with(|session| session.run.clone()) else { return Ok(()) };
    if inner.store.head(&run).await?.is_none() {
        return Ok(());
    }
    let reason = Some(error.to_string().chars().take(500).collect());
    let failed = RunStatus { status: Status::Failed, reason };
    let event = Event::new(new_event_id(), now(), None, None, failed)?;
    inner.store.append(&run, vec![event], now()).await?;
    Ok(())
}

/// One attempt to import the file of an entry, on a thread that may block.
pub(super) struct Work {
    pub(super) inner: Arc<Inner>,
    pub(super) entry: Arc<Entry>,
    pub(super) handle: Handle,
    /// Whether an earlier attempt may have written to the run.
    pub(super) again: bool,
    /// How the file is read.
    pub(super) options: Options,
    /// Closes when the run is deleted; set from before the run is created.
    deletion: Arc<OnceLock<watch::Receiver<u64>>>,
    reserved: Arc<Reserved>,
}

/// How long a reading waits for memory that others hold, unless its entry says otherwise. Two readings that
/// grow may wait for each other.
const MEMORY_WAIT: Duration = Duration::from_secs(60);
/// Time between two checks whether there is memory.
const MEMORY_LOOK: Duration = Duration::from_millis(20);

/// What a reading holds of the memory budget.
struct Reserved {
    share: Mutex<Share>,
    patience: Duration,
    /// Why it was refused more.
    shortage: OnceLock<BudgetError>,
}

impl Reserved {
    /// Takes that many bytes in all. Waits while others hold them and `goes_on`.
    fn grow_to(&self, bytes: usize, goes_on: &dyn Fn() -> bool) -> bool {
        let begun = Instant::now();
        loop {
            let shortage = match self.share.lock().grow_to(bytes) {
                Ok(()) => return true,
                Err(shortage) => shortage,
            };
            if shortage != BudgetError::Busy || begun.elapsed() >= self.patience || !goes_on() {
                self.shortage.get_or_init(|| shortage);
                return false;
            }
            std::thread::sleep(MEMORY_LOOK);
        }
    }
}

impl Work {
    fn of(inner: &Arc<Inner>, entry: &Arc<Entry>) -> Result<Self, Error> {
        let (again, reading) = entry.with(|session| (session.run.is_some(), session.reading.clone()));
        let (stopping, watched) = (inner.stopping.clone(), Arc::clone(entry));
        let deletion = Arc::<OnceLock<watch::Receiver<u64>>>::default();
        let run = Arc::clone(&deletion);
        let goes_on = move || !stopping.is_cancelled() && !watched.is_cancelled() && !is_deleted(&run);
        let share = Mutex::new(inner.memory.share());
        let patience = entry.patience.get().copied().unwrap_or(MEMORY_WAIT);
        let reserved = Arc::new(Reserved { share, patience, shortage: OnceLock::new() });
        let (holder, waits) = (Arc::clone(&reserved), goes_on.clone());
        let options = reading.options()?.while_true(goes_on);
        let options = options.within_memory(move |bytes| holder.grow_to(bytes, &waits));
        Ok(Self {
            inner: Arc::clone(inner),
            entry: Arc::clone(entry),
            handle: Handle::current(),
            again,
            options,
            deletion,
            reserved,
        })
    }

    /// Why the reading ended: somebody stopped it, or the file is wrong.
    pub(super) fn refused(&self, error: ImportError) -> Stop {
        match (self.go_on(), self.reserved.shortage.get()) {
            (Err(stop), _) => stop,
            (Ok(()), Some(shortage)) => no_memory(*shortage),
            (Ok(()), None) => Stop::File(error.into()),
        }
    }

    /// Takes that many bytes of the memory budget in all, before they are read.
    pub(super) fn reserve(&self, bytes: usize) -> Result<(), Stop> {
        match self.reserved.grow_to(bytes, &|| self.go_on().is_ok()) {
            true => Ok(()),
            false => {
                self.go_on()?;
                Err(no_memory(self.reserved.shortage.get().copied().unwrap_or(BudgetError::Busy)))
            }
        }
    }

    fn import(&self) -> Result<(), Stop> {
        let name = self.entry.name();
        let format = Format::detect(&name, &self.file()?).map_err(|e| self.refused(e))?;
        if format == Format::Document {
            self.document(&name)?;
        } else {
            let plan = self.check(&name, format)?;
            self.append(&plan, format)?;
        }
        self.entry.remove_upload();
        Ok(())
    }

    pub(super) fn file(&self) -> Result<File, Stop> {
        let path = self.entry.file();
        let file = File::open(&path).map_err(|e| {
            let message = format!("{} cannot be read: {e}", path.display());
            Stop::File(Error::Unreadable(message))
        })?;
        Ok(file)
    }

    /// Notes how far the reading has come; stops it where it was cancelled.
    pub(super) fn look(&self, position_bytes: u64) -> Result<(), Stop> {
        self.entry.done_bytes.store(position_bytes, Ordering::Relaxed);
        self.go_on()
    }

    /// Stops the work where somebody gave the file up, or where the server stops.
    fn go_on(&self) -> Result<(), Stop> {
        if self.inner.stopping.is_cancelled() {
            return Err(Stop::Later(Error::internal("the server stops; the import goes on when it is back")));
        }
        match self.entry.is_cancelled() || is_deleted(&self.deletion) {
            true => Err(Stop::Cancelled),
            false => Ok(()),
        }
    }

    /// Creates the run, or finds the one of an earlier attempt. From now on its deletion ends the import.
    pub(super) fn create_run(&self, spec: &RunSpec, run: &RunId) -> Result<(), Stop> {
        let created_at = self.entry.with(|session| session.created_at);
        let _creating = self.handle.block_on(self.entry.creating.lock());
        // Cancelled before the lock was taken, the run would never be deleted.
        self.go_on()?;
        self.deletion.get_or_init(|| self.inner.store.subscribe(run));
        self.wait(|| self.inner.store.create_run(spec.clone(), run.clone(), created_at)).map(drop)
    }

    /// The run's id: on the disk before the run is there, so that a second attempt finds it.
    pub(super) fn run(&self) -> Result<RunId, Stop> {
        if let Some(run) = self.entry.with(|session| session.run.clone()) {
            return Ok(run);
        }
        let run = new_run_id()?;
        self.change(|session| session.run = Some(run.clone()))?;
        Ok(run)
    }

    /// Asks the log until it has room.
    pub(super) fn wait<T, F>(&self, ask: impl Fn() -> F) -> Result<T, Stop>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        loop {
            match self.handle.block_on(ask()) {
                Err(StoreError::Busy { retry_after }) => {
                    std::thread::sleep(retry_after.min(Duration::from_millis(100)));
                    self.go_on()?;
                }
                answer => return Ok(answer?),
            }
        }
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut super::session::Session)) -> Result<(), Stop> {
        self.entry.change(change).map_err(Stop::Later)
    }
}

fn no_memory(shortage: BudgetError) -> Stop {
    match shortage {
        BudgetError::Busy => Stop::Later(Error::busy(
            "other files and requests are being read and memory is short; import the file again to go on",
        )),
        BudgetError::TooMuch(most) => {
            let message = format!(
                "reading the file would take more than {most} bytes of memory (`limits.memory_bytes`); \
                 smaller files and rows, and JSON Lines, CSV or Parquet instead of one document, take less"
            );
            Stop::File(Error::TooLarge(message))
        }
    }
}

/// Whether the run was deleted since its import began.
fn is_deleted(run: &OnceLock<watch::Receiver<u64>>) -> bool {
    run.get().is_some_and(|head| head.has_changed().is_err())
}
