//! Events: append, and read after a position.

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::{Operation, Response, StatusCode as Status};
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use gauntlet_api::{AppendOutcome, EventPage, EventQuery};
use gauntlet_engine::clock::now;
use gauntlet_engine::steps::in_episode;
use gauntlet_model::{BatchError, Event, FieldError, Kind, decode_array, decode_lines};

use crate::body;
use crate::error::ApiError;
use crate::extract::{BODY_REFUSALS, Caller, Json, Query, RunPath};
use crate::openapi::{Describe, Docs, JSON, LINES, refusals};
use crate::state::AppState;

/// Bodies above this are decoded on a thread of their own, so that they do not hold up other requests.
const DECODE_INLINE_BYTES: usize = 256 << 10;

/// A body of events, as a JSON array or as JSON Lines; every one of them valid.
#[derive(Debug)]
pub struct EventBatch(Vec<Event>);

impl FromRequest<AppState> for EventBatch {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let (parts, raw) = request.into_parts();
        let decode: fn(&[u8]) -> Result<Vec<Event>, BatchError> =
            match body::media_type(&parts.headers).as_str() {
                "" | JSON => decode_array,
                LINES | "application/ndjson" | "application/jsonl" => decode_lines,
                other => {
                    let message = format!("Content-Type {other:?} is not {JSON} or {LINES}");
                    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
                    return Err(ApiError::new(status, "unsupported_media_type", message));
                }
            };
        let bytes = body::read(&state.memory, &parts.headers, raw, state.limits.body_bytes).await?;
        if bytes.len() <= DECODE_INLINE_BYTES {
            return Ok(Self(decode(&bytes)?));
        }
        let decoded = tokio::task::spawn_blocking(move || decode(&bytes)).await;
        let events = decoded.map_err(|error| {
            tracing::error!(%error, "decoding stopped");
            ApiError::internal("the events could not be decoded")
        })??;
        Ok(Self(events))
    }
}

impl OperationInput for EventBatch {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let (one, all) = (ctx.schema.subschema_for::<Event>(), ctx.schema.subschema_for::<Vec<Event>>());
        let mut content = crate::openapi::content(JSON, all);
        content.extend(crate::openapi::content(LINES, one));
        let body = aide::openapi::RequestBody { content, required: true, ..Default::default() };
        aide::operation::set_body(ctx, operation, body);
    }

    fn inferred_early_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<Status>, Response)> {
        [refusals(ctx, &BODY_REFUSALS), refusals(ctx, &[422])].concat()
    }
}

/// POST `/runs/{run}/events`: answers after the commit. All or nothing.
pub async fn append(
    State(state): State<AppState>,
    RunPath(run): RunPath,
    Caller(caller): Caller,
    EventBatch(events): EventBatch,
) -> Result<Json<AppendOutcome>, ApiError> {
    let events = match caller.name() {
        // Who asks is known: whatever the events say, it is the author of the notes and commands in them.
        Some(author) => {
            events.into_iter().map(|event| event.with_author(author)).collect::<Result<_, _>>()?
        }
        None => events,
    };
    let done = state.store.append(&run, events, now()).await?;
    Ok(Json(AppendOutcome {
        accepted: done.accepted,
        duplicates: done.duplicates,
        first_seq: done.first_seq,
        last_seq: done.last_seq,
    }))
}

/// How [`append`] is described.
pub fn append_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Events", "Append events")
        .description(
            "All or nothing, answered when the events are on the disk. `Content-Encoding` may be `gzip` or \
             `zstd`. The `id` of an event is its idempotency key: sending it again appends nothing.",
        )
        .status(200, "Kept.")
        .status(409, "The log is full.")
        .status(410, "The run was deleted; stop sending for it.")
        .status(422, "An event breaks a rule: `details` holds its `index`, `field` and `message`.")
}

/// GET `/runs/{run}/events`: a part of the log, by position.
pub async fn read(
    State(state): State<AppState>,
    RunPath(run): RunPath,
    Query(query): Query<EventQuery>,
) -> Result<Json<EventPage>, ApiError> {
    let limit = query.limit.get("limit")?;
    let kinds = query.kind.as_deref().map(parse_kinds).transpose()?;
    let episode = in_episode(&query.episode);
    let slice = state.store.read_episode(&run, query.after, limit, kinds.as_deref(), episode).await?;
    crate::live::within("after", query.after, slice.head)?;
    Ok(Json(EventPage { events: slice.records, next_after: slice.next_after, head: slice.head }))
}

/// How [`read`] is described.
pub fn read_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Events", "Read events")
        .description("An event that cannot be read any more is a `gap` in its place, which names it.")
        .status(200, "A part of the log.")
        .status(409, "The log has no event `after`: the run is another one under the same id.")
}

/// Kinds from a comma-separated list.
fn parse_kinds(text: &str) -> Result<Vec<Kind>, ApiError> {
    let named = text.split(',').map(str::trim).filter(|w| !w.is_empty());
    named
        .map(|word| {
            Kind::from_name(word).ok_or_else(|| {
                ApiError::invalid(&FieldError::new("kind", format!("{word:?} is not a kind of event")))
            })
        })
        .collect()
}
