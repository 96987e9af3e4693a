//! Levels of detail: a viewer shows a long run coarsely first, then loads the parts it zooms into.
//!
//! Level 0 in chunks is the log itself: chunk `k` holds the facts numbered `k * CHUNK ..`, and since the log
//! is append-only it never changes once full. A chunk of a coarser level covers more events and retains, of
//! each bucket of consecutive steps, the ones that decide how the path and the curves look.

use std::collections::{BTreeMap, BTreeSet};

use gauntlet_model::{EpisodeId, FailureKind, FailureRule};

use crate::extremes::extremes;
use crate::fact::{Fact, FactBody};
use crate::overlay::{Base, overlay};
use crate::rules::failure_of;
use crate::surroundings::Surroundings;

/// Events in a chunk of level 0.
pub const CHUNK: u64 = 4096;
/// How many times more events a chunk of the next level covers.
pub const FAN_OUT: u64 = 8;

/// Events a chunk of a level covers: `CHUNK * FAN_OUT^level`, at most `u64::MAX`.
pub fn span(level: u8) -> u64 {
    CHUNK.saturating_mul(FAN_OUT.saturating_pow(u32::from(level)))
}

/// A step of an episode.
type Key<'a> = (u64, Option<&'a EpisodeId>);

/// A node of the chunk, with its failure.
struct ChunkNode {
    /// The index of its snapshot among the facts.
    fact: usize,
    /// The index of a snapshot that it replaced.
    replaced: Option<usize>,
    base: Base,
    root: Option<f64>,
    failure: Option<FailureKind>,
}

/// The facts of one chunk of a level, given every fact of its span in log order; the result has that order
/// too. Level 0 retains everything.
///
/// Consecutive scored steps are grouped into buckets of `FAN_OUT^level`. Retained are:
///
/// - of each bucket the first and the last step, those of lowest and highest root, and the one with the
///   most severe failure;
/// - later scores that count, of retained steps and of steps that were scored in another chunk;
/// - the ends of failed episodes whose last node is retained;
/// - of each bucket of measurements, path by path, the first, the last, the lowest and the highest;
/// - everything about the run itself, everything people did, and all gaps;
/// - the last fact of all, so that the head is right.
///
/// Dropped are records of steps, artifacts, the starts of episodes and all other ends.
///
/// `around` has what the log outside of the chunk changes about its nodes and ends; the facts that it asks
/// for belong before those that are returned.
pub fn thin(facts: &[Fact], rule: FailureRule, level: u8, around: &Surroundings) -> Vec<Fact> {
    if level == 0 {
        return facts.to_vec();
    }
    let bucket = usize::try_from(FAN_OUT.saturating_pow(u32::from(level))).unwrap_or(usize::MAX);
    let mut nodes = nodes(facts, rule);
    let ends = failed_ends(facts, &mut nodes, around);
    let mut retained: BTreeSet<usize> =
        nodes.values().collect::<Vec<_>>().chunks(bucket).flat_map(shaping).collect();
    retained.extend(nodes.iter().filter(|(key, _)| around.keeps_node(key)).map(|(_, node)| node.fact));
    // The last fact, and with it the scores over it where it is a snapshot.
    let last = facts.len().checked_sub(1);
    retained.extend(last);
    // Where it is the end of a failed episode, the right node must be there to fail.
    retained.extend(ends.iter().filter(|(end, _)| Some(*end) == last).map(|(_, node)| *node));
    // Without its last node the end of an episode would fail another one.
    let ends: Vec<usize> =
        ends.iter().filter(|(_, node)| retained.contains(node)).map(|(end, _)| *end).collect();
    retained.extend(ends);
    retained.extend(facts.iter().enumerate().filter(|(_, fact)| around.keeps_end(fact.seq)).map(|(i, _)| i));
    if facts.first().is_some_and(|first| first.seq > 0) {
        // Later scores of earlier chunks do not count over a node that was scored again here: an older
        // snapshot shows that it was.
        let again = nodes.values().filter(|node| retained.contains(&node.fact));
        let again: Vec<usize> = again.filter_map(|node| node.replaced).collect();
        retained.extend(again);
    }
    retained.extend(shaping_measurements(facts, bucket));
    let stays = |i: usize, fact: &Fact| match &fact.body {
        _ if i + 1 == facts.len() => true,
        FactBody::Scored { .. } | FactBody::EpisodeFinished { .. } => retained.contains(&i),
        FactBody::Added { .. } if fact.measurement().is_some() => retained.contains(&i),
        FactBody::Added { .. } => {
            let node = key(fact).and_then(|k| nodes.get(&k));
            node.is_none_or(|node| retained.contains(&node.fact) && node.base.takes(fact.seq))
        }
        FactBody::RunStarted { .. }
        | FactBody::Status { .. }
        | FactBody::Command { .. }
        | FactBody::Applied { .. }
        | FactBody::Answered { .. }
        | FactBody::Note { .. }
        | FactBody::Alert { .. }
        | FactBody::Gap { .. } => true,
        FactBody::EpisodeStarted { .. }
        | FactBody::Recorded { .. }
        | FactBody::Artifact { .. }
        | FactBody::Other => false,
    };
    facts.iter().enumerate().filter(|(i, fact)| stays(*i, fact)).map(|(_, fact)| fact.clone()).collect()
}

