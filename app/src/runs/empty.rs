//! The empty list, with ways to a first run.

use leptos::prelude::*;

use super::filters::Filter;
use crate::ui::{Copied, Erase, FilePicker};

/// The address of the server in the server's HTML; the browser replaces it with that of the page.
const DEFAULT_ADDRESS: &str = "http://127.0.0.1:4600";

/// Shown while there is no run.
#[component]
pub(super) fn NoRuns() -> impl IntoView {
    let address = RwSignal::new(DEFAULT_ADDRESS.to_owned());
    Effect::new(move || {
        if let Ok(origin) = location().origin() {
            address.set(origin);
        }
    });
    let is_usual = move || address.with(|address| address == DEFAULT_ADDRESS);
    // Programs find a server at the usual address by themselves.
    let elsewhere = move || match is_usual() {
        true => String::new(),
        false => format!("GAUNTLET_ENDPOINT={} ", address.get()),
    };
    let python = move || {
        let endpoint = match is_usual() {
            true => String::new(),
            false => format!(", endpoint=\"{}\"", address.get()),
        };
        format!(
            "import gauntlet\nrun = gauntlet.init(project=\"p\"{endpoint})\n\
             run.rollout({{\"root\": 1.0}}, action=\"what the model said\")"
        )
    };
    view! {
        <section class="empty" aria-label="No runs yet">
            <h2>"No runs yet. Three ways to the first one:"</h2>
            <ol>
                <li>
                    <h3>"Watch a real training run"</h3>
                    <p>"In a second terminal, train a small policy against the medical-safety rubric:"</p>
                    <Code text=Signal::derive(move || format!("{}gauntlet demo", elsewhere())) />
                </li>
                <li>
                    <h3>"Open results you have"</h3>
                    <p>"Drop results files anywhere on this page, or pick them."</p>
                    <FilePicker />
                </li>
                <li>
                    <h3>"Point your training loop here"</h3>
                    <p>"In Python:"</p>
                    <Code text=Signal::derive(python) />
                </li>
            </ol>
            <p>
                "An agent that speaks OpenTelemetry needs "
                <code>"OTEL_EXPORTER_OTLP_ENDPOINT=" {address}</code>
                ", a rubric observer of the hub " <code>"GAUNTLET_HUB_URL=" {address}</code>
                ". TRL, verifiers, LangChain, TypeScript, Rust: "
                <a href="/docs" rel="external">"the documentation"</a>"."
            </p>
        </section>
    }
    .erase()
}

/// Code, with a button that copies it.
#[component]
fn Code(text: Signal<String>) -> impl IntoView {
    let copied = Copied::new();
    view! {
        <div class="code">
            <pre tabindex="0"><code>{text}</code></pre>
            <button class="copy" aria-label="Copy this code"
                on:click=move |_| copied.copy(text.get_untracked())>
                {move || copied.words("Copy", "Copied", "Not copied")}
            </button>
        </div>
    }
    .erase()
}

/// Shown while a project has no run.
#[component]
pub(super) fn NoRunsOf(
    /// Its name.
    project: String,
) -> impl IntoView {
    // As a string of Python, whose escapes are those of JSON.
    let name = serde_json::Value::from(project.as_str()).to_string();
    view! {
        <section class="empty is-small" aria-label="No runs yet">
            <h2>"No runs in "<bdi>{project}</bdi>" yet"</h2>
            <p>"The first one appears here by itself:"</p>
            <Code text=Signal::stored(format!("run = gauntlet.init(project={name})")) />
            <p><a href="/">"Show the runs of all projects"</a></p>
        </section>
    }
    .erase()
}

/// Shown if no run matches the filter.
#[component]
pub(super) fn NoMatch(filter: Filter) -> impl IntoView {
    view! {
        <section class="empty is-small" aria-label="No match">
            <h2>"No run matches"</h2>
            <p>
                "Each word must be in its name, id, project, task, agent, tags or notes, and each condition \
                must hold. "
                <a href=move || filter.base()>"Show all runs"</a>
            </p>
        </section>
    }
    .erase()
}
