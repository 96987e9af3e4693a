//! Options of an import.

use std::fmt;
use std::sync::Arc;

use crate::error::ImportError;
use crate::names::ColumnMap;

/// Called at least once per 64 KiB that are read or decompressed, and between records; `false` cancels the
/// import.
type ShouldContinue = Arc<dyn Fn() -> bool + Send + Sync>;

/// Asked before a large value is held: whether that many bytes may be, all values held so far included.
type Reserve = Arc<dyn Fn(usize) -> bool + Send + Sync>;

/// Values below this size are not asked for, in bytes: what a reading takes anyway.
const UNCOUNTED_BYTES: usize = 1 << 20;

/// Options of an import. By default a file is read to its end, and refused if anything in it cannot be read.
#[derive(Clone, Default)]
pub struct Options {
    pub(crate) map: ColumnMap,
    pub(crate) partial: bool,
    go_on: Option<ShouldContinue>,
    reserve: Option<Reserve>,
}

impl Options {
    /// Reads columns as the fields that a person named.
    #[must_use]
    pub fn mapped(mut self, map: ColumnMap) -> Self {
        self.map = map;
        self
    }

    /// Whether unreadable records are skipped, and a truncated file is read as far as possible.
    #[must_use]
    pub fn partial_allowed(mut self, partial: bool) -> Self {
        self.partial = partial;
        self
    }

    /// Cancels the import once `go_on` returns `false`.
    #[must_use]
    pub fn while_true(mut self, go_on: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.go_on = Some(Arc::new(go_on));
        self
    }

    /// Holds as much memory as `reserve` allows: it is asked for the most bytes that are held at one time,
    /// from a megabyte on, and its `false` ends the reading.
    #[must_use]
    pub fn within_memory(mut self, reserve: impl Fn(usize) -> bool + Send + Sync + 'static) -> Self {
        self.reserve = Some(Arc::new(reserve));
        self
    }

    /// An error where that many bytes may not be held at one time.
    pub(crate) fn reserve(&self, bytes: usize) -> Result<(), ImportError> {
        match &self.reserve {
            Some(reserve) if bytes >= UNCOUNTED_BYTES && !reserve(bytes) => {
                Err(ImportError::no_memory(bytes))
            }
            _ => Ok(()),
        }
    }

    /// Whether the import is not cancelled.
    pub(crate) fn should_continue(&self) -> bool {
        self.go_on.as_ref().is_none_or(|go_on| go_on())
    }

    /// An error once the import is cancelled.
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
