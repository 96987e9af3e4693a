//! The limits of sizes, counts and ranges, and the error that names a refused field.

/// The largest step number, 2^53 - 1: the largest up to which JSON's and JavaScript's numbers are exact.
pub const MAX_STEP: u64 = (1 << 53) - 1;
/// Longest id of a run or an episode, in bytes.
pub const MAX_ID_BYTES: usize = 200;
/// Longest rubric path, in bytes.
pub const MAX_PATH_BYTES: usize = 256;
/// Longest name, id, tag, task or other one-line text, in bytes.
pub const MAX_LABEL_BYTES: usize = 512;
/// Longest action, observation, message or other free text, in bytes (1 MiB).
pub const MAX_TEXT_BYTES: usize = 1 << 20;
/// Longest body of an event, in bytes (8 MiB): its texts and its metadata.
pub const MAX_BODY_BYTES: usize = 8 * MAX_TEXT_BYTES;
/// Most rubric scores in one snapshot.
pub const MAX_SCORES: usize = 1024;
/// Most tags on one run.
pub const MAX_TAGS: usize = 64;

/// Why one field was refused. `field` is its dotted path in the event (`body.scores.grounding`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
#[error("{field}: {message}")]
pub struct FieldError {
    /// Dotted path of the field.
    pub field: String,
    /// What was expected and what was found.
    pub message: String,
}

impl FieldError {
    /// A refusal of `field`, with the reason.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// A one-line text: not empty, at most [`MAX_LABEL_BYTES`], no control characters.
pub(crate) fn label(field: &str, text: &str) -> Result<(), FieldError> {
    if text.is_empty() {
        return Err(FieldError::new(field, "must not be empty"));
    }
    optional_label(field, text)
}

/// Like [`label`], but may be empty.
pub(crate) fn optional_label(field: &str, text: &str) -> Result<(), FieldError> {
    bounded(field, text, MAX_LABEL_BYTES)?;
    match text.chars().find(|c| c.is_control()) {
        Some(c) => Err(FieldError::new(field, format!("must not contain the control character {c:?}"))),
        None => Ok(()),
    }
}

/// Free text: at most [`MAX_TEXT_BYTES`].
pub(crate) fn text(field: &str, text: &str) -> Result<(), FieldError> {
    bounded(field, text, MAX_TEXT_BYTES)
}

pub(crate) fn bounded(field: &str, text: &str, max: usize) -> Result<(), FieldError> {
    if text.len() > max {
        return Err(FieldError::new(
            field,
            format!("is {} bytes long; at most {max} are allowed", text.len()),
        ));
    }
    Ok(())
}

pub(crate) fn step(field: &str, step: u64) -> Result<(), FieldError> {
    if step > MAX_STEP {
        return Err(FieldError::new(field, format!("is {step}; steps run from 0 to {MAX_STEP}")));
    }
    Ok(())
}

/// A measured quantity that must be a finite, non-negative number.
pub(crate) fn non_negative(field: &str, value: Option<f64>) -> Result<(), FieldError> {
    match value {
        Some(v) if !v.is_finite() || v < 0.0 => {
            Err(FieldError::new(field, format!("is {v}; it must be a finite number, 0 or more")))
        }
        _ => Ok(()),
    }
}
