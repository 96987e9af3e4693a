//! A file as a sequence of records. One record is in memory at a time, whatever the size of the file.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use encoding_rs::Encoding;
use gauntlet_model::{Status, Timestamp};

use crate::distinct::RepeatedKeys;
use crate::error::ImportError;
use crate::fields::Fields;
use crate::json_span::JsonSpan;
use crate::options::Options;

/// The longest record, in bytes: twice the longest body of an event.
pub(crate) const MAX_RECORD_BYTES: u64 = 16 << 20;

/// The records of a file, one at a time.
pub(crate) trait Rows {
    /// The next record.
    fn next(&mut self) -> Result<Option<Record<'_>>, ImportError>;

    /// Bytes of the file that have been read, about.
    fn position_bytes(&self) -> u64;

    /// When the run began, if the file states that before its records.
    fn began_at(&self) -> Option<Timestamp> {
        None
    }

    /// The run as the file describes it, after its last record.
    fn about(&mut self, _name: &str) -> Result<About, ImportError> {
        Ok(About::default())
    }
}

/// The run as a file describes it besides its records.
#[derive(Debug, Default, Clone)]
pub(crate) struct About {
    /// Its spec.
    pub spec: Option<gauntlet_model::RunSpec>,
    /// People's notes.
    pub notes: String,
    /// When it began.
    pub began_at: Option<Timestamp>,
    /// How it ended.
    pub status: Option<Status>,
    /// Keys of the description that occur again in one object.
    pub repeats: RepeatedKeys,
    /// Texts that were repaired.
    pub repaired: u64,
    /// The encoding of the file, where its byte order mark names another one than UTF-8.
    pub encoding: Option<&'static Encoding>,
}

/// A record: not parsed, or a row of a table.
pub(crate) enum Record<'a> {
    /// A JSON value.
    Json(JsonSpan<'a>),
    /// A row of a table, with its cells as fields of a step.
    Row(Box<Fields<'a>>),
}

/// Records that are in memory already.
#[derive(Clone)]
pub(crate) struct SpanRows<'a> {
    items: std::vec::IntoIter<JsonSpan<'a>>,
    about: About,
}

impl<'a> SpanRows<'a> {
    pub(crate) fn new(items: Vec<JsonSpan<'a>>) -> Self {
        Self { items: items.into_iter(), about: About::default() }
    }

    /// Adds the run that the document describes.
    pub(crate) fn with(mut self, about: About) -> Self {
        self.about = about;
        self
    }
}

impl Rows for SpanRows<'_> {
    fn next(&mut self) -> Result<Option<Record<'_>>, ImportError> {
        Ok(self.items.next().map(Record::Json))
    }

    fn position_bytes(&self) -> u64 {
        0
    }

    fn began_at(&self) -> Option<Timestamp> {
        self.about.began_at
    }

    fn about(&mut self, _name: &str) -> Result<About, ImportError> {
        Ok(std::mem::take(&mut self.about))
    }
}

/// Bytes read in total, and since the last record.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    total: Cell<u64>,
    mark: Cell<u64>,
}

impl Budget {
    pub(crate) fn total(&self) -> u64 {
        self.total.get()
    }

    /// Resets the limit for the next record.
    pub(crate) fn renew(&self) {
        self.mark.set(self.total.get());
    }
}

/// Counts bytes, and with `limited` fails on a record that is too long: a quotation mark that is never closed
/// would take the file into memory.
pub(crate) struct Counting<R> {
    pub inner: R,
    pub budget: Rc<Budget>,
    pub limited: bool,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.limited && self.budget.total.get() - self.budget.mark.get() > MAX_RECORD_BYTES {
            return Err(io::Error::other(format!("a row is longer than {MAX_RECORD_BYTES} bytes")));
        }
        let read = self.inner.read(bytes)?;
        self.budget.total.set(self.budget.total.get() + read as u64);
        Ok(read)
    }
}

/// Fails once the import is cancelled.
pub(crate) struct Cancellable<R> {
    pub inner: R,
    pub options: Options,
}

impl<R: Read> Read for Cancellable<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if !self.options.should_continue() {
            return Err(io::Error::other("the reading was stopped"));
        }
        self.inner.read(bytes)
    }
}

/// The error of a file that the system cannot read.
pub(crate) fn unreadable(error: io::Error) -> ImportError {
    ImportError::new("", format!("the file cannot be read: {error}"), "a file that is whole").at_end()
}
