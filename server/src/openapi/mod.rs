//! How handlers are described for the OpenAPI document: what their types do not imply is written beside them
//! ([`Describe`]), and the refusals that many operations share are described here once.

mod describe;

use aide::generate::{GenContext, in_context};
use aide::openapi::{Response, StatusCode};
use axum::Extension;
use axum::http::header;
use axum::response::{IntoResponse, Response as AxumResponse};
use gauntlet_api::ErrorBody;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

pub use describe::{BYTES, Describe, Docs, JSON, LINES, binary, content};

/// How a request can be refused, in general, and the name of that answer in the document. An operation that
/// refuses for a reason of its own says so itself.
pub(crate) const REFUSALS: &[(u16, &str, &str)] = &[
    (400, "BadRequest", "A part of the path, the query or the body cannot be read; `details` names it."),
    (401, "Unauthorized", "The server asks for an API key, and the request has none that it takes."),
    (
        403,
        "Forbidden",
        "The key's role or projects do not allow it; or the request comes from a page of another site, or \
         for another host.",
    ),
    (404, "NotFound", "There is no such run."),
    (408, "Timeout", "The body arrived too slowly, or not to its end."),
    (410, "Gone", "The run was deleted; stop sending for it."),
    (413, "TooLarge", "The body is over the limit, or would take too much memory when it is decoded."),
    (415, "UnsupportedMediaType", "The media type or the encoding is unknown."),
    (422, "Invalid", "A value breaks a rule; `details` names the field."),
    (
        429,
        "TooManyRequests",
        "Too many wrong keys came from this address; `Retry-After` says when to come back.",
    ),
    (500, "Internal", "Something failed here; the log of the server has the cause under the request's id."),
    (
        503,
        "Unavailable",
        "Not now: the log, the disk or the memory is short. Nothing was kept; `Retry-After` says when to \
         come back.",
    ),
];

/// Where [`read`] gets the document from. The router provides it: the document is derived from the routes, of
/// which `read` is one.
#[derive(Debug, Clone, Copy)]
pub struct DocumentText(pub fn() -> &'static str);

/// GET `/api/v1/openapi.json`.
pub async fn read(Extension(DocumentText(text)): Extension<DocumentText>) -> AxumResponse {
    ([(header::CONTENT_TYPE, JSON)], text()).into_response()
}

/// How [`read`] is described.
pub fn read_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Server", "This document")
        .content(200, JSON, json_schema!({ "type": "object" }))
        .status(200, "This document.")
}

/// Clears the collection of schemas. Called before routes are added.
pub fn begin() {
    in_context(|ctx| ctx.schema = SchemaGenerator::new(settings()));
}

/// JSON Schema as OpenAPI 3.1 has it.
fn settings() -> SchemaSettings {
    SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    })
}

/// The schema of a type as it is answered. What may be left out of a request is always there in an answer, so
/// the schemas that requests are read by would say too little.
pub fn answer_schema<T: JsonSchema>(ctx: &mut GenContext) -> Schema {
    let mut generator = SchemaGenerator::new(settings().for_serialize());
    let schema = generator.subschema_for::<T>();
    ctx.schema.definitions_mut().extend(generator.take_definitions(false));
    schema
}

/// The refusals with these statuses, described in general.
pub fn refusals(ctx: &mut GenContext, statuses: &[u16]) -> Vec<(Option<StatusCode>, Response)> {
    let error = answer_schema::<ErrorBody>(ctx);
    statuses.iter().map(|status| (Some(StatusCode::Code(*status)), refusal(*status, error.clone()))).collect()
}

/// A refusal with this status, described in general.
pub(crate) fn refusal(status: u16, error: Schema) -> Response {
    let about = REFUSALS.iter().find(|(known, ..)| *known == status).map_or("", |(_, _, about)| about);
    Response { description: about.to_owned(), content: content(JSON, error), ..Response::default() }
}
