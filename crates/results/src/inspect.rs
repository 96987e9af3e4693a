//! Logs of Inspect: one JSON document with `eval` and `samples`, or an `.eval` archive of a header and one
//! file a sample. Each sample is an episode with its transcript, scored once.

use std::hash::{DefaultHasher, Hash, Hasher};

use gauntlet_model::{FailureKind, MAX_TEXT_BYTES, Object, RunSpec, Scores, SnapshotScored};
use gauntlet_model::{Status, StepError, StepKind, Timestamp};
use gauntlet_values::{Decimal, Reading, number, time};
use serde_json::{Value, json};

use crate::draft::{Draft, TranscriptStep};
use crate::error::ImportError;
use crate::fields::{Fields, insert_unique, text_or_json};
use crate::json_span::{JsonSpan, Members};
use crate::messages::{content_text, conversation_text, is_conversation, message_text};
use crate::rows::About;
use crate::run;

/// The name of the shape.
pub(crate) const SHAPE: &str = "Inspect log";
/// Keys of a sample that are its transcript, or repeat it.
const TRANSCRIPT: [&str; 6] = ["messages", "events", "attachments", "store", "output", "input"];

/// Whether a document is a log.
pub(crate) fn is_log(top: &Members<'_>) -> bool {
    top.get("eval").is_some_and(JsonSpan::is_object) && top.get("samples").is_some_and(JsonSpan::is_array)
}

/// Whether an object is a sample of a log.
pub(crate) fn is_sample(members: &Members<'_>) -> bool {
    ["input", "target", "output", "scores"].iter().filter(|key| members.get(key).is_some()).count() >= 3
        && members.get("id").is_some()
        && members.get("output").is_some_and(JsonSpan::is_object)
}

/// The run that the header of a log describes.
pub(crate) fn about(name: &str, header: Object) -> About {
    let eval = header.get("eval").cloned().unwrap_or_default();
    let began_at = began_at(&header);
    let status = match header.get("status").and_then(Value::as_str) {
        Some("error") => Some(Status::Failed),
        Some("cancelled") => Some(Status::Cancelled),
        _ => None,
    };
    let text = |key: &str| eval.get(key).and_then(Value::as_str).and_then(run::one_line);
    let spec =
        RunSpec { agent: text("model"), task: text("task"), ..run::spec(name, SHAPE, "evaluation", header) };
    About { spec: Some(spec), began_at, status, ..About::default() }
}

/// When a log began.
pub(crate) fn began_at(header: &Object) -> Option<Timestamp> {
    time(header.get("eval")?.get("created")?).value()
}

