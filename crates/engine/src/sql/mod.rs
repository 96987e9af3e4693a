//! SQL over the recorded runs: the views that a statement reads are filled from folded films into tables of
//! its own, then it runs over those.
//!
//! The log holds packed events, which no SQL can read, and a statement must find what pages and exports show:
//! scores with later ones applied, failures by the rule in force. That is the film. Filling costs about a
//! microsecond a row, and only what the statement reads is filled, of the runs that are named.

mod answer;
mod rows;
pub mod views;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gauntlet_api::SqlRequest;
use gauntlet_model::{FieldError, RunId, RunSummary};
use gauntlet_store::{RunQuery, SqlBounds, SqlStatement, SqlValue, View, sql_statement};
use tokio::sync::Semaphore;

use crate::Error;
use crate::films::Films;
use crate::memory::{BudgetError, Memory, Share};
use rows::Row;

pub use answer::Rows;

/// Statements that run at the same time: each takes a thread.
const MAX_STATEMENTS: usize = 2;
/// Most bytes of the rows that the tables of one statement hold.
const MAX_TABLE_BYTES: usize = 128 << 20;
/// Most bytes of the rows of an answer.
const MAX_ANSWER_BYTES: usize = 32 << 20;
/// By how many bytes the share of the memory grows.
const SHARE_BYTES: usize = 4 << 20;
/// Rows between two readings of the clock.
const ROWS_BETWEEN: usize = 1024;
/// Runs read at a time.
const PAGE: u32 = 500;

/// Answers statements. Cloning it is cheap.
#[derive(Clone)]
pub struct Sql {
    films: Films,
    memory: Memory,
    turns: Arc<Semaphore>,
}

impl Sql {
    /// Statements over these films, within this budget.
    pub fn new(films: Films, memory: Memory) -> Self {
        Self { films, memory, turns: Arc::new(Semaphore::new(MAX_STATEMENTS)) }
    }

    /// The rows that a statement finds.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] where the statement is not a SELECT over the views, fails, takes too long, or reads
    /// more than is held at a time; [`Error::NotFound`] for a run that is not there; [`Error::Busy`] where
    /// others run statements, or memory is short.
    pub async fn run(&self, request: &SqlRequest) -> Result<Rows, Error> {
        let limit = request.limit.get("limit")? as usize;
        let seconds = request.seconds.get("seconds")?;
        let until = Instant::now() + Duration::from_secs(u64::from(seconds));
        let ended = || Error::from(FieldError::new("sql", format!("takes longer than {seconds} s")));
        let answer = async {
            let turn = Arc::clone(&self.turns).acquire_owned().await;
            let _turn = turn.map_err(|_| Error::busy("statements are no longer taken"))?;
            let cancelled = CancelOnDrop::default();
            let flag = Arc::clone(&cancelled.0);
            let bounds = SqlBounds { rows: limit, bytes: MAX_ANSWER_BYTES, until, cancelled: flag };
            self.answer(request, bounds).await
        };
        // Ends the reading of logs between two pages; a thread checks the time itself.
        match tokio::time::timeout_at(until.into(), answer).await {
            Ok(answered) => answered,
            Err(_) => Err(ended()),
        }
    }

    async fn answer(&self, request: &SqlRequest, bounds: SqlBounds) -> Result<Rows, Error> {
        let sql = request.sql.clone();
        let statement = blocking(move || Ok(sql_statement(&views::VIEWS, &sql)?)).await?;
        let runs = self.runs(&request.runs).await?;
        let mut tables = Tables { statement, share: self.memory.share(), bytes: 0, bounds };
        tables.add(&views::RUNS, &mut runs.iter().map(rows::run))?;
        let of_films = views::VIEWS.iter().any(|view| view.name != views::RUNS.name && tables.reads(view));
        for run in runs.into_iter().filter(|_| of_films) {
            tables = self.add_run(tables, run.id).await?;
        }
        blocking(move || {
            let found = tables.statement.answer(&tables.bounds)?;
            let bytes: usize = found.rows.iter().flatten().map(SqlValue::bytes).sum();
            tables.share.grow_to(tables.bytes + bytes).map_err(short)?;
            Ok(Rows::new(found, tables.share))
        })
        .await
    }

