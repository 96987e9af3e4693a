//! Why a file was refused: where, what was found, what was expected.

use std::fmt;

/// Every shape that opens, in one sentence.
pub(crate) const SHAPES: &str = "a report with `results[].results[]`, `results[]` or top-level `summary` and \
     `detailed_results`; a flat benchmark with `rewards`; an object with `snapshots`; an array of snapshots; \
     or JSON Lines of snapshots or events";

/// A file that was refused. Nothing of it is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportError {
    /// What would have been accepted at that place.
    pub expected: String,
    /// Where in the file, such as `results[0].detailed_results[3].reward`; empty for the file itself.
    pub path: String,
    /// What was found instead.
    pub message: String,
    /// 1-based line of the file, where it is known.
    pub line: Option<u64>,
    /// The number of readable records before it, if a partial import is possible.
    pub readable: Option<u64>,
    /// Whether nothing after it can be read.
    pub(crate) is_end: bool,
    /// Whether the caller ended the reading, which is not a fault of the file.
    pub(crate) is_stopped: bool,
}

impl ImportError {
    pub(crate) fn new(
        path: impl Into<String>,
        message: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self {
            expected: expected.into(),
            path: path.into(),
            message: message.into(),
            line: None,
            readable: None,
            is_end: false,
            is_stopped: false,
        }
    }

    /// The error of a cancelled import.
    pub fn stopped() -> Self {
        Self { is_stopped: true, ..Self::new("", "the reading was stopped", "").at_end() }
    }

    /// The end of a reading whose caller has no memory for it.
    pub(crate) fn no_memory(bytes: usize) -> Self {
        let message = format!("there is no memory for {bytes} bytes of it at one time");
        Self { is_stopped: true, ..Self::new("", message, "").at_end() }
    }

    /// The same error, after which nothing can be read.
    pub(crate) fn at_end(mut self) -> Self {
        self.is_end = true;
        self
    }

    /// What is wrong and where, without what was expected: for the list of skipped records.
    pub(crate) fn reason(&self) -> String {
        Self { expected: String::new(), ..self.clone() }.to_string()
    }

    /// A hint at the partial import, if one is possible.
    pub fn hint(&self) -> Option<String> {
        let way = "`--partial`, or `?partial=true`, imports what can be read and lists what cannot";
        Some(match self.readable? {
            0 => way.to_owned(),
            1 => format!("1 record before it can be read: {way}"),
            readable => format!("{readable} records before it can be read: {way}"),
        })
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
