//! Artifacts: the bytes behind `artifact.added`, kept under their hash.

use std::io;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use gauntlet_model::{ArtifactAdded, Body as EventBody, EpisodeId, Kind, Timestamp};
use gauntlet_store::StoreError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio_util::io::ReaderStream;

use super::paging::Limit;
use super::{existing, writable};
use crate::body;
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::state::AppState;

/// Bytes read at a time.
const CHUNK: usize = 64 << 10;

/// PUT `/runs/{run}/artifacts/{sha256}`: the body is the file as it is. 201 once it is on the disk, 200 where it was
/// there already and undamaged, 422 where its hash is another.
pub async fn keep(
    State(state): State<AppState>,
    Path((run, sha256)): Path<(String, String)>,
    raw: Body,
) -> Result<StatusCode, ApiError> {
    let id = writable(&state.store, &run).await?;
    let limit = state.limits.artifact_bytes;
    let mut upload = state.store.blobs().begin().await?;
    let mut size = 0u64;
    let mut chunks = raw.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|e| body::unreadable(&e))?;
        size += chunk.len() as u64;
        if size > limit {
            return Err(ApiError::too_large(limit));
        }
        upload.write(&chunk).await?;
    }
    Ok(if upload.finish(&id, &sha256).await? { StatusCode::CREATED } else { StatusCode::OK })
}

/// GET `/runs/{run}/artifacts/{sha256}`: the bytes, always as a download: what a run keeps is not to run in our page.
/// 404 where the run has none of that hash, 500 where the disk changed them.
pub async fn read(
    State(state): State<AppState>,
    Path((run, sha256)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let id = existing(&state.store, &run).await?;
    let found = state.store.blobs().find(&id, &sha256).await;
    let found = found.map_err(|error| match error {
        StoreError::Corrupt(cause) => {
            tracing::error!(%cause, %run, sha256, "an artifact is damaged");
            let message =
                "the stored bytes of this artifact are damaged; sending them again (PUT) repairs it";
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "damaged", message)
        }
        other => other.into(),
    });
    let Some(blob) = found? else {
        let message = format!("the run {run:?} has no artifact {sha256:?}");
        return Err(ApiError::new(StatusCode::NOT_FOUND, "not_found", message));
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment")),
        (header::CONTENT_LENGTH, HeaderValue::from(blob.size)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    let chunks = ReaderStream::with_capacity(blob.file, CHUNK);
    let body = if blob.is_verified {
        Body::from_stream(chunks)
    } else {
        Body::from_stream(verified(chunks, sha256))
    };
    Ok((headers, body).into_response())
}

/// The chunks, the last of them only once all are known to be those of the hash: damaged bytes are never served to
/// their end, which a client sees from the announced length.
fn verified(
    chunks: impl Stream<Item = io::Result<Bytes>> + Send + Unpin + 'static,
    sha256: String,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let start = (chunks, Sha256::new(), None::<Bytes>, sha256);
    stream::try_unfold(start, |(mut chunks, mut hash, mut last, sha256)| async move {
        while let Some(chunk) = chunks.next().await.transpose()? {
            hash.update(&chunk);
            if let Some(before) = last.replace(chunk) {
                return Ok(Some((before, (chunks, hash, last, sha256))));
            }
        }
        let Some(end) = last.take() else { return Ok(None) };
        let found: String = hash.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        if found != sha256 {
            tracing::error!(sha256, "an artifact is damaged");
            return Err(io::Error::other("the artifact is damaged"));
        }
        Ok(Some((end, (chunks, hash, last, sha256))))
    })
}

/// Where a page of the list begins.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    after: Option<u64>,
    #[serde(default)]
    limit: Limit<200, 1000>,
}

/// One `artifact.added` of a run.
#[derive(Debug, Serialize)]
struct Listed {
    seq: u64,
    at: Timestamp,
    episode: Option<EpisodeId>,
    step: Option<u64>,
    #[serde(flatten)]
    artifact: ArtifactAdded,
    /// Whether the bytes are here.
    stored: bool,
}

/// A page of artifacts, in the order they were added.
#[derive(Debug, Serialize)]
struct Page {
    items: Vec<Listed>,
    next_after: Option<u64>,
}

/// GET `/runs/{run}/artifacts?after=&limit=`.
pub async fn list(
    State(state): State<AppState>,
    Path(run): Path<String>,
    Query(query): Query<ListQuery>,
) -> Result<impl IntoResponse, ApiError> {
    let id = existing(&state.store, &run).await?;
    let slice = state.store.read(&id, query.after, query.limit.get(), Some(&[Kind::ArtifactAdded])).await?;
    let mut items = Vec::new();
    for record in &slice.records {
        let event = record.event()?;
        if let EventBody::ArtifactAdded(artifact) = event.body() {
            items.push(Listed {
                seq: record.seq,
                at: event.at(),
                episode: event.episode().cloned(),
                step: event.step(),
                artifact: artifact.clone(),
                stored: state.store.blobs().has(&id, &artifact.sha256).await,
            });
        }
    }
    let next_after = slice.next_after.filter(|seq| seq + 1 < slice.head);
    Ok(Json(Page { items, next_after }))
}
