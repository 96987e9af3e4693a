//! The page that says how the server is: whether it takes writes, how far its followers are, what it has done
//! since it started. The server renders it; it has no code in the browser.

use gauntlet_model::Timestamp;
use leptos::prelude::*;

use crate::instant::instant;
use crate::shell::{self, PlainPage, plain_page};
use crate::ui::format::bytes;
use crate::ui::{Erase, duration, grouped};

/// What the page shows: levels of now, and counts since the server started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatusContent {
    /// Why the log takes no writes now; `None` where it does.
    pub not_ready: Option<String>,
    /// The version of the server.
    pub version: String,
    /// Seconds since it started.
    pub up_secs: u64,
    /// The database, such as `SQLite`.
    pub database: &'static str,
    /// The data folder.
    pub folder: String,
    /// Bytes that are free on the disk of the data folder; `None` where the system does not say.
    pub free_bytes: Option<u64>,
    /// Bytes of the process that are in memory; `None` where the system does not say.
    pub resident_bytes: Option<usize>,
    /// Runs in the log; `None` where it cannot be read.
    pub runs: Option<u64>,
    /// Runs that go on; `None` where the log cannot be read.
    pub running: Option<u64>,
    /// Events that were appended.
    pub appended: u64,
    /// Events that were in their log already.
    pub repeated: u64,
    /// Reports that events were lost before they reached the log.
    pub gaps: u64,
    /// Writes that were refused because the queue was full.
    pub refused: u64,
    /// Commits that failed.
    pub failed: u64,
    /// Writes that wait for the writer.
    pub waiting: usize,
    /// Their size in bytes.
    pub waiting_bytes: usize,
    /// Viewers that follow a run live.
    pub viewers: usize,
    /// Memory that bodies take while they are decoded, in bytes.
    pub decoding_bytes: usize,
    /// What they may take.
    pub decoding_limit_bytes: usize,
    /// When the last backup was made; `None` where there is none.
    pub last_backup: Option<Timestamp>,
    /// What a person has to know of the backups: the last one failed, or is old.
    pub backup_notice: Option<String>,
    /// The followers of the log, each with the events that it has not handled yet.
    pub followers: Vec<(&'static str, u64)>,
}

/// The document as HTML. `style` is the address of the style sheet.
pub fn document(content: &StatusContent, style: String) -> String {
    shell::document(|| page(content, style))
}

fn page(content: &StatusContent, style: String) -> impl IntoView + use<> {
    let header = view! {
        <a class="link" href="/">"Runs"</a>
        <span class="top-gap"></span>
        <a class="link" href="/metrics">"Metrics"</a>
        <a class="link" href="/docs/metrics">"Docs"</a>
    };
    let body = view! {
        <h1>"Status"</h1>
        {readiness(content)}
        {backup_notice(content)}
        <p><a class="button" href="/status">"Read it again"</a></p>
        {table("Server", server(content))}
        {table("Now", now(content))}
        {table("Events that each follower has not handled yet", followers(content))}
        {table("Since the start", counts(content))}
    };
    let title = "Status".to_owned();
    plain_page(PlainPage { title, style, scripts: (), header, class: "compare server-status", body })
}

fn readiness(content: &StatusContent) -> AnyView {
    match &content.not_ready {
        None => view! { <p class="status-ready" role="status">"The log takes writes."</p> }.erase(),
        Some(why) => view! {
            <p class="status-not-ready" role="status">
                "The log takes no writes now: " {why.clone()}
                ". Programs keep what they log and send it later."
            </p>
        }
        .erase(),
    }
}

fn backup_notice(content: &StatusContent) -> Option<AnyView> {
    let notice = content.backup_notice.clone()?;
    Some(view! { <p class="status-not-ready" role="status">"Backups: " {notice} "."</p> }.erase())
}

/// A row: what it is, its value, and whether it needs a look.
type Row = (&'static str, AnyView, bool);

/// A row with a text.
fn row(name: &'static str, value: String, is_bad: bool) -> Row {
    (name, value.into_any(), is_bad)
}

fn table(title: &'static str, rows: Vec<Row>) -> impl IntoView + use<> {
    let line = |(name, value, is_bad): Row| {
        view! { <tr><th scope="row">{name}</th><td class="num" class:is-bad=is_bad>{value}</td></tr> }
    };
    let rows = rows.into_iter().map(line).collect_view();
    view! {
        <section aria-label=title>
            <h2>{title}</h2>
            <table class="plain-table"><tbody>{rows}</tbody></table>
        </section>
    }
}

/// Free space below which the page marks it: a run of a few hours may fill it.
const LITTLE_SPACE_BYTES: u64 = 1 << 30;

fn server(content: &StatusContent) -> Vec<Row> {
    let unknown = || "not known here".to_owned();
    let runs = |count: Option<u64>| count.map_or_else(unknown, grouped);
    let free = content.free_bytes.map_or_else(unknown, |free| bytes(free as f64));
    let backup = content.last_backup.map_or_else(|| "none".into_any(), |at| instant(at).into_any());
    let resident = content.resident_bytes.map_or_else(unknown, |resident| bytes(resident as f64));
    vec![
        row("Version", content.version.clone(), false),
        row("Running for", duration(content.up_secs as f64 * 1000.0), false),
        row("Database", content.database.to_owned(), false),
        row("Data folder", content.folder.clone(), false),
        row("Free on its disk", free, content.free_bytes.is_some_and(|free| free < LITTLE_SPACE_BYTES)),
        row("Memory", resident, false),
        row("Runs", runs(content.runs), false),
        row("Of them going on", runs(content.running), false),
        ("Last backup", backup, content.backup_notice.is_some()),
    ]
}

fn now(content: &StatusContent) -> Vec<Row> {
    let decoding =
        format!("{} of {}", bytes(content.decoding_bytes as f64), bytes(content.decoding_limit_bytes as f64));
    let waiting = grouped(content.waiting as u64);
    vec![
        row("Writes that wait", format!("{waiting}, {}", bytes(content.waiting_bytes as f64)), false),
        row("Live viewers", grouped(content.viewers as u64), false),
        row("Bodies being decoded", decoding, false),
    ]
}

/// How many events a follower may be behind before it is marked, as by the alert rules for Prometheus.
const FAR_BEHIND: u64 = 100_000;

fn followers(content: &StatusContent) -> Vec<Row> {
    let line = |(name, behind): &(&'static str, u64)| row(name, grouped(*behind), *behind > FAR_BEHIND);
    content.followers.iter().map(line).collect()
}

fn counts(content: &StatusContent) -> Vec<Row> {
    let bad = |name, count| row(name, grouped(count), count > 0);
    vec![
        row("Events appended", grouped(content.appended), false),
        row("Events that were there already", grouped(content.repeated), false),
        bad("Reports of events lost on the way here", content.gaps),
        bad("Writes refused, the queue was full", content.refused),
        bad("Commits that failed", content.failed),
    ]
}
