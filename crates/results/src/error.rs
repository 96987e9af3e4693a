//! Why a file could not be opened: what was expected, where it broke, what was found.

use std::fmt;

/// Every shape that opens, in one sentence: the tail of a refusal.
pub(crate) const SHAPES: &str = "a report with `results[].results[]`, `results[]` or top-level `summary` and \
     `detailed_results`; a flat benchmark with `rewards`; an object with `snapshots`; an array of snapshots; or \
     JSON Lines of snapshots or events";

/// A file that was refused. Nothing of it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportError {
    /// What would have been accepted at that place.
    pub expected: String,
    /// Where in the file, such as `results[0].detailed_results[3].reward`; empty for the file as a whole.
    pub path: String,
    /// What was found instead.
    pub message: String,
    /// 1-based line of the file, where it is known.
    pub line: Option<u64>,
}

impl ImportError {
    pub(crate) fn new(
        path: impl Into<String>,
        message: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self { expected: expected.into(), path: path.into(), message: message.into(), line: None }
    }

    /// The same error on a known line.
    pub(crate) fn on_line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" if self.message.starts_with("is ") => f.write_str("the file ")?,
            "" => {}
            path => write!(f, "{path}: ")?,
        }
        f.write_str(&self.message)?;
        if let Some(line) = self.line {
            write!(f, " (line {line})")?;
        }
        if !self.expected.is_empty() {
            write!(f, "; expected {}", self.expected)?;
        }
        Ok(())
    }
}

impl std::error::Error for ImportError {}
