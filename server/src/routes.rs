//! The table of contents: every path of the API, grouped by who calls it.

use aide::axum::ApiRouter;
use aide::axum::routing::{delete_with, get_with, post_with, put_with};
use axum::extract::OriginalUri;
use axum::http::StatusCode;

use crate::api::{
    artifacts, backups, commands, compare, effects, episodes, events, exports, film, groups, imports, keys,
    monitors, runs, search, series, sql, steps, views, writers,
};
use crate::error::ApiError;
use crate::intake::bounded;
use crate::state::{AppState, Limits};
use crate::{health, hub, live, metrics, openapi, otlp};

/// Every route of the OpenAPI document, each with its handler and the description of it.
pub fn documented(limits: Limits) -> ApiRouter<AppState> {
    openapi::begin();
    let body_bytes = limits.body_bytes as u64;
    ApiRouter::new()
        .nest("/api/v1", v1(limits))
        .merge(bounded(exporters(), body_bytes))
        .merge(bounded(hub(), body_bytes))
        .merge(probes())
}

/// SDKs, scripts and our own page's feed.
fn v1(limits: Limits) -> ApiRouter<AppState> {
    let blobs = ApiRouter::new().api_route(
        "/runs/{run}/artifacts/{sha256}",
        put_with(artifacts::put, artifacts::put_docs).get_with(artifacts::get, artifacts::get_docs),
    );
    let files = ApiRouter::new().api_route("/import", post_with(imports::import, imports::import_docs));
    bounded(
        runs().merge(log()).merge(film()).merge(steering()).merge(watching()).merge(slices()).merge(keys()),
        limits.body_bytes as u64,
    )
    .merge(bounded(files, limits.import_bytes as u64))
    .merge(bounded(blobs, limits.artifact_bytes))
    .fallback(no_such_path)
}

/// Runs, their writers and their episodes.
fn runs() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route("/runs", post_with(runs::create, runs::create_docs).get_with(runs::list, runs::list_docs))
        .api_route(
            "/runs/{run}",
            get_with(runs::read, runs::read_docs)
                .patch_with(runs::change, runs::change_docs)
                .delete_with(runs::delete, runs::delete_docs),
        )
        .api_route("/runs/{run}/writers/{writer}", put_with(writers::report, writers::report_docs))
        .api_route("/views", get_with(views::list, views::list_docs))
        .api_route(
            "/views/{name}",
            put_with(views::put, views::put_docs)
                .patch_with(views::rename, views::rename_docs)
                .delete_with(views::delete, views::delete_docs),
        )
        .api_route("/changes", get_with(live::changes, live::changes_docs))
        .api_route("/columns", get_with(runs::list_columns, runs::list_columns_docs))
        .api_route("/runs/{run}/episodes", get_with(episodes::list, episodes::list_docs))
}

/// The log of a run, and its steps.
fn log() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/runs/{run}/events",
            post_with(events::append, events::append_docs).get_with(events::read, events::read_docs),
        )
        .api_route("/runs/{run}/live", get_with(live::live, live::live_docs))
        .api_route("/runs/{run}/steps", get_with(steps::list, steps::list_docs))
        .api_route("/runs/{run}/steps/{step}", get_with(steps::read, steps::read_docs))
}

/// What the page draws.
fn film() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route("/runs/{run}/film", get_with(film::manifest, film::manifest_docs))
        .api_route("/runs/{run}/film/{level}/{chunk}", get_with(film::chunk, film::chunk_docs))
        .api_route("/runs/{run}/series", get_with(series::read, series::read_docs))
        .api_route(
            "/projects/{project}/effects",
            get_with(effects::read, effects::read_docs).put_with(effects::replace, effects::replace_docs),
        )
        .api_route("/series", post_with(series::batch, series::batch_docs))
        .api_route("/compare", get_with(compare::read, compare::read_docs))
        .api_route("/compare/tasks", get_with(groups::compare, groups::compare_docs))
        .api_route("/runs/{run}/groups", get_with(groups::history, groups::history_docs))
        .api_route("/runs/{run}/correlations", get_with(groups::correlations, groups::correlations_docs))
        .api_route("/runs/{run}/steps/{step}/groups", get_with(groups::of_step, groups::of_step_docs))
}

