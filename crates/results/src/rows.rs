//! A file as a row of records, read one at a time: whatever the file's size, one record is in memory.

use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

use gauntlet_model::{Status, Timestamp};
use parquet::file::reader::ChunkReader;

use crate::archive::Archive;
use crate::error::ImportError;
use crate::fields::Fields;
use crate::json_span::JsonSpan;
use crate::jsonl::{self, Lines};
use crate::options::Options;
use crate::{csv, film, parquet as tables};

/// Longest line of a file, in bytes: twice the longest body of an event.
pub(crate) const MAX_RECORD_BYTES: u64 = 16 << 20;
/// Bytes looked at to tell the format where no line ends before.
const HEAD_BYTES: u64 = 256 << 10;

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON document: read by [`crate::Document`].
    Document,
    /// JSON Lines.
    Lines,
    /// JSON Lines packed with zstd, as a film file is.
    Packed,
    /// A table with a header line, its cells separated by this byte.
    Csv(u8),
    /// A Parquet table.
    Parquet,
    /// A zip archive with one JSON document a sample.
    Archive,
}

impl Format {
    /// Tells the format of a file by what it holds; its name decides only where that does not. Reads the head.
    pub fn detect<S: ChunkReader>(name: &str, source: &S) -> Result<Self, ImportError> {
        let mut head = Vec::new();
        let read = source.get_read(0).map_err(io::Error::other);
        read.and_then(|reader| reader.take(HEAD_BYTES).read_to_end(&mut head)).map_err(unreadable)?;
        if head.starts_with(b"PAR1") {
            return Ok(Self::Parquet);
        }
        if film::is_packed(&head) {
            return Ok(Self::Packed);
        }
        if head.starts_with(b"PK\x03\x04") {
            return Ok(Self::Archive);
        }
        if head.starts_with(b"\x1f\x8b") {
            return Err(ImportError::new(
                "",
                "is compressed with gzip; unpack it first",
                crate::error::SHAPES,
            ));
        }
        // What is cut at the end of the head, in the middle of a character, says nothing about the format.
        let text = match std::str::from_utf8(&head) {
            Ok(text) => text,
            Err(e) => std::str::from_utf8(&head[..e.valid_up_to()]).unwrap_or_default(),
        };
        let text = text.trim_start_matches('\u{feff}');
        if let Some(separator) = csv::looks_like_table(name, text) {
            return Ok(Self::Csv(separator));
        }
        let is_complete = (head.len() as u64) < HEAD_BYTES;
        Ok(if jsonl::looks_like_lines(name, text, is_complete) { Self::Lines } else { Self::Document })
    }
}

/// The records of a file that is no document. `None` for a document.
pub(crate) fn open<S>(
    format: Format,
    source: S,
    options: &Options,
) -> Result<Option<Box<dyn Rows>>, ImportError>
where
    S: ChunkReader + 'static,
    S::T: 'static,
{
    let bytes = Rc::new(Budget::default());
    let counted = |source: &S| -> Result<_, ImportError> {
        let inner = source.get_read(0).map_err(|e| unreadable(io::Error::other(e)))?;
        let counted = Counting { inner, budget: Rc::clone(&bytes), limited: false };
        Ok(BufReader::with_capacity(64 << 10, Cancellable { inner: counted, options: options.clone() }))
    };
    Ok(Some(match format {
        Format::Document => return Ok(None),
        Format::Lines => Box::new(Lines::new(counted(&source)?, bytes.clone())),
        Format::Packed => {
            // What is unpacked is watched as well: a few bytes may become gigabytes that hold no record.
            let unpacked = film::unpack(counted(&source)?)?;
            Box::new(Lines::new(Cancellable { inner: unpacked, options: options.clone() }, bytes.clone()))
        }
        Format::Csv(separator) => {
            let inner = source.get_read(0).map_err(|e| unreadable(io::Error::other(e)))?;
            let counted = Counting { inner, budget: bytes.clone(), limited: true };
            let watched = Cancellable { inner: counted, options: options.clone() };
            Box::new(csv::Table::new(watched, separator, bytes.clone(), options)?)
        }
        Format::Parquet => Box::new(tables::Table::new(source, options)?),
        Format::Archive => Box::new(Archive::new(source, options)?),
    }))
}

/// The records of a file, one at a time.
pub(crate) trait Rows {
    /// The next one, or where the file breaks.
    fn next(&mut self) -> Result<Option<Record<'_>>, ImportError>;

    /// About how many bytes of the file have been read.
    fn position_bytes(&self) -> u64;

    /// When the run began, where the file says so before its records.
    fn began_at(&self) -> Option<Timestamp> {
        None
    }

    /// What the file says of the run as a whole, where it has a place for that.
    fn about(&mut self, _name: &str) -> Result<About, ImportError> {
        Ok(About::default())
    }
}

/// What a file says of its run beside the records.
#[derive(Debug, Default, Clone)]
pub(crate) struct About {
    /// What the run is.
    pub spec: Option<gauntlet_model::RunSpec>,
    /// People's notes.
    pub notes: String,
    /// When it began.
    pub began_at: Option<Timestamp>,
    /// How it ended.
    pub status: Option<Status>,
    /// Texts that were repaired.
    pub repaired: u64,
}

/// One record, still unread or read as a row of a table.
pub(crate) enum Record<'a> {
    /// A JSON value.
    Json(JsonSpan<'a>),
    /// A table's row: its cells under the names a snapshot has.
    Row(Box<Fields<'a>>),
}

/// Pieces that are in memory already.
#[derive(Clone)]
pub(crate) struct SpanRows<'a> {
    items: std::vec::IntoIter<JsonSpan<'a>>,
    about: About,
}

impl<'a> SpanRows<'a> {
    pub fn new(items: Vec<JsonSpan<'a>>) -> Self {
        Self { items: items.into_iter(), about: About::default() }
    }

    /// The same, with what the document says beside them.
    pub fn with(mut self, about: About) -> Self {
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

/// Bytes read in all, and since the last record.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    total: Cell<u64>,
    mark: Cell<u64>,
}

impl Budget {
    pub fn total(&self) -> u64 {
        self.total.get()
    }

    /// A record is complete: the next one may be as long again.
    pub fn renew(&self) {
        self.mark.set(self.total.get());
    }
}

/// A reader that counts, and stops where one record goes on for too long: a quotation mark that is never closed
/// would otherwise take the whole file into memory.
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

/// A reader that asks at each read whether it is to go on.
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

/// A file that cannot be read is no wrong file, but there is nothing to open either.
pub(crate) fn unreadable(error: io::Error) -> ImportError {
    ImportError::new("", format!("the file cannot be read: {error}"), "a file that is whole").at_end()
}
