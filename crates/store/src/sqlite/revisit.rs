//! Nodes that are scored again, or later: how each stands is worked out anew from its few events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::TryStreamExt;
use gauntlet_film::{is_measurement, path_failure};
use gauntlet_model::{FailureKind, FailureRule, ScoreAdded, ScoreTarget, Scores};
use serde::Deserialize;
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use super::complete::Complete;
use super::fault::{Halt, corrupt};
use super::group::{Group, Staged};
use super::rows;
use super::tally::{Standing, Tally};
use crate::row::{Failure, NodeKey, Scoring};

/// Of a snapshot, what is judged.
#[derive(Deserialize)]
struct Judged {
    scores: Scores,
    #[serde(default)]
    failures: Vec<FailureKind>,
}

/// What the log and the open group say of one node.
#[derive(Default)]
struct Node {
    /// In the order of the log.
    snapshots: Vec<Snapshot>,
    /// Later scores: where each lies, its path and its value; in the order of the log.
    later: Vec<(i64, Arc<str>, f64)>,
}

struct Snapshot {
    /// As its row says it stands.
    standing: Standing,
    /// Where it waits to be written; `None` where it is in the log.
    staged: Option<usize>,
    /// Whether its run's tally counts it.
    counted: bool,
}

impl Group<'_> {
    /// Works out anew how every node stands that the staged events score again or later.
    pub(super) async fn revisit(&mut self) -> Result<(), Halt> {
        for touched in self.touched.values_mut() {
            let nodes = std::mem::take(&mut touched.revisits);
            let rule = touched.state.rule();
            let state = &mut touched.state;
            revisit(self.db, state.run_no, nodes, &mut self.staged, &mut state.tally, rule, false).await?;
        }
        Ok(())
    }
}

/// Works out anew how these nodes of a run stand under a rule, and counts them so. `all`: also those that nothing was
/// laid over, which the rule they were judged by may have judged otherwise.
pub(super) async fn revisit(
    db: &mut SqliteConnection,
    run_no: i64,
    nodes: BTreeSet<NodeKey>,
    staged: &mut [Staged],
    tally: &mut Tally,
    rule: FailureRule,
    all: bool,
) -> Result<(), Halt> {
    if nodes.is_empty() {
        return Ok(());
    }
    let mut found = logged(db, run_no, nodes).await?;
    for (index, staged) in staged.iter().enumerate().filter(|(_, staged)| staged.run_no == run_no) {
        let (Some(key), row) = (staged.row.node(), &staged.row) else { continue };
        let Some(node) = found.get_mut(&key) else { continue };
        match &row.scoring {
            Some(Scoring::Later(path, value)) => node.later.push((staged.place, Arc::clone(path), *value)),
            Some(Scoring::Snapshot) => {
                let standing = Standing { place: staged.place, root: staged.root, failure: staged.failure };
                let counted = staged.counted;
                node.snapshots.push(Snapshot { standing, staged: Some(index), counted });
            }
            None => {}
        }
    }
    for node in found.into_values() {
        if let Some(counted) = node.snapshots.iter().rfind(|snapshot| snapshot.counted) {
            tally.leave(counted.standing);
        }
        let Some(standing) = node.standing(db, staged, rule, all).await? else { continue };
        tally.enter(standing);
        for snapshot in &node.snapshots {
            let is = match snapshot.standing.place == standing.place {
                true => standing,
                false => Standing { place: snapshot.standing.place, root: None, failure: None },
            };
            match snapshot.staged.and_then(|index| staged.get_mut(index)) {
                Some(staged) => {
                    (staged.root, staged.failure, staged.counted) = (is.root, is.failure, is == standing);
                }
                None if snapshot.standing != is => write(db, is).await?,
                None => {}
            }
        }
    }
    Ok(())
}