fn key(fact: &Fact) -> Option<Key<'_>> {
    Some((fact.step?, fact.episode.as_ref()))
}

/// The nodes of the chunk as a film of it has them, but for the ends of episodes.
fn nodes<'a>(facts: &'a [Fact], rule: FailureRule) -> BTreeMap<Key<'a>, ChunkNode> {
    let mut bases: BTreeMap<Key, (usize, Option<usize>, Base)> = BTreeMap::new();
    let mut added: BTreeMap<Key, Vec<(u64, &str, f64)>> = BTreeMap::new();
    for (i, fact) in facts.iter().enumerate() {
        let Some(key) = key(fact) else { continue };
        match &fact.body {
            FactBody::Scored { .. } => {
                let before = bases.get(&key).copied();
                let replaced = before.map(|(fact, ..)| fact);
                bases.insert(key, (i, replaced, Base::with(before.map(|(.., base)| base), fact.seq)));
            }
            FactBody::Added { path, value } if fact.measurement().is_none() => {
                added.entry(key).or_default().push((fact.seq, path, value.get()));
            }
            _ => {}
        }
    }
    let node = |(key, (fact, replaced, base)): (Key<'a>, (usize, Option<usize>, Base))| {
        let Some(FactBody::Scored { scores, failures, .. }) = facts.get(fact).map(|fact| &fact.body) else {
            return None;
        };
        let declared = failures.iter().copied();
        let (root, failure) = match added.get(&key) {
            None => (scores.root(), failure_of(rule, scores.iter(), declared)),
            Some(later) => {
                let effective = overlay(base, scores.iter(), later.iter().copied());
                (effective.get("root").copied(), failure_of(rule, effective, declared))
            }
        };
        Some((key, ChunkNode { fact, replaced, base, root, failure }))
    };
    bases.into_iter().filter_map(node).collect()
}

/// Fails the last node of each episode whose last end in the chunk is a failure. Returns the indices
/// of those ends, each with that of the node's snapshot. Where the chunk has no node of an episode, or its
/// last node is elsewhere, its end fails none here.
fn failed_ends<'a>(
    facts: &'a [Fact],
    nodes: &mut BTreeMap<Key<'a>, ChunkNode>,
    around: &Surroundings,
) -> Vec<(usize, usize)> {
    let mut ends: BTreeMap<&EpisodeId, (usize, bool)> = BTreeMap::new();
    for (i, fact) in facts.iter().enumerate() {
        if let (FactBody::EpisodeFinished { status, .. }, Some(episode)) = (&fact.body, &fact.episode) {
            ends.insert(episode, (i, status.is_failure()));
        }
    }
    ends.retain(|_, (i, has_failed)| {
        *has_failed && !facts.get(*i).is_some_and(|end| around.keeps_end(end.seq))
    });
    if ends.is_empty() {
        return Vec::new();
    }
    // The nodes are ordered by step, so the last insert of an episode is its last node.
    let mut last_nodes: BTreeMap<&EpisodeId, &mut ChunkNode> = BTreeMap::new();
    for ((_, episode), node) in nodes {
        if let Some(episode) = episode.filter(|episode| ends.contains_key(episode)) {
            last_nodes.insert(episode, node);
        }
    }
    let fail = |(episode, node): (&EpisodeId, &mut ChunkNode)| {
        // The least severe kind: any other failure of the node stays its most severe.
        node.failure.get_or_insert(FailureKind::Generic);
        Some((ends.get(episode)?.0, node.fact))
    };
    last_nodes.into_iter().filter_map(fail).collect()
}

/// The nodes of a bucket that are retained.
fn shaping(bucket: &[&ChunkNode]) -> Vec<usize> {
    let with_root = bucket.iter().filter_map(|node| Some((node.root?, node.fact)));
    let extremes = extremes(with_root, |(root, _)| root).map(|(_, fact)| fact);
    let failing = bucket.iter().filter_map(|node| Some((node.failure?, node.fact)));
    let worst = failing.min_by_key(|(failure, _)| *failure).map(|(_, fact)| fact);
    let ends = [bucket.first(), bucket.last()].into_iter().flatten().map(|node| node.fact);
    ends.chain(extremes).chain(worst).collect()
}

/// The measurements that are retained: path by path, of each `bucket` consecutive steps.
fn shaping_measurements(facts: &[Fact], bucket: usize) -> Vec<usize> {
    // By path and step: of two values for one step the later one counts.
    let mut curves: BTreeMap<&str, BTreeMap<u64, (f64, usize)>> = BTreeMap::new();
    for (i, fact) in facts.iter().enumerate() {
        if let (Some((path, value)), Some(step)) = (fact.measurement(), fact.step) {
            curves.entry(path).or_default().insert(step, (value, i));
        }
    }
    let shaping = |part: &[(f64, usize)]| {
        let ends = [part.first(), part.last()].into_iter().flatten().copied();
        let extremes = extremes(part.iter().copied(), |(value, _)| value);
        ends.chain(extremes).map(|(_, i)| i).collect::<Vec<_>>()
    };
    let curves = curves.into_values().map(|curve| curve.into_values().collect::<Vec<_>>());
    curves.flat_map(|curve| curve.chunks(bucket).flat_map(shaping).collect::<Vec<_>>()).collect()
}
