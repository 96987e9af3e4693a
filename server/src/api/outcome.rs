//! Answers whose status says what was done: created, there already, gone.

use aide::OperationOutput;
use aide::generate::GenContext;
use aide::openapi::{Operation, Response as Described, StatusCode as Status};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::ApiError;
use crate::extract::Json;
use crate::openapi::refusals;

/// 201 with what was created.
#[derive(Debug)]
pub struct Created<T>(pub T);

/// 202 with what is to be done.
#[derive(Debug)]
pub struct Accepted<T>(pub T);

/// 201 with what was created, 200 with what was there already.
#[derive(Debug)]
pub struct Upserted<T> {
    /// Whether it was created now.
    pub is_new: bool,
    /// What is there now.
    pub value: T,
}

/// 204.
#[derive(Debug)]
pub struct NoContent;

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, Json::<T>(self.0)).into_response()
    }
}

impl<T: Serialize> IntoResponse for Accepted<T> {
    fn into_response(self) -> Response {
        (StatusCode::ACCEPTED, Json::<T>(self.0)).into_response()
    }
}

impl<T: Serialize> IntoResponse for Upserted<T> {
    fn into_response(self) -> Response {
        let status = if self.is_new { StatusCode::CREATED } else { StatusCode::OK };
        (status, Json::<T>(self.value)).into_response()
    }
}

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// JSON of `T` under each status.
fn described<T: JsonSchema>(
    ctx: &mut GenContext,
    operation: &mut Operation,
    statuses: &[u16],
) -> Vec<(Option<Status>, Described)> {
    let answer = Json::<T>::operation_response(ctx, operation).unwrap_or_default();
    statuses.iter().map(|status| (Some(Status::Code(*status)), answer.clone())).collect()
}

impl<T: JsonSchema> OperationOutput for Created<T> {
    type Inner = T;

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<Status>, Described)> {
        described::<T>(ctx, operation, &[201])
    }
}

impl<T: JsonSchema> OperationOutput for Accepted<T> {
    type Inner = T;

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<Status>, Described)> {
        described::<T>(ctx, operation, &[202])
    }
}

impl<T: JsonSchema> OperationOutput for Upserted<T> {
    type Inner = T;

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut Operation,
    ) -> Vec<(Option<Status>, Described)> {
        described::<T>(ctx, operation, &[201, 200])
    }
}

impl OperationOutput for NoContent {
    type Inner = ();

    fn inferred_responses(_: &mut GenContext, _: &mut Operation) -> Vec<(Option<Status>, Described)> {
        vec![(Some(Status::Code(204)), Described::default())]
    }
}

/// Whatever asks the store can find it unable to answer.
impl OperationOutput for ApiError {
    type Inner = gauntlet_api::ErrorBody;

    fn inferred_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<Status>, Described)> {
        refusals(ctx, &[500, 503])
    }
}
