//! An `.eval` archive of Inspect: a zip file of a header and one JSON document a sample.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::rc::Rc;

use gauntlet_model::{Object, Timestamp};
use parquet::file::reader::ChunkReader;
use zip::ZipArchive;

use crate::distinct::RepeatedKeys;
use crate::error::{ImportError, SHAPES};
use crate::inspect;
use crate::json_span::{JsonSpan, Source};
use crate::options::Options;
use crate::repair::{Repaired, repaired};
use crate::rows::{About, Budget, Cancellable, Counting, Record, Rows, unreadable};

/// Most bytes of one document in the archive, unpacked.
const MAX_ENTRY_BYTES: u64 = 64 << 20;

/// The samples of an archive.
pub(crate) struct Archive<S: ChunkReader> {
    zip: ZipArchive<BufReader<Seeker<S>>>,
    options: Options,
    /// Indices of the samples in the archive.
    samples: Vec<usize>,
    next: usize,
    text: String,
    header: Object,
    /// Keys of the header that occur again in one object.
    repeats: RepeatedKeys,
    repaired: u64,
    budget: Rc<Budget>,
}

impl<S: ChunkReader> Archive<S> {
    /// Reads the header.
    pub(crate) fn new(source: S, options: &Options) -> Result<Self, ImportError> {
        let seeker = Seeker { source, position: 0, options: options.clone() };
        let seeker = BufReader::with_capacity(64 << 10, seeker);
        let zip = ZipArchive::new(seeker).map_err(|e| broken(&e))?;
        let names: Vec<String> = zip
            .file_names()
            .map(|name| name.map_or_else(|_| String::new(), |name| name.into_owned()))
            .collect();
        let at = |name: &str| names.iter().position(|known| known == name);
        let Some(header) = at("header.json").or_else(|| at("_journal/start.json")) else {
            return Err(ImportError::new("", "is a zip archive; unpack it first", SHAPES));
        };
        let is_sample = |name: &str| name.starts_with("samples/") && name.ends_with(".json");
        let samples = (0..names.len()).filter(|i| is_sample(&names[*i])).collect();
        let mut this = Self {
            zip,
            options: options.clone(),
            samples,
            next: 0,
            text: String::new(),
            header: Object::new(),
            repeats: RepeatedKeys::default(),
            repaired: 0,
            budget: Rc::default(),
        };
        this.open(header)?;
        let source = Source { text: &this.text, first_line: 1, is_line: false };
        this.header = source.root()?.object(&mut this.repeats)?;
        Ok(this)
    }

    /// Reads one document of the archive.
    fn open(&mut self, index: usize) -> Result<(), ImportError> {
        let entry = self.zip.by_index(index).map_err(|e| broken(&e))?;
        let name = entry.name().map_err(|e| broken(&e))?.into_owned();
        // Its bytes, their copy as a text, and what is read of it.
        self.options.reserve(usize::try_from(entry.size().min(MAX_ENTRY_BYTES)).unwrap_or(0) * 3)?;
        let counted = Counting { inner: entry, budget: Rc::clone(&self.budget), limited: false };
        let watched = Cancellable { inner: counted, options: self.options.clone() };
        let mut bytes = Vec::new();
        watched.take(MAX_ENTRY_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > MAX_ENTRY_BYTES {
            let message = format!("is larger than {MAX_ENTRY_BYTES} bytes, unpacked");
            return Err(ImportError::new(name, message, "a sample of a size that can be held"));
        }
        let text = String::from_utf8(bytes).map_err(|e| {
            let at = e.utf8_error().valid_up_to();
            ImportError::new(name, format!("is not UTF-8 text: byte {at} cannot be read"), "UTF-8 text")
        })?;
        self.text = match repaired(&text) {
            Some(Repaired { text, texts }) => {
                self.repaired += texts;
                text
            }
            None => text,
        };
        Ok(())
    }
}

impl<S: ChunkReader> Rows for Archive<S> {
    fn next(&mut self) -> Result<Option<Record<'_>>, ImportError> {
        let Some(index) = self.samples.get(self.next).copied() else { return Ok(None) };
        self.next += 1;
        self.open(index)?;
        let source = Source { text: self.text.trim(), first_line: 1, is_line: false };
        Ok(Some(Record::Json(JsonSpan { source, raw: source.text })))
    }

    fn position_bytes(&self) -> u64 {
        self.budget.total()
    }

    fn began_at(&self) -> Option<Timestamp> {
        inspect::began_at(&self.header)
    }

    fn about(&mut self, name: &str) -> Result<About, ImportError> {
        let about = inspect::about(name, std::mem::take(&mut self.header));
        Ok(About { repaired: self.repaired, repeats: std::mem::take(&mut self.repeats), ..about })
    }
}

fn broken(error: &zip::result::ZipError) -> ImportError {
    ImportError::new("", format!("is not a zip archive that can be read: {error}"), "an `.eval` log").at_end()
}

/// A source with random access, as a reader with a position.
struct Seeker<S> {
    source: S,
    position: u64,
    options: Options,
}

impl<S: ChunkReader> Read for Seeker<S> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if !self.options.should_continue() {
            return Err(io::Error::other("the reading was stopped"));
        }
        if self.position >= self.source.len() {
            return Ok(0);
        }
        let read = self.source.get_read(self.position).map_err(io::Error::other)?.read(bytes)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl<S: ChunkReader> Seek for Seeker<S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let from = |base: u64, by: i64| {
            base.checked_add_signed(by).ok_or_else(|| io::Error::other("a position before the start"))
        };
        self.position = match to {
            SeekFrom::Start(position) => position,
            SeekFrom::End(by) => from(self.source.len(), by)?,
            SeekFrom::Current(by) => from(self.position, by)?,
        };
        Ok(self.position)
    }
}
