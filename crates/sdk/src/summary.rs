//! The summary of an episode: its last output and its last input.

use std::sync::Arc;

use gauntlet_model::{Body, Event, MAX_BODY_BYTES, StepKind, StepRecorded};
use serde_json::Value;

use crate::failure;

/// Longest text of a node that summarises an episode. Two of them fit into one event, even where JSON escapes
/// every byte as six.
const MOST_BYTES: usize = MAX_BODY_BYTES / 16;

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
        if readable(step).is_none() {
            return;
        }
        let role = step.payload.get("role").and_then(Value::as_str);
        match step.step_kind {
            StepKind::Observation => self.input = Some(Arc::clone(event)),
            StepKind::Message if matches!(role, Some("user" | "system")) => {
                self.input = Some(Arc::clone(event))
            }
            StepKind::Message | StepKind::Decision | StepKind::ToolResult => {
                self.output = Some(Arc::clone(event))
            }
            _ if self.output.is_none() => self.output = Some(Arc::clone(event)),
            _ => {}
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
        Some(Body::StepRecorded(step)) => readable(step),
        _ => None,
    };
    let text = match found {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => otherwise.unwrap_or_default().to_owned(),
    };
    failure::cut(text, MOST_BYTES)
}

/// What of a step is for reading, if there is anything.
fn readable(step: &StepRecorded) -> Option<&Value> {
    let is_filled = |value: &&Value| match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
    };
    ["text", "output", "content", "result"]
        .into_iter()
        .filter_map(|key| step.payload.get(key))
        .find(is_filled)
}
