//! Nodes that are scored again or later, or whose episode ended: what counts of each is recomputed from
//! its few events, and the totals of its run and the row of its last snapshot follow.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::TryStreamExt;
use gauntlet_film::{Base, failure_of, is_measurement, overlay};
use gauntlet_model::{FailureKind, FailureRule, ScoreAdded, ScoreTarget};
use sqlx::AssertSqlSafe;

use super::body::{self, JudgedBody};
use super::connection::Connection;
use super::fault::{TxnError, corrupt};
use super::group::{Group, PendingEvent};
use super::kinds::{SCORE_ADDED, SNAPSHOT_SCORED};
use super::query::query;
use super::rows;
use super::seq_of;
use super::totals::{NodeScore, RunTotals};
use crate::row::{Failure, NodeKey, Scoring};

/// One node by the log and the open group.
#[derive(Default)]
struct Node {
    /// In the order of the log.
    snapshots: Vec<Snapshot>,
    /// Later scores: sequence number, path and value of each.
    later: Vec<(u64, Arc<str>, f64)>,
    /// Whether it is judged again from its snapshot, not from its row.
    is_judged_anew: bool,
    /// Whether it is the last node of an episode that has failed.
    ends_failed_episode: bool,
}

struct Snapshot {
    /// As its row has it.
    node_score: NodeScore,
    /// Its index among the staged events; `None` where it is in the log already.
    staged: Option<usize>,
    /// Whether the totals of its run count it.
    counted: bool,
}

impl Group<'_> {
    /// Recomputes what counts of every node that the staged events touch again.
    pub(super) async fn revisit(&mut self) -> Result<(), TxnError> {
        for touched in self.touched.values_mut() {
            let nodes = std::mem::take(&mut touched.revisits);
            let rule = touched.state.rule();
            let state = &mut touched.state;
            revisit(self.db, state.run_no, nodes, &mut self.staged, &mut state.totals, rule).await?;
        }
        Ok(())
    }
}

/// Recomputes what counts of these nodes of a run under a rule, and brings totals and rows up to date.
/// `true` for a node: it is judged again from its snapshot, since its row may have been judged by another
/// rule, or before its episode ended.
pub(super) async fn revisit(
    db: &mut Connection,
    run_no: i64,
    nodes: BTreeMap<NodeKey, bool>,
    staged: &mut [PendingEvent],
    totals: &mut RunTotals,
    rule: FailureRule,
) -> Result<(), TxnError> {
    if nodes.is_empty() {
        return Ok(());
    }
    let mut found = logged(db, run_no, nodes).await?;
    for (index, staged) in staged.iter().enumerate().filter(|(_, staged)| staged.run_no == run_no) {
        let (Some(key), row) = (staged.row.node(), &staged.row) else { continue };
        let Some(node) = found.get_mut(&key) else { continue };
        match &row.scoring {
            Some(Scoring::Later(path, value)) => {
                node.later.push((seq_of(staged.place), Arc::clone(path), *value));
            }
            Some(Scoring::Snapshot) => {
                let node_score =
                    NodeScore { place: staged.place, root: staged.root, failure: staged.failure };
                let counted = staged.counted;
                node.snapshots.push(Snapshot { node_score, staged: Some(index), counted });
            }
            None => {}
        }
    }
    for node in found.into_values() {
        // The totals hold at most one snapshot of a node: take it out, then add the one that counts now. A
        // node whose only events are later scores has none yet.
        if let Some(counted) = node.snapshots.iter().rfind(|snapshot| snapshot.counted) {
            totals.remove(counted.node_score);
        }
        let Some(node_score) = node.node_score(db, staged, rule).await? else { continue };
        totals.add(node_score);
        // Only the last snapshot's row has root and failure; those of the others are empty. A row that is
        // still staged is changed in memory, one of the log only where it differs.
        for snapshot in &node.snapshots {
            let is = match snapshot.node_score.place == node_score.place {
                true => node_score,
                false => NodeScore { place: snapshot.node_score.place, root: None, failure: None },
            };
            match snapshot.staged.and_then(|index| staged.get_mut(index)) {
                Some(staged) => {
                    (staged.root, staged.failure, staged.counted) = (is.root, is.failure, is == node_score);
                }
                None if snapshot.node_score != is => write(db, is).await?,
                None => {}
            }
        }
    }
    Ok(())
}

