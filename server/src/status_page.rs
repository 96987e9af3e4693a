//! `/status`: the page that says how the server is.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use gauntlet_app::status::{StatusContent, document};
use gauntlet_engine::backups::notice;
use gauntlet_engine::clock::now;
use gauntlet_model::{BackupStatus, Status};
use gauntlet_store::RunQuery;

use crate::state::AppState;
use crate::{health, policy, process};

/// GET: the page. Where the log does not answer, the page says so, with status 200.
pub(crate) async fn read(State(state): State<AppState>) -> Response {
    let content = content(&state).await;
    let options = &state.leptos;
    let style = format!("/{}/{}.css", options.site_pkg_dir, options.output_name);
    let heads = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (heads, policy::of_plain_page(), document(&content, style)).into_response()
}

async fn content(state: &AppState) -> StatusContent {
    let store = &state.store;
    let not_ready = health::check(state).await.err().map(|error| error.message().to_owned());
    // A log that does not answer has no numbers, and waiting for them would hold up the page that says so.
    let (runs, running) = match not_ready {
        None => (count(state, None).await, count(state, Some(Status::Running)).await),
        Some(_) => (None, None),
    };
    let (counts, waiting) = (store.counts(), store.waiting());
    let backups = state.backups.recent();
    let made = backups.iter().find(|backup| backup.status == BackupStatus::Completed);
    let every = state.backups.settings().and_then(|settings| settings.every);
    StatusContent {
        not_ready,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        up_secs: state.started.elapsed().as_secs(),
        database: store.database(),
        folder: store.folder().display().to_string(),
        free_bytes: store.free_bytes(),
        resident_bytes: process::resident_bytes(),
        runs,
        running,
        appended: counts.appended.get(),
        repeated: counts.repeated.get(),
        gaps: counts.gaps.get(),
        refused: counts.refused.get(),
        failed: counts.failed.get(),
        waiting: waiting.requests,
        waiting_bytes: waiting.bytes,
        viewers: state.tails.viewers(),
        decoding_bytes: state.memory.taken(),
        decoding_limit_bytes: state.limits.memory_bytes,
        last_backup: made.and_then(|made| made.started_at),
        backup_notice: notice(&backups, every, now()),
        followers: store.lags().all(),
    }
}

/// How many runs have a status, or any; `None` where the log cannot be read.
async fn count(state: &AppState, status: Option<Status>) -> Option<u64> {
    state.store.count_runs(&RunQuery { status, ..RunQuery::default() }).await.ok()
}
