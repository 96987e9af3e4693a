//! What every request passes: its id, the log line, the headers that every answer carries.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use gauntlet_api::{ErrorBody, ErrorInfo};
use gauntlet_engine::clock::new_event_id;
use tracing::Instrument;

use crate::policy::{self, FrameAncestors};

/// The header that names a request in the log.
pub static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

static PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
/// Pages use no device of a browser.
const NO_DEVICES: &str = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";

/// Takes or makes the request id, logs the request under it, and says it in the response and in error bodies.
pub async fn request_id(request: Request, next: Next) -> Response {
    let id = request
        .headers()
        .get(&REQUEST_ID)
        .and_then(|v| v.to_str().ok())
        .filter(|v| !v.is_empty() && v.len() <= 128 && v.bytes().all(|b| b.is_ascii_graphic()))
        .map_or_else(|| new_event_id().to_string(), str::to_owned);
    let span =
        tracing::info_span!("request", id = %id, method = %request.method(), path = %request.uri().path());
    async move {
        let begun = std::time::Instant::now();
        let mut response = next.run(request).await;
        if let Some(mut error) = response.extensions_mut().remove::<ErrorInfo>() {
            error.request_id = Some(id.clone());
            if let Ok(body) = serde_json::to_vec(&ErrorBody { error }) {
                response.headers_mut().remove(header::CONTENT_LENGTH);
                *response.body_mut() = Body::from(body);
            }
        }
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID.clone(), value);
        }
        let status = response.status();
        let elapsed_ms = begun.elapsed().as_secs_f64() * 1e3;
        if status.is_server_error() {
            tracing::warn!(status = status.as_u16(), elapsed_ms, "answered");
        } else {
            tracing::debug!(status = status.as_u16(), elapsed_ms, "answered");
        }
        response
    }
    .instrument(span)
    .await
}

/// Headers every response carries.
pub async fn security_headers(
    State(frames): State<FrameAncestors>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    policy::complete(&mut response, &frames);
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(PERMISSIONS_POLICY.clone(), HeaderValue::from_static(NO_DEVICES));
    response
}
