//! The summary of an episode: its last output and its last input.

use std::sync::Arc;

use gauntlet_model::{Body, Event, MAX_BODY_BYTES};
use serde_json::Value;

use crate::failure;

/// Longest text of a node that summarises an episode. Two of them fit into one event, even where JSON escapes
/// every byte as six.
const MAX_BYTES: usize = MAX_BODY_BYTES / 16;

/// Shares the events that have the texts instead of copying them.
#[derive(Debug, Default)]
pub(crate) struct EpisodeSummary {
    output: Option<Arc<Event>>,
    input: Option<Arc<Event>>,
    has_steps: bool,
}

impl EpisodeSummary {
    /// Observes a step. What the agent says and does takes precedence over what it thinks.
    pub(crate) fn observe(&mut self, event: &Arc<Event>) {
        let Body::StepRecorded(step) = event.body() else { return };
        self.has_steps = true;
        if step.summary().is_none() {
            return;
        }
        if step.is_input() {
            self.input = Some(Arc::clone(event));
        } else if step.is_output() || self.output.is_none() {
            self.output = Some(Arc::clone(event));
        }
    }

    /// Whether anything was recorded at all.
    pub(crate) fn has_steps(&self) -> bool {
        self.has_steps
    }

    /// The agent's last output, else `otherwise`.
    pub(crate) fn last_output(&self, otherwise: Option<&str>) -> String {
        text(self.output.as_deref(), otherwise)
    }

    /// Its last input, else `otherwise`.
    pub(crate) fn last_input(&self, otherwise: Option<&str>) -> String {
        text(self.input.as_deref(), otherwise)
    }
}

fn text(event: Option<&Event>, otherwise: Option<&str>) -> String {
    let found = match event.map(Event::body) {
        Some(Body::StepRecorded(step)) => step.summary(),
        _ => None,
    };
    let text = match found {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => otherwise.unwrap_or_default().to_owned(),
    };
    failure::cut(text, MAX_BYTES)
}

#[cfg(test)]
mod tests {
    use gauntlet_model::{EventId, StepRecorded, Timestamp};
    use serde_json::json;

    use super::*;

    #[test]
    fn the_shared_vectors_hold() {
        let text = include_str!("../../../sdk/contract/reading.json");
        let cases: Vec<Value> = serde_json::from_str(text).unwrap();
        assert!(cases.len() >= 8, "{}", cases.len());
        for case in cases {
            let mut summary = EpisodeSummary::default();
            for step in case["steps"].as_array().unwrap() {
                let (kind, payload) = (&step["kind"], &step["payload"]);
                let body = json!({ "step_kind": kind, "payload": payload, "span_id": "0123456789abcdef",
                    "started_at": "2026-11-21T00:00:00Z" });
                let body: StepRecorded = serde_json::from_value(body).unwrap();
                let id = "01920000-0000-7000-8000-000000000001".parse::<EventId>().unwrap();
                let event = Event::new(id, Timestamp::from_micros(0), None, Some(0), body).unwrap();
                summary.observe(&Arc::new(event));
            }
            let found = (summary.last_output(None), summary.last_input(None));
            let text = |key: &str| case[key].as_str().unwrap().to_owned();
            assert_eq!(found, (text("action"), text("observation")), "{}", case["name"]);
        }
    }
}
