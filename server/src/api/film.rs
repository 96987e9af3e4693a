//! The film: its manifest, and its chunks as stored (binary, zstd, immutable).

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gauntlet_film::{Fact, Manifest, codec, levels};
use gauntlet_model::{FailureRule, FailureRules, RunId, RunSummary};
use gauntlet_store::Store;
use serde::{Deserialize, Serialize};

use super::summary;
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::state::AppState;

/// zstd level of sealed chunks: they are written once and read often.
const ZSTD_LEVEL: i32 = 9;
/// Events read from the log at a time while a chunk is sealed.
const PAGE: u32 = 8192;

/// The manifest, and the word that tells this run from an earlier one of the same id.
#[derive(Serialize)]
struct Versioned {
    #[serde(flatten)]
    manifest: Manifest,
    version: String,
}

/// A deleted run's id can be used again: its creation time tells the two apart. Coarser chunks depend on the rules.
fn version(run: &RunSummary) -> String {
    let created = run.created_at.micros();
    match run.rules {
        FailureRules::Auto => created.to_string(),
        FailureRules::Dipg => format!("{created}-dipg"),
        FailureRules::RootBelow(limit) => format!("{created}-root{limit}"),
    }
}

/// `?v=` the manifest's version; with it a chunk may be kept forever.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfVersion {
    v: Option<String>,
}

/// GET `/runs/{run}/film`: the manifest.
pub async fn manifest(
    State(state): State<AppState>,
    Path(run): Path<String>,
) -> Result<impl IntoResponse, ApiError> {
    let summary = summary(&state.store, &run).await?;
    let film = state.films.get(&summary.id).await?;
    let film = film.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let paths = film.paths().iter().map(|p| p.path.clone()).collect();
    let version = version(&summary);
    let manifest = Manifest {
        rules: summary.rules,
        failure_rule: film.rule_in_force(),
        ..Manifest::new(summary.id, film.head(), film.len() as u64, paths)
    };
    Ok(([(header::CACHE_CONTROL, "no-cache")], Json(Versioned { manifest, version })))
}

/// GET `/runs/{run}/film/{level}/{chunk}`: a sealed chunk; 404 until the log is long enough.
pub async fn chunk(
    State(state): State<AppState>,
    Path((run, level, chunk)): Path<(String, u8, u64)>,
    Query(query): Query<OfVersion>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let summary = summary(&state.store, &run).await?;
    let id = &summary.id;
    let sealed = (level < 10)
        .then(|| levels::span(level))
        .and_then(|span| chunk.checked_add(1)?.checked_mul(span))
        .is_some_and(|end| end <= summary.head);
    if !sealed {
        let message =
            format!("chunk {chunk} of level {level} is not sealed; the log has {} events", summary.head);
        return Err(ApiError::new(StatusCode::NOT_FOUND, "not_found", message));
    }
    let version = version(&summary);
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
    let stored = match state.store.chunk(id, level, chunk).await? {
        Some(stored) => stored,
        None => seal(&state.store, id, level, chunk, summary.failure_rule.rule).await?,
    };
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let takes_zstd = accepts.split(',').any(|e| e.split(';').next().unwrap_or_default().trim() == "zstd");
    let kind = [(header::CONTENT_TYPE, "application/vnd.gauntlet.film")];
    if takes_zstd {
        return Ok((fixed, kind, [(header::CONTENT_ENCODING, "zstd")], stored).into_response());
    }
    let plain = zstd::decode_all(stored.as_slice()).map_err(|e| {
        tracing::error!(error = %e, run = %id, level, chunk, "a stored chunk is not zstd");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "a stored chunk is unreadable")
    })?;
    Ok((fixed, kind, plain).into_response())
}

/// Builds a chunk from the log and keeps it.
async fn seal(
    store: &Store,
    run: &RunId,
    level: u8,
    chunk: u64,
    rule: FailureRule,
) -> Result<Vec<u8>, ApiError> {
    let span = levels::span(level);
    let (from, end) = (chunk * span, (chunk + 1) * span);
    let mut facts = Vec::new();
    let mut next = from;
    while next < end {
        let limit = PAGE.min(u32::try_from(end - next).unwrap_or(PAGE));
        let page = store.read(run, next.checked_sub(1), limit, None).await?;
        let Some(last) = page.records.last() else { break };
        next = last.seq + 1;
        for record in &page.records {
            match Fact::of_record(record) {
                Ok(fact) => facts.push(fact),
                Err(error) => {
                    tracing::error!(%run, seq = record.seq, %error, "a stored event breaks the rules")
                }
            }
        }
    }
    let packed = tokio::task::spawn_blocking(move || {
        if level > 0 {
            facts = levels::thin(&facts, rule, level);
        }
        zstd::encode_all(codec::encode(&facts).as_slice(), ZSTD_LEVEL)
    });
    let packed = packed.await.map_err(std::io::Error::other).and_then(|r| r).map_err(|e| {
        tracing::error!(error = %e, %run, level, chunk, "sealing a chunk failed");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the chunk could not be packed")
    })?;
    store.put_chunk(run, level, chunk, packed.clone()).await?;
    Ok(packed)
}
