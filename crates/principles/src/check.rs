//! Checks of single fields, with refusals that name the field and its value. Every mistake is collected, so
//! that a document with five of them is corrected once and not five times.

use std::fmt::Display;
use std::ops::RangeInclusive;

use gauntlet_model::{FieldError, MAX_LABEL_BYTES};

/// Collects what is wrong with a value of several fields.
#[derive(Debug, Default)]
pub(crate) struct Mistakes(Vec<FieldError>);

impl Mistakes {
    /// Adds a mistake. Where the field, or one that it is a part of, has a mistake already, this one only
    /// follows from it and is left out.
    pub(crate) fn add(&mut self, field: impl Into<String>, message: impl Display) {
        let field = field.into();
        let follows = |known: &FieldError| {
            let rest = field.strip_prefix(known.field.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        if !self.0.iter().any(follows) {
            self.0.push(FieldError::new(field, message.to_string()));
        }
    }

    /// Adds a mistake unless the number is finite and in the range.
    pub(crate) fn number(&mut self, field: impl Into<String>, value: f64, range: RangeInclusive<f64>) {
        if !range.contains(&value) {
            let (least, most) = (range.start(), range.end());
            let message = if most.is_infinite() {
                format!("is {value}; it must be a finite number, {least} or more")
            } else {
                format!("is {value}; it must be between {least} and {most}")
            };
            self.add(field, message);
        } else if value.is_infinite() {
            self.add(field, format!("is {value}; it must be finite"));
        }
    }

    /// Adds a mistake unless the text is one line that is neither empty nor longer than a label may be.
    pub(crate) fn label(&mut self, field: impl Into<String>, text: &str) {
        if text.trim().is_empty() {
            self.add(field, format!("is {text:?}; it must not be empty"));
        } else if text.len() > MAX_LABEL_BYTES {
            self.add(field, format!("is {} bytes long; at most {MAX_LABEL_BYTES} are allowed", text.len()));
        } else if let Some(control) = text.chars().find(|c| c.is_control()) {
            self.add(field, format!("is {text:?}; it must not contain the control character {control:?}"));
        }
    }

    /// Nothing where there was no mistake.
    ///
    /// # Errors
    ///
    /// All mistakes, in the order in which they were found.
    pub(crate) fn finish(self) -> Result<(), Vec<FieldError>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}
