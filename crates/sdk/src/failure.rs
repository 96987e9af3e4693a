//! An error as a step records it: its type, its message, and the chain of its causes.

use std::error::Error;

use gauntlet_model::{MAX_LABEL_BYTES, MAX_TEXT_BYTES, StepError};

/// An error with its causes, cut to the limits of a step.
pub(crate) fn from_error<E: Error + ?Sized>(error: &E) -> StepError {
    let mut chain = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        chain.push(format!("caused by: {error}"));
        cause = error.source();
    }
    StepError {
        kind: label(type_name::<E>()),
        message: cut(error.to_string(), MAX_TEXT_BYTES),
        traceback: (!chain.is_empty()).then(|| cut(chain.join("\n"), MAX_TEXT_BYTES)),
    }
}

/// An error of which only the message is known.
pub(crate) fn from_message(kind: &str, message: impl Into<String>) -> StepError {
    StepError { kind: label(kind), message: cut(message.into(), MAX_TEXT_BYTES), traceback: None }
}

fn type_name<E: ?Sized>() -> &'static str {
    let name = std::any::type_name::<E>();
    if name.starts_with("dyn ") { "Error" } else { name }
}

/// A one-line text that is not empty.
pub(crate) fn label(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.is_empty() { "Error".to_owned() } else { cut(line, MAX_LABEL_BYTES) }
}

/// At most `most` bytes, cut between characters.
pub(crate) fn cut(mut text: String, most: usize) -> String {
    text.truncate(text.floor_char_boundary(most));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the tool failed")]
    struct Tool(#[source] std::num::ParseIntError);

    #[test]
    fn an_error_is_recorded_with_its_causes() {
        let error = Tool("x".parse::<i32>().unwrap_err());
        let recorded = from_error(&error);
        assert!(recorded.kind.ends_with("::Tool"), "{}", recorded.kind);
        assert_eq!(recorded.message, "the tool failed");
        assert_eq!(recorded.traceback.as_deref(), Some("caused by: invalid digit found in string"));
        let boxed: Box<dyn Error> = Box::new(error);
        assert_eq!(super::from_error(&*boxed).kind, "Error");
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        assert_eq!(cut("aé".to_owned(), 2), "a");
        assert_eq!(label("two\nlines"), "two lines");
    }
}
