//! Levels of detail: how a run of any length is seen whole, then read from close.
//!
//! Level 0 in chunks is the log itself: chunk `k` holds the facts numbered `k * CHUNK ..`, and since the log is
//! append-only it never changes once full. A chunk of a coarser level covers more events and keeps, of each handful
//! of steps, the ones that shape the picture.

use std::collections::{BTreeMap, BTreeSet};

use gauntlet_model::{EpisodeId, FailureKind, FailureRule};

use crate::fact::{Fact, What};
use crate::rules::{failure_of, path_failure};

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

/// A step of the chunk, judged.
struct Shot {
    fact: usize,
    seq: u64,
    /// Whether the chunk holds an earlier snapshot of it.
    rescored: bool,
    root: Option<f64>,
    failure: Option<FailureKind>,
}

/// The facts of one chunk of a level, given every fact of its span in log order; the order is kept.
///
/// Of each `FAN_OUT^level` scored steps that follow each other in the film stay the first, the last, the ones of
/// lowest and highest root, and the gravest failing one; with them the later scores that count of steps that stay or
/// that were scored elsewhere. Of each such handful of a step's measurements stay, path by path, the first, the last,
/// the lowest and the highest. What the run, people and losses say stays whole. Records of steps, episodes and
/// artifacts go. The very last fact stays, so that the head is told truly. Level 0 keeps everything.
pub fn thin(facts: &[Fact], rule: FailureRule, level: u8) -> Vec<Fact> {
    if level == 0 {
        return facts.to_vec();
    }
    let bucket = usize::try_from(FAN_OUT.saturating_pow(u32::from(level))).unwrap_or(usize::MAX);
    let shots = shots(facts, rule);
    let mut kept: BTreeSet<usize> =
        shots.values().collect::<Vec<_>>().chunks(bucket).flat_map(shaping).collect();
    // The last fact, and with it the scores that lie over it where it is a snapshot.
    kept.extend(facts.len().checked_sub(1));
    kept.extend(shaping_measurements(facts, bucket));
    let stays = |i: usize, fact: &Fact| match &fact.what {
        _ if i + 1 == facts.len() => true,
        What::Scored { .. } => kept.contains(&i),
        What::Added { .. } if fact.measurement().is_some() => kept.contains(&i),
        What::Added { .. } => {
            let shot = key(fact).and_then(|k| shots.get(&k));
            shot.is_none_or(|shot| kept.contains(&shot.fact) && shot.takes(fact))
        }
        What::RunStarted { .. }
        | What::Status { .. }
        | What::Command { .. }
        | What::Applied { .. }
        | What::Answered { .. }
        | What::Note { .. }
        | What::Gap { .. } => true,
        What::EpisodeStarted { .. }
        | What::EpisodeFinished { .. }
        | What::Recorded { .. }
        | What::Artifact { .. } => false,
    };
    facts.iter().enumerate().filter(|(i, fact)| stays(*i, fact)).map(|(_, fact)| fact.clone()).collect()
}

impl Shot {
    /// Whether a later score lies over it, rather than over a snapshot it replaced.
    fn takes(&self, added: &Fact) -> bool {
        !self.rescored || added.seq > self.seq
    }
}

fn key(fact: &Fact) -> Option<Key<'_>> {
    Some((fact.step?, fact.episode.as_ref()))
}

/// The scored steps of the chunk as a film of it would have them: scored last, later scores laid over.
fn shots<'a>(facts: &'a [Fact], rule: FailureRule) -> BTreeMap<Key<'a>, Shot> {
    let mut latest: BTreeMap<Key, Shot> = BTreeMap::new();
    let mut added: BTreeMap<Key, Vec<&Fact>> = BTreeMap::new();
    for (i, fact) in facts.iter().enumerate() {
        let Some(key) = key(fact) else { continue };
        match &fact.what {
            What::Scored { scores, failures, .. } => {
                let (root, failure) = (scores.root(), failure_of(rule, scores, failures));
                let rescored = latest.contains_key(&key);
                latest.insert(key, Shot { fact: i, seq: fact.seq, rescored, root, failure });
            }
            What::Added { .. } if fact.measurement().is_none() => added.entry(key).or_default().push(fact),
            _ => {}
        }
    }
    for (key, later) in added {
        let Some(shot) = latest.get_mut(&key) else { continue };
        let Some(What::Scored { scores, failures, .. }) = facts.get(shot.fact).map(|fact| &fact.what) else {
            continue;
        };
        let mut effective: BTreeMap<&str, f64> = scores.iter().collect();
        for fact in later.into_iter().filter(|fact| shot.takes(fact)) {
            if let What::Added { path, value } = &fact.what {
                effective.insert(path, value.get());
            }
        }
        let decisive = effective.iter().filter(|(path, _)| rule == FailureRule::Dipg || **path == "root");
        let judged = decisive.filter_map(|(path, value)| path_failure(rule, path, *value));
        shot.failure = judged.chain(failures.iter().copied()).min();
        shot.root = effective.get("root").copied();
    }
    latest
}

/// The steps of a bucket that shape the picture.
fn shaping(bucket: &[&Shot]) -> Vec<usize> {
    let rooted = || bucket.iter().filter_map(|shot| Some((shot.root?, shot.fact)));
    let lowest = rooted().min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, fact)| fact);
    let highest = rooted().max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, fact)| fact);
    let failing = bucket.iter().filter_map(|shot| Some((shot.failure?, shot.fact)));
    let gravest = failing.min_by_key(|(failure, _)| *failure).map(|(_, fact)| fact);
    let ends = [bucket.first(), bucket.last()].map(|shot| shot.map(|s| s.fact));
    ends.into_iter().chain([lowest, highest, gravest]).flatten().collect()
}

/// The measurements of steps that shape their curves, path by path, of each `bucket` steps that follow each other.
fn shaping_measurements(facts: &[Fact], bucket: usize) -> Vec<usize> {
    // By path and step: of two values for one step the later one counts.
    let mut curves: BTreeMap<&str, BTreeMap<u64, (f64, usize)>> = BTreeMap::new();
    for (i, fact) in facts.iter().enumerate() {
        if let (Some((path, value)), Some(step)) = (fact.measurement(), fact.step) {
            curves.entry(path).or_default().insert(step, (value, i));
        }
    }
    let shaping = |part: &[(f64, usize)]| {
        let low = part.iter().min_by(|a, b| a.0.total_cmp(&b.0));
        let high = part.iter().max_by(|a, b| a.0.total_cmp(&b.0));
        [part.first(), part.last(), low, high].into_iter().flatten().map(|(_, i)| *i).collect::<Vec<_>>()
    };
    let curves = curves.into_values().map(|curve| curve.into_values().collect::<Vec<_>>());
    curves.flat_map(|curve| curve.chunks(bucket).flat_map(shaping).collect::<Vec<_>>()).collect()
}
