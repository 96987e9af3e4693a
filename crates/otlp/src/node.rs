//! The node of a step: its scored snapshot with texts, duration, cost and failure.

use gauntlet_model::{
    FailureKind, FieldError, MAX_TEXT_BYTES, Object, Scores, SnapshotScored, StepKind, StepRecorded,
    Timestamp,
};
use serde_json::{Value, json};

use crate::message_text::message_text;
use crate::scores::{self, Evaluation};
use crate::table;
use crate::value::cut;

/// The content of a step's snapshot besides its scores.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Node {
    /// Whether the step has a node even without evaluations.
    pub is_drawn: bool,
    action: String,
    observation: String,
    /// Name, model, tokens, latency, error.
    metadata: Object,
    has_failed: bool,
    /// When the step ended.
    pub at: Timestamp,
}

impl Node {
    /// A node of which only the time is known.
    pub(crate) fn unknown(at: Timestamp) -> Self {
        Self { at, ..Self::default() }
    }

    /// The node of a recorded step. Calls of models, tools and retrievers have nodes, so that the path of a
    /// trace is what the agent did; of the spans around them only the outermost has one (`is_entry`: no
    /// parent in this process).
    pub(crate) fn from_step(step: &StepRecorded, is_entry: bool) -> Self {
        let text = |member: Option<(&str, &Value)>| {
            let text = member.map(|(_, value)| message_text(value)).unwrap_or_default();
            cut(&text, MAX_TEXT_BYTES).to_owned()
        };
        let is_call = match step.step_kind {
            StepKind::Message
            | StepKind::Thought
            | StepKind::ToolCall
            | StepKind::ToolResult
            | StepKind::Error => true,
            StepKind::Observation => table::has_kind(&step.payload),
            StepKind::PlanUpdate
            | StepKind::Handoff
            | StepKind::Decision
            | StepKind::Reward
            | StepKind::Tick => false,
        };
        let mut metadata = Object::new();
        let mut set = |key: &str, value: Value| drop(metadata.insert(key.to_owned(), value));
        if let Some(name) = &step.name {
            set("name", json!(name));
        }
        for key in ["model", "input_tokens", "output_tokens", "reasoning_tokens", "cost"] {
            if let Some(value) = step.payload.get(key) {
                set(key, value.clone());
            }
        }
        if let Some(end) = step.ended_at {
            set("latency_ms", json!(end.micros().saturating_sub(step.started_at.micros()) as f64 / 1e3));
        }
        if let Some(error) = &step.error {
            set("error", json!(format!("{}: {}", error.kind, error.message)));
        }
        Self {
            is_drawn: is_entry || is_call,
            action: text(step.result()),
            observation: text(step.input()),
            metadata,
            has_failed: step.error.is_some(),
            at: step.ended_at.unwrap_or(step.started_at),
        }
    }

    /// Adds the texts of messages, which are ordered by time, where the step itself has no texts.
    pub(crate) fn with_messages(mut self, messages: &[StepRecorded]) -> Self {
        let (mut asked, mut answered) = (Vec::new(), Vec::new());
        for message in messages {
            let Some(speaker) = speaker(message) else { continue };
            let body = message.payload.get("body").cloned().unwrap_or_default();
            match speaker {
                table::CHOICE => answered.push(body.get("message").cloned().unwrap_or(body)),
                table::DETAILS => {
                    for (list, key) in [(&mut asked, "input"), (&mut answered, "output")] {
                        let text = message.payload.get(key).and_then(Value::as_array);
                        list.extend(text.into_iter().flatten().cloned());
                    }
                }
                speaker => asked.push(with_role(speaker, body)),
            }
        }
        for (field, mut messages) in [(&mut self.observation, asked), (&mut self.action, answered)] {
            messages.retain(has_content);
            if field.is_empty() && !messages.is_empty() {
                *field = cut(&message_text(&Value::Array(messages)), MAX_TEXT_BYTES).to_owned();
            }
        }
        self
    }

    /// Whether a snapshot has the same texts.
    pub(crate) fn matches_texts(&self, snapshot: &SnapshotScored) -> bool {
        self.action == snapshot.action && self.observation == snapshot.observation
    }

    /// The first snapshot.
    pub(crate) fn snapshot(&self, evaluations: &[Evaluation]) -> Result<SnapshotScored, FieldError> {
        self.scored(scores::with_root(scores::paths(evaluations)), SnapshotScored::default(), evaluations)
    }

    /// A snapshot that replaces one with fewer texts. `later` are the scores that were added to that one.
    pub(crate) fn updated_snapshot(
        &self,
        drawn: SnapshotScored,
        later: impl IntoIterator<Item = (String, f64)>,
        evaluations: &[Evaluation],
    ) -> Result<SnapshotScored, FieldError> {
        let mut all: Vec<(String, f64)> =
            drawn.scores.iter().map(|(path, value)| (path.to_owned(), value)).collect();
        let is_first = all.is_empty();
        for (path, value) in later.into_iter().chain(scores::paths(evaluations)) {
            scores::upsert_score(&mut all, path, value);
        }
        self.scored(if is_first { scores::with_root(all) } else { all }, drawn, evaluations)
    }

    fn scored(
        &self,
        scores: Vec<(String, f64)>,
        before: SnapshotScored,
        evaluations: &[Evaluation],
    ) -> Result<SnapshotScored, FieldError> {
        let scores = Scores::new(scores)?;
        let failed = evaluations.iter().filter(|e| e.failed).filter_map(|e| e.path.clone());
        let mut not_evaluated: Vec<String> =
            failed.chain(before.not_evaluated).filter(|path| scores.get(path).is_none()).collect();
        not_evaluated.sort_unstable();
        not_evaluated.dedup();
        let mut metadata = self.metadata.clone();
        let lines = before.metadata.get("evaluations").and_then(Value::as_str).map(str::to_owned);
        let lines: Vec<String> =
            lines.into_iter().chain(evaluations.iter().filter_map(Evaluation::line)).collect();
        if !lines.is_empty() {
            metadata.insert("evaluations".to_owned(), json!(cut(&lines.join("\n"), MAX_TEXT_BYTES)));
        }
        Ok(SnapshotScored {
            scores,
            not_evaluated,
            failures: if self.has_failed { vec![FailureKind::Generic] } else { Vec::new() },
            action: self.action.clone(),
            observation: self.observation.clone(),
            metadata,
            ..SnapshotScored::default()
        })
    }
}

/// Whether a snapshot has nothing of its span: it was made by evaluations or log records that arrived before.
pub(crate) fn is_bare(snapshot: &SnapshotScored) -> bool {
    snapshot.metadata.keys().all(|key| key == "evaluations")
}

/// The role of the message that a step is; `None` for other steps.
pub(crate) fn speaker(step: &StepRecorded) -> Option<&'static str> {
    let name = step.metadata.get("log")?.get("event_name")?.as_str()?;
    table::MESSAGES.iter().find(|(known, _)| *known == name).map(|(_, speaker)| *speaker)
}

/// Whether a message holds more than its role. Instrumentations that record no content send the role alone.
pub(crate) fn has_content(message: &Value) -> bool {
    message.as_object().is_none_or(|fields| fields.keys().any(|key| key != "role"))
}

/// A message with its role, whatever form its body has.
pub(crate) fn with_role(speaker: &str, body: Value) -> Value {
    let mut message = match body {
        Value::Object(message) => message,
        Value::Null => Object::new(),
        text => Object::from_iter([("content".to_owned(), text)]),
    };
    message.entry("role").or_insert_with(|| json!(speaker));
    Value::Object(message)
}
