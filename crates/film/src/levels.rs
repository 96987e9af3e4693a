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
/// Of each `FAN_OUT^level` consecutive scored steps stay the first, the last, the ones of lowest and highest root,
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
        _ if i + 1 == facts.len() && !matches!(fact.what, What::Scored { .. }) => true,
        What::Scored { .. } => kept.contains(&i),
        What::Added { .. } => key(fact).and_then(|k| shots.get(&k)).is_none_or(|shot| kept.contains(&shot.fact)),
        What::RunStarted { .. } | What::Status { .. } | What::Command { .. } | What::Applied { .. }
        | What::Answered { .. } | What::Note { .. } | What::Gap { .. } => true,
        What::EpisodeStarted { .. } | What::EpisodeFinished { .. } | What::Recorded { .. }
        | What::Artifact { .. } => false,
    };
    facts.iter().enumerate().filter(|(i, fact)| stays(*i, fact)).map(|(_, fact)| fact.clone()).collect()
}

fn key(fact: &Fact) -> Option<Key<'_>> {
    Some((fact.step?, fact.episode.as_ref()))
}
