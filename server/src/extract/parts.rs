//! Path and query of a request, refused in the API's own words: the part that is wrong, and what it says.

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::{Operation, ParameterSchemaOrContent, Response, StatusCode};
use aide::operation::{ParamLocation, add_parameters, parameters_from_schema};
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use gauntlet_model::FieldError;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::error::ApiError;
use crate::openapi::refusals;

/// The query, of a known shape.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        query(parts.uri.query().unwrap_or_default()).map(Self).map_err(|e| ApiError::malformed(&e))
    }
}

/// Reads a query.
pub fn query<T: DeserializeOwned>(text: &str) -> Result<T, FieldError> {
    let pairs = || form_urlencoded::parse(text.as_bytes());
    serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs())).map_err(|error| {
        let path = error.path().to_string();
        let why = error.into_inner().to_string();
        match pairs().find(|(name, _)| *name == path) {
            Some(_) if why.starts_with("unknown field") => FieldError::new(path, why),
            Some((_, value)) => FieldError::new(path, format!("{value:?} cannot be read: {why}")),
            // What is missing, or there twice, has no path; its name is in the sentence.
            None => FieldError::new(why.split('`').nth(1).unwrap_or_default(), why.clone()),
        }
    })
}

/// The parts of the path that vary.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let route = parts.extensions.get::<MatchedPath>().cloned();
        let read = axum::extract::Path::from_request_parts(parts, state).await;
        read.map(|axum::extract::Path(path)| Self(path)).map_err(|rejection| {
            ApiError::malformed(&wrong_part(&rejection, route.as_ref().map_or("", MatchedPath::as_str)))
        })
    }
}

/// The part of `route` that is wrong.
fn wrong_part(rejection: &PathRejection, route: &str) -> FieldError {
    let PathRejection::FailedToDeserializePathParams(failed) = rejection else {
        return FieldError::new("path", rejection.body_text());
    };
    match failed.kind() {
        ErrorKind::ParseErrorAtIndex { index, value, expected_type } => {
            let names = route.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
            let name = names.into_iter().nth(*index).unwrap_or("path");
            FieldError::new(name, format!("{value:?} is not a number of the type {expected_type}"))
        }
        ErrorKind::ParseErrorAtKey { key, value, expected_type } => {
            FieldError::new(key, format!("{value:?} is not a number of the type {expected_type}"))
        }
        ErrorKind::InvalidUtf8InPathParam { key } => FieldError::new(key, "is not UTF-8"),
        other => FieldError::new("path", other.to_string()),
    }
}

/// Describes the fields of `T` as parameters. Its schema is not a component of its own: only the fields
/// matter.
fn describe<T: JsonSchema>(ctx: &mut GenContext, operation: &mut Operation, place: ParamLocation) {
    let schema = T::json_schema(&mut ctx.schema);
    let mut parameters = parameters_from_schema(ctx, schema, place);
    for parameter in &mut parameters {
        // The parameter has it already.
        if let ParameterSchemaOrContent::Schema(schema) = &mut parameter.parameter_data_mut().format {
            schema.json_schema.remove("description");
        }
    }
    add_parameters(ctx, operation, parameters);
}

impl<T: JsonSchema> OperationInput for Query<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        describe::<T>(ctx, operation, ParamLocation::Query);
    }

    fn inferred_early_responses(
        ctx: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<StatusCode>, Response)> {
        refusals(ctx, &[400, 422])
    }
}

impl<T: JsonSchema> OperationInput for Path<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        describe::<T>(ctx, operation, ParamLocation::Path);
    }

    fn inferred_early_responses(
        ctx: &mut GenContext,
        _: &mut Operation,
    ) -> Vec<(Option<StatusCode>, Response)> {
        refusals(ctx, &[400])
    }
}
