//! What the list says while it is empty, and how to fill it.

use leptos::prelude::*;

use crate::ui::{Erase, FilePicker};

/// Where clients find this server, until the page knows better.
const USUAL_ADDRESS: &str = "http://127.0.0.1:4600";

/// Nothing has been recorded yet.
#[component]
pub(super) fn NoRuns() -> impl IntoView {
    let address = RwSignal::new(USUAL_ADDRESS.to_owned());
    Effect::new(move || {
        if let Ok(origin) = location().origin() {
            address.set(origin);
        }
    });
    view! {
        <section class="empty" aria-label="No runs yet">
            <h2>"No runs yet. Three ways to the first one:"</h2>
            <ol>
                <li>
                    <h3>"Watch a real training run"</h3>
                    <p>"In a second terminal, train a small policy against the medical-safety rubric:"</p>
                    <pre><code>"gauntlet demo"</code></pre>
                </li>
                <li>
                    <h3>"Open results you have"</h3>
                    <p>"Drop results files anywhere on this page, or pick them."</p>
                    <FilePicker />
                </li>
                <li>
                    <h3>"Point your training loop here"</h3>
                    <p>"In Python, two lines:"</p>
                    <pre><code>"run = gauntlet.init(project=\"p\")\nrun.rollout({\"root\": 1.0}, action=text)"</code></pre>
                    <p>"An agent that speaks OpenTelemetry needs one variable, a rubric observer of the hub another:"</p>
                    <pre><code>"OTEL_EXPORTER_OTLP_ENDPOINT=" {address} "\nGAUNTLET_HUB_URL=" {address}</code></pre>
                    <p>"TRL, verifiers, LangChain, TypeScript, Rust: " <a href="/docs" rel="external">"the documentation"</a></p>
                </li>
            </ol>
        </section>
    }
    .erase()
}

/// The filter leaves nothing.
#[component]
pub(super) fn NoMatch() -> impl IntoView {
    view! {
        <section class="empty is-small" aria-label="No match">
            <h2>"No run matches"</h2>
            <p>"Search looks at name, id, project, task and tags. " <a href="/">"Show all runs"</a></p>
        </section>
    }
    .erase()
}
