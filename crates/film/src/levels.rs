//! Levels of detail: how a run of any length is seen at a glance, then read from close.
//!
//! Level 0 in chunks is the log itself: chunk `k` holds the facts numbered `k * CHUNK ..`, and since the log
//! is append-only it never changes once full. A chunk of a coarser level covers more events and keeps, of
//! each handful of steps, the ones that shape the picture.

use std::collections::{BTreeMap, BTreeSet};

use gauntlet_model::{EpisodeId, FailureKind, FailureRule};

use crate::extremes::extremes;
use crate::fact::{Fact, What};
use crate::overlay::{Base, overlay};
use crate::rules::failure_of;

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

/// A node of the chunk, judged.
struct Shot {
    /// The index of its snapshot among the facts.
    fact: usize,
    base: Base,
    root: Option<f64>,
    failure: Option<FailureKind>,
}

/// The facts of one chunk of a level, given every fact of its span in log order; the order is kept.
///
/// Of each `FAN_OUT^level` scored steps that follow each other in the film stay the first, the last, the ones
/// of lowest and highest root, and the gravest failing one; with them the later scores that count of steps
/// that stay or that were scored elsewhere, and the ends of failed episodes whose last node stays. Of each
/// such handful of a step's measurements stay, path by path, the first, the last, the lowest and the highest.
/// What the run, people and losses report stays complete. Records of steps, other episodes' ends and
/// artifacts go. The very last fact stays, so that the head is the true one. Level 0 keeps everything.
pub fn thin(facts: &[Fact], rule: FailureRule, level: u8) -> Vec<Fact> {
    if level == 0 {
        return facts.to_vec();
    }
    let bucket = usize::try_from(FAN_OUT.saturating_pow(u32::from(level))).unwrap_or(usize::MAX);
    let mut shots = shots(facts, rule);
    let ends = failed_ends(facts, &mut shots);
    let mut kept: BTreeSet<usize> =
        shots.values().collect::<Vec<_>>().chunks(bucket).flat_map(shaping).collect();
    // The last fact, and with it the scores over it where it is a snapshot.
    let last = facts.len().checked_sub(1);
    kept.extend(last);
    // Where it is the end of a failed episode, the right node must be there to fail.
    kept.extend(ends.iter().filter(|(end, _)| Some(*end) == last).map(|(_, node)| *node));
    // Without its last node the end of an episode would fail another one.
    let ends: Vec<usize> = ends.iter().filter(|(_, node)| kept.contains(node)).map(|(end, _)| *end).collect();
    kept.extend(ends);
    kept.extend(shaping_measurements(facts, bucket));
    let stays = |i: usize, fact: &Fact| match &fact.what {
        _ if i + 1 == facts.len() => true,
        What::Scored { .. } | What::EpisodeFinished { .. } => kept.contains(&i),
        What::Added { .. } if fact.measurement().is_some() => kept.contains(&i),
        What::Added { .. } => {
            let shot = key(fact).and_then(|k| shots.get(&k));
            shot.is_none_or(|shot| kept.contains(&shot.fact) && shot.base.takes(fact.seq))
        }
        What::RunStarted { .. }
        | What::Status { .. }
        | What::Command { .. }
        | What::Applied { .. }
        | What::Answered { .. }
        | What::Note { .. }
        | What::Gap { .. } => true,
        What::EpisodeStarted { .. } | What::Recorded { .. } | What::Artifact { .. } => false,
    };
    facts.iter().enumerate().filter(|(i, fact)| stays(*i, fact)).map(|(_, fact)| fact.clone()).collect()
}

fn key(fact: &Fact) -> Option<Key<'_>> {
    Some((fact.step?, fact.episode.as_ref()))
}

/// The nodes of the chunk as a film of it has them, but for the ends of episodes.
fn shots<'a>(facts: &'a [Fact], rule: FailureRule) -> BTreeMap<Key<'a>, Shot> {
    let mut bases: BTreeMap<Key, (usize, Base)> = BTreeMap::new();
    let mut added: BTreeMap<Key, Vec<(u64, &str, f64)>> = BTreeMap::new();
    for (i, fact) in facts.iter().enumerate() {
        let Some(key) = key(fact) else { continue };
        match &fact.what {
            What::Scored { .. } => {
                let before = bases.get(&key).map(|(_, base)| *base);
                bases.insert(key, (i, Base::with(before, fact.seq)));
            }
            What::Added { path, value } if fact.measurement().is_none() => {
                added.entry(key).or_default().push((fact.seq, path, value.get()));
            }
            _ => {}
        }
    }
    let shot = |(key, (fact, base)): (Key<'a>, (usize, Base))| {
        let Some(What::Scored { scores, failures, .. }) = facts.get(fact).map(|fact| &fact.what) else {
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
        Some((key, Shot { fact, base, root, failure }))
    };
    bases.into_iter().filter_map(shot).collect()
}

/// Fails the last node of each episode whose last end in the chunk says that it failed. Returns the indices
/// of those ends, each with that of the node's snapshot. Where the chunk has no node of an episode, its end
/// fails none.
fn failed_ends<'a>(facts: &'a [Fact], shots: &mut BTreeMap<Key<'a>, Shot>) -> Vec<(usize, usize)> {
    let mut ends: BTreeMap<&EpisodeId, (usize, bool)> = BTreeMap::new();
    for (i, fact) in facts.iter().enumerate() {
        if let (What::EpisodeFinished { status, .. }, Some(episode)) = (&fact.what, &fact.episode) {
            ends.insert(episode, (i, status.is_failure()));
        }
    }
    ends.retain(|_, (_, has_failed)| *has_failed);
    if ends.is_empty() {
        return Vec::new();
    }
    // By rising step: the last one of an episode is the last one that comes by.
    let mut last_nodes: BTreeMap<&EpisodeId, &mut Shot> = BTreeMap::new();
    for ((_, episode), shot) in shots {
        if let Some(episode) = episode.filter(|episode| ends.contains_key(episode)) {
            last_nodes.insert(episode, shot);
        }
    }
    let fail = |(episode, shot): (&EpisodeId, &mut Shot)| {
        // The least grave kind: any other failure of the node stays its gravest.
        shot.failure.get_or_insert(FailureKind::Generic);
        Some((ends.get(episode)?.0, shot.fact))
    };
    last_nodes.into_iter().filter_map(fail).collect()
}

/// The nodes of a bucket that shape the picture.
fn shaping(bucket: &[&Shot]) -> Vec<usize> {
    let rooted = bucket.iter().filter_map(|shot| Some((shot.root?, shot.fact)));
    let extremes = extremes(rooted, |(root, _)| root).map(|(_, fact)| fact);
    let failing = bucket.iter().filter_map(|shot| Some((shot.failure?, shot.fact)));
    let gravest = failing.min_by_key(|(failure, _)| *failure).map(|(_, fact)| fact);
    let ends = [bucket.first(), bucket.last()].into_iter().flatten().map(|shot| shot.fact);
    ends.chain(extremes).chain(gravest).collect()
}

/// The measurements of steps that shape their curves, path by path, of each `bucket` steps that follow each
/// other.
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
