//! The one writer: takes what waits, makes one transaction of it, commits, tells everybody, and begins again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use gauntlet_model::RunId;
use tokio::sync::mpsc::error::TryRecvError;

use super::connection::Connection;
use super::episode_cache::EpisodeCache;
use super::fault::{TxnError, corrupt, write_conflict};
use super::group::{Group, PendingEvent, RunState, Written};
use super::query::query;
use super::session::WriterSession;
use super::totals::NewNodeFilter;
use crate::StoreError;
use crate::queue::{Inbox, Queued};
use crate::watches::Watches;

/// Runs whose head is kept in memory.
const KNOWN_RUNS: usize = 10_000;
/// Groups that look every event up after one held a repeated event: a client that repeats one batch after a
/// lost connection usually repeats the next ones too.
const DEDUP_GROUPS: u32 = 32;
/// How often a group is begun again where events of it turn out to be there, or other servers are in the way.
const ATTEMPTS: u32 = 8;
/// Events of deleted runs removed at a time.
const PURGE_EVENTS: i64 = 2_000;

pub(crate) struct Writer {
    connection: Connection,
    session: Box<dyn WriterSession>,
    inbox: Inbox,
    watches: Arc<Watches>,
    group_events: usize,
    known: HashMap<RunId, RunState>,
    new_nodes: NewNodeFilter,
    episodes: EpisodeCache,
    dedup_countdown: u32,
    purging: bool,
}

/// A writer that has nothing left to do. Holds the database until it is gone.
pub(crate) struct Drained {
    connection: Connection,
    session: Box<dyn WriterSession>,
}

impl Drained {
    /// Closes the database.
    pub(super) async fn close(self) {
        self.session.close(self.connection).await;
    }
}

impl Writer {
    pub(crate) fn new(
        connection: Connection,
        session: Box<dyn WriterSession>,
        inbox: Inbox,
        watches: Arc<Watches>,
        group_events: usize,
    ) -> Self {
        Self {
            connection,
            session,
            inbox,
            watches,
            group_events: group_events.max(1),
            known: HashMap::new(),
            new_nodes: NewNodeFilter::default(),
            episodes: EpisodeCache::default(),
            dedup_countdown: 0,
            purging: true,
        }
    }

    /// Runs until the queue is closed and every request is done.
    pub(crate) async fn run(mut self) -> Drained {
        while let Some(first) = self.next().await {
            let mut weight = first.work.weight();
            let mut group = vec![first];
            while weight < self.group_events {
                let Ok(next) = self.inbox.try_recv() else { break };
                weight += next.work.weight();
                group.push(next);
            }
            self.commit(group).await;
        }
        Drained { connection: self.connection, session: self.session }
    }

    /// The next request. While none waits, removes what deleted runs left.
    async fn next(&mut self) -> Option<Queued> {
        while self.purging {
            match self.inbox.try_recv() {
                Ok(next) => return Some(next),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => self.purging = self.purge().await,
            }
        }
        self.inbox.recv().await
    }

    /// Commits the group. Where the database fails on it, each request gets a transaction of its own, so that
    /// none fails for what another asked. What was stopped because a deletion waits is done again after it.
    async fn commit(&mut self, mut group: Vec<Queued>) {
        let outcome = self.write(&mut group).await;
        let is_alone = group.len() == 1 && !self.inbox.interrupts.is_deletion_waiting();
        if outcome.is_ok() || is_alone {
            return settle(&mut group, outcome.err());
        }
        group.sort_by_key(|request| !request.is_deletion());
        for request in group.chunks_mut(1) {
            let mut outcome = self.write(request).await;
            while outcome.is_err() && self.delete_first().await {
                outcome = self.write(request).await;
            }
            settle(request, outcome.err());
        }
    }

    /// Does the deletions that wait, before all that came earlier; `false` where none waits.
    async fn delete_first(&mut self) -> bool {
        let mut deletions = self.inbox.take_deletions();
        for request in deletions.chunks_mut(1) {
            let outcome = self.write(request).await;
            settle(request, outcome.err());
        }
        !deletions.is_empty()
    }

    /// One transaction, begun again with every event looked up where one turns out to be there already.
    async fn write(&mut self, group: &mut [Queued]) -> Result<(), StoreError> {
        let begun = Instant::now();
        let mut outcome = self.attempt(group, self.dedup_countdown > 0).await;
        self.dedup_countdown = self.dedup_countdown.saturating_sub(1);
        for _ in 1..ATTEMPTS {
            match outcome {
                Err(TxnError::Duplicate) => self.dedup_countdown = DEDUP_GROUPS,
                Err(TxnError::Raced) => {}
                _ => break,
            }
            outcome = self.attempt(group, true).await;
        }
        let error = match outcome {
            Ok(written) => match self.session.check() {
                Ok(()) => {
                    self.inbox.counts.committed(begun.elapsed(), written.events.iter().map(|e| e.row.kind));
                    self.publish(written);
                    return Ok(());
                }
                // Committed to a file that is no longer at its path.
                Err(error) => error,
            },
            Err(TxnError::Refused(error)) => {
                self.known.clear();
                return Err(error);
            }
            Err(TxnError::Fault(error)) => error,
            Err(TxnError::Raced) => write_conflict(),
            Err(TxnError::Duplicate) => corrupt("an event is there that was looked for and not found"),
        };
        self.inbox.counts.failed.inc();
        self.known.clear();
        Err(error)
    }

