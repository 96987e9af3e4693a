//! Levels of detail: how a run of any length is seen whole, then read from close.
//!
//! Level 0 in chunks is the log itself: chunk `k` holds the facts numbered `k * CHUNK ..`, and since the log is
//! append-only it never changes once full. A chunk of a coarser level covers more events and keeps, of each handful
//! of steps, the ones that shape the picture.

use std::collections::{BTreeMap, BTreeSet};

use gauntlet_model::{EpisodeId, FailureKind};

use crate::fact::{Fact, What};
use crate::rules::Rules;

/// Events in a chunk of level 0.
pub const CHUNK: u64 = 4096;
/// How many times more events a chunk of the next level covers.
pub const FAN_OUT: u64 = 8;

/// Events a chunk of a level covers: `CHUNK * FAN_OUT^level`, at most `u64::MAX`.
pub fn span(level: u8) -> u64 {
    CHUNK.saturating_mul(FAN_OUT.saturating_pow(u32::from(level)))
}

/// A step of an episode.
type Key<'a> = (u32, Option<&'a EpisodeId>);

/// A step of the chunk, judged.
struct Shot {
    fact: usize,
    root: Option<f64>,
    failure: Option<FailureKind>,
}

/// The facts of one chunk of a level, given every fact of its span in log order; the order is kept.
///
/// Of each `FAN_OUT^level` scored steps that follow each other in the film stay the first, the last, the ones of lowest and highest root,
/// and the gravest failing one; with them the later scores of steps that stay or that were scored elsewhere. What
/// the run, people and losses say stays whole. Records of steps, episodes and artifacts go. The very last fact stays,
/// so that the head is told truly. Level 0 keeps everything.
pub fn thin(facts: &[Fact], rules: &Rules, level: u8) -> Vec<Fact> {
    if level == 0 {
        return facts.to_vec();
    }
    let bucket = usize::try_from(FAN_OUT.saturating_pow(u32::from(level))).unwrap_or(usize::MAX);
    let shots = shots(facts, rules);
    let kept: BTreeSet<usize> = shots.values().collect::<Vec<_>>().chunks(bucket).flat_map(shaping).collect();
    let stays = |i: usize, fact: &Fact| match &fact.what {
        _ if i + 1 == facts.len() => true,
        What::Scored { .. } => kept.contains(&i),
        What::Added { .. } => {
            key(fact).and_then(|k| shots.get(&k)).is_none_or(|shot| kept.contains(&shot.fact))
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

fn key(fact: &Fact) -> Option<Key<'_>> {
    Some((fact.step?, fact.episode.as_ref()))
}

/// The scored steps of the chunk as a film of it would have them: scored last, later scores laid over.
fn shots<'a>(facts: &'a [Fact], rules: &Rules) -> BTreeMap<Key<'a>, Shot> {
    let mut latest: BTreeMap<Key, usize> = BTreeMap::new();
    let mut added: BTreeMap<Key, Vec<&Fact>> = BTreeMap::new();
    for (i, fact) in facts.iter().enumerate() {
        let Some(key) = key(fact) else { continue };
        match &fact.what {
            What::Scored { .. } => {
                let known = latest.entry(key).or_insert(i);
                if facts.get(*known).is_some_and(|k| k.seq < fact.seq) {
                    *known = i;
                }
            }
            What::Added { .. } => added.entry(key).or_default().push(fact),
            _ => {}
        }
    }
    let judge = |(key, i): (Key<'a>, usize)| {
        let fact = facts.get(i)?;
        let What::Scored { scores, failures, .. } = &fact.what else { return None };
        let Some(later) = added.get(&key) else {
            return Some((
                key,
                Shot { fact: i, root: scores.root(), failure: rules.failure_of(scores, failures) },
            ));
        };
        let mut effective: BTreeMap<&str, (u64, f64)> =
            scores.iter().map(|(p, v)| (p, (fact.seq, v))).collect();
        for later in later {
            let What::Added { path, value } = &later.what else { continue };
            if effective.get(path.as_str()).map_or(fact.seq, |(seq, _)| *seq) < later.seq {
                effective.insert(path, (later.seq, value.get()));
            }
        }
        let judged = effective.iter().filter_map(|(path, (_, value))| rules.judge(path, *value));
        let failure = judged.chain(failures.iter().copied()).min();
        Some((key, Shot { fact: i, root: effective.get("root").map(|(_, value)| *value), failure }))
    };
    latest.into_iter().filter_map(judge).collect()
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