/// What the log says of the nodes.
async fn logged(
    db: &mut SqliteConnection,
    run_no: i64,
    nodes: BTreeSet<NodeKey>,
) -> Result<BTreeMap<NodeKey, Node>, Halt> {
    let asked: Vec<_> = nodes.iter().map(|(step, episode)| (step, episode.as_deref())).collect();
    let asked = serde_json::to_string(&asked).unwrap_or_default();
    let mut found: BTreeMap<NodeKey, Node> = nodes.into_iter().map(|key| (key, Node::default())).collect();
    // No text of a snapshot is read: what its row says of it is enough, or it is read alone. CROSS: else SQLite may
    // read the whole log and compare each event with all that is asked for.
    let mut events = sqlx::query(
        "SELECT e.place, e.step, e.episode, e.root, e.failure, iif(e.kind = 'score.added', e.body, NULL)
         FROM json_each(?2) AS asked CROSS JOIN events AS e INDEXED BY events_by_node
           ON e.run_no = ?1 AND e.step = asked.value ->> 0 AND e.episode IS asked.value ->> 1
         WHERE e.kind IN ('snapshot.scored', 'score.added') ORDER BY e.place",
    )
    .bind(run_no)
    .bind(asked)
    .rows(&mut *db);
    while let Some(row) = events.try_next().await? {
        let place = row.try_get(0)?;
        let step = u64::try_from(row.try_get::<i64, _>(1)?).map_err(|e| Halt::Fault(corrupt(e)))?;
        let episode = row.try_get::<Option<&str>, _>(2)?.map(Arc::from);
        let Some(node) = found.get_mut(&(step, episode)) else { continue };
        match row.try_get::<Option<&str>, _>(5)? {
            Some(body) => {
                // One that cannot be read is a `gap` for every reader, and scores nothing.
                let Ok(added) = serde_json::from_str::<ScoreAdded>(body) else { continue };
                if added.target == ScoreTarget::Step && !is_measurement(&added.path) {
                    node.later.push((place, Arc::from(added.path), added.value.get()));
                }
            }
            None => {
                let failure = rows::cause(row.try_get(4)?).map_err(Halt::from)?;
                let standing = Standing { place, root: row.try_get(3)?, failure };
                // What stood last before this group is what the tally counts.
                node.snapshots.iter_mut().for_each(|earlier| earlier.counted = false);
                node.snapshots.push(Snapshot { standing, staged: None, counted: true });
            }
        }
    }
    Ok(found)
}

impl Node {
    /// How it stands; `None` where it has no snapshot yet. As the film has it: a snapshot replaces the ones before it
    /// with all that lay over them, and a score that came before the first one waited for it.
    async fn standing(
        &self,
        db: &mut SqliteConnection,
        staged: &[Staged],
        rule: FailureRule,
        all: bool,
    ) -> Result<Option<Standing>, Halt> {
        let Some(last) = self.snapshots.last() else { return Ok(None) };
        let place = last.standing.place;
        let is_first = self.snapshots.len() == 1;
        let later: Vec<_> = self.later.iter().filter(|(at, ..)| is_first || *at > place).collect();
        if later.is_empty() && !all {
            return Ok(Some(last.standing));
        }
        let body: Arc<str> = match last.staged.and_then(|index| staged.get(index)) {
            Some(staged) => Arc::clone(&staged.row.body),
            None => {
                let body = sqlx::query("SELECT body FROM events WHERE place = ?1").bind(place);
                Arc::from(body.only(&mut *db).await.map(|body: String| body)?)
            }
        };
        let Ok(judged) = serde_json::from_str::<Judged>(&body) else { return Ok(Some(last.standing)) };
        let mut scores: BTreeMap<&str, f64> = judged.scores.iter().collect();
        scores.extend(later.into_iter().map(|(_, path, value)| (&**path, *value)));
        let root = scores.get("root").copied();
        let declared = judged.failures.iter().copied().min();
        let failures =
            scores.iter().filter_map(|(path, value)| path_failure(FailureRule::Dipg, path, *value));
        let failure = Failure::of(rule, root, declared, failures.chain(declared).min());
        Ok(Some(Standing { place, root, failure }))
    }
}

/// Notes in a snapshot's row how its node stands.
async fn write(db: &mut SqliteConnection, standing: Standing) -> Result<(), Halt> {
    sqlx::query("UPDATE events SET root = ?2, failure = ?3 WHERE place = ?1")
        .bind(standing.place)
        .bind(standing.root)
        .bind(standing.failure.map(|failure| failure.as_str()))
        .execute(db)
        .await?;
    Ok(())
}
