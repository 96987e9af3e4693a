//! From the bytes of a file to a run: detects the shape, reads it, ends the run.

use std::collections::BTreeSet;

use bytes::Bytes;
use gauntlet_model::{Body, Event, EventId, Object, RunSpec, Timestamp};
use parquet::file::reader::ChunkReader;

use crate::context::{Head, closes_run, end};
use crate::document::Document;
use crate::error::ImportError;
use crate::format::{self, Format};
use crate::options::Options;
use crate::plan::{Plan, Replay};
use crate::rows::Rows;
use crate::run;
use crate::survey::Survey;

/// The run in a file, ready to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The run to create. It has no id: an import makes a new run.
    pub spec: RunSpec,
    /// People's notes on the run, if the file has any.
    pub notes: String,
    /// Its events in log order, without `run.started`, ending with the run finished.
    pub events: Vec<Event>,
    /// Warnings for the person who opened the file.
    pub warnings: Vec<String>,
    /// Scored snapshots among the events.
    pub steps: u64,
    /// Different episodes among the events.
    pub episodes: u64,
}

/// Imports a result file of any known shape. `name` is the file's name, `now` the time where the file has
/// none, `ids` makes ids for events without one.
///
/// # Errors
/// Why the file is refused. With [`Options::partial_allowed`], unreadable records are skipped instead.
pub fn import(
    name: &str,
    bytes: &[u8],
    now: Timestamp,
    options: &Options,
    ids: &mut dyn FnMut() -> EventId,
) -> Result<Imported, ImportError> {
    let source = Bytes::copy_from_slice(bytes);
    let format = Format::detect(name, &source)?;
    let mut events = Vec::new();
    let (head, warnings) = if format == Format::Document {
        let mut document = Document::new(bytes.to_vec(), options)?;
        let mut emit = |event| {
            events.push(event);
            Ok(())
        };
        let found = document.read(name, now, options, ids, &mut emit)?;
        (found.head, found.warnings)
    } else {
        let mut survey = survey(format, source.clone(), now, options)?;
        while survey.advance()? {}
        let plan = survey.plan(name)?;
        events = replay(&plan, format, source, options, ids)?.collect::<Result<Vec<_>, _>>()?;
        (Head { spec: plan.spec().clone(), notes: plan.notes().to_owned() }, plan.warnings().to_vec())
    };
    finished(head, events, warnings, now, ids)
}

/// The first pass over a file that is not a document: see [`Survey`].
pub fn survey<S>(
    format: Format,
    source: S,
    now: Timestamp,
    options: &Options,
) -> Result<Survey<'static>, ImportError>
where
    S: ChunkReader + 'static,
    S::T: 'static,
{
    let shape = match format {
        Format::Csv(_) | Format::Parquet => "table",
        Format::Packed => "film",
        Format::Archive => crate::inspect::SHAPE,
        Format::Lines | Format::Document => "list of snapshots",
    };
    Ok(Survey::new(records(format, source, options)?, now, shape, Object::new(), options))
}

/// The second pass, over the same file: its events, without the one of [`Plan::end`].
pub fn replay<'p, S>(
    plan: &'p Plan,
    format: Format,
    source: S,
    options: &Options,
    ids: &'p mut dyn FnMut() -> EventId,
) -> Result<Replay<'p>, ImportError>
where
    S: ChunkReader + 'static,
    S::T: 'static,
{
    Ok(plan.replay(records(format, source, options)?, ids))
}

fn records<S>(format: Format, source: S, options: &Options) -> Result<Box<dyn Rows>, ImportError>
where
    S: ChunkReader + 'static,
    S::T: 'static,
{
    let message = "is one JSON document, which cannot be read record by record";
    format::open(format, source, options)?
        .ok_or_else(|| ImportError::new("", message, "JSON Lines or a table"))
}

fn finished(
    head: Head,
    mut events: Vec<Event>,
    mut warnings: Vec<String>,
    now: Timestamp,
    ids: &mut dyn FnMut() -> EventId,
) -> Result<Imported, ImportError> {
    let Head { spec, notes } = head;
    run::check(&spec, now)?;
    let steps = events.iter().filter(|e| matches!(e.body(), Body::SnapshotScored(_))).count() as u64;
    if steps == 0 {
        warnings.push("the file holds no scored step".to_owned());
    }
    let episodes = events.iter().filter_map(Event::episode).collect::<BTreeSet<_>>().len() as u64;
    if !ends(&events) {
        let at = events.iter().map(Event::at).max().unwrap_or(now);
        events.push(end(ids(), at)?);
    }
    Ok(Imported { spec, notes, events, warnings, steps, episodes })
}

/// Whether the last status of the run is final.
fn ends(events: &[Event]) -> bool {
    events.iter().rev().find_map(closes_run).unwrap_or(false)
}
