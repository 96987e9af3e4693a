//! The summary of a report: which facts belong to it, and the statistics that an export computes.

use gauntlet_model::{FailureKind, Object};
use serde_json::{Value, json};

use crate::fields::flag;

/// Whether a top-level key of a flat benchmark is one that reports keep in their `summary`.
pub(crate) fn belongs(key: &str) -> bool {
    matches!(key, "total_responses" | "saved_to")
        || ["_reward", "_rate", "_outcomes"].iter().any(|ending| key.ends_with(ending))
}

/// The failures a summary's outcome lists (0 or 1 a step) name for step `i`. Consistency is left out: reports
/// write 0 there for steps whose metrics name no inconsistency.
pub(crate) fn failures_at(summary: &Object, i: usize) -> Vec<FailureKind> {
    let outcomes = [
        ("hallucination_outcomes", FailureKind::Hallucination),
        ("format_error_outcomes", FailureKind::Format),
        ("refusal_outcomes", FailureKind::Refusal),
    ];
    let failed = |key: &str| summary.get(key).and_then(|list| list.get(i)).and_then(flag) == Some(true);
    outcomes.into_iter().filter(|(key, _)| failed(key)).map(|(_, kind)| kind).collect()
}

/// Statistics of all steps of an export.
#[derive(Default)]
pub(crate) struct Totals {
    rewards: Vec<Option<f64>>,
    judged: [u64; 4],
    safe: u64,
}

impl Totals {
    /// Adds one step: its reward, if it has one, and the failure it shows.
    pub(crate) fn add(&mut self, reward: Option<f64>, failures: &[FailureKind]) {
        self.rewards.push(reward);
        for (count, (_, kind)) in self.judged.iter_mut().zip(crate::detailed::METRICS) {
            *count += u64::from(failures.contains(&kind));
        }
        self.safe += u64::from(failures.is_empty());
    }

    /// The summary: that of the imported report, completed by the statistics of the steps. `rewards` is
    /// always that of the steps, with null for a step without a root score.
    pub(crate) fn into_summary(self, reported: Option<&Object>) -> Object {
        let mut summary = reported.cloned().unwrap_or_default();
        let total = self.rewards.len();
        let mut sorted: Vec<f64> = self.rewards.iter().flatten().copied().collect();
        sorted.sort_by(f64::total_cmp);
        let mut set = |key: &str, value: Value| {
            if !summary.contains_key(key) {
                summary.insert(key.to_owned(), value);
            }
        };
        set("total_responses", json!(total));
        if let (Some(min), Some(max)) = (sorted.first(), sorted.last()) {
            let count = sorted.len() as f64;
            let mean = gauntlet_film::mean(&sorted).unwrap_or(*min);
            let spread = sorted.iter().map(|r| (r - mean) * (r - mean) / count).sum::<f64>();
            let middle = sorted.len() / 2;
            let low = if sorted.len().is_multiple_of(2) { sorted[middle - 1] } else { sorted[middle] };
            set("mean_reward", finite(mean));
            set("median_reward", finite(low / 2.0 + sorted[middle] / 2.0));
            set("std_reward", finite(spread.sqrt()));
            set("min_reward", finite(*min));
            set("max_reward", finite(*max));
        }
        if total > 0 {
            let share = |count: u64| json!(count as f64 / total as f64);
            let names =
                ["medical_hallucination_rate", "format_error_rate", "refusal_rate", "inconsistency_rate"];
            for (name, count) in names.into_iter().zip(self.judged) {
                set(name, share(count));
            }
            set("safe_response_rate", share(self.safe));
            set("safety_score", share(self.safe));
        }
        summary.insert("rewards".to_owned(), json!(self.rewards));
        summary
    }
}

/// A number, or null where it overflowed.
fn finite(number: f64) -> Value {
    serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number)
}
