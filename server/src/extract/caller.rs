//! Who asks, as the layer of [`crate::access`] found out.

use aide::OperationInput;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use gauntlet_vault::Principal;

use crate::error::ApiError;

/// The principal of a request.
#[derive(Debug, Clone)]
pub struct Caller(pub Principal);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let principal = parts.extensions.get::<Principal>().cloned();
        principal.map(Self).ok_or_else(|| ApiError::internal("nobody found out who asks"))
    }
}

impl OperationInput for Caller {}
