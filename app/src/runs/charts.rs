//! Small charts of the selected runs, or of the first of the list. A script draws them: it defines the element
//! `list-charts` and is loaded with the page.

use leptos::prelude::*;

use super::rows::RunRows;
use crate::ui::Erase;

/// Runs that are drawn where none is selected.
const FIRST: usize = 10;
/// Selected runs that are drawn at most.
const MOST: usize = 32;

/// The id of the charts' element.
const ID: &str = "list-charts";

/// The button that shows and hides the charts.
#[component]
pub(super) fn ChartsButton(
    /// The runs of the list.
    runs: RunRows,
    /// Whether they are shown.
    open: RwSignal<bool>,
) -> impl IntoView {
    let title = move || if runs.selection.count() > 0 { "Charts of the selected runs" } else { "Charts" };
    view! {
        <button class="button" class:is-on=move || open.get() aria-expanded=move || open.get().to_string()
            aria-controls=ID on:click=move |_| open.update(|open| *open = !*open)>
            {title}
        </button>
    }
    .erase()
}

/// The charts; nothing while they are not shown.
#[component]
pub(super) fn Charts(
    /// The runs of the list.
    runs: RunRows,
    /// Whether they are shown.
    open: RwSignal<bool>,
) -> impl IntoView {
    let any = Memo::new(move |_| runs.selection.count() > 0);
    let drawn = Memo::new(move |_| {
        runs.rows.with(|rows| {
            let chosen = rows.iter().map(|row| &row.run);
            let chosen = chosen.filter(|run| !any.get() || runs.selection.has(run.id.as_str()));
            let chosen = chosen.take(if any.get() { MOST } else { FIRST });
            // With the head of its log: where that is another one, there are new values.
            let named: Vec<_> = chosen.map(|run| (run.id.as_str(), run.name.as_str(), run.head)).collect();
            serde_json::to_string(&named).unwrap_or_default()
        })
    });
    let charts =
        move || open.get().then(|| view! { <list-charts data-runs=move || drawn.get()></list-charts> });
    view! { <div id=ID>{charts}</div> }.erase()
}
