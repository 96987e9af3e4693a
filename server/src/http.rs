//! What every request passes: its id, the loopback guard, the log line.

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use tracing::Instrument;

use crate::error::{ApiError, ErrorBody};
use crate::state::new_event_id;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

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
        if let Some(ErrorBody(mut error)) = response.extensions_mut().remove::<ErrorBody>() {
            error["request_id"] = id.clone().into();
            let body = serde_json::json!({ "error": error }).to_string();
            response.headers_mut().remove(header::CONTENT_LENGTH);
            *response.body_mut() = Body::from(body);
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

/// Without accounts, only pages and programs of this machine may ask: the `Host`, and the `Origin` where a browser
/// sends one, must be loopback. This is what keeps a web page elsewhere from reading or steering a run (DNS
/// rebinding, cross-site requests).
pub async fn loopback_only(request: Request, next: Next) -> Response {
    match foreign(request.headers(), request.uri()) {
        None => next.run(request).await,
        Some(what) => {
            let message = format!("{what} is not this machine; Gauntlet answers loopback addresses only");
            ApiError::new(StatusCode::FORBIDDEN, "forbidden", message).into_response()
        }
    }
}

/// Pages of this machine on other ports (a dashboard of one's own, a hub client's page) may read the answers too.
pub fn local_pages() -> CorsLayer {
    let is_local = |origin: &HeaderValue, _: &Parts| origin.to_str().is_ok_and(is_loopback_origin);
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_local))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([REQUEST_ID.clone(), header::RETRY_AFTER, header::LOCATION])
}

fn foreign(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    // A header that is there twice may be read either way further on: each has to pass.
    let all = |name| headers.get_all(name).into_iter().map(|v: &HeaderValue| v.to_str().unwrap_or("?"));
    let mut hosts = all(header::HOST).chain(uri.authority().map(|a| a.as_str()));
    if let Some(host) = hosts.find(|host| !is_loopback_host(host)) {
        return Some(format!("the host {host:?}"));
    }
    let origin = all(header::ORIGIN).find(|origin| !is_loopback_origin(origin))?;
    Some(format!("the origin {origin:?}"))
}

fn is_loopback_origin(origin: &str) -> bool {
    is_loopback_host(origin.split_once("://").map_or(origin, |(_, host)| host))
}

fn is_loopback_host(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Headers every response carries.
pub async fn hardened(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, origin: Option<&str>, allowed: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        assert_eq!(foreign(&headers, &Uri::from_static("/")).is_none(), allowed, "{host} {origin:?}");
    }

    #[test]
    fn only_loopback_names_pass() {
        check("127.0.0.1:4600", None, true);
        check("localhost", Some("http://localhost:3000"), true);
        check("[::1]:4600", Some("http://127.0.0.1:4600"), true);
        check("gauntlet.localhost:4600", None, true);
        check("evil.example", None, false);
        check("127.0.0.1.evil.example:4600", None, false);
        check("127.0.0.1:4600", Some("https://evil.example"), false);
        check("127.0.0.1:4600", Some("null"), false);
        let mut twice = HeaderMap::new();
        twice.append(header::HOST, HeaderValue::from_static("localhost"));
        twice.append(header::HOST, HeaderValue::from_static("evil.example"));
        assert!(foreign(&twice, &Uri::from_static("/")).is_some());
    }
}
