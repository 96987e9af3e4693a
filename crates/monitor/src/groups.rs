//! Groups of rollouts as they come in: which of them tie.

use std::collections::BTreeMap;

use gauntlet_model::SnapshotScored;
use serde::{Deserialize, Serialize};

/// Groups of one step that are followed at most; what comes beyond is left out.
const MAX_GROUPS: usize = 4_096;

/// The groups of the step that is being scored. They are complete once a later step is scored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct OpenGroups {
    step: Option<u64>,
    /// By a hash of the group's name.
    groups: BTreeMap<u64, Rewards>,
}

/// The rewards of one group.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Rewards {
    count: u64,
    low: f64,
    high: f64,
}

impl OpenGroups {
    /// Takes a rollout. Of each group of the step before that it completes: whether all rewards are the same.
    /// A rollout of an earlier step, and one without a root score, changes nothing.
    pub(crate) fn push(&mut self, step: u64, snapshot: &SnapshotScored) -> Vec<bool> {
        let Some(root) = snapshot.scores.root() else { return Vec::new() };
        let mut ties = Vec::new();
        if self.step.is_none_or(|open| step > open) {
            let complete = std::mem::take(&mut self.groups);
            ties.extend(
                complete.values().filter(|group| group.count > 1).map(|group| group.low == group.high),
            );
            self.step = Some(step);
        }
        if self.step != Some(step) {
            return ties;
        }
        let key = hash(&snapshot.group_name());
        if self.groups.len() < MAX_GROUPS || self.groups.contains_key(&key) {
            let group = self.groups.entry(key).or_insert(Rewards { count: 0, low: root, high: root });
            group.count += 1;
            group.low = group.low.min(root);
            group.high = group.high.max(root);
        }
        ties
    }
}

/// FNV-1a: the same in every process, because it is stored.
fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
