//! Totals of a run, reported at its end.

use gauntlet_model::Object;
use serde_json::json;

#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    all: Mean,
    first_quarter: Mean,
    last_quarter: Mean,
}

#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    sum: f64,
    count: u32,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    fn get(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / f64::from(self.count))
    }
}

impl Tally {
    /// Counts the reward of rollout `step` (1-based) of `steps`.
    pub(crate) fn count(&mut self, reward: f64, step: u32, steps: u32) {
        self.all.add(reward);
        let quarter = steps / 4;
        if step <= quarter {
            self.first_quarter.add(reward);
        }
        if step > steps - quarter {
            self.last_quarter.add(reward);
        }
    }

    pub(crate) fn object(&self, updates: u32) -> Object {
        let entries = [
            ("rollouts", json!(self.all.count)),
            ("updates", json!(updates)),
            ("mean_root", json!(self.all.get())),
            ("mean_root_first_quarter", json!(self.first_quarter.get())),
            ("mean_root_last_quarter", json!(self.last_quarter.get())),
        ];
        entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}
