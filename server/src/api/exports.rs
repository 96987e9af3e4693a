//! Export: a run as a file, streamed.

use std::io::Write;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use gauntlet_film::Rules;
use gauntlet_model::{FieldError, Record, RunId, RunSummary, SnapshotScored};
use gauntlet_store::Store;
use serde::Deserialize;
use tokio::sync::mpsc;

use super::run_id;
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::state::AppState;

/// Events read from the log at a time.
const PAGE: u32 = 2048;

/// A file format a run can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportFormat {
    /// The nested result file that the origin's page opens.
    Results,
    /// Native events, one a line.
    Jsonl,
}

/// Which format.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    format: Option<String>,
}

/// GET `/runs/{run}/export?format=results|jsonl`.
pub async fn read(
    State(state): State<AppState>,
    Path(run): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ApiError> {
    let format = match wanted.format.as_deref().unwrap_or("results") {
        "results" => ExportFormat::Results,
        "jsonl" => ExportFormat::Jsonl,
        other => {
            let error = FieldError::new("format", format!("{other:?} is not one of results, jsonl"));
            return Err(ApiError::invalid(&error));
        }
    };
    let id = run_id(&run)?;
    let summary = state.store.run(&id).await?.ok_or_else(|| ApiError::no_run(&run))?;
    let (kind, ending) = match format {
        ExportFormat::Results => ("application/json", "results.json"),
        ExportFormat::Jsonl => ("application/x-ndjson", "jsonl"),
    };
    let plain: String =
        run.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{plain}.{ending}\""))
        .unwrap_or(HeaderValue::from_static("attachment"));
    let (sender, receiver) = mpsc::channel::<Result<Bytes, std::io::Error>>(8);
    let handle = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        let mut out = std::io::BufWriter::with_capacity(64 << 10, Chunks(&sender));
        if let Err(error) = write(&handle, &state.store, &summary, format, &mut out) {
            tracing::warn!(run = %summary.id, %error, "an export ended early");
            let _ = sender.blocking_send(Err(error));
        }
    });
    let body = Body::from_stream(tokio_stream::wrappers::ReceiverStream::new(receiver));
    let headers =
        [(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, body).into_response())
}

/// Writes a run in that format. Runs on a thread that may block; memory stays bounded by one page of events.
pub fn write(
    handle: &tokio::runtime::Handle,
    store: &Store,
    summary: &RunSummary,
    format: ExportFormat,
    out: &mut impl Write,
) -> std::io::Result<()> {
    let pages = || Pages { handle, store, run: &summary.id, after: None, page: Vec::new().into_iter() };
    let rules = Rules::default();
    match format {
        ExportFormat::Jsonl => gauntlet_results::write_jsonl(&mut *out, summary, pages())?,
        ExportFormat::Results => {
            let events = || pages().map(|record| record?.event().map_err(std::io::Error::other));
            let judge = |scored: &SnapshotScored| rules.failure_of(&scored.scores, &scored.failures);
            gauntlet_results::write_results(&mut *out, summary, events, judge)?;
        }
    }
    out.flush()
}

struct Chunks<'a>(&'a mpsc::Sender<Result<Bytes, std::io::Error>>);

impl Write for Chunks<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map(|()| bytes.len())
            .map_err(|_| std::io::Error::new(std::io::ErrorKind::BrokenPipe, "the client left"))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A run's log, a page at a time.
struct Pages<'a> {
    handle: &'a tokio::runtime::Handle,
    store: &'a Store,
    run: &'a RunId,
    after: Option<u64>,
    page: std::vec::IntoIter<Record>,
}

impl Iterator for Pages<'_> {
    type Item = std::io::Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(record) = self.page.next() {
            return Some(Ok(record));
        }
        match self.handle.block_on(self.store.read(self.run, self.after, PAGE, None)) {
            Ok(page) => {
                self.after = page.records.last().map(|r| r.seq).or(self.after);
                self.page = page.records.into_iter();
                self.page.next().map(Ok)
            }
            Err(error) => Some(Err(std::io::Error::other(error.to_string()))),
        }
    }
}