    /// Does all requests in one transaction. `look_up`: ask the log for each event before appending it;
    /// otherwise a repeated event stops the attempt with nothing kept.
    async fn attempt(&mut self, group: &mut [Queued], look_up: bool) -> Result<Written, TxnError> {
        if let Err(error) = self.connection.begin().await {
            self.recover().await;
            return Err(error.into());
        }
        let (known, new_nodes, episodes) = (&self.known, &mut self.new_nodes, &mut self.episodes);
        let interrupts = &self.inbox.interrupts;
        let mut open = Group::new(&mut self.connection, known, new_nodes, episodes, look_up, interrupts);
        let done = async {
            open.lock(group).await?;
            open.do_all(group).await?;
            open.finish().await
        };
        let committed = match done.await {
            Ok(written) => {
                let is_news = written.visible || group.iter().any(|queued| queued.work.is_setting());
                let commit = self.session.commit(&mut self.connection, is_news);
                commit.await.map(|()| written).map_err(TxnError::from)
            }
            Err(error) => Err(error),
        };
        if committed.is_err() {
            self.recover().await;
        }
        committed
    }

    /// Makes the connection ready for the next transaction, with nothing of the last one.
    async fn recover(&mut self) {
        self.episodes.clear();
        self.session.recover(&mut self.connection).await;
    }

    fn publish(&mut self, written: Written) {
        if self.known.len() > KNOWN_RUNS {
            self.known.clear();
        }
        for run in written.deleted {
            self.known.remove(&run);
            self.watches.close(&run);
            self.purging = true;
        }
        for (run, state) in written.runs {
            let events = written.events.iter().filter(|event| event.run_no == state.run_no);
            self.watches.publish(&run, state.run_no, state.head, events.map(PendingEvent::committed));
            self.known.insert(run, state);
        }
        if written.visible {
            self.watches.changed();
        }
    }

    /// Removes some events of deleted runs; `false` when none are left.
    async fn purge(&mut self) -> bool {
        match purge(&mut self.connection).await {
            Ok(more) => more,
            Err(error) => {
                tracing::warn!(%error, "events of a deleted run stay until the next start");
                self.recover().await;
                false
            }
        }
    }
}

/// Sends each caller the outcome of its request.
fn settle(group: &mut [Queued], failure: Option<StoreError>) {
    for queued in group {
        queued.settle(failure.as_ref());
    }
}

async fn purge(connection: &mut Connection) -> Result<bool, StoreError> {
    connection.begin().await.map_err(super::fault::fault)?;
    let purged = purge_some(connection).await?;
    connection.commit().await.map_err(super::fault::fault)?;
    Ok(purged)
}

async fn purge_some(connection: &mut Connection) -> Result<bool, StoreError> {
    // What another server removes is left to it.
    let sql = format!("SELECT run_no FROM pending_deletes LIMIT 1 {}", connection.dialect().locks_free());
    let deleted: Option<i64> =
        query(sqlx::AssertSqlSafe(sql)).value(&mut *connection).await.map_err(super::fault::fault)?;
    let Some(run_no) = deleted else { return Ok(false) };
    let removed = query(
        "DELETE FROM events WHERE place IN (SELECT place FROM events WHERE place BETWEEN ?1 AND ?2 LIMIT ?3)",
    )
    .bind(super::place(run_no, 0))
    .bind(super::place(run_no, super::MAX_SEQ))
    .bind(PURGE_EVENTS)
    .execute(&mut *connection)
    .await
    .map_err(super::fault::fault)?;
    if removed > 0 {
        return Ok(true);
    }
    let removed = query(
        "DELETE FROM episodes WHERE run_no = ?1
         AND episode IN (SELECT episode FROM episodes WHERE run_no = ?1 LIMIT ?2)",
    )
    .bind(run_no)
    .bind(PURGE_EVENTS)
    .execute(&mut *connection)
    .await
    .map_err(super::fault::fault)?;
    if removed == 0 {
        let forget = query("DELETE FROM pending_deletes WHERE run_no = ?1").bind(run_no);
        forget.execute(connection).await.map_err(super::fault::fault)?;
    }
    Ok(true)
}
