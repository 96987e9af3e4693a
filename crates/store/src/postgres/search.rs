//! The index of texts in PostgreSQL: a table of `tsvector`s, which follows the log, and questions to it.
//!
//! It follows from the log alone: it can be emptied at any time, and is filled again in the background. Texts
//! are cut into words here, not by a configuration of the database, so that the same words are found as in
//! SQLite. What differs is the order of equally good results: PostgreSQL's rank does not know how rare a word
//! is.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use gauntlet_follow::{Cursor, Error, Follower, Lags, Limits, Output, Part};
use parking_lot::Mutex;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::CONNECTS_WITHIN;
use crate::database::connection::Pool;
use crate::database::fault::{corrupt, fault};
use crate::database::followed::{FollowedEvent, FollowedLog};
use crate::database::log::SearchIndex;
use crate::database::query::query;
use crate::database::search::{NAME, PACE, SearchError, Searcher, describe};
use crate::database::target::Target;
use crate::database::value::Value;
use crate::database::{DbRow, place, seq_of};
use crate::search::{Document, Lists, SearchPage, SearchQuery, tsvector};
use crate::{Leases, StoreError};

/// Connections of the index: two that search, one that writes.
const CONNECTIONS: u32 = 3;
/// How long to wait before an index that cannot be read is tried again.
const RETRY_DELAY: Duration = Duration::from_secs(3);
/// Events of deleted runs that are removed at a time.
const REMOVED_EVENTS: i64 = 4_000;

/// The index, as the log holds it.
pub(super) struct Index {
    searcher: Searcher,
    lists: Lists,
    stop: CancellationToken,
    follower: Mutex<Option<JoinHandle<()>>>,
    /// A log that is dropped without being closed ends it as well.
    _stop_on_drop: DropGuard,
}

impl Index {
    /// Starts to follow the log, in the background. `changes` changes after each commit.
    pub(super) async fn start(
        options: PgConnectOptions,
        log: Pool,
        changes: watch::Receiver<u64>,
        lags: Lags,
        leases: Leases,
    ) -> Result<Self, StoreError> {
        lags.of(NAME);
        // What the index has lost is indexed again. A plan with the exact values is worth its time here.
        let options =
            options.options([("synchronous_commit", "off"), ("plan_cache_mode", "force_custom_plan")]);
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(CONNECTS_WITHIN)
            .connect_with(options)
            .await
            .map_err(fault)?;
        let searcher = Searcher::new(Pool::Postgres(pool.clone())).await?;
        let stop = CancellationToken::new();
        let ending = stop.clone();
        let follower = tokio::spawn(async move {
            // The text is in the database, so one server indexes it for all.
            let work = || follow(pool.clone(), log.clone(), changes.clone(), lags.clone(), ending.clone());
            leases.while_held(NAME, &ending, work).await;
        });
        Ok(Self {
            searcher,
            lists: Lists::default(),
            follower: Mutex::new(Some(follower)),
            _stop_on_drop: stop.clone().drop_guard(),
            stop,
        })
    }
}

#[async_trait]
impl SearchIndex for Index {
    async fn search(&self, query: &SearchQuery) -> Result<SearchPage, StoreError> {
        if self.stop.is_cancelled() {
            return Err(StoreError::closed());
        }
        self.searcher.find(&self.lists, query).await.map_err(|error| match error {
            SearchError::Other(error) => error,
            SearchError::Damaged => corrupt("the search index of the database is damaged"),
        })
    }

    async fn close(&self) {
        self.stop.cancel();
        let follower = self.follower.lock().take();
        if let Some(follower) = follower
            && let Err(error) = follower.await
        {
            tracing::error!(%error, "the search index ended badly");
        }
        self.searcher.close().await;
    }
}

/// Follows the log until it is stopped; empties the index where it is of another log.
async fn follow(pool: PgPool, log: Pool, changes: watch::Receiver<u64>, lags: Lags, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let output = IndexOutput { pool: pool.clone(), log: log.clone() };
        let mut follower =
            Follower::new(NAME, FollowedLog(log.clone()), output, Limits::OF_SERVER).reporting(&lags);
        let ended = match follower.belongs().await {
            Ok(true) => follower.run(changes.clone(), &stop, &PACE).await,
            Ok(false) => {
                tracing::warn!("the search index is of another log; it is rebuilt");
                match empty(&pool).await {
                    Ok(()) => continue,
                    Err(error) => Err(error),
                }
            }
            Err(Error::Log(error) | Error::Output(error)) => Err(error),
        };
        match ended {
            // It was stopped, or the log is closed.
            Ok(()) => return,
            Err(error) => tracing::warn!(%error, "the search index cannot be followed and is tried again"),
        }
        stop.run_until_cancelled(tokio::time::sleep(RETRY_DELAY)).await;
    }
}

