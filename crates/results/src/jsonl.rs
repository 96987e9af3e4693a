//! JSON Lines: one value a line, in and out.

use std::io::{self, Write};

use gauntlet_model::{Event, Kind, Record, RunSpec, RunSummary};
use serde_json::value::RawValue;

use crate::error::ImportError;
use crate::piece::{Piece, Source};

/// Whether the text is one value a line rather than one document. The name only decides where the text does not.
pub(crate) fn looks_like_lines(name: &str, text: &str) -> bool {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    match values.next() {
        Some(Ok(first)) => {
            let more = text.get(values.byte_offset()..).is_some_and(|rest| !rest.trim().is_empty());
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

/// Each line as its own piece; empty lines are skipped.
pub(crate) fn lines(text: &str) -> Result<Vec<Piece<'_>>, ImportError> {
    let numbered = text.lines().enumerate().map(|(i, line)| (i as u64 + 1, line.trim()));
    numbered
        .filter(|(_, line)| !line.is_empty())
        .map(|(first_line, text)| Source { text, first_line }.root())
        .collect()
}

/// Writes one event a line, `run.started` first, as the run is named today. The lines open with [`crate::import`]
/// and are what `POST .../events` accepts.
pub fn write_jsonl<W: Write>(
    mut out: W,
    run: &RunSummary,
    records: impl IntoIterator<Item = io::Result<Record>>,
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

fn write_line<W: Write>(mut out: W, record: &Record) -> io::Result<()> {
    serde_json::to_writer(&mut out, record)?;
    out.write_all(b"\n")
}

/// What a run says of itself, as it would be created anew.
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
    }
}
