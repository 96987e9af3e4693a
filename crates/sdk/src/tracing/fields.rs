//! The fields of a span or an event, sorted by what they mean.

use std::error::Error;
use std::fmt::Debug;

use ::tracing::field::{Field, Visit};
use gauntlet_model::{MAX_STEP, Object, StepError, StepKind};
use serde_json::Value;

use crate::failure;

/// The result of a call, under the name that all SDKs use; `#[instrument(ret)]` calls it `return`.
const RESULT: &str = "result";

/// The fields so far. A field that comes again replaces itself.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// Everything that has no meaning of its own.
    pub(super) payload: Object,
    /// `score.<path>`.
    pub(super) scores: Vec<(String, f64)>,
    /// `gauntlet.episode` or `episode`.
    pub(super) episode: Option<String>,
    /// `gauntlet.kind`.
    pub(super) kind: Option<StepKind>,
    /// `gen_ai.operation.name`.
    pub(super) operation: Option<String>,
    /// `gen_ai.tool.name`.
    pub(super) tool: Option<String>,
    /// `step`.
    pub(super) step: Option<u64>,
    /// `gauntlet.return`.
    pub(super) return_: Option<f64>,
    /// An event's text.
    pub(super) message: Option<String>,
    error: Option<StepError>,
    error_type: Option<String>,
    stack: Option<String>,
}

impl Fields {
    /// What went wrong, if anything did.
    pub(super) fn error(&self) -> Option<StepError> {
        let mut error = match (&self.error, &self.error_type) {
            (Some(error), _) => error.clone(),
            (None, Some(kind)) => failure::from_message(kind, self.message.clone().unwrap_or_default()),
            (None, None) => return None,
        };
        if let Some(kind) = &self.error_type {
            error.kind = failure::label(kind);
        }
        if let Some(stack) = &self.stack {
            error.traceback = Some(failure::cut(stack.clone(), gauntlet_model::MAX_TEXT_BYTES));
        }
        Some(error)
    }

    /// Takes the error or result of an event that has nothing else, as `#[instrument(err, ret)]` writes it
    /// when a function ends: it belongs to the span. Returns whether it was such an event.
    pub(super) fn conclude(&mut self, event: &Fields) -> bool {
        let is_bare = event.message.is_none() && event.scores.is_empty();
        match (&event.error, event.payload.get(RESULT), event.payload.len()) {
            (Some(error), None, 0) if is_bare => self.error = Some(error.clone()),
            (None, Some(result), 1) if is_bare => self.plain(RESULT, result.clone()),
            _ => return false,
        }
        true
    }

    fn text(&mut self, name: &str, text: String) {
        match name {
            "message" => self.message = Some(text),
            "gauntlet.episode" | "episode" => self.episode = Some(text),
            "gauntlet.kind" => match kind_of(&text) {
                Some(kind) => self.kind = Some(kind),
                None => self.plain(name, Value::from(text)),
            },
            "gen_ai.operation.name" => self.operation = Some(text),
            "gen_ai.tool.name" => self.tool = Some(text),
            "error" | "exception.message" => self.error = Some(failure::from_message("Error", text)),
            "error.type" | "exception.type" => self.error_type = Some(text),
            "exception.stacktrace" => self.stack = Some(text),
            _ => self.plain(name, Value::from(text)),
        }
    }

    fn number(&mut self, name: &str, number: f64, value: Value) {
        match name {
            "gauntlet.return" => self.return_ = Some(number),
            "step" => match step_of(number) {
                Some(step) => self.step = Some(step),
                None => self.plain(name, value),
            },
            "gauntlet.episode" | "episode" => self.episode = Some(value.to_string()),
            _ => match name.strip_prefix("score.") {
                Some(path) => {
                    self.scores.retain(|(known, _)| known != path);
                    self.scores.push((path.to_owned(), number));
                }
                None => self.plain(name, value),
            },
        }
    }

    fn plain(&mut self, name: &str, value: Value) {
        let name = if name == "return" { RESULT } else { name };
        self.payload.insert(name.to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.number(field.name(), value, Value::from(value));
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field.name(), value as f64, Value::from(value));
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field.name(), value as f64, Value::from(value));
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        match field.name() {
            "error" if value => self.error = Some(failure::from_message("Error", "")),
            "error" => {}
            name => self.plain(name, Value::from(value)),
        }
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value.to_owned());
    }
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        match field.name() {
            "error" | "err" => self.error = Some(failure::from_error(value)),
            name => self.plain(name, Value::from(value.to_string())),
        }
    }
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field.name(), format!("{value:?}"));
    }
}

fn step_of(number: f64) -> Option<u64> {
    let is_step = number.fract() == 0.0 && (0.0..=MAX_STEP as f64).contains(&number);
    is_step.then_some(number as u64)
}

fn kind_of(word: &str) -> Option<StepKind> {
    serde_json::from_value(Value::from(word)).ok()
}
