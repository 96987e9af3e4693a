//! The documentation, served by the binary: the guides that are in the repository as Markdown, and the API
//! reference written from the OpenAPI document. Plain pages: all that runs in them switches the theme and
//! copies code.

mod guide;
mod page;
mod reference;

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};

use crate::extract::Path;
use crate::policy;

/// A guide: its address under `/docs/`, its name in the list, its file in the repository and its text.
struct Guide {
    slug: &'static str,
    name: &'static str,
    file: &'static str,
    text: &'static str,
}

macro_rules! guides {
    ($($slug:literal, $name:literal, $file:literal;)*) => {
        &[$(Guide {
            slug: $slug,
            name: $name,
            file: $file,
            text: include_str!(concat!("../../../", $file)),
        },)*]
    };
}

/// The guides, in reading order.
const GUIDES: &[Guide] = guides! {
    "start", "Start", "docs/start.md";
    "python", "Python", "sdk/python/README.md";
    "integrations", "Integrations", "sdk/python/INTEGRATIONS.md";
    "typescript", "TypeScript", "sdk/typescript/README.md";
    "rust", "Rust", "crates/sdk/README.md";
    "opentelemetry", "OpenTelemetry", "docs/opentelemetry.md";
    "files", "Files", "docs/files.md";
    "runs", "The list of runs", "docs/runs.md";
    "failing", "Failing steps", "docs/failing.md";
    "episodes", "Reading an episode", "docs/episodes.md";
    "effects", "Effects of the view", "docs/effects.md";
    "charts", "Charts and comparison", "docs/charts.md";
    "monitors", "Monitors and alerts", "docs/monitors.md";
    "search", "Search and the hub", "docs/search.md";
    "sql", "SQL", "docs/sql.md";
    "mcp", "Language models", "docs/mcp.md";
    "cli", "Command line", "docs/cli.md";
    "scenarios", "Scenarios", "docs/scenarios.md";
    "metrics", "Watching the server", "docs/metrics.md";
    "backups", "Backups", "docs/backups.md";
    "access", "Keys and access", "docs/access.md";
    "postgresql", "PostgreSQL and several servers", "docs/postgresql.md";
    "operations", "Running it for a team", "docs/operations.md";
    "peers", "Measured beside its peers", "docs/peers.md";
};

/// The address of the reference.
const REFERENCE: &str = "api";

/// GET `/docs`: the first guide.
pub async fn index() -> Redirect {
    Redirect::temporary("/docs/start")
}

/// GET `/docs/{page}`.
pub async fn read(Path(slug): Path<String>) -> Response {
    let mut status = StatusCode::OK;
    let (title, content) = if slug == REFERENCE {
        ("API reference", reference::html(crate::document::json()))
    } else {
        match GUIDES.iter().find(|guide| guide.slug == slug) {
            Some(guide) => (guide.name, guide::html(guide, GUIDES)),
            None => {
                status = StatusCode::NOT_FOUND;
                let missing = page::escape(&slug);
                let words = format!(
                    "<h1>There is no such page</h1><p>The documentation has no page <code>{missing}</code>. \
                     The list names those it has.</p>"
                );
                ("Not found", words)
            }
        }
    };
    let headers = [(header::CACHE_CONTROL, "no-cache")];
    (status, headers, policy::of_plain_page(), Html(page::html(title, &slug, &content))).into_response()
}
