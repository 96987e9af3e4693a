//! Counts runs again from their logs: the totals of scores in `progress` are a projection, which can be
//! computed again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use gauntlet_film::Evidence;
use gauntlet_model::{FailureRule, ScoreAdded, ScoreTarget, Scores};
use serde::Deserialize;
use sqlx::AssertSqlSafe;

use super::body;
use super::connection::Connection;
use super::dialect::Dialect;
use super::fault::{TxnError, corrupt, fault, write_conflict};
use super::group::Group;
use super::kinds::{RARE_KINDS, SCORE_ADDED, SNAPSHOT_SCORED};
use super::query::query;
use super::revisit::revisit;
use super::totals::{NodeScore, RunTotals};
use super::{MAX_SEQ, place, rows, step_column};
use crate::StoreError;
use crate::queue::Interrupts;
use crate::row::NodeKey;

/// Instructions of SQLite's machine after which a recount looks whether it has to stop: well below a
/// millisecond.
const STEPS_BETWEEN_LOOKS: i32 = 1_000;
/// The same on PostgreSQL, which reports no progress while a statement runs.
const TIME_BETWEEN_LOOKS: Duration = Duration::from_millis(5);
/// Nodes revisited together.
const BATCH_NODES: usize = 500;

/// Counts every run whose sum was dropped, each in a transaction of its own.
pub(crate) async fn recount(db: &mut Connection) -> Result<(), StoreError> {
    let runs: Vec<i64> =
        query("SELECT run_no FROM progress WHERE root_sum IS NULL").values(&mut *db).await.map_err(fault)?;
    for run_no in runs {
        db.begin().await.map_err(fault)?;
        recount_logged(db, run_no).await.map_err(|error| match error {
            TxnError::Fault(error) | TxnError::Refused(error) => error,
            TxnError::Raced => write_conflict(),
            TxnError::Duplicate => corrupt("counting a run broke a rule of its table"),
        })?;
        db.commit().await.map_err(fault)?;
    }
    Ok(())
}

/// Counts a run of which only the log is known.
async fn recount_logged(db: &mut Connection, run_no: i64) -> Result<(), TxnError> {
    let evidence = evidence(db, run_no).await?;
    query("UPDATE progress SET evidence = ?2 WHERE run_no = ?1")
        .bind(run_no)
        .bind(i64::from(evidence.bits()))
        .execute(&mut *db)
        .await?;
    let asked: Option<String> =
        query("SELECT rules FROM runs WHERE run_no = ?1").bind(run_no).only(&mut *db).await?;
    recount_run(db, run_no, evidence.rule(rows::rules(asked.as_deref())?)).await.map(drop)
}

/// Of an event, what shows which rule fits.
#[derive(Deserialize)]
struct Shown {
    #[serde(default)]
    scores: Scores,
    #[serde(default)]
    not_evaluated: Vec<String>,
}

/// What all scores of a run have shown.
async fn evidence(db: &mut Connection, run_no: i64) -> Result<Evidence, TxnError> {
    let mut seen = Evidence::default();
    let mut events = query(AssertSqlSafe(format!(
        "SELECT kind, body FROM events WHERE place BETWEEN ?1 AND ?2 AND step IS NOT NULL
           AND kind IN ({SNAPSHOT_SCORED}, {SCORE_ADDED})",
    )))
    .bind(place(run_no, 0))
    .bind(place(run_no, MAX_SEQ))
    .rows(db);
    while let Some(row) = events.try_next().await? {
        let body = body::of(&row, "body")?;
        let shown = match row.try_get::<&str, _>("kind")? {
            "score.added" => {
                // One that cannot be read is a `gap` for every reader, and shows nothing.
                let Ok(added) = serde_json::from_str::<ScoreAdded>(&body) else { continue };
                match added.target {
                    ScoreTarget::Step => Evidence::of_later(&added.path, added.value.get()),
                    ScoreTarget::Episode | ScoreTarget::Run => Evidence::default(),
                }
            }
            _ => {
                let Ok(shown) = serde_json::from_str::<Shown>(&body) else { continue };
                Evidence::of(&shown.scores, &shown.not_evaluated)
            }
        };
        seen = seen.join(shown);
    }
    Ok(seen)
}

impl Group<'_> {
    /// Judges those runs again that another rule is in force for than what is stored was judged by. Fails
    /// where it has to stop before it is done: a run may have millions of nodes.
    pub(super) async fn rejudge(&mut self) -> Result<(), TxnError> {
        if self.touched.values().all(|touched| touched.judged_by.is_none()) {
            return Ok(());
        }
        let interrupts = self.interrupts.clone();
        if let Connection::Sqlite(db) = &mut *self.db {
            let goes_on = move || !interrupts.are_raised();
            db.lock_handle().await?.set_progress_handler(STEPS_BETWEEN_LOOKS, goes_on);
            let judged = self.judge_anew().await;
            if let Connection::Sqlite(db) = &mut *self.db {
                db.lock_handle().await?.remove_progress_handler();
            }
            return judged;
        }
        // The statement that runs when this stops is waited for by the connection, and then undone.
        tokio::select! {
            judged = self.judge_anew() => judged,
            () = raised(interrupts) => Err(TxnError::Fault(StoreError::closed())),
        }
    }

    async fn judge_anew(&mut self) -> Result<(), TxnError> {
        for touched in self.touched.values_mut() {
            let Some(before) = touched.judged_by.take() else { continue };
            let (run_no, rule) = (touched.state.run_no, touched.state.rule());
            match (before, rule) {
                (FailureRule::RootBelow(before), FailureRule::RootBelow(limit)) => {
                    touched.state.totals.failing = by_root(self.db, run_no, before, limit).await?;
                }
                _ => touched.state.totals = recount_run(self.db, run_no, rule).await?,
            }
        }
        Ok(())
    }
}