async fn empty(pool: &PgPool) -> Result<(), StoreError> {
    query("TRUNCATE texts, cursors").execute(Target::PostgresPool(pool)).await.map(drop).map_err(fault)
}

/// The one writer of the index.
struct IndexOutput {
    pool: PgPool,
    log: Pool,
}

impl Output for IndexOutput {
    type Run = i64;
    type Event = FollowedEvent;
    type Error = StoreError;

    async fn cursors(&mut self) -> Result<BTreeMap<i64, Cursor>, StoreError> {
        let sql = "SELECT run_no, next, last_id, edits FROM cursors";
        let rows = query(sql).all(Target::PostgresPool(&self.pool)).await.map_err(fault)?;
        let cursor = |row: &DbRow| {
            let next = row.try_get("next")?;
            let last_id: &[u8] = row.try_get("last_id")?;
            let cursor = Cursor { next, last_id: last_id.try_into().ok(), edits: row.try_get("edits")? };
            Ok((row.try_get("run_no")?, cursor))
        };
        rows.iter().map(cursor).collect::<Result<_, sqlx::Error>>().map_err(fault)
    }

    async fn commit(&mut self, parts: Vec<Part<i64, FollowedEvent>>) -> Result<(), StoreError> {
        let (mut places, mut vectors) = (Vec::new(), Vec::new());
        let (mut runs, mut nexts, mut ids, mut edits) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for part in parts {
            if part.is_edited {
                let Some(document) = describe(&self.log, part.run).await? else { continue };
                // The run's own document is indexed at its first event.
                places.push(place(part.run, 0));
                vectors.push(tsvector(document));
            }
            for FollowedEvent { place, kind, body } in part.events {
                let document = Document::of_event(kind, &body);
                if seq_of(place) > 0 && !document.is_empty() {
                    places.push(place);
                    vectors.push(tsvector(document));
                }
            }
            runs.push(part.run);
            nexts.push(i64::try_from(part.cursor.next).map_err(corrupt)?);
            ids.push(part.cursor.last_id.map_or_else(Vec::new, |id| id.to_vec()));
            edits.push(part.cursor.edits);
        }
        let mut transaction = self.pool.begin().await.map_err(fault)?;
        let texts = "INSERT INTO texts (place, words)
            SELECT place, CAST(words AS tsvector) FROM unnest(?1, ?2) AS new (place, words)
            ON CONFLICT (place) DO UPDATE SET words = excluded.words";
        let texts = query(texts).bind(Value::Integers(places)).bind(Value::Texts(vectors));
        texts.execute(Target::Postgres(&mut transaction)).await.map_err(fault)?;
        let cursors =
            "INSERT INTO cursors (run_no, next, last_id, edits) SELECT * FROM unnest(?1, ?2, ?3, ?4)
            ON CONFLICT (run_no) DO UPDATE SET next = excluded.next, last_id = excluded.last_id,
                edits = excluded.edits";
        let cursors = query(cursors)
            .bind(Value::Integers(runs))
            .bind(Value::Integers(nexts))
            .bind(Value::ByteStrings(ids))
            .bind(Value::Integers(edits));
        cursors.execute(Target::Postgres(&mut transaction)).await.map_err(fault)?;
        transaction.commit().await.map_err(fault)
    }

    async fn remove(&mut self, run_no: i64) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await.map_err(fault)?;
        let texts = query(
            "DELETE FROM texts WHERE place IN
                (SELECT place FROM texts WHERE place BETWEEN ?1 AND ?2 LIMIT ?3)",
        )
        .bind(place(run_no, 0))
        .bind(place(run_no, u64::MAX))
        .bind(REMOVED_EVENTS);
        let is_last = texts.execute(Target::Postgres(&mut transaction)).await.map_err(fault)? == 0;
        if is_last {
            let forget = query("DELETE FROM cursors WHERE run_no = ?1").bind(run_no);
            forget.execute(Target::Postgres(&mut transaction)).await.map_err(fault)?;
        }
        transaction.commit().await.map_err(fault)?;
        Ok(is_last)
    }

    /// Whatever fails is tried again: what is damaged is for the database's administrator.
    fn is_broken(_: &StoreError) -> bool {
        false
    }
}
