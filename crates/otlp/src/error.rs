//! The error of a span or log record: status, `error.type`, `exception.*`.

use gauntlet_model::{MAX_TEXT_BYTES, Object, StepError};
use serde_json::Value;

use crate::value::{cut, label};

/// Takes a text out of attributes.
pub(crate) fn take_text(attributes: &mut Object, key: &str) -> Option<String> {
    match attributes.get(key) {
        Some(Value::String(_)) => match attributes.shift_remove(key) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// The `exception.*` attributes.
#[derive(Debug, Default)]
pub(crate) struct Exception {
    kind: Option<String>,
    message: Option<String>,
    traceback: Option<String>,
}

impl Exception {
    /// Takes them out of attributes; `None` where there are none.
    pub(crate) fn take(attributes: &mut Object) -> Option<Self> {
        let kind = take_text(attributes, "exception.type");
        let message = take_text(attributes, "exception.message");
        let traceback = take_text(attributes, "exception.stacktrace");
        let any = kind.is_some() || message.is_some() || traceback.is_some();
        any.then_some(Self { kind, message, traceback })
    }

    /// The step's error. `kind` is `error.type`, `message` that of the status; those of the exception are
    /// more precise. Texts over the limit are cut: a span is not refused for a stack trace of megabytes.
    pub(crate) fn into_error(self, kind: Option<String>, message: &str) -> StepError {
        let kinds = [self.kind, kind].into_iter().flatten().map(|k| label(&k));
        let bounded = |text: String| cut(&text, MAX_TEXT_BYTES).to_owned();
        StepError {
            kind: kinds.into_iter().find(|k| !k.is_empty()).unwrap_or_else(|| "error".to_owned()),
            message: bounded(self.message.unwrap_or_else(|| message.to_owned())),
            traceback: self.traceback.map(bounded),
        }
    }
}
