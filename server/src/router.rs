//! The table of contents: every path, grouped by who calls it.

use std::sync::Arc;

use axum::extract::OriginalUri;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Router, middleware};
use leptos_axum::{LeptosRoutes, generate_route_list};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::api::{
    artifacts, commands, episodes, events, exports, film, imports, runs, search, series, steps, writers,
};
use crate::error::ApiError;
use crate::intake::bounded;
use crate::state::{AppState, Limits};
use crate::{docs, guard, health, http, hub, live, openapi, otlp, pages, search_page, site};

/// The whole server.
pub fn router(state: AppState) -> Router {
    let body_bytes = state.limits.body_bytes as u64;
    Router::new()
        .nest("/api/v1", v1(state.limits))
        .merge(bounded(origin(), body_bytes))
        .merge(bounded(exporters(), body_bytes))
        .merge(probes())
        .merge(documentation())
        .merge(browser(&state))
        .fallback(site::file_or_not_found)
        .method_not_allowed_fallback(no_such_method)
        .layer(CatchPanicLayer::custom(panicked))
        // Inside the layer that lets other pages read: they can read why they are refused.
        .layer(middleware::from_fn_with_state(state.clone(), guard::check))
        .layer(guard::local_pages())
        .layer(middleware::from_fn(http::hardened))
        .layer(middleware::from_fn(http::request_id))
        // Around `request_id`, which writes into the bodies of errors.
        .layer(CompressionLayer::new())
        .with_state(state)
}

/// SDKs, scripts and our own page's feed.
fn v1(limits: Limits) -> Router<AppState> {
    let artifacts =
        Router::new().route("/runs/{run}/artifacts/{sha256}", put(artifacts::keep).get(artifacts::read));
    let files = Router::new().route("/import", post(imports::post));
    let rest = Router::new()
        .route("/runs", post(runs::create).get(runs::list))
        .route("/runs/{run}", get(runs::read).patch(runs::change).delete(runs::delete))
        .route("/runs/{run}/writers/{writer}", put(writers::report))
        .route("/runs/{run}/events", post(events::append).get(events::read))
        .route("/runs/{run}/live", get(live::live))
        .route("/runs/{run}/film", get(film::manifest))
        .route("/runs/{run}/film/{level}/{chunk}", get(film::chunk))
        .route("/runs/{run}/steps", get(steps::list))
        .route("/runs/{run}/steps/{step}", get(steps::read))
        .route("/runs/{run}/episodes", get(episodes::list))
        .route("/runs/{run}/artifacts", get(artifacts::list))
        .route("/runs/{run}/series", get(series::read))
        .route("/runs/{run}/commands", post(commands::issue).get(commands::pending))
        .route("/runs/{run}/commands/{command}/ack", post(commands::ack))
        .route("/runs/{run}/export", get(exports::read))
        .route("/imports", post(imports::announce).get(imports::list))
        .route("/imports/{id}", put(imports::receive).get(imports::read).delete(imports::remove))
        .route("/search", get(search::read))
        .route("/openapi.json", get(openapi::read));
    bounded(rest, limits.body_bytes as u64)
        .merge(bounded(files, limits.import_bytes as u64))
        .merge(bounded(artifacts, limits.artifact_bytes))
        .fallback(no_such_path)
}

/// The origin's unmodified clients.
fn origin() -> Router<AppState> {
    Router::new()
        .route("/health", get(hub::health))
        .route("/ws/gauntlet/{sid}", get(hub::live::watch))
        .route("/gauntlet/stream/{sid}", post(hub::stream::post))
        .route("/gauntlet/sessions", get(hub::sessions::list))
        .route("/gauntlet/data/{sid}", get(hub::sessions::data))
        .route("/gauntlet/comparison", get(hub::compare::comparison))
        .route("/gauntlet/evolution/{task}", get(hub::compare::evolution))
        .route("/gauntlet/search", get(hub::search::search))
        .route("/gauntlet/rag", get(hub::search::rag))
        .route("/gauntlet/command/{sid}", post(hub::commands::post).get(hub::commands::pop))
}

/// People who read.
fn documentation() -> Router<AppState> {
    Router::new().route("/docs", get(docs::index)).route("/docs/{page}", get(docs::read))
}

/// OpenTelemetry's exporters.
fn exporters() -> Router<AppState> {
    Router::new()
        .route("/v1/traces", post(otlp::traces))
        .route("/v1/logs", post(otlp::logs))
        .route("/v1/metrics", post(otlp::metrics))
}

/// Supervisors.
fn probes() -> Router<AppState> {
    Router::new().route("/healthz", get(health::alive)).route("/readyz", get(health::ready))
}

/// People: rendered pages and their server functions.
fn browser(state: &AppState) -> Router<AppState> {
    let backend = pages::backend(state);
    let provide = {
        let backend = Arc::clone(&backend);
        move || {
            site::set_policy();
            leptos::prelude::provide_context(Arc::clone(&backend))
        }
    };
    let options = state.leptos.clone();
    let routes = Router::new()
        .route("/search", get(search_page::read))
        .route("/pages/{*function}", post(pages::server_function))
        .leptos_routes_with_context(state, generate_route_list(gauntlet_app::App), provide, move || {
            gauntlet_app::shell(options.clone())
        });
    // Leptos adds paths of its own for the server functions.
    bounded(routes, pages::FORM_BYTES)
}

async fn no_such_path(OriginalUri(uri): OriginalUri) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "not_found", format!("there is no {:?} in this API", uri.path()))
}

async fn no_such_method(method: Method, OriginalUri(uri): OriginalUri) -> ApiError {
    let message = format!("{method} is not something {:?} answers", uri.path());
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!("a handler panicked");
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something broke here; the log says what")
        .into_response()
}
