//! A JSON document: its text is in memory once, its events are made one by one. Reading it again makes the
//! same events.

use gauntlet_model::{Body, Event, EventId, Timestamp};

use crate::context::{Context, Emit, Head, closes_run, end};
use crate::distinct::RepeatedKeys;
use crate::error::{ImportError, SHAPES};
use crate::json_span::{JsonSpan, Source};
use crate::options::Options;
use crate::repair::{Repaired, repaired};
use crate::tally::Tally;
use crate::{cut, encoding, inspect, inspect_log, native, report, run, snapshots};

/// A document, ready to be read.
#[derive(Debug)]
pub struct Document {
    text: String,
    tally: Tally,
}

/// The content of a document besides its events.
#[derive(Debug, Clone)]
pub struct DocumentSummary {
    pub(crate) head: Head,
    pub(crate) warnings: Vec<String>,
    last_at: Option<Timestamp>,
    ended: bool,
    events: u64,
    steps: u64,
}

impl DocumentSummary {
    /// The run to create.
    pub fn spec(&self) -> &gauntlet_model::RunSpec {
        &self.head.spec
    }

    /// People's notes on the run.
    pub fn notes(&self) -> &str {
        &self.head.notes
    }

    /// Warnings for the person who opens the file.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Scored snapshots.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// How many events there are, without the end that [`DocumentSummary::end`] makes.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The event that ends the run, if the document has none.
    pub fn end(&self, id: EventId, now: Timestamp) -> Result<Option<Event>, ImportError> {
        (!self.ended).then(|| end(id, self.last_at.unwrap_or(now))).transpose()
    }
}

impl Document {
    /// The document in these bytes: one JSON value. With [`Options::partial`], a truncated document is read
    /// as far as possible.
    pub fn new(bytes: Vec<u8>, options: &Options) -> Result<Self, ImportError> {
        let mut tally = Tally::default();
        let mut text = decode_text(bytes, &mut tally)?;
        if let Some(Repaired { text: repaired, texts }) = repaired(&text) {
            tally.repaired += texts;
            text = repaired;
        }
        options.check_cancelled()?;
        if options.partial
            && let Some(closed) = cut::closed(&text)
        {
            let lines = 1 + closed.read.bytes().filter(|b| *b == b'\n').count() as u64;
            tally.leave_out(format!("the file ends in the middle; it was read up to line {lines}"));
            let closed = closed.text();
            text = closed;
        }
        Ok(Self { text, tally })
    }

    /// Reads the document: passes each event to `emit` and returns the rest. Ids are taken in the same order
    /// each time.
    pub fn read(
        &mut self,
        name: &str,
        now: Timestamp,
        options: &Options,
        ids: &mut dyn FnMut() -> EventId,
        emit: Emit<'_>,
    ) -> Result<DocumentSummary, ImportError> {
        let (mut last_at, mut ended, mut events, mut steps) = (None, false, 0_u64, 0_u64);
        let mut counted = |event: Event| {
            options.check_cancelled()?;
            last_at = last_at.max(Some(event.at()));
            ended = closes_run(&event).unwrap_or(ended);
            events += 1;
            steps += u64::from(matches!(event.body(), Body::SnapshotScored(_)));
            emit(event)
        };
        let (warnings, repeats) = (self.tally.notes(), RepeatedKeys::default());
        let mut context = Context { name, now, options, ids, emit: &mut counted, warnings, repeats };
        let root = Source { text: &self.text, first_line: 1, is_line: false }.root();
        let root = root.map_err(|mut error| {
            // A truncated document is readable up to its end, in an unknown number of records.
            error.readable = error.message.contains("ends in the middle").then_some(0);
            error
        })?;
        let mut head = read_document(root, &mut context)?;
        let mut warnings = std::mem::take(&mut context.warnings);
        warnings.extend(context.repeats.notes());
        run::note(&mut head.spec, &warnings);
        run::check(&head.spec, now)?;
        Ok(DocumentSummary { head, warnings, last_at, ended, events, steps })
    }
}

/// The text of a document; bytes that are not UTF-8 become U+FFFD, and are counted.
fn decode_text(bytes: Vec<u8>, tally: &mut Tally) -> Result<String, ImportError> {
    if let Some(encoding) = encoding::marked(&bytes) {
        tally.encoding = Some(encoding);
        let (text, _, is_repaired) = encoding.decode(&bytes);
        tally.repaired += u64::from(is_repaired);
        return not_empty(text.into_owned());
    }
    let mut text = String::from_utf8(bytes).unwrap_or_else(|e| {
        tally.repaired += 1;
        String::from_utf8_lossy(e.as_bytes()).into_owned()
    });
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    not_empty(text)
}

fn not_empty(text: String) -> Result<String, ImportError> {
    if text.trim().is_empty() {
        return Err(ImportError::new("", "the file is empty", SHAPES));
    }
    Ok(text)
}

fn read_document(root: JsonSpan<'_>, context: &mut Context<'_>) -> Result<Head, ImportError> {
    if root.is_array() {
        return snapshots::read_list(root.items()?, context);
    }
    if !root.is_object() {
        return Err(ImportError::new("", format!("the file holds {}", root.what()), SHAPES));
    }
    let top = root.members()?;
    if let (Some(ours), Some(_)) = (top.get("gauntlet"), top.get("snapshots")) {
        return native::read_export(&top, ours, context);
    }
    if inspect::is_log(&top) {
        return inspect_log::read_log(&top, context);
    }
    if top.get("results").is_some_and(JsonSpan::is_array) {
        return report::read_report(&top, context);
    }
    if ["summary", "detailed_results"].iter().any(|key| top.get(key).is_some())
        || top.get("rewards").is_some_and(JsonSpan::is_array)
    {
        return report::read_entry(&top, context);
    }
    if top.get("snapshots").is_some() {
        return snapshots::read_object(&top, context);
    }
    snapshots::read_single(root, &top, context)
}
