//! How the snapshots of a node (a step of an episode) and its later scores add up to the scores that count.
//! The one rule of films, levels of detail, the store's lists and the OpenTelemetry door;
//! `sdk/contract/overlay.json` has its examples, which the TypeScript SDK runs too.
//!
//! 1. Of several snapshots the last one in the log counts, and replaces the others with every score over
//!    them.
//! 2. A later score (`score.added`) counts instead of the snapshot's score of its path, also where the
//!    snapshot has none; of several for one path the last one in the log counts.
//! 3. A score that comes before the node was ever scored waits for the first snapshot, and counts over it.
//!
//! So a later score that is older than the snapshot counts exactly while the node has one snapshot only: with
//! a second one it belongs to what was replaced.

use std::collections::BTreeMap;

/// The snapshot of a node that counts: the last one in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Base {
    /// Its place in the log.
    pub seq: u64,
    /// Whether the node has no other snapshot.
    pub is_only: bool,
}

impl Base {
    /// What a snapshot at `seq` makes of the one that counted before. Snapshots may come in any order.
    pub fn with(before: Option<Base>, seq: u64) -> Base {
        match before {
            None => Base { seq, is_only: true },
            Some(base) if base.seq == seq => base,
            Some(base) => Base { seq: base.seq.max(seq), is_only: false },
        }
    }

    /// Whether a later score at `seq` counts over it.
    pub fn takes(self, seq: u64) -> bool {
        self.is_only || seq > self.seq
    }
}

/// The scores of a node: those of the snapshot that counts, with the later scores that count over it. `later`
/// has the place in the log, path and value of each, in any order.
pub fn overlay<'a>(
    base: Base,
    scores: impl IntoIterator<Item = (&'a str, f64)>,
    later: impl IntoIterator<Item = (u64, &'a str, f64)>,
) -> BTreeMap<&'a str, f64> {
    let mut last: BTreeMap<&str, (u64, f64)> = BTreeMap::new();
    for (seq, path, value) in later.into_iter().filter(|(seq, ..)| base.takes(*seq)) {
        let known = last.entry(path).or_insert((seq, value));
        if known.0 <= seq {
            *known = (seq, value);
        }
    }
    let mut effective: BTreeMap<&str, f64> = scores.into_iter().collect();
    effective.extend(last.into_iter().map(|(path, (_, value))| (path, value)));
    effective
}