/// A sample as a scored step, after the steps of its transcript.
pub(crate) fn draft_from_sample(span: JsonSpan<'_>) -> Result<Draft<'_>, ImportError> {
    let mut fields = Fields::from_object(span)?;
    let id = fields.left.get("id").map(conversation_text).unwrap_or_default();
    let epoch = fields.left.get("epoch").and_then(Value::as_u64).unwrap_or(1);
    let sample =
        Sample { key: format!("{id}-{epoch}"), attachments: fields.left.get("attachments").cloned() };
    let input = fields.left.get("input").cloned().unwrap_or_default();
    let output = fields.left.get("output").cloned().unwrap_or_default();
    let answer = output.pointer("/choices/0/message").cloned().unwrap_or_default();
    let error = fields.left.get("error").and_then(Value::as_object).map(step_error);
    let mut messages = match fields.left.get("messages") {
        Some(list) if is_conversation(list) => list.as_array().cloned().unwrap_or_default(),
        _ => sample.input_and_answer(&input, &answer),
    };
    messages.iter_mut().for_each(|message| sample.attach(message));
    let scores = fields.take("scores");
    let (scores, skipped) = judged(&fields, scores.as_ref())?;
    fields.tally.not_evaluated += skipped.len() as u64;
    let mut body = SnapshotScored {
        scores,
        not_evaluated: skipped,
        failures: if error.is_some() { vec![FailureKind::Generic] } else { Vec::new() },
        action: cut(&sample.text(&message_text(&answer)), MAX_TEXT_BYTES),
        observation: cut(&sample.text(&conversation_text(&input)), MAX_TEXT_BYTES),
        ..SnapshotScored::default()
    };
    if body.action.is_empty() {
        body.action = cut(&output.get("completion").map(text_or_json).unwrap_or_default(), MAX_TEXT_BYTES);
    }
    let at = ["completed_at", "started_at"].iter().find_map(|key| time(fields.left.get(*key)?).value());
    body.metadata = metadata(&mut fields, &id, &output, &input);
    let before = transcript(&sample, &messages, error);
    Ok(Draft { fields, session: Some(sample.key), step: None, at, body, before, is_episode: true })
}

/// The metadata of the step.
fn metadata(fields: &mut Fields<'_>, id: &str, output: &Value, input: &Value) -> Object {
    let mut left = std::mem::take(&mut fields.left);
    for key in TRANSCRIPT {
        left.shift_remove(key);
    }
    left.shift_remove("id");
    let mut metadata = Object::from_iter([("task_id".to_owned(), json!(id))]);
    if let Some(model) = output.get("model") {
        metadata.insert("model".to_owned(), model.clone());
    }
    if is_conversation(input) {
        metadata.insert("prompt".to_owned(), input.clone());
    }
    for (key, value) in left.into_iter().filter(|(_, value)| !value.is_null()) {
        insert_unique(&mut metadata, &key, value);
    }
    metadata
}

/// Scores by scorer: a letter, a number, or an object of them. If there is one score only, it is also the
/// root.
fn judged(fields: &Fields<'_>, scores: Option<&Value>) -> Result<(Scores, Vec<String>), ImportError> {
    let (mut pairs, mut skipped): (Vec<(String, f64)>, Vec<String>) = Default::default();
    let mut put = |path: String, value: &Value| match grade(value) {
        Reading::Value(value) => pairs.push((path, value)),
        Reading::NotEvaluated => skipped.push(path),
        Reading::Invalid => {}
    };
    for (name, score) in scores.and_then(Value::as_object).into_iter().flatten() {
        match score.get("value").unwrap_or(score) {
            Value::Object(parts) => parts.iter().for_each(|(key, value)| put(format!("{name}.{key}"), value)),
            value => put(name.clone(), value),
        }
    }
    if let [(path, value)] = pairs.as_slice()
        && path != "root"
    {
        let root = ("root".to_owned(), *value);
        pairs.insert(0, root);
    }
    let refuse = |e: gauntlet_model::FieldError| fields.refuse("scores", e.to_string(), "names of scorers");
    Ok((Scores::new(pairs).map_err(refuse)?, skipped))
}

/// Inspect's letters: correct, incorrect, partial, no answer.
fn grade(value: &Value) -> Reading<f64> {
    match value.as_str() {
        Some("C") => Reading::Value(1.0),
        Some("P") => Reading::Value(0.5),
        Some("I" | "N") => Reading::Value(0.0),
        _ => number(value, Decimal::Point),
    }
}

/// One sample's texts.
struct Sample {
    key: String,
    attachments: Option<Value>,
}

impl Sample {
    /// A text, resolved if it refers to an attachment of the sample.
    fn text(&self, text: &str) -> String {
        let attached = text.strip_prefix("attachment://").and_then(|key| self.attachments.as_ref()?.get(key));
        attached.and_then(Value::as_str).unwrap_or(text).to_owned()
    }

    fn attach(&self, message: &mut Value) {
        if let Some(text) = message.get("content").and_then(Value::as_str) {
            let text = self.text(text);
            message["content"] = json!(text);
        }
    }

    /// The messages of a sample without any: its input and its answer.
    fn input_and_answer(&self, input: &Value, answer: &Value) -> Vec<Value> {
        let mut messages = match input {
            Value::Array(list) if is_conversation(input) => list.clone(),
            Value::Null => Vec::new(),
            text => vec![json!({"role": "user", "content": conversation_text(text)})],
        };
        messages.extend(Some(answer.clone()).filter(Value::is_object));
        messages
    }

    /// The id of the span at an index of the transcript.
    fn span(&self, index: usize) -> String {
        let mut hasher = DefaultHasher::new();
        (&self.key, index).hash(&mut hasher);
        // Zeros are the id of "no span".
        format!("{:016x}", hasher.finish().max(1))
    }
}

/// The messages in order; each tool call and each result is a step of its own.
fn transcript(sample: &Sample, messages: &[Value], error: Option<StepError>) -> Vec<TranscriptStep> {
    let mut steps: Vec<TranscriptStep> = Vec::new();
    let mut put = |kind: StepKind, name: Option<String>, payload: Object, error: Option<StepError>| {
        let span = sample.span(steps.len());
        steps.push(TranscriptStep { kind, name, span, payload, error });
    };
    let object = |key: &str, value: Value| Object::from_iter([(key.to_owned(), value)]);
    for message in messages {
        let role = message["role"].as_str().unwrap_or("message");
        let text = cut(&content_text(&message["content"]), MAX_TEXT_BYTES);
        if role == "tool" {
            let name = message.get("function").and_then(Value::as_str).and_then(run::one_line);
            put(StepKind::ToolResult, name, object("result", json!(text)), None);
            continue;
        }
        let mut payload = object("role", json!(role));
        payload.insert("text".to_owned(), json!(text));
        put(StepKind::Message, None, payload, None);
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let function = call.get("function").unwrap_or(call);
            let named = function.get("name").or(Some(function)).and_then(Value::as_str);
            let arguments = function.get("arguments").or(call.get("arguments")).cloned().unwrap_or_default();
            put(StepKind::ToolCall, named.and_then(run::one_line), object("arguments", arguments), None);
        }
    }
    if let Some(error) = error {
        put(StepKind::Error, None, Object::new(), Some(error));
    }
    steps
}

fn step_error(error: &Object) -> StepError {
    let text = |key: &str| error.get(key).map(text_or_json).unwrap_or_default();
    let traceback = Some(cut(&text("traceback"), MAX_TEXT_BYTES)).filter(|text| !text.is_empty());
    StepError { kind: "error".to_owned(), message: cut(&text("message"), MAX_TEXT_BYTES), traceback }
}

/// At most `max` bytes of a text, cut between characters.
fn cut(text: &str, max: usize) -> String {
    text[..text.floor_char_boundary(max)].to_owned()
}
