//! The formats of files: how one is detected, and the reader of each.

use std::borrow::Cow;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

use parquet::file::reader::ChunkReader;

use crate::archive::Archive;
use crate::error::ImportError;
use crate::jsonl::{self, Lines};
use crate::options::Options;
use crate::rows::{Budget, Cancellable, Counting, Rows, unreadable};
use crate::{csv, encoding, film, parquet as tables};

/// Bytes that are read to detect the format.
const HEAD_BYTES: u64 = 256 << 10;

/// The format of a file.
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
    /// Detects the format of a file by its head; the name decides only if the head does not.
    ///
    /// # Errors
    /// A compression that is not read.
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
        let text = match (encoding::marked(&head), std::str::from_utf8(&head)) {
            (Some(encoding), _) => encoding.decode(&head).0,
            (None, Ok(text)) => Cow::Borrowed(text),
            // The head may end in the middle of a character.
            (None, Err(e)) if e.error_len().is_none() => String::from_utf8_lossy(&head[..e.valid_up_to()]),
            (None, Err(_)) => String::from_utf8_lossy(&head),
        };
        let text = text.trim_start_matches('\u{feff}');
        if let Some(separator) = csv::looks_like_table(name, text) {
            return Ok(Self::Csv(separator));
        }
        let is_complete = (head.len() as u64) < HEAD_BYTES;
        Ok(if jsonl::looks_like_lines(name, text, is_complete) { Self::Lines } else { Self::Document })
    }
}

/// The records of a file; `None` for a document.
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
    let watched = |limited: bool| -> Result<_, ImportError> {
        let inner = source.get_read(0).map_err(|e| unreadable(io::Error::other(e)))?;
        let counted = Counting { inner, budget: Rc::clone(&bytes), limited };
        Ok(Cancellable { inner: counted, options: options.clone() })
    };
    // Readers of one file share its position, so this one is done before the other begins.
    let marked = || -> Result<_, ImportError> {
        let mut head = [0; 3];
        let read = source.get_read(0).map_err(io::Error::other).and_then(|mut file| file.read(&mut head));
        Ok(encoding::marked(&head[..read.map_err(unreadable)?]))
    };
    Ok(Some(match format {
        Format::Document => return Ok(None),
        Format::Lines => {
            let encoding = marked()?;
            let text = encoding::transcoded(watched(false)?);
            Box::new(Lines::new(text, encoding, bytes.clone(), options))
        }
        Format::Packed => {
            // Cancellation is checked after decompression too: a few bytes may become gigabytes without a
            // record.
            let unpacked = film::unpack(BufReader::with_capacity(64 << 10, watched(false)?))?;
            let text = Cancellable { inner: unpacked, options: options.clone() };
            Box::new(Lines::new(text, None, bytes.clone(), options))
        }
        Format::Csv(separator) => {
            let encoding = marked()?;
            let text = encoding::transcoded(watched(true)?);
            Box::new(csv::Table::new(text, encoding, separator, bytes.clone(), options)?)
        }
        Format::Parquet => Box::new(tables::Table::new(source, options)?),
        Format::Archive => Box::new(Archive::new(source, options)?),
    }))
}
