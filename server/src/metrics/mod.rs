//! What the server measures of itself, in the text format of OpenMetrics, or in the older one of Prometheus:
//! `GET /metrics`.
//!
//! Requests and commits are counted where they happen; levels, such as the requests that wait for the writer,
//! are read when somebody asks.

mod backups;
mod classic;
mod levels;
mod requests;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, header};
use gauntlet_engine::backups::Backups;
use gauntlet_engine::memory::Memory;
use gauntlet_store::{Counts, Store};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::{Registry, Unit};
use schemars::json_schema;

pub use requests::count;

use crate::error::ApiError;
use crate::openapi::{Describe, Docs};
use crate::tail::Tails;
use backups::BackupLevels;
use levels::Levels;
use requests::Requests;

/// The media type of the metrics.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The metrics of one server; cloning shares them.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    requests: Requests,
    levels: Levels,
    backups: BackupLevels,
}

impl Metrics {
    /// The metrics of a server that starts now: of its log, its viewers, its backups and the memory of its
    /// requests.
    pub fn new(store: Store, tails: Tails, memory: Memory, backups: Backups) -> Self {
        let mut registry = Registry::default();
        let named = registry.sub_registry_with_prefix("gauntlet");
        let requests = Requests::register(named);
        register_counts(named, store.counts());
        let backups = BackupLevels::register(named, backups);
        let levels = Levels::register(&mut registry, store, tails, memory);
        Self(Arc::new(Inner { registry, requests, levels, backups }))
    }

    /// The values of now as text.
    fn text(&self) -> Result<String, ApiError> {
        self.0.levels.read();
        self.0.backups.read();
        let mut text = String::new();
        encode(&mut text, &self.0.registry)
            .map_err(|_| ApiError::internal("the metrics cannot be written"))?;
        Ok(text)
    }
}

fn register_counts(registry: &mut Registry, counts: &Counts) {
    let Counts { appended, repeated, gaps, refused, commits, failed } = counts.clone();
    registry.register("events_appended", "Events appended to a log", appended);
    registry.register("events_repeated", "Events that were in their log already", repeated);
    registry.register("gaps", "Reports that events were lost before they reached the log", gaps);
    registry.register("writes_refused", "Writes that found the queue full", refused);
    registry.register_with_unit(
        "commit_duration",
        "Time of a commit, the sync to the disk included",
        Unit::Seconds,
        commits,
    );
    registry.register("commits_failed", "Commits that failed", failed);
}

/// GET `/metrics`.
pub async fn read(
    State(metrics): State<Metrics>,
    headers: HeaderMap,
) -> Result<([(HeaderName, &'static str); 1], String), ApiError> {
    let text = metrics.text()?;
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    Ok(match classic::is_wanted(accept) {
        true => ([(header::CONTENT_TYPE, classic::CLASSIC)], classic::of_open_metrics(&text)),
        false => ([(header::CONTENT_TYPE, OPEN_METRICS)], text),
    })
}

/// How [`read`] is described.
pub fn read_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Server", "What it measures of itself")
        .description(
            "Counters, levels and times in the text format of OpenMetrics, for Prometheus and whatever reads \
             it. Each metric says in the text what it means. Who asks for `text/plain` and not for \
             OpenMetrics gets the older format of Prometheus.",
        )
        .content(200, OPEN_METRICS, json_schema!({ "type": "string" }))
        .content(200, classic::CLASSIC, json_schema!({ "type": "string" }))
        .status(200, "The metrics.")
}
