//! The server as one service: the routes of the API, the documentation, the pages, and the layers around
//! them.

use std::sync::{Arc, LazyLock};

use axum::extract::OriginalUri;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router, middleware};
use leptos_axum::{AxumRouteListing, LeptosRoutes, generate_route_list};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::error::ApiError;
use crate::intake::bounded;
use crate::openapi::DocumentText;
use crate::routes::documented;
use crate::state::AppState;
use crate::{
    access, answers, compare_page, docs, document, evolution_page, groups_page, guard, http, metrics,
    monitors_page, pages, search_page, status_page,
};

/// The paths of the pages. Leptos finds them by running the application while a switch of the whole process
/// keeps resources from loading; a page that is rendered meanwhile waits for its resource for ever. So they
/// are listed once, before the first router of the process can render a page.
static PAGES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| generate_route_list(gauntlet_app::App));

/// The server.
pub fn router(state: AppState) -> Router {
    Router::from(documented(state.limits))
        .layer(Extension(DocumentText(document::text)))
        .merge(documentation())
        .merge(login())
        .merge(browser(&state))
        .fallback(pages::file_or_not_found)
        .method_not_allowed_fallback(no_such_method)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(state.clone(), access::check))
        .layer(middleware::from_fn_with_state(state.clone(), answers::bound))
        // Around what turns a panic into an answer, which is counted as well.
        .layer(middleware::from_fn_with_state(state.clone(), metrics::count))
        // Inside the layer that lets other pages read: they can read why they are refused.
        .layer(middleware::from_fn_with_state(state.clone(), guard::check))
        .layer(guard::allowed_pages(&state.trusted))
        .layer(middleware::from_fn_with_state(state.clone(), http::security_headers))
        .layer(middleware::from_fn(http::request_id))
        // Around `request_id`, which writes into the bodies of errors.
        .layer(CompressionLayer::new())
        .with_state(state)
}

/// People who read.
fn documentation() -> Router<AppState> {
    Router::new().route("/docs", get(docs::index)).route("/docs/{page}", get(docs::read))
}

/// People who log in.
fn login() -> Router<AppState> {
    let routes = Router::new()
        .route("/login", get(access::page).post(access::log_in))
        .route("/logout", post(access::log_out));
    bounded(routes, access::FORM_BYTES).into()
}

/// People: rendered pages and their server functions.
fn browser(state: &AppState) -> Router<AppState> {
    let backend = pages::backend(state);
    let provide = {
        let backend = Arc::clone(&backend);
        move || {
            pages::set_policy();
            leptos::prelude::provide_context(Arc::clone(&backend))
        }
    };
    let options = state.leptos.clone();
    let routes = Router::new()
        .route("/search", get(search_page::read))
        .route("/compare", get(compare_page::read))
        .route("/charts", get(compare_page::read))
        .route("/evolution", get(evolution_page::read))
        .route("/status", get(status_page::read))
        .route("/runs/{run}/groups", get(groups_page::read))
        .route("/projects/{project}/monitors", get(monitors_page::read).post(monitors_page::change))
        .route("/pages/{*function}", post(pages::server_function))
        .leptos_routes_with_context(state, PAGES.clone(), provide, move || {
            gauntlet_app::shell(options.clone())
        });
    // Leptos adds paths of its own for the server functions.
    let routes = routes.layer(middleware::from_fn(pages::read_form));
    bounded(routes, pages::FORM_BYTES).into()
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
