//! Names for the rollouts of this process: no other process, fork or later start of the same run can make the
//! same.
//!
//! A node of the film is a step of an episode. A rollout that names no episode gets one made from this
//! writer's own id, so that two processes that count their steps alike do not replace each other's rollouts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use gauntlet_model::{EpisodeId, EventId, FieldError};

/// Names made by one writer.
#[derive(Debug)]
pub(crate) struct Names {
    writer: String,
    rollouts: AtomicU64,
}

impl Names {
    /// Names of a writer whose id is the random end of a UUID: 12 hexadecimal digits.
    pub(crate) fn new(random: EventId) -> Self {
        let digits = random.to_string().replace('-', "");
        let writer = digits.get(digits.len().saturating_sub(12)..).unwrap_or(&digits).to_owned();
        Self { writer, rollouts: AtomicU64::new(0) }
    }

    /// This writer's id.
    pub(crate) fn writer(&self) -> &str {
        &self.writer
    }

    /// The episode of everything that is logged for a step without naming one.
    pub(crate) fn logged(&self, step: u64) -> Result<EpisodeId, FieldError> {
        EpisodeId::new(format!("{}-{step}", self.writer))
    }

    /// A new episode for one rollout of a step.
    pub(crate) fn rollout(&self, step: u64) -> Result<EpisodeId, FieldError> {
        EpisodeId::new(format!("{}-{step}-{}", self.writer, self.rollouts.fetch_add(1, Relaxed)))
    }
}

/// A set of steps that stays small while they count up: disjoint ranges, both ends included, by their first
/// step.
#[derive(Debug, Default)]
pub(crate) struct Steps(BTreeMap<u64, u64>);

impl Steps {
    /// Adds a step. Returns whether it is new.
    pub(crate) fn insert(&mut self, step: u64) -> bool {
        let before = self.0.range(..=step).next_back().map(|(first, last)| (*first, *last));
        if before.is_some_and(|(_, last)| last >= step) {
            return false;
        }
        let first = match before {
            Some((first, last)) if last + 1 == step => first,
            _ => step,
        };
        // Where the next range begins right after the step, the two become one.
        let last = step.checked_add(1).and_then(|next| self.0.remove(&next)).unwrap_or(step);
        self.0.insert(first, last);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_remembered_in_ranges() {
        let mut steps = Steps::default();
        assert!((0..1000).all(|step| steps.insert(step)));
        assert_eq!(steps.0, BTreeMap::from([(0, 999)]));
        assert!(!steps.insert(0) && !steps.insert(999));
        assert!(steps.insert(1002) && steps.insert(1001) && steps.insert(1000));
        assert_eq!(steps.0, BTreeMap::from([(0, 1002)]));
        assert!(steps.insert(u64::MAX) && !steps.insert(u64::MAX));
    }

    #[test]
    fn two_writers_never_name_the_same_episode() {
        let names = [1_u128, 2].map(|id| Names::new(EventId::from_u128(id)));
        let of =
            |names: &Names| [names.logged(3).unwrap(), names.rollout(3).unwrap(), names.rollout(3).unwrap()];
        let [a, b] = names.each_ref().map(of);
        assert_eq!(a[0].as_str(), "000000000001-3");
        assert_eq!([a[1].as_str(), a[2].as_str()], ["000000000001-3-0", "000000000001-3-1"]);
        assert!(a.iter().all(|name| !b.contains(name)));
    }
}
