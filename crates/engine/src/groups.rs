//! Groups: the rollouts of one prompt at one step, as group-relative policy optimization (GRPO) samples them.

use std::collections::HashMap;

use gauntlet_api::{Group, GroupHistory, GroupQuery, GroupRollout, StepGroups};
use gauntlet_film::mean;
use gauntlet_model::{Body, EpisodeId, FailureKind, FieldError, RunId, SnapshotScored, unescape_html};
use gauntlet_store::Store;

use crate::Error;
use crate::films::Films;
use crate::prompts::Prompts;

/// A difference of rewards below which they are the same.
const EQUAL_WITHIN: f64 = 1e-9;
/// Bytes of events after which a part of the groups of a step ends, and the rollouts of one group.
const MAX_BYTES: usize = 8 << 20;

/// Reads the groups of steps.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// The log.
    pub store: &'a Store,
    /// The films.
    pub films: &'a Films,
    /// Which prompt each snapshot answers.
    pub prompts: &'a Prompts,
}

impl Reader<'_> {
    /// Some groups of one step, each with its rollouts, the best first.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where there is no such run, or it has no scored snapshot of that step;
    /// [`Error::Invalid`] where the cursor or a limit cannot be read.
    pub async fn of_step(&self, run: &RunId, step: u64, query: &GroupQuery) -> Result<StepGroups, Error> {
        let limit = query.limit.get("limit")? as usize;
        let rollouts = query.rollouts.get("rollouts")? as usize;
        let from = query.cursor.as_deref().map_or(Ok(0), parse_cursor)?;
        let members = self.members(run, step).await?;
        let total = members.len() as u64;
        let mut found = StepGroups { step, total, ..StepGroups::default() };
        let mut bytes = 0;
        let mut left = members.into_iter().skip_while(|group| group.first < from).peekable();
        while let Some(group) = left.next_if(|_| bytes < MAX_BYTES && found.groups.len() < limit) {
            let (group, read) = self.read(run, group, rollouts).await?;
            bytes += read;
            found.groups.push(group);
        }
        found.next_cursor = left.peek().map(|group| group.first.to_string());
        Ok(found)
    }

    /// The groups of a step in the order of their first rollouts, without what is stored in the log alone.
    async fn members(&self, run: &RunId, step: u64) -> Result<Vec<Members>, Error> {
        let look = move |film: &gauntlet_film::Film| {
            let range = film.position_of(step)..film.position_of(step.saturating_add(1));
            let nodes = range.filter_map(|index| film.node(index));
            let member = nodes.map(|node| Member {
                seq: node.seq,
                root: node.root,
                failure: node.failure,
                episode: node.episode.cloned(),
            });
            member.collect::<Vec<_>>()
        };
        let mut nodes = self.films.look(run, look).await?;
        if nodes.is_empty() {
            return Err(Error::NotFound(format!("run {:?} has no scored step {step}", run.as_str())));
        }
        nodes.sort_by_key(|member| member.seq);
        let grouped = self.prompts.look(run, |index| {
            let mut groups: Vec<Members> = Vec::new();
            let mut places: HashMap<u64, usize> = HashMap::new();
            for member in nodes {
                let Some(prompt) = index.get(member.seq) else { continue };
                let place = *places.entry(prompt.group).or_insert(groups.len());
                match groups.get_mut(place) {
                    Some(group) => group.members.push(member),
                    None => groups.push(Members { first: member.seq, members: vec![member] }),
                }
            }
            groups
        });
        grouped.await
    }

    /// A group with at most `most` rollouts, fewer where [`MAX_BYTES`] do not hold them; and the bytes that
    /// were read.
    async fn read(&self, run: &RunId, group: Members, most: usize) -> Result<(Group, usize), Error> {
        let Members { first, mut members } = group;
        let failing = members.iter().filter(|member| member.failure.is_some()).count() as u64;
        let mut read = Group { total: members.len() as u64, failing, ..Group::default() };
        let roots: Vec<f64> = members.iter().filter_map(|member| member.root).collect();
        let spread = Spread::of(&roots);
        if let Some(spread) = spread {
            read.mean = Some(spread.mean);
            read.std = Some(spread.std());
            read.is_tied = roots.len() > 1 && spread.is_tied();
        }
        let key = |member: &Member| member.root.unwrap_or(f64::NEG_INFINITY);
        members.sort_by(|a, b| key(b).total_cmp(&key(a)).then(a.seq.cmp(&b.seq)));
        if members.len() > most {
            members.drain(most.div_ceil(2)..members.len() - most / 2);
        }
        // The first one has the prompt; the others from both ends on, as reading may end early.
        let mut seqs = vec![first];
        seqs.extend(from_both_ends(&members).map(|member| member.seq));
        let (records, _) = self.store.at_seqs(run, &seqs, MAX_BYTES).await?;
        let mut of_seq: HashMap<u64, Member> =
            members.iter().map(|member| (member.seq, member.clone())).collect();
        for record in &records {
            let event =
                record.event().map_err(|error| Error::internal(format!("event {}: {error}", record.seq)))?;
            let Body::SnapshotScored(snapshot) = event.body() else { continue };
            if record.seq == first && read.prompt.is_empty() {
                read.prompt = readable(snapshot, &snapshot.observation);
            }
            let Some(member) = of_seq.remove(&record.seq) else { continue };
            read.rollouts.push(rollout(member, snapshot, spread));
        }
        let key = |rollout: &GroupRollout| rollout.root.unwrap_or(f64::NEG_INFINITY);
        read.rollouts.sort_by(|a, b| key(b).total_cmp(&key(a)).then(a.seq.cmp(&b.seq)));
        Ok((read, records.iter().map(|record| record.body.len()).sum()))
    }
}

/// A rollout as the film knows it.
#[derive(Debug, Clone)]
struct Member {
    seq: u64,
    root: Option<f64>,
    failure: Option<FailureKind>,
    episode: Option<EpisodeId>,
}

/// The rollouts of a group.
struct Members {
    /// Sequence number of the first one.
    first: u64,
    members: Vec<Member>,
}

/// The first, the last, the second, the one before the last, and so on.
fn from_both_ends<T>(items: &[T]) -> impl Iterator<Item = &T> {
    let (front, back) = items.split_at(items.len().div_ceil(2));
    let mut back = back.iter().rev();
    front.iter().flat_map(move |item| [Some(item), back.next()]).flatten()
}

/// A rollout with what the log holds of it. `spread` is that of its group.
fn rollout(member: Member, snapshot: &SnapshotScored, spread: Option<Spread>) -> GroupRollout {
    let given = given_advantage(snapshot);
    let derived = || {
        let (root, spread) = member.root.zip(spread)?;
        Some((root - spread.mean) / spread.std()).filter(|advantage| advantage.is_finite())
    };
    let advantage = given.or_else(derived);
    GroupRollout {
        seq: member.seq,
        episode: member.episode.as_ref().map(ToString::to_string),
        root: member.root,
        failure: member.failure,
        advantage,
        is_derived: given.is_none() && advantage.is_some(),
        scores: snapshot.scores.clone(),
        action: readable(snapshot, &snapshot.action),
    }
}

fn parse_cursor(text: &str) -> Result<u64, FieldError> {
    text.parse().map_err(|_| FieldError::new("cursor", format!("{text:?} is not a cursor of this list")))
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