/// The nodes by the log.
async fn logged(
    db: &mut Connection,
    run_no: i64,
    nodes: BTreeMap<NodeKey, bool>,
) -> Result<BTreeMap<NodeKey, Node>, TxnError> {
    let asked: Vec<_> = nodes.keys().map(|(step, episode)| (step, episode.as_deref())).collect();
    let asked = serde_json::to_string(&asked).unwrap_or_default();
    let node = |is_judged_anew| Node { is_judged_anew, ..Node::default() };
    let mut found: BTreeMap<NodeKey, Node> =
        nodes.into_iter().map(|(key, is_judged_anew)| (key, node(is_judged_anew))).collect();
    for key in of_failed_episodes(db, run_no, &asked).await? {
        if let Some(node) = found.get_mut(&key) {
            node.ends_failed_episode = true;
        }
    }
    // No text of a snapshot is read: its row is enough, or it is read alone. CROSS: else
    // SQLite may read the whole log and compare each event with all that is asked for.
    let dialect = db.dialect();
    let sql = format!(
        "SELECT e.place, e.step, e.episode, e.root, e.failure,
             CASE WHEN e.kind = {SCORE_ADDED} THEN e.body END AS later_score
         FROM {} CROSS JOIN events AS e {}
         WHERE e.run_no = ?1 AND e.step = asked.step AND {}
           AND e.kind IN ({SNAPSHOT_SCORED}, {SCORE_ADDED}) ORDER BY e.place",
        dialect.asked_nodes("?2"),
        dialect.indexed_by("events_by_node"),
        dialect.same_episode("e.episode", "asked.episode"),
    );
    let mut events = query(AssertSqlSafe(sql)).bind(run_no).bind(asked).rows(&mut *db);
    while let Some(row) = events.try_next().await? {
        let place = row.try_get("place")?;
        let step = u64::try_from(row.try_get::<i64, _>("step")?).map_err(|e| TxnError::Fault(corrupt(e)))?;
        let episode = row.try_get::<Option<&str>, _>("episode")?.map(Arc::from);
        let Some(node) = found.get_mut(&(step, episode)) else { continue };
        match body::optional(&row, "later_score")? {
            Some(body) => {
                if let Some((path, value)) = later_score(&body) {
                    node.later.push((seq_of(place), Arc::from(path), value));
                }
            }
            None => {
                let failure = rows::cause(row.try_get("failure")?).map_err(TxnError::from)?;
                let node_score = NodeScore { place, root: row.try_get("root")?, failure };
                // The last one before this group is the one that the totals hold.
                node.snapshots.iter_mut().for_each(|earlier| earlier.counted = false);
                node.snapshots.push(Snapshot { node_score, staged: None, counted: true });
            }
        }
    }
    Ok(found)
}

/// Path and value of a `score.added` that scores its node; `None` for a measurement and for the scores of an
/// episode or a run. One that cannot be read is a `gap` for every reader, and scores nothing.
pub(super) fn later_score(body: &str) -> Option<(String, f64)> {
    let added: ScoreAdded = serde_json::from_str(body).ok()?;
    let scores_node = added.target == ScoreTarget::Step && !is_measurement(&added.path);
    scores_node.then(|| (added.path, added.value.get()))
}

/// Which of the nodes asked for are the last ones of episodes that have failed.
async fn of_failed_episodes(db: &mut Connection, run_no: i64, asked: &str) -> Result<Vec<NodeKey>, TxnError> {
    let mut nodes = Vec::new();
    let nodes_asked = db.dialect().asked_nodes("?2");
    let mut rows = query(AssertSqlSafe(format!(
        "SELECT e.last_step, e.episode FROM {nodes_asked} CROSS JOIN episodes AS e
         WHERE e.run_no = ?1 AND e.episode = asked.episode AND e.has_failed = 1
           AND e.last_step = asked.step"
    )))
    .bind(run_no)
    .bind(asked)
    .rows(db);
    while let Some(row) = rows.try_next().await? {
        let step =
            u64::try_from(row.try_get::<i64, _>("last_step")?).map_err(|e| TxnError::Fault(corrupt(e)))?;
        nodes.push((step, Some(Arc::from(row.try_get::<&str, _>("episode")?))));
    }
    Ok(nodes)
}

impl Node {
    /// What counts of it, as the film has it ([`overlay`]); `None` where it has no snapshot yet.
    async fn node_score(
        &self,
        db: &mut Connection,
        staged: &[PendingEvent],
        rule: FailureRule,
    ) -> Result<Option<NodeScore>, TxnError> {
        let Some(last) = self.snapshots.last() else { return Ok(None) };
        let place = last.node_score.place;
        let base = Base { seq: seq_of(place), is_only: self.snapshots.len() == 1 };
        let is_overlaid = self.later.iter().any(|(seq, ..)| base.takes(*seq));
        if !is_overlaid && !self.is_judged_anew && !self.ends_failed_episode {
            // Its row has its own scores already.
            return Ok(Some(last.node_score));
        }
        let judged = match last.staged.and_then(|index| staged.get(index)) {
            Some(staged) => serde_json::from_str::<JudgedBody>(&staged.row.body),
            None => {
                let row = query("SELECT body FROM events WHERE place = ?1").bind(place);
                let row = row.first(&mut *db).await?.ok_or(sqlx::Error::RowNotFound)?;
                serde_json::from_str(&body::of(&row, "body")?)
            }
        };
        // A snapshot that cannot be read is a `gap` for every reader.
        let Ok(judged) = judged else { return Ok(Some(last.node_score)) };
        let later = self.later.iter().map(|(seq, path, value)| (*seq, &**path, *value));
        let scores = overlay(base, judged.scores.iter(), later);
        let raised = self.ends_failed_episode.then_some(FailureKind::Generic);
        let declared = || judged.failures.iter().copied().chain(raised);
        let root = scores.get("root").copied();
        let medical = failure_of(FailureRule::Dipg, scores, declared());
        let failure = Failure::of(rule, root, declared().min(), medical);
        Ok(Some(NodeScore { place, root, failure }))
    }
}

/// Notes in a snapshot's row what counts of its node.
async fn write(db: &mut Connection, node_score: NodeScore) -> Result<(), TxnError> {
    query("UPDATE events SET root = ?2, failure = ?3 WHERE place = ?1")
        .bind(node_score.place)
        .bind(node_score.root)
        .bind(node_score.failure.map(|failure| failure.as_str()))
        .execute(db)
        .await?;
    Ok(())
}
