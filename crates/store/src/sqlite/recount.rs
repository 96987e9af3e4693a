//! Counts runs anew from their logs: what `progress` says of scores is a projection, and may be dropped.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::TryStreamExt;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Row as _};

use super::complete::Complete;
use super::fault::{Halt, corrupt, fault};
use super::revisit::revisit;
use super::tally::{Standing, Tally};
use super::{MAX_SEQ, place, rows, step_column};
use crate::StoreError;
use crate::row::NodeKey;

/// Nodes revisited together.
const TOGETHER: usize = 500;

/// Counts every run whose sum was dropped, each in a transaction of its own.
pub(super) async fn recount(db: &mut SqliteConnection) -> Result<(), StoreError> {
    let runs: Vec<i64> = sqlx::query("SELECT run_no FROM progress WHERE root_sum IS NULL")
        .values(&mut *db)
        .await
        .map_err(fault)?;
    for run_no in runs {
        let mut transaction = db.begin().await.map_err(fault)?;
        recount_run(&mut transaction, run_no).await.map_err(|halt| match halt {
            Halt::Fault(error) | Halt::Refused(error) => error,
            Halt::Duplicate => corrupt("counting a run broke a rule of its table"),
        })?;
        transaction.commit().await.map_err(fault)?;
    }
    Ok(())
}

async fn recount_run(db: &mut SqliteConnection, run_no: i64) -> Result<(), Halt> {
    let (mut tally, mut revisits) = last_snapshots(db, run_no).await?;
    revisits.extend(scored_later(db, run_no, &mut tally).await?);
    while !revisits.is_empty() {
        let rest = revisits.iter().nth(TOGETHER).cloned().map(|key| revisits.split_off(&key));
        let nodes = std::mem::replace(&mut revisits, rest.unwrap_or_default());
        revisit(db, run_no, nodes, &mut [], &mut tally).await?;
    }
    sqlx::query(
        "UPDATE progress SET steps = ?2, failing = ?3, rooted = ?4, mean_root = ?5, root_sum = ?6, last_root = ?7,
             last_root_place = ?8, top_step = ?9 WHERE run_no = ?1",
    )
    .bind(run_no)
    .bind(tally.steps as i64)
    .bind(tally.failing as i64)
    .bind(tally.roots.count() as i64)
    .bind(tally.roots.mean().unwrap_or_default())
    .bind(tally.root_sum())
    .bind(tally.last_root.map(|(root, _)| root))
    .bind(tally.last_root.map(|(_, place)| place))
    .bind(tally.top_step.map(step_column))
    .execute(db)
    .await?;
    Ok(())
}

/// Every node as its last snapshot's row says, and those that have several.
async fn last_snapshots(db: &mut SqliteConnection, run_no: i64) -> Result<(Tally, BTreeSet<NodeKey>), Halt> {
    let (mut tally, mut several) = (Tally::default(), BTreeSet::new());
    // Where `max` is asked for, SQLite takes the other columns from the row that has it.
    let mut nodes = sqlx::query(
        "SELECT max(place), root, failure, step, episode, count(*) FROM events
         WHERE run_no = ?1 AND step IS NOT NULL AND kind = 'snapshot.scored' GROUP BY step, episode",
    )
    .bind(run_no)
    .rows(db);
    while let Some(row) = nodes.try_next().await? {
        let failure = rows::failure(row.try_get(2)?)?;
        let step = row.try_get(3)?;
        tally.enter(Standing { place: row.try_get(0)?, root: row.try_get(1)?, failure });
        tally.reach(step);
        if row.try_get::<i64, _>(5)? > 1 {
            several.insert((step, row.try_get::<Option<&str>, _>(4)?.map(Arc::from)));
        }
    }
    Ok((tally, several))
}

/// The nodes that were scored later.
async fn scored_later(
    db: &mut SqliteConnection,
    run_no: i64,
    tally: &mut Tally,
) -> Result<Vec<NodeKey>, Halt> {
    let mut nodes = Vec::new();
    let mut events = sqlx::query(
        "SELECT DISTINCT step, episode FROM events INDEXED BY events_rare
         WHERE place BETWEEN ?1 AND ?2 AND kind = 'score.added' AND step IS NOT NULL
           AND kind NOT IN ('snapshot.scored', 'step.recorded')",
    )
    .bind(place(run_no, 0))
    .bind(place(run_no, MAX_SEQ))
    .rows(db);
    while let Some(row) = events.try_next().await? {
        let step = row.try_get(0)?;
        tally.reach(step);
        nodes.push((step, row.try_get::<Option<&str>, _>(1)?.map(Arc::from)));
    }
    Ok(nodes)
}
