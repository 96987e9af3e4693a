//! From the bytes of a file to a run: recognise the shape, hand it to its reader, close the run.

use std::collections::BTreeSet;

use bytes::Bytes;
use gauntlet_model::{Body, Event, EventId, Object, RunFinished, RunSpec, Status, Timestamp};
use parquet::file::reader::ChunkReader;

use crate::error::{ImportError, SHAPES};
use crate::piece::{Piece, Source};
use crate::plan::{Plan, Replay};
use crate::rows::{self, Format, Rows};
use crate::survey::Survey;
use crate::{native, report, run, snapshots};

/// What a file holds, ready to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The run to create. It has no id: an import is a run of its own.
    pub spec: RunSpec,
    /// People's notes on the run, where the file carries any.
    pub notes: String,
    /// Its events in log order, without `run.started`, ending with the run finished.
    pub events: Vec<Event>,
    /// What was unusual, in words for the person who opened the file.
    pub warnings: Vec<String>,
    /// Scored snapshots among the events.
    pub steps: u64,
    /// Different episodes among the events.
    pub episodes: u64,
}

/// What every reader needs besides the file.
pub(crate) struct Context<'c> {
    /// The file's name, for the run's name.
    pub name: &'c str,
    /// Stands in where the file names no time.
    pub now: Timestamp,
    /// Makes ids for events that bring none.
    pub ids: &'c mut dyn FnMut() -> EventId,
    /// What was unusual so far.
    pub warnings: Vec<String>,
}

/// What a reader found.
pub(crate) struct Read {
    pub spec: RunSpec,
    pub notes: String,
    pub events: Vec<Event>,
}

/// Opens a result file of any known shape. `name` is the file's name, `now` the time where the file has none,
/// `ids` makes event ids; events that bring their own id keep it. Refuses a file as a whole: there is no half
/// an import.
pub fn import(
    name: &str,
    bytes: &[u8],
    now: Timestamp,
    ids: &mut dyn FnMut() -> EventId,
) -> Result<Imported, ImportError> {
    let source = Bytes::copy_from_slice(bytes);
    let format = Format::of(name, &source)?;
    if format != Format::Document {
        return of_records(name, format, source, now, ids);
    }
    let text = text_of(bytes)?;
    let mut context = Context { name, now, ids, warnings: Vec::new() };
    let read = of_document(Source { text, first_line: 1, is_line: false }.root()?, &mut context)?;
    finished(read, context)
}

/// A first reading of a file that is no document: see [`Survey`].
pub fn survey<S>(format: Format, source: S, now: Timestamp) -> Result<Survey<'static>, ImportError>
where
    S: ChunkReader + 'static,
    S::T: 'static,
{
    let shape = match format {
        Format::Csv(_) | Format::Parquet => "table",
        Format::Packed => "film",
        Format::Lines | Format::Document => "list of snapshots",
    };
    Ok(Survey::new(records(format, source)?, now, shape, Object::new()))
}

/// The second reading, of the file as it was surveyed: its events, without the end that [`Plan::end`] gives.
pub fn replay<'p, S>(
    plan: &'p Plan,
    format: Format,
    source: S,
    ids: &'p mut dyn FnMut() -> EventId,
) -> Result<Replay<'p>, ImportError>
where
    S: ChunkReader + 'static,
    S::T: 'static,
{
    Ok(plan.replay(records(format, source)?, ids))
}

fn records<S>(format: Format, source: S) -> Result<Box<dyn Rows>, ImportError>
where
    S: ChunkReader + 'static,
    S::T: 'static,
{
    let whole = "is one JSON document, which cannot be read record by record";
    rows::open(format, source)?.ok_or_else(|| ImportError::new("", whole, "JSON Lines or a table"))
}

fn of_records(
    name: &str,
    format: Format,
    source: Bytes,
    now: Timestamp,
    ids: &mut dyn FnMut() -> EventId,
) -> Result<Imported, ImportError> {
    let mut survey = survey(format, source.clone(), now)?;
    while survey.advance()? {}
    let plan = survey.plan(name)?;
    let events = replay(&plan, format, source, ids)?.collect::<Result<Vec<_>, _>>()?;
    let read = Read { spec: plan.spec().clone(), notes: plan.notes().to_owned(), events };
    finished(read, Context { name, now, ids, warnings: plan.warnings().to_vec() })
}

fn text_of(bytes: &[u8]) -> Result<&str, ImportError> {
    let refuse = |message: &str| ImportError::new("", message, SHAPES);
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let line = 1 + bytes[..e.valid_up_to()].iter().filter(|b| **b == b'\n').count() as u64;
        refuse(&format!("is not UTF-8 text: byte {} cannot be read", e.valid_up_to())).on_line(line)
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(refuse("the file is empty"));
    }
    Ok(text)
}

fn of_document(root: Piece<'_>, context: &mut Context<'_>) -> Result<Read, ImportError> {
    if root.is_array() {
        return snapshots::of_pieces(root.items()?, context);
    }
    if !root.is_object() {
        return Err(ImportError::new("", format!("the file holds {}", root.what()), SHAPES));
    }
    let top = root.members()?;
    if let (Some(ours), Some(_)) = (top.get("gauntlet"), top.get("snapshots")) {
        return native::of_export(&top, ours, context);
    }
    if top.get("results").is_some_and(Piece::is_array) {
        return report::of_report(&top, context);
    }
    if ["summary", "detailed_results", "rewards"].iter().any(|key| top.get(key).is_some()) {
        return report::of_entry(&top, context);
    }
    if top.get("snapshots").is_some() {
        return snapshots::of_object(&top, context);
    }
    if snapshots::is_item(&top) {
        return snapshots::of_pieces(vec![root], context);
    }
    Err(top.unknown())
}

fn finished(read: Read, context: Context<'_>) -> Result<Imported, ImportError> {
    let Read { spec, notes, mut events } = read;
    let Context { now, ids, mut warnings, .. } = context;
    run::check(&spec, now)?;
    let steps = events.iter().filter(|e| matches!(e.body(), Body::SnapshotScored(_))).count() as u64;
    if steps == 0 {
        warnings.push("the file holds no scored step".to_owned());
    }
    let episodes = events.iter().filter_map(Event::episode).collect::<BTreeSet<_>>().len() as u64;
    if !ends(&events) {
        let at = events.iter().map(Event::at).max().unwrap_or(now);
        let body = RunFinished { status: Status::Completed, summary: None };
        let end = Event::new(ids(), at, None, None, body)
            .map_err(|e| ImportError::new(e.field, e.message, "a run that can be closed"))?;
        events.push(end);
    }
    Ok(Imported { spec, notes, events, warnings, steps, episodes })
}

/// Whether the last word on the run's status already closes it.
fn ends(events: &[Event]) -> bool {
    let last = events.iter().rev().find_map(|e| match e.body() {
        Body::RunFinished(end) => Some(end.status),
        Body::RunStatus(now) => Some(now.status),
        _ => None,
    });
    last.is_some_and(Status::is_final)
}
