//! Groups: the rollouts of one prompt at one step, as group-relative policy optimization (GRPO) samples them.

use std::collections::HashMap;

use gauntlet_api::{Group, GroupHistory, GroupRollout, StepGroups};
use gauntlet_film::mean;
use gauntlet_model::{Body, EpisodeId, FailureKind, RunId, SnapshotScored, unescape_html};
use gauntlet_store::{InEpisode, Store};

use crate::Error;
use crate::films::Films;
use crate::prompts::Prompts;

/// A difference of rewards below which they are the same.
const EQUAL_WITHIN: f64 = 1e-9;

/// The groups of one step, each with its rollouts, the best first.
///
/// # Errors
///
/// [`Error::NotFound`] where there is no such run, or it has no scored snapshot of that step.
pub async fn of_step(store: &Store, films: &Films, run: &RunId, step: u64) -> Result<StepGroups, Error> {
    type Shown = HashMap<u64, (Option<f64>, Option<FailureKind>, Option<EpisodeId>)>;
    let look = move |film: &gauntlet_film::Film| -> Shown {
        let range = film.position_of(step)..film.position_of(step.saturating_add(1));
        let nodes = range.filter_map(|index| film.node(index));
        nodes.map(|node| (node.seq, (node.root, node.failure, node.episode.cloned()))).collect()
    };
    let shown = films.look(run, look).await?;
    if shown.is_empty() {
        return Err(Error::NotFound(format!("run {:?} has no scored step {step}", run.as_str())));
    }
    let mut groups: Vec<(String, Group)> = Vec::new();
    for record in store.step(run, step, InEpisode::Any).await? {
        let Some((root, failure, episode)) = shown.get(&record.seq) else { continue };
        let event =
            record.event().map_err(|error| Error::internal(format!("event {}: {error}", record.seq)))?;
        let Body::SnapshotScored(snapshot) = event.body() else { continue };
        let name = snapshot.group_name();
        let rollout = GroupRollout {
            seq: record.seq,
            episode: episode.as_ref().map(ToString::to_string),
            root: *root,
            failure: *failure,
            advantage: given_advantage(snapshot),
            is_derived: false,
            scores: snapshot.scores.clone(),
            action: readable(snapshot, &snapshot.action),
        };
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, group)) => group.rollouts.push(rollout),
            None => {
                let prompt = readable(snapshot, &snapshot.observation);
                groups.push((name, Group { prompt, rollouts: vec![rollout], ..Group::default() }));
            }
        }
    }
    let groups = groups.into_iter().map(|(_, group)| completed(group)).collect();
    Ok(StepGroups { step, groups })
}

/// A text of a snapshot; the hub's clients escape theirs before they post them.
fn readable(snapshot: &SnapshotScored, text: &str) -> String {
    if snapshot.posted.is_empty() { text.to_owned() } else { unescape_html(text).into_owned() }
}

/// The advantage as the trainer logged it: `advantage` in the metadata, or a score of that name.
fn given_advantage(snapshot: &SnapshotScored) -> Option<f64> {
    let scored = ["advantage", "metrics.advantage"]
        .iter()
        .find_map(|path| snapshot.scores.iter().find(|(known, _)| known == path).map(|(_, value)| value));
    snapshot.metadata.get("advantage").and_then(serde_json::Value::as_f64).or(scored)
}

/// The mean and the spread of a group, the advantages that were not given, and the best rollout first.
fn completed(mut group: Group) -> Group {
    let roots: Vec<f64> = group.rollouts.iter().filter_map(|rollout| rollout.root).collect();
    if let Some(spread) = Spread::of(&roots) {
        group.mean = Some(spread.mean);
        group.std = Some(spread.std());
        group.is_tied = roots.len() > 1 && spread.is_tied();
        for rollout in group.rollouts.iter_mut().filter(|rollout| rollout.advantage.is_none()) {
            let of_root = |root: f64| (root - spread.mean) / spread.std();
            rollout.advantage = rollout.root.map(of_root).filter(|advantage| advantage.is_finite());
            rollout.is_derived = rollout.advantage.is_some();
        }
    }
    let key = |rollout: &GroupRollout| rollout.root.unwrap_or(f64::NEG_INFINITY);
    group.rollouts.sort_by(|a, b| key(b).total_cmp(&key(a)).then(a.seq.cmp(&b.seq)));
    group
}

/// Sums over the rewards of a group.
#[derive(Debug, Clone, Copy)]
struct Spread {
    mean: f64,
    low: f64,
    high: f64,
    variance: f64,
}

impl Spread {
    fn of(roots: &[f64]) -> Option<Self> {
        let count = roots.len() as f64;
        let low = roots.iter().copied().reduce(f64::min)?;
        let high = roots.iter().copied().reduce(f64::max)?;
        let mean = mean(roots)?;
        let variance = roots.iter().map(|root| (root - mean).powi(2)).sum::<f64>() / count;
        Some(Self { mean, low, high, variance })
    }

    fn is_tied(&self) -> bool {
        self.high - self.low <= EQUAL_WITHIN * self.high.abs().max(self.low.abs()).max(1.0)
    }

    /// The population's standard deviation.
    fn std(&self) -> f64 {
        if self.is_tied() { 0.0 } else { self.variance.sqrt() }
    }
}

/// Every step that has a group of at least two scored rollouts, in columns.
///
/// # Errors
///
/// [`Error::NotFound`] where there is no such run.
pub async fn history(films: &Films, prompts: &Prompts, run: &RunId) -> Result<GroupHistory, Error> {
    let nodes = films.look(run, |film| {
        let node = |index| {
            let node = film.node(index)?;
            Some((node.step, node.seq, node.root?, node.failure.is_none()))
        };
        (0..film.len()).filter_map(node).collect::<Vec<_>>()
    });
    let nodes = nodes.await?;
    prompts
        .look(run, |index| {
            let mut history = GroupHistory::default();
            for nodes in nodes.chunk_by(|a, b| a.0 == b.0) {
                let mut groups: HashMap<u64, (Vec<f64>, bool)> = HashMap::new();
                for (_, seq, root, is_passed) in nodes {
                    let Some(prompt) = index.get(*seq) else { continue };
                    let (roots, is_solved) = groups.entry(prompt.group).or_default();
                    roots.push(*root);
                    *is_solved |= is_passed;
                }
                add_step(&mut history, nodes[0].0, groups.into_values());
            }
            history
        })
        .await
}

fn add_step(history: &mut GroupHistory, step: u64, groups: impl Iterator<Item = (Vec<f64>, bool)>) {
    let (mut count, mut tied, mut solved, mut spread) = (0, 0, 0, 0.0);
    for (roots, is_solved) in groups.filter(|(roots, _)| roots.len() > 1) {
        let Some(of_group) = Spread::of(&roots) else { continue };
        count += 1;
        tied += u64::from(of_group.is_tied());
        solved += u64::from(is_solved);
        spread += of_group.high - of_group.low;
    }
    if count > 0 {
        history.step.push(step);
        history.groups.push(count);
        history.tied.push(tied);
        history.solved.push(solved);
        history.spread.push(spread / count as f64);
    }
}