/// Until a recount has to stop.
async fn raised(interrupts: Interrupts) {
    while !interrupts.are_raised() {
        tokio::time::sleep(TIME_BETWEEN_LOOKS).await;
    }
}

/// Judges a run by another bound of its root; returns how many nodes fail.
async fn by_root(db: &mut Connection, run_no: i64, before: f64, limit: f64) -> Result<u64, TxnError> {
    let no_longer = "UPDATE events SET failure = NULL
        WHERE run_no = ?1 AND failure IS NOT NULL AND failure = 'root' AND root >= ?2";
    // Only the snapshot that counts has its root in its row.
    let from_now_on = format!(
        "UPDATE events SET failure = 'root'
         WHERE run_no = ?1 AND step IS NOT NULL AND kind = {SNAPSHOT_SCORED} AND failure IS NULL
           AND root < ?2"
    );
    query(no_longer).bind(run_no).bind(limit).execute(&mut *db).await?;
    if limit > before {
        query(AssertSqlSafe(from_now_on)).bind(run_no).bind(limit).execute(&mut *db).await?;
    }
    let failing: i64 = query("SELECT count(*) FROM events WHERE run_no = ?1 AND failure IS NOT NULL")
        .bind(run_no)
        .only(&mut *db)
        .await?;
    query("UPDATE progress SET failing = ?2 WHERE run_no = ?1")
        .bind(run_no)
        .bind(failing)
        .execute(db)
        .await?;
    Ok(failing.unsigned_abs())
}

/// Counts a run from its log, every node judged again.
async fn recount_run(db: &mut Connection, run_no: i64, rule: FailureRule) -> Result<RunTotals, TxnError> {
    let (mut totals, mut revisits) = last_snapshots(db, run_no).await?;
    revisits.extend(scored_later(db, run_no, &mut totals).await?.into_iter().map(|key| (key, true)));
    while !revisits.is_empty() {
        let rest = revisits.keys().nth(BATCH_NODES).cloned().map(|key| revisits.split_off(&key));
        let nodes = std::mem::replace(&mut revisits, rest.unwrap_or_default());
        revisit(db, run_no, nodes, &mut [], &mut totals, rule).await?;
    }
    query(
        "UPDATE progress SET steps = ?2, failing = ?3, scored_count = ?4, mean_root = ?5, root_sum = ?6,
             last_root = ?7, last_root_place = ?8, top_step = ?9 WHERE run_no = ?1",
    )
    .bind(run_no)
    .bind(totals.steps as i64)
    .bind(totals.failing as i64)
    .bind(totals.roots.count() as i64)
    .bind(totals.roots.mean().unwrap_or_default())
    .bind(totals.root_sum())
    .bind(totals.last_root.map(|(root, _)| root))
    .bind(totals.last_root.map(|(_, place)| place))
    .bind(totals.top_step.map(step_column))
    .execute(db)
    .await?;
    Ok(totals)
}

/// Every node as the row of its last snapshot has it, all of them to be judged again.
async fn last_snapshots(
    db: &mut Connection,
    run_no: i64,
) -> Result<(RunTotals, BTreeMap<NodeKey, bool>), TxnError> {
    let (mut totals, mut nodes) = (RunTotals::default(), BTreeMap::new());
    let sql = match db.dialect() {
        // Where `max` is asked for, SQLite takes the other columns from the row that has it.
        Dialect::Sqlite => {
            format!(
                "SELECT max(place) AS place, root, failure, step, episode FROM events
                 WHERE run_no = ?1 AND step IS NOT NULL AND kind = {SNAPSHOT_SCORED} GROUP BY step, episode"
            )
        }
        Dialect::Postgres => {
            format!(
                "SELECT DISTINCT ON (step, episode) place, root, failure, step, episode FROM events
                 WHERE run_no = ?1 AND step IS NOT NULL AND kind = {SNAPSHOT_SCORED}
                 ORDER BY step, episode, place DESC"
            )
        }
    };
    let mut snapshots = query(AssertSqlSafe(sql)).bind(run_no).rows(db);
    while let Some(row) = snapshots.try_next().await? {
        let failure = rows::cause(row.try_get("failure")?)?;
        let step = row.try_get("step")?;
        totals.add(NodeScore { place: row.try_get("place")?, root: row.try_get("root")?, failure });
        totals.observe_step(step);
        nodes.insert((step, row.try_get::<Option<&str>, _>("episode")?.map(Arc::from)), true);
    }
    Ok((totals, nodes))
}

/// The nodes that were scored later.
async fn scored_later(
    db: &mut Connection,
    run_no: i64,
    totals: &mut RunTotals,
) -> Result<Vec<NodeKey>, TxnError> {
    let mut nodes = Vec::new();
    let index = db.dialect().indexed_by("events_rare");
    let mut events = query(AssertSqlSafe(format!(
        "SELECT DISTINCT step, episode FROM events {index}
         WHERE place BETWEEN ?1 AND ?2 AND kind = {SCORE_ADDED} AND step IS NOT NULL
           AND {RARE_KINDS}"
    )))
    .bind(place(run_no, 0))
    .bind(place(run_no, MAX_SEQ))
    .rows(db);
    while let Some(row) = events.try_next().await? {
        let step = row.try_get("step")?;
        totals.observe_step(step);
        nodes.push((step, row.try_get::<Option<&str>, _>("episode")?.map(Arc::from)));
    }
    Ok(nodes)
}
