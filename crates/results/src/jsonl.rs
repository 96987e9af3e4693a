//! JSON Lines: one value a line, in and out.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::rc::Rc;

use encoding_rs::Encoding;
use gauntlet_model::{Event, Kind, RunSpec, RunSummary};
use serde_json::value::RawValue;

use crate::error::ImportError;
use crate::film_head::Head;
use crate::json_span::{JsonSpan, Source, bytes_in_memory};
use crate::options::Options;
use crate::repair::{Repaired, repaired};
use crate::rows::{About, Budget, MAX_RECORD_BYTES, Record, Rows, unreadable};

/// Whether the text has one value per line rather than being one document. The name decides only if the text
/// does not. `is_complete`: whether the text is the complete file or only its head.
pub(crate) fn looks_like_lines(name: &str, text: &str, is_complete: bool) -> bool {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    match values.next() {
        Some(Ok(first)) => {
            let rest = text.get(values.byte_offset()..);
            let more = !is_complete || rest.is_some_and(|rest| !rest.trim().is_empty());
            more && !first.get().contains('\n')
        }
        _ => {
            let ending = |end: &str| name.len() >= end.len() && name.to_ascii_lowercase().ends_with(end);
            let closed = |line: &str| line.starts_with('{') && line.ends_with('}') && line.len() > 2;
            let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let two = (lines.next(), lines.next());
            ending(".jsonl")
                || ending(".ndjson")
                || matches!(two, (Some(a), Some(b)) if closed(a) && closed(b))
        }
    }
}

/// One record per line; empty lines are skipped.
pub(crate) struct Lines<R> {
    bytes: BufReader<R>,
    budget: Rc<Budget>,
    line: Vec<u8>,
    number: u64,
    about: About,
    begun: bool,
    options: Options,
}

impl<R: Read> Lines<R> {
    /// The lines of a text. `budget` counts the bytes of the file; `encoding` is the one that its byte order
    /// mark names.
    pub(crate) fn new(
        text: R,
        encoding: Option<&'static Encoding>,
        budget: Rc<Budget>,
        options: &Options,
    ) -> Self {
        let bytes = BufReader::with_capacity(64 << 10, text);
        let about = About { encoding, ..About::default() };
        Self { bytes, budget, line: Vec::new(), number: 0, about, begun: false, options: options.clone() }
    }

    /// Reads the next line that is not empty.
    fn advance(&mut self) -> Result<bool, ImportError> {
        loop {
            self.line.clear();
            let mut limited = (&mut self.bytes).take(MAX_RECORD_BYTES + 1);
            let read = limited.read_until(b'\n', &mut self.line).map_err(unreadable)?;
            if read == 0 {
                return Ok(false);
            }
            self.number += 1;
            if read as u64 > MAX_RECORD_BYTES {
                let most = format!("at most {MAX_RECORD_BYTES} bytes a line");
                return Err(ImportError::new("", "the line is too long", most).on_line(self.number).at_end());
            }
            if self.number == 1 && self.line.starts_with("\u{feff}".as_bytes()) {
                self.line.drain(..3);
            }
            if std::str::from_utf8(&self.line).is_err() {
                self.line = String::from_utf8_lossy(&self.line).into_owned().into_bytes();
                self.about.repaired += 1;
            }
            if !self.line.trim_ascii().is_empty() {
                self.options.reserve(bytes_in_memory(&self.line))?;
                return Ok(true);
            }
        }
    }

    fn text(&self) -> Result<&str, ImportError> {
        std::str::from_utf8(&self.line).map(str::trim).map_err(|e| {
            let message = format!("is not UTF-8 text: byte {} of the line cannot be read", e.valid_up_to());
            ImportError::new("", message, "UTF-8 text").on_line(self.number)
        })
    }

    /// Repairs what other programs write and JSON does not allow.
    fn repair(&mut self) -> Result<(), ImportError> {
        if let Some(Repaired { text, texts }) = repaired(self.text()?) {
            self.line = text.into_bytes();
            self.about.repaired += texts;
        }
        Ok(())
    }

    /// Reads the first line, which may be a film's head.
    fn begin(&mut self) -> Result<bool, ImportError> {
        self.begun = true;
        if !self.advance()? {
            return Ok(false);
        }
        match Head::parse(self.text()?)? {
            Some(head) => {
                self.about.notes = head.notes;
                self.advance()
            }
            None => Ok(true),
        }
    }
}

impl<R: Read> Rows for Lines<R> {
    fn next(&mut self) -> Result<Option<Record<'_>>, ImportError> {
        let more = if self.begun { self.advance()? } else { self.begin()? };
        if !more {
            return Ok(None);
        }
        self.repair()?;
        let source = Source { text: self.text()?, first_line: self.number, is_line: true };
        // An object is checked when its members are read.
        let is_object = source.text.starts_with('{');
        let span = if is_object { JsonSpan { source, raw: source.text } } else { source.root()? };
        Ok(Some(Record::Json(span)))
    }

    fn position_bytes(&self) -> u64 {
        self.budget.total()
    }

    fn about(&mut self, _name: &str) -> Result<About, ImportError> {
        Ok(std::mem::take(&mut self.about))
    }
}

/// Writes one event per line, beginning with a `run.started` of the run as it is now. [`crate::import`] reads
/// the lines, and `POST .../events` accepts them.
pub fn write_jsonl<W: Write>(
    mut out: W,
    run: &RunSummary,
    records: impl IntoIterator<Item = io::Result<gauntlet_model::Record>>,
) -> io::Result<()> {
    let body = spec(run).started();
    let started = Event::new(RunSummary::started_event_id(&run.id), run.created_at, None, None, body)
        .map_err(io::Error::other)?;
    write_line(&mut out, &started.record(0, run.created_at))?;
    for record in records {
        let record = record?;
        if record.kind != Kind::RunStarted {
            write_line(&mut out, &record)?;
        }
    }
    out.flush()
}

fn write_line<W: Write>(mut out: W, record: &gauntlet_model::Record) -> io::Result<()> {
    serde_json::to_writer(&mut out, record)?;
    out.write_all(b"\n")
}

/// The spec to create the same run again.
pub(crate) fn spec(run: &RunSummary) -> RunSpec {
    RunSpec {
        id: None,
        name: run.name.clone(),
        project: Some(run.project.clone()),
        kind: Some(run.kind.clone()),
        agent: run.agent.clone(),
        task: run.task.clone(),
        tags: run.tags.clone(),
        config: run.config.clone(),
        metadata: run.metadata.clone(),
        rules: run.rules,
    }
}
