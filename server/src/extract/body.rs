//! JSON bodies and JSON answers.

use aide::generate::GenContext;
use aide::openapi::{Operation, RequestBody, Response as Described, StatusCode};
use aide::operation::set_body;
use aide::{OperationInput, OperationOutput};
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use gauntlet_model::FieldError;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::body;
use crate::error::ApiError;
use crate::openapi::{JSON, answer_schema, content, refusals};
use crate::state::AppState;

/// A JSON object of a known shape, of at most `MAX_BYTES` after decompression and never more than the
/// server's limit for bodies. As an answer: JSON with the status 200.
#[derive(Debug)]
pub struct Json<T, const MAX_BYTES: usize = { usize::MAX }>(pub T);

/// As [`Json`], where an empty body says nothing in particular.
#[derive(Debug)]
pub struct JsonOrDefault<T>(pub T);

impl<T: DeserializeOwned, const MAX_BYTES: usize> FromRequest<AppState> for Json<T, MAX_BYTES> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        parse(&read(request, state, MAX_BYTES).await?).map(Self)
    }
}

impl<T: DeserializeOwned + Default> FromRequest<AppState> for JsonOrDefault<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let bytes = read(request, state, usize::MAX).await?;
        if bytes.is_empty() { Ok(Self(T::default())) } else { parse(&bytes).map(Self) }
    }
}

async fn read(request: Request, state: &AppState, max_bytes: usize) -> Result<Bytes, ApiError> {
    let (parts, raw) = request.into_parts();
    let limit = state.limits.body_bytes.min(max_bytes);
    let bytes = body::read(&state.memory, &parts.headers, raw, limit).await?;
    if !bytes.is_empty() {
        body::require_json(&parts.headers)?;
    }
    Ok(bytes)
}

/// JSON of a known shape; the error names the field that is wrong.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // The parser alone would also take a list of the fields' values in order.
    if bytes.trim_ascii_start().first().is_some_and(|first| *first == b'[') {
        return Err(ApiError::invalid(&FieldError::new("", "the body is a list, not a JSON object")));
    }
    Ok(gauntlet_model::decode_json(bytes)?)
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(text) => ([(header::CONTENT_TYPE, JSON)], Body::from(text)).into_response(),
            Err(error) => {
                let answer = std::any::type_name::<T>();
                tracing::error!(%error, answer, "an answer could not be written");
                ApiError::internal("the answer could not be written as JSON").into_response()
            }
        }
    }
}

/// Describes a JSON body.
fn describe<T: JsonSchema>(ctx: &mut GenContext, operation: &mut Operation, required: bool) {
    let schema = ctx.schema.subschema_for::<T>();
    let body = RequestBody { content: content(JSON, schema), required, ..RequestBody::default() };
    set_body(ctx, operation, body);
}

/// How every reading of a body can be refused.
pub const BODY_REFUSALS: [u16; 5] = [400, 408, 413, 415, 503];

impl<T: JsonSchema, const MAX_BYTES: usize> OperationInput for Json<T, MAX_BYTES> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        describe::<T>(ctx, operation, true);
    }

    fn inferred_early_responses(
        ctx: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<StatusCode>, Described)> {
        [refusals(ctx, &BODY_REFUSALS), refusals(ctx, &[422])].concat()
    }
}

impl<T: JsonSchema> OperationInput for JsonOrDefault<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        describe::<T>(ctx, operation, false);
    }

    fn inferred_early_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<StatusCode>, Described)> {
        Json::<T>::inferred_early_responses(ctx, operation)
    }
}

impl<T: JsonSchema> OperationOutput for Json<T> {
    type Inner = T;

    fn operation_response(ctx: &mut GenContext, _: &mut Operation) -> Option<Described> {
        let schema = answer_schema::<T>(ctx);
        Some(Described { content: content(JSON, schema), ..Described::default() })
    }

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<StatusCode>, Described)> {
        let described = Self::operation_response(ctx, operation);
        described.into_iter().map(|answer| (Some(StatusCode::Code(200)), answer)).collect()
    }
}
