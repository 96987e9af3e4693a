//! The content of a recorded step: which members of its payload are its text, its input and its result.
//! Producers name them differently, and every reader (pages, terminal, exports, SDKs) takes the first that is
//! there, in the orders below. `sdk/contract/reading.json` has examples, which the other SDKs run as well.

use serde_json::Value;

use super::{SnapshotScored, StepKind, StepRecorded};
use crate::Object;

/// Members that can be the text of a step, the most telling first.
const TEXTS: [&str; 9] =
    ["text", "content", "output", "body", "choice", "value", "input", "query", "arguments"];
/// Members that can be what a call was made with.
const INPUTS: [&str; 4] = ["arguments", "input", "query", "messages"];
/// Members that can be the result of a call.
const RESULTS: [&str; 3] = ["result", "output", "documents"];
/// Members that can be the last thing an episode said or saw, the most telling first.
const SUMMARIES: [&str; 4] = ["text", "output", "content", "result"];

impl StepRecorded {
    /// Its text: for a call of a tool what it was made with. The member's name and its value.
    pub fn text(&self) -> Option<(&'static str, &Value)> {
        if self.is_tool() { self.input() } else { first(&self.payload, &TEXTS) }
    }

    /// What a call (of a tool, a model, a retriever) was made with. The member's name and its value.
    pub fn input(&self) -> Option<(&'static str, &Value)> {
        first(&self.payload, &INPUTS)
    }

    /// The result of a call: the member's name and its value.
    pub fn result(&self) -> Option<(&'static str, &Value)> {
        first(&self.payload, &RESULTS)
    }

    /// The role of a message's author, such as `user`; `None` for other steps.
    pub fn role(&self) -> Option<&str> {
        let role = self.payload.get("role").and_then(Value::as_str);
        role.filter(|_| self.step_kind == StepKind::Message)
    }

    /// Whether it is the call of a tool or its result.
    pub fn is_tool(&self) -> bool {
        matches!(self.step_kind, StepKind::ToolCall | StepKind::ToolResult)
    }

    /// Whether it is something the agent was given: an observation, or a message of a user or of the system.
    pub fn is_input(&self) -> bool {
        self.step_kind == StepKind::Observation || matches!(self.role(), Some("user" | "system"))
    }

    /// Whether it is something the agent said or did, which counts before what it thought.
    pub fn is_output(&self) -> bool {
        let is_kind = matches!(self.step_kind, StepKind::Message | StepKind::Decision | StepKind::ToolResult);
        is_kind && !self.is_input()
    }

    /// What of it can stand for its episode. Empty values are passed over.
    pub fn summary(&self) -> Option<&Value> {
        SUMMARIES.into_iter().filter_map(|key| self.payload.get(key)).find(|value| is_filled(value))
    }
}

impl SnapshotScored {
    /// What names the group of rollouts it was sampled in: `group` in its metadata, else what the agent saw.
    /// Rollouts of one step with the same name are one group.
    pub fn group_name(&self) -> String {
        match self.metadata.get("group") {
            Some(Value::String(text)) if !text.is_empty() => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => self.observation.clone(),
        }
    }
}

fn first<'a>(payload: &'a Object, keys: &[&'static str]) -> Option<(&'static str, &'a Value)> {
    keys.iter().find_map(|key| Some((*key, payload.get(*key)?)))
}

/// Whether a value holds anything to read: not null, false, 0, or empty.
fn is_filled(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}