/// Commands for a run.
fn steering() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/runs/{run}/commands",
            post_with(commands::create, commands::create_docs)
                .get_with(commands::pending, commands::pending_docs),
        )
        .api_route(
            "/runs/{run}/commands/{command}/ack",
            post_with(commands::acknowledge, commands::acknowledge_docs),
        )
}

/// Rules that watch the runs of a project.
fn watching() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route("/projects/{project}/monitors", get_with(monitors::list, monitors::list_docs))
        .api_route("/projects/{project}/alerts", get_with(monitors::alerts, monitors::alerts_docs))
        .api_route(
            "/projects/{project}/monitor-trials",
            post_with(monitors::attempt_all, monitors::attempt_all_docs),
        )
        .api_route(
            "/projects/{project}/monitors/{name}",
            put_with(monitors::put, monitors::put_docs).delete_with(monitors::delete, monitors::delete_docs),
        )
        .api_route("/runs/{run}/monitors/try", post_with(monitors::attempt, monitors::attempt_docs))
}

/// API keys, and backups.
fn keys() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route("/keys", post_with(keys::create, keys::create_docs).get_with(keys::list, keys::list_docs))
        .api_route("/keys/{id}", delete_with(keys::revoke, keys::revoke_docs))
        .api_route(
            "/backups",
            post_with(backups::create, backups::create_docs).get_with(backups::list, backups::list_docs),
        )
}

/// Files that come in slices and files that go out, search, and the document itself.
fn slices() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/imports",
            post_with(imports::announce, imports::announce_docs).get_with(imports::list, imports::list_docs),
        )
        .api_route(
            "/imports/{id}",
            put_with(imports::receive, imports::receive_docs)
                .get_with(imports::read, imports::read_docs)
                .delete_with(imports::delete, imports::delete_docs),
        )
        .api_route("/runs/{run}/export", get_with(exports::read, exports::read_docs))
        .api_route("/runs/{run}/artifacts", get_with(artifacts::list, artifacts::list_docs))
        .api_route("/search", get_with(search::read, search::read_docs))
        .api_route("/sql", post_with(sql::run, sql::run_docs))
        .api_route("/openapi.json", get_with(openapi::read, openapi::read_docs))
}

/// The hub's unmodified clients.
fn hub() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route("/health", get_with(hub::health, hub::health_docs))
        .api_route("/ws/gauntlet/{sid}", get_with(hub::live::watch, hub::live::watch_docs))
        .api_route("/gauntlet/stream/{sid}", post_with(hub::stream::post, hub::stream::post_docs))
        .api_route("/gauntlet/sessions", get_with(hub::sessions::list, hub::sessions::list_docs))
        .api_route("/gauntlet/data/{sid}", get_with(hub::sessions::data, hub::sessions::data_docs))
        .api_route("/gauntlet/comparison", get_with(hub::compare::comparison, hub::compare::comparison_docs))
        .api_route(
            "/gauntlet/evolution/{task}",
            get_with(hub::compare::evolution, hub::compare::evolution_docs),
        )
        .api_route("/gauntlet/search", get_with(hub::search::search, hub::search::search_docs))
        .api_route("/gauntlet/rag", get_with(hub::search::rag, hub::search::rag_docs))
        .api_route(
            "/gauntlet/command/{sid}",
            post_with(hub::commands::post, hub::commands::post_docs)
                .get_with(hub::commands::pop, hub::commands::pop_docs),
        )
}

/// OpenTelemetry's exporters.
fn exporters() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route("/v1/traces", post_with(otlp::traces, otlp::traces_docs))
        .api_route("/v1/logs", post_with(otlp::logs, otlp::logs_docs))
        .api_route("/v1/metrics", post_with(otlp::metrics, otlp::metrics_docs))
}

/// Supervisors.
fn probes() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route("/healthz", get_with(health::alive, health::alive_docs))
        .api_route("/readyz", get_with(health::ready, health::ready_docs))
        .api_route("/metrics", get_with(metrics::read, metrics::read_docs))
}

async fn no_such_path(OriginalUri(uri): OriginalUri) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "not_found", format!("there is no {:?} in this API", uri.path()))
}