    /// The runs that are named, or all.
    async fn runs(&self, named: &[RunId]) -> Result<Vec<RunSummary>, Error> {
        let store = self.films.store();
        let mut runs = Vec::new();
        for id in named {
            runs.push(store.run(id).await?.ok_or_else(|| Error::no_run(id.as_str()))?);
        }
        let mut query = RunQuery { limit: PAGE, ..RunQuery::default() };
        while named.is_empty() {
            let page = store.runs(query.clone()).await?;
            runs.extend(page.items);
            query.cursor = page.next_cursor;
            if query.cursor.is_none() {
                break;
            }
        }
        // A run that is named twice has its rows once.
        runs.sort_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
        runs.dedup_by(|a, b| a.id == b.id);
        Ok(runs)
    }

    /// Adds what the views have of a run's film.
    async fn add_run(&self, mut tables: Tables, run: RunId) -> Result<Tables, Error> {
        let episodes = match tables.reads(&views::EPISODES) {
            true => self.films.all_episodes(&run).await,
            false => Ok(Vec::new()),
        };
        let film = match self.films.get(&run).await {
            // Deleted since the runs were listed: it has no rows.
            Err(Error::NotFound(_)) => return Ok(tables),
            film => film?,
        };
        let episodes = episodes?;
        blocking(move || {
            let film = film.lock();
            let film = &*film;
            tables.add(&views::EPISODES, &mut episodes.iter().map(|it| rows::episode(&run, it)))?;
            tables.add(&views::STEPS, &mut rows::steps(&run, film))?;
            tables.add(&views::SCORES, &mut rows::scores(&run, film))?;
            tables.add(&views::METRICS, &mut rows::metrics(&run, film))?;
            tables.add(&views::FAILURES, &mut rows::failures(&run, film))?;
            tables.add(&views::ALERTS, &mut rows::alerts(&run, film))?;
            Ok(tables)
        })
        .await
    }
}

/// A statement whose tables are being filled.
struct Tables {
    statement: Box<dyn SqlStatement>,
    share: Share,
    bytes: usize,
    bounds: SqlBounds,
}

impl Tables {
    fn reads(&self, view: &View) -> bool {
        self.statement.reads().contains(view.name)
    }

    /// Adds rows to a view, where the statement reads it.
    fn add(&mut self, view: &'static View, rows: &mut dyn Iterator<Item = Row>) -> Result<(), Error> {
        if !self.reads(view) {
            return Ok(());
        }
        let (bytes, share, bounds) = (&mut self.bytes, &mut self.share, &self.bounds);
        let mut refused = None;
        let mut number = 0_usize;
        let mut counted = rows.map_while(|row| {
            *bytes += row.iter().map(SqlValue::bytes).sum::<usize>();
            refused = grow(share, *bytes).err();
            number += 1;
            if number.is_multiple_of(ROWS_BETWEEN) && is_over(bounds) {
                refused = Some(FieldError::new("sql", "takes too long; it was ended").into());
            }
            refused.is_none().then_some(row)
        });
        self.statement.insert(view, &mut counted)?;
        drop(counted);
        refused.map_or(Ok(()), Err)
    }
}

fn is_over(bounds: &SqlBounds) -> bool {
    bounds.cancelled.load(Ordering::Relaxed) || Instant::now() >= bounds.until
}

fn grow(share: &mut Share, bytes: usize) -> Result<(), Error> {
    if bytes > MAX_TABLE_BYTES {
        let message = format!(
            "the rows that the statement reads take more than {} MiB; name fewer runs",
            MAX_TABLE_BYTES >> 20
        );
        return Err(FieldError::new("runs", message).into());
    }
    share.grow_to(bytes.next_multiple_of(SHARE_BYTES)).map_err(short)
}

fn short(shortage: BudgetError) -> Error {
    match shortage {
        BudgetError::TooMuch(most) => {
            let message = format!("the rows take more than the {most} bytes of memory there are");
            FieldError::new("runs", message).into()
        }
        BudgetError::Busy => Error::busy("others are being read and memory is short"),
    }
}

/// Cancels what a thread does for a request when the request is dropped.
#[derive(Default)]
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does something on a thread that may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a statement could not be answered");
        Err(Error::internal("something broke while the statement ran; the log says what"))
    })
}
