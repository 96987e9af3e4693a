//! How a file is to be read: what a person says about it, and who is told how far the reading is.

use std::fmt;
use std::sync::Arc;

use crate::error::ImportError;
use crate::names::ColumnMap;

/// Asked at least once per 64 KiB that are read or unpacked and between records; `false` ends the reading.
type GoOn = Arc<dyn Fn() -> bool + Send + Sync>;

/// How a file is to be read. The default is as it is, and to its end.
#[derive(Clone, Default)]
pub struct Options {
    pub(crate) map: ColumnMap,
    pub(crate) partial: bool,
    go_on: Option<GoOn>,
}

impl Options {
    /// Reads by a map: which column is which field, where its name does not say so.
    #[must_use]
    pub fn mapped(mut self, map: ColumnMap) -> Self {
        self.map = map;
        self
    }

    /// Reads a file that is broken or cut as far as it can be read.
    #[must_use]
    pub fn partial_allowed(mut self, partial: bool) -> Self {
        self.partial = partial;
        self
    }

    /// Stops where `go_on` answers `false`, at any byte of the file.
    #[must_use]
    pub fn while_true(mut self, go_on: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.go_on = Some(Arc::new(go_on));
        self
    }

    /// Whether the reading goes on.
    pub(crate) fn should_continue(&self) -> bool {
        self.go_on.as_ref().is_none_or(|go_on| go_on())
    }

    /// An error where the reading does not go on.
    pub(crate) fn check_cancelled(&self) -> Result<(), ImportError> {
        if self.should_continue() { Ok(()) } else { Err(ImportError::stopped()) }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("map", &self.map)
            .field("partial", &self.partial)
            .finish_non_exhaustive()
    }
}
