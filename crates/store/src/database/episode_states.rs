//! The episodes of a run: each is counted once, by whichever event names it first, and the error that one
//! ended with fails its last node.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use futures::TryStreamExt;
use sqlx::AssertSqlSafe;

use super::connection::Connection;
use super::episode_cache::EpisodeState;
use super::fault::{TxnError, corrupt};
use super::group::Group;
use super::insert_many::InsertMany;
use super::query::query;
use super::step_column;
use super::value::Value;

static UPSERT_EPISODES: LazyLock<InsertMany<4>> = LazyLock::new(|| {
    let head = "INSERT INTO episodes (run_no, episode, last_step, has_failed)";
    let merge = "ON CONFLICT (run_no, episode) DO UPDATE SET last_step = excluded.last_step,
        has_failed = excluded.has_failed";
    InsertMany::new(head, merge)
});

impl Group<'_> {
    /// Writes the state of the staged events' episodes; notes the nodes to look at again where an episode
    /// has failed, or has not after all.
    pub(super) async fn follow_episodes(&mut self) -> Result<(), TxnError> {
        self.episodes.bound();
        let mut written = Vec::new();
        for touched in self.touched.values_mut() {
            if touched.episodes.is_empty() {
                continue;
            }
            let changes = std::mem::take(&mut touched.episodes);
            let run_no = touched.state.run_no;
            let asked: Vec<&str> =
                changes.keys().map(|id| &**id).filter(|id| self.episodes.get(run_no, id).is_none()).collect();
            let stored = stored(self.db, run_no, &asked).await?;
            for (episode, change) in &changes {
                let known = self.episodes.get(run_no, episode).or_else(|| stored.get(&**episode).copied());
                let before = known.unwrap_or_default();
                let after = before.with(change);
                if known.is_none() {
                    touched.delta.get_or_insert_default().episodes += 1;
                }
                if before.has_failed || after.has_failed {
                    // The node that was the last one until now, and the one that is from now on.
                    for step in [before.last_step, after.last_step].into_iter().flatten() {
                        touched.revisits.insert((step, Some(Arc::clone(episode))), true);
                    }
                }
                if known != Some(after) {
                    written.push((run_no, Arc::clone(episode), after));
                }
                self.episodes.set(run_no, episode, after);
            }
        }
        Ok(UPSERT_EPISODES.write(self.db, &written, values).await?)
    }
}

fn values((run_no, episode, state): &(i64, Arc<str>, EpisodeState)) -> [Value; 4] {
    [
        (*run_no).into(),
        Arc::clone(episode).into(),
        state.last_step.map(step_column).into(),
        state.has_failed.into(),
    ]
}

/// The states of these episodes of a run; without those that no event has named yet.
async fn stored(
    db: &mut Connection,
    run_no: i64,
    asked: &[&str],
) -> Result<HashMap<String, EpisodeState>, TxnError> {
    let mut states = HashMap::new();
    if asked.is_empty() {
        return Ok(states);
    }
    let names = db.dialect().elements("?2");
    let sql = format!(
        "SELECT e.episode, e.last_step, e.has_failed FROM episodes AS e
         WHERE e.run_no = ?1 AND e.episode IN {names}"
    );
    let names = asked.iter().map(|name| (*name).to_owned()).collect();
    let mut rows = query(AssertSqlSafe(sql)).bind(run_no).bind(Value::Texts(names)).rows(db);
    while let Some(row) = rows.try_next().await? {
        let last_step: Option<i64> = row.try_get("last_step")?;
        let last_step = last_step.map(u64::try_from).transpose().map_err(|e| TxnError::Fault(corrupt(e)))?;
        let state = EpisodeState { last_step, has_failed: row.try_get("has_failed")? };
        states.insert(row.try_get("episode")?, state);
    }
    Ok(states)
}
