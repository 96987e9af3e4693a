//! The film: its manifest, and its chunks as stored (binary, zstd, immutable).

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gauntlet_api::{ChunkQuery, FilmManifest};
use gauntlet_film::surroundings::Surroundings;
use gauntlet_film::{Fact, Manifest, codec, levels};
use gauntlet_model::{FailureRule, FailureRules, Kind, Record, RunId, RunSummary};
use gauntlet_store::{InEpisode, Store};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::ApiError;
use crate::extract::{Json, LoadedRun, Path, Query};
use crate::openapi::{Describe, Docs, binary};
use crate::state::AppState;

/// The media type of a chunk.
const CHUNK: &str = "application/vnd.gauntlet.film";
/// zstd level of sealed chunks: they are written once and read often.
const ZSTD_LEVEL: i32 = 9;
/// Events read from the log at a time while a chunk is sealed.
const PAGE: u32 = 8192;

/// A deleted run's id can be used again: its creation time tells the two apart. Coarser chunks depend on the
/// rules.
fn version(run: &RunSummary) -> String {
    let created = run.created_at.micros();
    match run.rules {
        FailureRules::Auto => created.to_string(),
        FailureRules::Dipg => format!("{created}-dipg"),
        FailureRules::RootBelow(limit) => format!("{created}-root{limit}"),
    }
}

/// GET `/runs/{run}/film`: the manifest.
pub async fn manifest(
    State(state): State<AppState>,
    LoadedRun(run): LoadedRun,
) -> Result<Response, ApiError> {
    let film = state.films.get(&run.id).await?;
    let film = film.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let paths = film.paths().iter().map(|p| p.path.clone()).collect();
    let version = version(&run);
    let manifest = Manifest {
        rules: run.rules,
        failure_rule: film.rule_in_force(),
        ..Manifest::new(run.id, film.head(), film.len() as u64, paths)
    };
    let manifest = Json::<FilmManifest>(FilmManifest { manifest, version });
    Ok(([(header::CACHE_CONTROL, "no-cache")], manifest).into_response())
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
    LoadedRun(summary): LoadedRun,
    Path(ChunkPart { level, chunk }): Path<ChunkPart>,
    Query(query): Query<ChunkQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
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
        None => seal(&state, id, level, chunk, summary.failure_rule.rule).await?,
    };
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let takes_zstd = accepts.split(',').any(|e| e.split(';').next().unwrap_or_default().trim() == "zstd");
    let kind = [(header::CONTENT_TYPE, CHUNK)];
    if takes_zstd {
        return Ok((fixed, kind, [(header::CONTENT_ENCODING, "zstd")], stored).into_response());
    }
    let plain = zstd::decode_all(stored.as_slice()).map_err(|e| {
        tracing::error!(error = %e, run = %id, level, chunk, "a stored chunk is not zstd");
        ApiError::internal("a stored chunk is unreadable")
    })?;
    Ok((fixed, kind, plain).into_response())
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

/// Builds a chunk from the log and keeps it.
async fn seal(
    state: &AppState,
    run: &RunId,
    level: u8,
    chunk: u64,
    rule: FailureRule,
) -> Result<Vec<u8>, ApiError> {
    let store = &state.store;
    let span = levels::span(level);
    let (from, end) = (chunk * span, (chunk + 1) * span);
    let facts = facts_of(store, run, from, end).await?;
    let film = if level > 0 { Some(state.films.get(run).await?) } else { None };
    let around = film.map(|film| {
        let film = film.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Surroundings::of(&facts, &film)
    });
    let mut needed = match &around {
        Some(around) => facts_around(store, run, around, from).await?,
        None => Vec::new(),
    };
    let packed = tokio::task::spawn_blocking(move || {
        let facts = match around {
            Some(around) => {
                needed.extend(levels::thin(&facts, rule, level, &around));
                needed
            }
            None => facts,
        };
        zstd::encode_all(codec::encode(&facts).as_slice(), ZSTD_LEVEL)
    });
    let packed = packed.await.map_err(std::io::Error::other).and_then(|r| r).map_err(|e| {
        tracing::error!(error = %e, %run, level, chunk, "sealing a chunk failed");
        ApiError::internal("the chunk could not be packed")
    })?;
    store.put_chunk(run, level, chunk, packed.clone()).await?;
    Ok(packed)
}

/// The facts at the places `from..end` of a run's log.
async fn facts_of(store: &Store, run: &RunId, from: u64, end: u64) -> Result<Vec<Fact>, ApiError> {
    let mut facts = Vec::new();
    let mut next = from;
    while next < end {
        let limit = PAGE.min(u32::try_from(end - next).unwrap_or(PAGE));
        let page = store.read(run, next.checked_sub(1), limit, None).await?;
        let Some(last) = page.records.last() else { break };
        next = last.seq + 1;
        facts.extend(page.records.iter().filter_map(|record| fact_of(run, record)));
    }
    Ok(facts)
}

/// The facts before the place `from` that a chunk there needs, in log order.
async fn facts_around(
    store: &Store,
    run: &RunId,
    around: &Surroundings,
    from: u64,
) -> Result<Vec<Fact>, ApiError> {
    let mut needed = BTreeMap::new();
    for seq in &around.ends {
        needed.extend(facts_of(store, run, *seq, seq + 1).await?.into_iter().map(|fact| (fact.seq, fact)));
    }
    for (step, episode) in &around.nodes {
        let episode = episode.as_ref().map_or(InEpisode::Without, InEpisode::Only);
        for record in store.step(run, *step, episode).await?.iter().filter(|record| record.seq < from) {
            let scores = matches!(record.kind, Kind::SnapshotScored | Kind::ScoreAdded);
            needed.extend(scores.then(|| fact_of(run, record)).flatten().map(|fact| (fact.seq, fact)));
        }
    }
    Ok(needed.into_values().collect())
}

fn fact_of(run: &RunId, record: &Record) -> Option<Fact> {
    let fact = Fact::of_record(record);
    fact.inspect_err(
        |error| tracing::error!(%run, seq = record.seq, %error, "a stored event breaks the rules"),
    )
    .ok()
}
