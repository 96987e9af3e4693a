//! Import: a file in one request, or in slices that a killed client goes on with.

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::{Operation, RequestBody, Response, StatusCode as Status};
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use bytes::Bytes;
use gauntlet_api::{ImportAnnouncement, ImportQuery, ImportStatus, Imported, Page, SliceQuery};
use gauntlet_engine::imports::Reading;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Created, NoContent, Upserted};
use crate::body;
use crate::error::ApiError;
use crate::extract::{BODY_REFUSALS, Json, Path, Query};
use crate::openapi::{BYTES, Describe, Docs, binary, content, refusals};
use crate::state::AppState;

/// A file as a body, `IS_COMPLETE`, or a slice of one: bytes that are kept as they are. A whole file may be
/// larger.
#[derive(Debug)]
pub struct FileBytes<const IS_COMPLETE: bool>(Bytes);

impl<const IS_COMPLETE: bool> FromRequest<AppState> for FileBytes<IS_COMPLETE> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let (parts, raw) = request.into_parts();
        let limit = if IS_COMPLETE { state.limits.import_bytes } else { state.limits.body_bytes };
        body::read_bytes(&state.memory, &parts.headers, raw, limit).await.map(Self)
    }
}

impl<const IS_COMPLETE: bool> OperationInput for FileBytes<IS_COMPLETE> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let body =
            RequestBody { content: content(BYTES, binary()), required: true, ..RequestBody::default() };
        aide::operation::set_body(ctx, operation, body);
    }

    fn inferred_early_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<Status>, Response)> {
        refusals(ctx, &BODY_REFUSALS)
    }
}

/// POST `/import?name=&map=&partial=`: the body is the whole file.
pub async fn import(
    State(state): State<AppState>,
    Query(query): Query<ImportQuery>,
    FileBytes(bytes): FileBytes<true>,
) -> Result<Created<Imported>, ApiError> {
    let name = query.name.filter(|n| !n.trim().is_empty()).unwrap_or_else(|| "imported".to_owned());
    let reading = Reading { map: query.map, partial: query.partial };
    let view = state.imports.import(name, bytes, reading).await?;
    let imported = view.imported();
    imported
        .map(Created)
        .ok_or_else(|| ApiError::new(StatusCode::GONE, "cancelled", "the import was given up"))
}

/// How [`import`] is described.
pub fn import_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Files", "Open a result file as a run")
        .status(201, "The run it became.")
        .status(410, "The import was cancelled while it was under way.")
        .status(413, "The file is over the limit.")
        .status(422, "No known shape; the message says what was expected and where it broke.")
        .status(507, "The disk is full; nothing was kept.")
}

/// POST `/imports`: announces a file that comes in slices. 201, or 200 with how far it has come where a file
/// of that key is under way.
pub async fn announce(
    State(state): State<AppState>,
    Json(announced): Json<ImportAnnouncement>,
) -> Result<Upserted<ImportStatus>, ApiError> {
    let (value, is_new) = state.imports.announce(announced).await?;
    Ok(Upserted { is_new, value })
}

/// How [`announce`] is described.
pub fn announce_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Files", "Announce a file that comes in slices")
        .description(
            "ImportAnnouncement again under the same key, such as the file's path, size and time of change, \
             it goes on where it was: `received_bytes` says where the next slice begins.",
        )
        .status(201, "It is new.")
        .status(200, "It is under way.")
        .status(422, "A field is wrong; the message names it.")
        .status(507, "The disk is full; nothing was kept.")
}

/// The part of the path that names a file under way.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ImportPart {
    /// The import's id.
    id: String,
}

/// PUT `/imports/{id}?offset=&last=`: the body is a slice. 409 says where the next one begins.
pub async fn receive(
    State(state): State<AppState>,
    Path(ImportPart { id }): Path<ImportPart>,
    Query(slice): Query<SliceQuery>,
    FileBytes(bytes): FileBytes<false>,
) -> Result<Json<ImportStatus>, ApiError> {
    Ok(Json(state.imports.receive(&id, slice.offset, slice.last, &bytes).await?))
}

/// How [`receive`] is described.
pub fn receive_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Files", "Send a slice of a file")
        .description("With the last slice the file is checked to its end, and only then imported.")
        .status(200, "How far the file has come.")
        .status(404, "No such file is under way.")
        .status(409, "The next slice begins elsewhere; `details` says where (`received_bytes`).")
        .status(507, "The disk is full; nothing of the slice was kept.")
}

/// GET `/imports`: every file under way on one page, the oldest first.
pub async fn list(State(state): State<AppState>) -> Json<Page<ImportStatus>> {
    Json(Page { items: state.imports.list(), next_cursor: None })
}

/// How [`list`] is described.
pub fn list_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Files", "List files under way").status(200, "All of them on one page, the oldest first.")
}

/// GET `/imports/{id}`: how far a file has come.
pub async fn read(
    State(state): State<AppState>,
    Path(ImportPart { id }): Path<ImportPart>,
) -> Result<Json<ImportStatus>, ApiError> {
    Ok(Json(state.imports.view(&id)?))
}

/// How [`read`] is described.
pub fn read_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Files", "How far a file has come")
        .status(200, "The file.")
        .status(404, "No such file is under way.")
}

/// DELETE `/imports/{id}`: forgets a file that is done; gives up one that is not, and its run with it.
pub async fn delete(
    State(state): State<AppState>,
    Path(ImportPart { id }): Path<ImportPart>,
) -> Result<NoContent, ApiError> {
    state.imports.remove(&id).await?;
    Ok(NoContent)
}

/// How [`delete`] is described.
pub fn delete_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Files", "Forget a file, or give it up")
        .description("A file that is not done leaves nothing: its run goes with it.")
        .status(204, "Forgotten.")
        .status(404, "No such file is under way.")
}
