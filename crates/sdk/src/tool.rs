//! A tool call, from its start to its result or error.

use std::error::Error;

use gauntlet_model::{FieldError, Object, StepError, StepKind, StepRecorded, Timestamp};
use serde_json::Value;

use crate::episode::{Episode, object};
use crate::failure;

impl Episode {
    /// Begins a tool call. The guard records its result or error.
    pub fn tool_call(
        &self,
        name: impl Into<String>,
        arguments: impl Into<Value>,
    ) -> Result<ToolCall<'_>, FieldError> {
        ToolCall::begin(self, name.into(), arguments.into())
    }

    /// Calls a tool, and records its result, or its error with the causes, and its duration. Returns what the
    /// tool returned; `to_json` makes JSON of a result. A panic is recorded and continues to unwind.
    pub fn tool<T, E: Error>(
        &self,
        name: impl Into<String>,
        arguments: impl Into<Value>,
        call: impl FnOnce() -> Result<T, E>,
        to_json: impl FnOnce(&T) -> Value,
    ) -> Result<Result<T, E>, FieldError> {
        let guard = self.tool_call(name, arguments)?;
        let answer = call();
        match &answer {
            Ok(result) => guard.succeed(to_json(result))?,
            Err(error) => guard.fail(error)?,
        }
        Ok(answer)
    }
}

/// A tool call that has begun. Its start is recorded as `tool_call`, its result as `tool_result` of the same
/// span with the duration. Dropped without a result it is recorded as cancelled, or as panicked where a panic
/// dropped it.
#[derive(Debug)]
#[must_use = "a tool call that is dropped is recorded as cancelled"]
pub struct ToolCall<'e> {
    episode: &'e Episode,
    name: String,
    span_id: String,
    started_at: Timestamp,
    is_recorded: bool,
}

impl<'e> ToolCall<'e> {
    fn begin(episode: &'e Episode, name: String, arguments: Value) -> Result<Self, FieldError> {
        let (span_id, started_at) = (episode.new_span_id(), episode.now());
        episode.step(StepRecorded {
            step_kind: StepKind::ToolCall,
            name: Some(name.clone()),
            span_id: span_id.clone(),
            parent_span_id: None,
            started_at,
            ended_at: None,
            payload: object([("arguments", arguments)]),
            error: None,
            metadata: Object::new(),
        })?;
        Ok(Self { episode, name, span_id, started_at, is_recorded: false })
    }

    /// The span id that other steps may name as their parent.
    pub fn span_id(&self) -> &str {
        &self.span_id
    }

    /// Records its result.
    pub fn succeed(mut self, result: impl Into<Value>) -> Result<(), FieldError> {
        self.record(object([("result", result.into())]), None)
    }

    /// Records its error, with the causes.
    pub fn fail<E: Error + ?Sized>(mut self, error: &E) -> Result<(), FieldError> {
        self.record(Object::new(), Some(failure::from_error(error)))
    }

    fn record(&mut self, payload: Object, error: Option<StepError>) -> Result<(), FieldError> {
        self.is_recorded = true;
        self.episode.step(StepRecorded {
            step_kind: StepKind::ToolResult,
            name: Some(self.name.clone()),
            span_id: self.span_id.clone(),
            parent_span_id: None,
            started_at: self.started_at,
            ended_at: Some(self.episode.now().max(self.started_at)),
            payload,
            error,
            metadata: Object::new(),
        })
    }
}

impl Drop for ToolCall<'_> {
    fn drop(&mut self) {
        if self.is_recorded {
            return;
        }
        let error = if std::thread::panicking() {
            failure::from_message("Panic", "the tool panicked")
        } else {
            failure::from_message("Cancelled", "dropped without a result")
        };
        // The name passed when the call began; nothing else here can break a rule.
        let _ = self.record(Object::new(), Some(error));
    }
}
