//! Events: append, and read after a position.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gauntlet_model::{Event, FieldError, Kind, decode_array, decode_lines};
use serde::{Deserialize, Serialize};

use super::paging::{Limit, OfEpisode};
use super::run_id;
use crate::body;
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::state::{AppState, now};

/// Bodies above this are decoded on a thread of their own, so that they do not hold up other requests.
const DECODE_INLINE_BYTES: usize = 256 << 10;

#[derive(Serialize)]
struct Accepted {
    accepted: u64,
    duplicates: u64,
    first_seq: Option<u64>,
    last_seq: Option<u64>,
}

/// POST `/runs/{run}/events`: answers after the commit. All or nothing.
pub async fn append(
    State(state): State<AppState>,
    Path(run): Path<String>,
    headers: HeaderMap,
    raw: axum::body::Body,
) -> Result<Response, ApiError> {
    let run = run_id(&run)?;
    let decode: fn(&[u8]) -> Result<Vec<Event>, gauntlet_model::BatchError> = match body::media_type(&headers)
        .as_str()
    {
        "" | "application/json" => decode_array,
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => decode_lines,
        other => {
            let message = format!("Content-Type {other:?} is not application/json or application/x-ndjson");
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message));
        }
    };
    let bytes = body::read(&state.memory, &headers, raw, state.limits.body_bytes).await?;
    let events = if bytes.len() <= DECODE_INLINE_BYTES {
        decode(&bytes)?
    } else {
        let decoded = tokio::task::spawn_blocking(move || decode(&bytes)).await;
        decoded.map_err(|e| {
            tracing::error!(error = %e, "decoding stopped");
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the events could not be decoded")
        })??
    };
    let done = state.store.append(&run, events, now()).await?;
    let answer = Accepted {
        accepted: done.accepted,
        duplicates: done.duplicates,
        first_seq: done.first_seq,
        last_seq: done.last_seq,
    };
    Ok(Json(answer).into_response())
}

/// Where to read from, and what.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadQuery {
    after: Option<u64>,
    #[serde(default)]
    limit: Limit<1000, 10_000>,
    kind: Option<String>,
    #[serde(default)]
    episode: OfEpisode,
}

/// GET `/runs/{run}/events?after=&limit=&kind=&episode=`: `{events, next_after, head}`.
pub async fn read(
    State(state): State<AppState>,
    Path(run): Path<String>,
    Query(query): Query<ReadQuery>,
) -> Result<Response, ApiError> {
    let id = run_id(&run)?;
    let kinds = query.kind.as_deref().map(parse_kinds).transpose()?;
    let (limit, episode) = (query.limit.get(), query.episode.filter());
    let page = state.store.read_episode(&id, query.after, limit, kinds.as_deref(), episode).await?;
    crate::live::within("after", query.after, page.head)?;
    #[derive(Serialize)]
    struct Page<'a> {
        events: &'a [gauntlet_model::Record],
        next_after: Option<u64>,
        head: u64,
    }
    let text =
        serde_json::to_string(&Page { events: &page.records, next_after: page.next_after, head: page.head });
    let text = text.map_err(|e| {
        tracing::error!(error = %e, %id, "a stored event is not JSON");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "a stored event could not be written")
    })?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

/// Kinds from a comma-separated list.
pub fn parse_kinds(text: &str) -> Result<Vec<Kind>, ApiError> {
    let named = text.split(',').map(str::trim).filter(|w| !w.is_empty());
    named
        .map(|word| {
            Kind::from_name(word).ok_or_else(|| {
                ApiError::invalid(&FieldError::new("kind", format!("{word:?} is not a kind of event")))
            })
        })
        .collect()
}
