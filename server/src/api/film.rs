//! The film: its manifest, and its chunks as stored (binary, zstd, immutable).

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gauntlet_api::{ChunkQuery, FilmManifest};
use gauntlet_engine::chunks::{self, SealedChunk};
use gauntlet_engine::facts;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::ApiError;
use crate::extract::{Json, LoadedRun, Path, Query};
use crate::openapi::{Describe, Docs, binary};
use crate::state::AppState;

/// The media type of a chunk.
const CHUNK: &str = "application/vnd.gauntlet.film";

/// GET `/runs/{run}/film`: the manifest.
pub async fn manifest(
    State(state): State<AppState>,
    LoadedRun(run): LoadedRun,
) -> Result<Response, ApiError> {
    let manifest: FilmManifest = state.films.manifest(run).await?;
    Ok(([(header::CACHE_CONTROL, "no-cache")], Json(manifest)).into_response())
}

/// How [`manifest`] is described.
pub fn manifest_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Film", "The manifest")
        .json::<FilmManifest>(200)
        .status(200, "Head, steps, rubric paths, levels and chunks.")
}

/// The parts of the path that name a chunk.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ChunkPart {
    /// Level of detail: 0 is every fact, each further one is coarser.
    level: u8,
    /// The chunk's number, from 0.
    chunk: u64,
}

/// GET `/runs/{run}/film/{level}/{chunk}`: a sealed chunk; 404 until the log is long enough.
pub async fn chunk(
    State(state): State<AppState>,
    LoadedRun(run): LoadedRun,
    Path(ChunkPart { level, chunk }): Path<ChunkPart>,
    Query(query): Query<ChunkQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let sealed = SealedChunk::of(&run, level, chunk)?;
    let version = chunks::version(&run);
    let etag = format!("\"{version}-{level}-{chunk}\"");
    let keep =
        if query.v.as_ref() == Some(&version) { "private, max-age=31536000, immutable" } else { "no-cache" };
    let fixed = [
        (header::ETAG, HeaderValue::try_from(&etag).unwrap_or(HeaderValue::from_static("\"\""))),
        (header::CACHE_CONTROL, HeaderValue::from_static(keep)),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
    ];
    let known = headers.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok());
    if known.is_some_and(|tags| tags.split(',').any(|t| t.trim() == etag)) {
        return Ok((StatusCode::NOT_MODIFIED, fixed).into_response());
    }
    let packed = state.films.chunk(sealed).await?;
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let takes_zstd = accepts.split(',').any(|e| e.split(';').next().unwrap_or_default().trim() == "zstd");
    let kind = [(header::CONTENT_TYPE, CHUNK)];
    if takes_zstd {
        return Ok((fixed, kind, [(header::CONTENT_ENCODING, "zstd")], packed).into_response());
    }
    Ok((fixed, kind, facts::unpack(&packed)?).into_response())
}

/// How [`chunk`] is described.
pub fn chunk_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Film", "A sealed chunk")
        .description(
            "Packed facts, zstd-compressed; immutable once it exists. Sent decompressed to clients \
             without zstd.",
        )
        .content(200, CHUNK, binary())
        .status(200, "The chunk.")
        .status(304, "It is the one that `If-None-Match` names.")
        .status(404, "There is no such run, or the chunk is not sealed yet.")
}
