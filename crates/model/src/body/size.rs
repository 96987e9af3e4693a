//! How long a body can be as JSON, computed without writing it: more than it is, never less.

use serde_json::Value;

use super::*;
use crate::Object;

/// Most bytes of what the rules keep short in one body: keys, numbers, times, ids and a few one-line texts.
const SHORT_PARTS_BYTES: u64 = 64 << 10;
/// Most bytes of a number, a word such as `null` or `inconsistency`, and the comma after it.
const SCALAR: u64 = 32;

/// A bound on the length of a body. Only bodies that the rules of their fields do not keep below
/// [`crate::MAX_BODY_BYTES`] have one.
pub(crate) trait Size {
    /// At least as many bytes as its JSON has, or 0 where that can never be too long.
    fn most_bytes(&self) -> u64 {
        0
    }
}

/// JSON writes a byte as at most six (`\u0000`), between quotes and with a comma after it.
fn of_text(text: &str) -> u64 {
    6 * text.len() as u64 + 3
}

fn of_optional(text: &Option<String>) -> u64 {
    text.as_deref().map_or(0, of_text)
}

fn of_all<'a>(texts: impl IntoIterator<Item = &'a str>) -> u64 {
    texts.into_iter().map(of_text).sum()
}

fn of_error(error: &Option<StepError>) -> u64 {
    error.as_ref().map_or(0, |error| of_text(&error.message) + of_optional(&error.traceback))
}

fn of_object(object: &Object) -> u64 {
    SCALAR + object.iter().map(|(key, inner)| of_text(key) + of_value(inner)).sum::<u64>()
}

fn of_value(value: &Value) -> u64 {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => SCALAR,
        Value::String(inner) => of_text(inner),
        Value::Array(list) => SCALAR + list.iter().map(of_value).sum::<u64>(),
        Value::Object(inner) => of_object(inner),
    }
}

impl Size for RunStarted {
    fn most_bytes(&self) -> u64 {
        SHORT_PARTS_BYTES
            + of_all(self.tags.iter().map(String::as_str))
            + of_object(&self.config)
            + of_object(&self.metadata)
    }
}

impl Size for RunFinished {
    fn most_bytes(&self) -> u64 {
        SHORT_PARTS_BYTES + self.summary.as_ref().map_or(0, of_object)
    }
}

impl Size for EpisodeStarted {
    fn most_bytes(&self) -> u64 {
        SHORT_PARTS_BYTES + of_object(&self.metadata)
    }
}

impl Size for SnapshotScored {
    fn most_bytes(&self) -> u64 {
        let scores: u64 = self.scores.iter().map(|(path, _)| of_text(path) + SCALAR).sum();
        let paths = of_all(self.not_evaluated.iter().map(String::as_str));
        let failures = self.failures.len() as u64 * SCALAR;
        let asked = self.challenge.as_ref().map_or(0, |challenge| {
            let options = challenge.options.iter().map(String::as_str);
            of_text(&challenge.question) + of_optional(&challenge.expected_answer) + of_all(options)
        });
        let texts = of_text(&self.action) + of_text(&self.observation);
        SHORT_PARTS_BYTES + scores + paths + failures + asked + texts + of_object(&self.metadata)
    }
}

impl Size for StepRecorded {
    fn most_bytes(&self) -> u64 {
        SHORT_PARTS_BYTES + of_error(&self.error) + of_object(&self.payload) + of_object(&self.metadata)
    }
}

impl Size for CommandIssued {
    fn most_bytes(&self) -> u64 {
        SHORT_PARTS_BYTES + of_object(&self.parameters)
    }
}

impl Size for ExperimentRegistered {
    fn most_bytes(&self) -> u64 {
        let texts = of_text(&self.research_question) + of_text(&self.prediction);
        let variables = self.independent_variables.iter().chain(&self.dependent_variables);
        SHORT_PARTS_BYTES + texts + of_all(variables.map(String::as_str)) + of_object(&self.metadata)
    }
}

impl Size for ExperimentDesigned {
    fn most_bytes(&self) -> u64 {
        let variables = of_all(self.design.controlled_variables.iter().map(String::as_str));
        let jobs = self.jobs.iter().map(|job| {
            let metrics = of_all(job.metrics.iter().map(String::as_str));
            1024 + of_text(&job.program) + of_text(&job.dataset.name) + metrics
        });
        let tags = of_all(self.tags.iter().map(String::as_str));
        SHORT_PARTS_BYTES + variables + of_text(&self.design.measurement_protocol) + jobs.sum::<u64>() + tags
    }
}

impl Size for ExperimentStarted {
    fn most_bytes(&self) -> u64 {
        SHORT_PARTS_BYTES + of_object(&self.environment)
    }
}

impl Size for ExperimentFinished {
    fn most_bytes(&self) -> u64 {
        SHORT_PARTS_BYTES
            + of_optional(&self.reason)
            + of_all(self.research_insights.iter().map(String::as_str))
    }
}

impl Size for TrialFinished {
    fn most_bytes(&self) -> u64 {
        let values = of_value(&self.data_point) + of_value(&self.prediction) + of_object(&self.configuration);
        let metrics: u64 = self.metrics.iter().map(|(path, _)| of_text(path) + SCALAR).sum();
        SHORT_PARTS_BYTES + values + metrics + of_error(&self.error)
    }
}

// At most one free text and a few lines each.
impl Size for TrialStarted {}
impl Size for RunStatus {}
impl Size for EpisodeFinished {}
impl Size for ScoreAdded {}
impl Size for ArtifactAdded {}
impl Size for CommandApplied {}
impl Size for ChallengeAnswered {}
impl Size for AnnotationAdded {}
impl Size for AlertRaised {}
impl Size for Gap {}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_bound_is_never_below_what_is_written() {
        let values = [
            json!(null),
            json!(i64::MIN),
            json!(-f64::MIN_POSITIVE),
            json!("\u{0}\"\\é"),
            json!([]),
            json!(vec![json!({}); 1000]),
            json!(vec![f64::MAX; 1000]),
            json!({"\u{1}": {"\u{2}": [true, false, ["\u{3}"]]}}),
        ];
        for given in values {
            let written = given.to_string().len() as u64;
            assert!(of_value(&given) >= written, "{written} bytes, not {}: {given}", of_value(&given));
        }
    }
}
