//! Export: a run as a file, streamed.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use gauntlet_api::ExportQuery;
use gauntlet_engine::exports::{ExportFormat, Written, write};
use schemars::json_schema;

use crate::error::ApiError;
use crate::extract::{LoadedRun, Query, run_id};
use crate::openapi::{Describe, Docs, JSON, binary};
use crate::state::AppState;

/// The media type, and how a file's name ends.
fn media_type(format: ExportFormat) -> (&'static str, &'static str) {
    match format {
        ExportFormat::Results => ("application/json", "results.json"),
        ExportFormat::Jsonl => ("application/x-ndjson", "jsonl"),
        ExportFormat::Film => ("application/zstd", "film"),
        ExportFormat::Parquet => ("application/vnd.apache.parquet", "parquet"),
        ExportFormat::Csv => ("text/csv; charset=utf-8", "csv"),
        ExportFormat::Dpo => ("application/x-ndjson", "dpo.jsonl"),
        ExportFormat::Otlp => ("application/x-ndjson", "otlp.jsonl"),
    }
}

/// GET `/runs/{run}/export`: 404 where a run is missing, 422 where a second one makes no sense.
pub async fn read(
    State(state): State<AppState>,
    LoadedRun(run): LoadedRun,
    Query(query): Query<ExportQuery>,
) -> Result<Response, ApiError> {
    let format = query.format.as_deref().map_or(Ok(ExportFormat::Results), str::parse)?;
    let with = match &query.with {
        Some(other) => {
            format.compares()?;
            let other = state.store.run(&run_id(other)?).await?.ok_or_else(|| ApiError::no_run(other))?;
            Some(other)
        }
        None => None,
    };
    let (kind, ending) = media_type(format);
    let id = run.id.as_str();
    let plain: String =
        id.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{plain}.{ending}\""))
        .unwrap_or(HeaderValue::from_static("attachment"));
    let written = Written { run, format, with };
    let handle = tokio::runtime::Handle::current();
    let (downloads, store) = (state.downloads.clone(), state.store.clone());
    let file = downloads.stream(store.folder(), move |mut out, cancel| {
        write(&handle, &state.store, &written, &|| cancel.check(), &mut out)
    });
    let body = Body::from_stream(file.await?);
    let headers =
        [(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, body).into_response())
}

/// How [`read`] is described.
pub fn read_docs(op: Docs<'_>) -> Docs<'_> {
    let op = op.titled("Files", "Write a run as a file");
    ExportFormat::ALL
        .into_iter()
        .fold(op, |op, format| {
            let (media, _) = media_type(format);
            let schema = if media == JSON { json_schema!({ "type": "object" }) } else { binary() };
            op.content(200, media.split(';').next().unwrap_or(media), schema)
        })
        .status(200, "The file, streamed, with the media type of its format.")
        .status(404, "There is no such run, or none that `with` names.")
        .status(422, "There is no such format, or it compares no runs; the message names those there are.")
        .status(507, "The disk is full: a file is written there before it is sent.")
}
