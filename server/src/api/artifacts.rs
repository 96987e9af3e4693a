//! Artifacts: the bytes behind `artifact.added`, kept under their hash.

use std::io;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use gauntlet_api::{Artifact, ArtifactListQuery, Page};
use gauntlet_model::{Body as EventBody, FieldError, Kind};
use gauntlet_store::StoreError;
use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio_util::io::ReaderStream;

use crate::body;
use crate::error::ApiError;
use crate::extract::{ExistingRun, Json, Path, Query, WritableRun};
use crate::openapi::{BYTES, Describe, Docs, binary};
use crate::state::AppState;

/// Bytes read at a time.
const CHUNK: usize = 64 << 10;

/// The part of the path that names an artifact.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ArtifactPart {
    /// SHA-256 of the bytes, 64 lowercase hexadecimal digits.
    sha256: String,
}

/// PUT `/runs/{run}/artifacts/{sha256}`: the body is the file as it is. 201 once it is on the disk, 200 where
/// it was there already and undamaged, 422 where its hash is another.
pub async fn put(
    State(state): State<AppState>,
    WritableRun(run): WritableRun,
    Path(ArtifactPart { sha256 }): Path<ArtifactPart>,
    raw: Body,
) -> Result<StatusCode, ApiError> {
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
    Ok(if upload.finish(&run, &sha256).await? { StatusCode::CREATED } else { StatusCode::OK })
}

/// How [`put`] is described.
pub fn put_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Files", "Keep an artifact's bytes")
        .description("Safe to repeat. The event `artifact.added` says what they are.")
        .body(BYTES, binary())
        .status(201, "Kept.")
        .status(200, "They were here already.")
        .status(408, "The body arrived too slowly, or not to its end.")
        .status(413, "The body is over the limit.")
        .status(422, "The hash of the body is another.")
}

/// GET `/runs/{run}/artifacts/{sha256}`: the bytes, always as a download: what a run keeps is not to run in
/// our page. 404 where the run has none of that hash, 500 where the disk changed them.
pub async fn get(
    State(state): State<AppState>,
    ExistingRun(run): ExistingRun,
    Path(ArtifactPart { sha256 }): Path<ArtifactPart>,
) -> Result<Response, ApiError> {
    let found = state.store.blobs().find(&run, &sha256).await;
    let found = found.map_err(|error| match error {
        StoreError::Corrupt { message: cause, .. } => {
            tracing::error!(%cause, %run, sha256, "an artifact is damaged");
            let message =
                "the stored bytes of this artifact are damaged; sending them again (PUT) repairs it";
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "damaged", message)
        }
        other => other.into(),
    });
    let Some(blob) = found? else {
        let message = format!("the run {:?} has no artifact {sha256:?}", run.as_str());
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

/// How [`get`] is described.
pub fn get_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Files", "An artifact's bytes")
        .content(200, BYTES, binary())
        .status(200, "The bytes, as a download.")
        .status(404, "There is no such run or artifact.")
        .status(
            500,
            "With the code `damaged`: the stored bytes are others than its hash says; a PUT repairs it.",
        )
}

/// The chunks, the last of them only once all are known to be those of the hash: damaged bytes are never
/// served to their end, which a client sees from the announced length.
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
        let found = hex::encode(hash.clone().finalize());
        if found != sha256 {
            tracing::error!(sha256, "an artifact is damaged");
            return Err(io::Error::other("the artifact is damaged"));
        }
        Ok(Some((end, (chunks, hash, last, sha256))))
    })
}

/// GET `/runs/{run}/artifacts`: in the order they were added. The cursor is the sequence number of the last
/// event that was looked at.
pub async fn list(
    State(state): State<AppState>,
    ExistingRun(run): ExistingRun,
    Query(query): Query<ArtifactListQuery>,
) -> Result<Json<Page<Artifact>>, ApiError> {
    let limit = query.limit.get("limit")?;
    let unknown =
        |cursor: &String| FieldError::new("cursor", format!("{cursor:?} is not a cursor of this list"));
    let after = query.cursor.as_ref().map(|cursor| cursor.parse::<u64>().map_err(|_| unknown(cursor)));
    let slice = state.store.read(&run, after.transpose()?, limit, Some(&[Kind::ArtifactAdded])).await?;
    let mut items = Vec::new();
    for record in &slice.records {
        let event = record.event()?;
        if let EventBody::ArtifactAdded(artifact) = event.body() {
            items.push(Artifact {
                seq: record.seq,
                at: event.at(),
                episode: event.episode().cloned(),
                step: event.step(),
                artifact: artifact.clone(),
                stored: state.store.blobs().has(&run, &artifact.sha256).await,
            });
        }
    }
    let next = slice.next_after.filter(|seq| seq + 1 < slice.head);
    Ok(Json(Page { items, next_cursor: next.map(|seq| seq.to_string()) }))
}

/// How [`list`] is described.
pub fn list_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Files", "List artifacts").status(200, "A page.")
}
