//! The dialog that downloads runs as files.

use gauntlet_model::RunSummary;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::ui::address::encoded;
use crate::ui::{Dialog, Erase};

/// The formats: the word in the address, the ending of the file, what it is for.
const FORMATS: [(&str, &str, &str); 7] = [
    ("results", "json", "Result file, opens again as the same run"),
    ("jsonl", "jsonl", "Events, one a line, opens again as the same run"),
    ("film", "film", "Events packed, a tenth of the size"),
    ("parquet", "parquet", "Table of the scored steps, for pandas and DuckDB"),
    ("csv", "csv", "The same table as text"),
    ("dpo", "jsonl", "Preference pairs"),
    ("otlp", "jsonl", "OpenTelemetry spans"),
];

/// Presses every link of a list.
fn press_all(list: NodeRef<html::Ul>) {
    let mut item = list.get_untracked().and_then(|list| list.first_element_child());
    while let Some(at) = item {
        let link = at.first_element_child();
        if let Some(link) = link.and_then(|link| link.dyn_into::<web_sys::HtmlElement>().ok()) {
            link.click();
        }
        item = at.next_element_sibling();
    }
}

/// The dialog.
#[component]
pub(crate) fn ExportDialog(
    open: RwSignal<bool>,
    /// The runs.
    #[prop(into)]
    runs: Signal<Vec<RunSummary>>,
) -> impl IntoView {
    let content = move || {
        let (format, list) = (RwSignal::new(0_usize), NodeRef::<html::Ul>::new());
        let choose = move |e| format.set(event_target_value(&e).parse().unwrap_or_default());
        let links = move || {
            let (word, ending, _) = FORMATS[format.get().min(FORMATS.len() - 1)];
            let link = |run: RunSummary| {
                let href = format!("/api/v1/runs/{}/export?format={word}", encoded(run.id.as_str()));
                let file = format!("{}.{ending}", run.id);
                let name = file.clone();
                view! { <li><a href=href download=name rel="external">{file}</a>" "{run.name}</li> }
            };
            runs.get().into_iter().map(link).collect_view()
        };
        view! {
            <div class="dialog-fields">
                <label>"Format"<select class="field" on:change=choose>
                    {FORMATS.into_iter().enumerate().map(|(i, (word, _, what))| view! {
                        <option value=i.to_string()>{format!("{word}: {what}")}</option>
                    }).collect_view()}
                </select></label>
            </div>
            <ul class="dialog-list" aria-label="Files" node_ref=list>{links}</ul>
            <div class="dialog-ways">
                <button class="button" on:click=move |_| open.set(false)>"Close"</button>
                <button
                    class="button is-on" hidden=move || runs.with(Vec::len) < 2
                    on:click=move |_| press_all(list)
                >
                    "Download all"
                </button>
            </div>
        }
        .erase()
    };
    view! { <Dialog open title="Export" content /> }
}
