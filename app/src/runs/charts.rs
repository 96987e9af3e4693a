//! Small charts of the selected runs, or of the first of the list. A script draws them: it defines the element
//! `list-charts` and is loaded with the page.

use leptos::prelude::*;

use super::rows::RunRows;
use crate::ui::Erase;

/// Runs that are drawn where none is selected.
const FIRST: usize = 10;
/// Selected runs that are drawn at most.
const MOST: usize = 32;

/// The charts, folded until somebody wants them.
#[component]
pub(super) fn Charts(runs: RunRows) -> impl IntoView {
    let drawn = Memo::new(move |_| {
        let any = runs.selection.count() > 0;
        runs.rows.with(|rows| {
            let chosen = rows.iter().map(|row| &row.run);
            let chosen = chosen.filter(|run| !any || runs.selection.has(run.id.as_str()));
            let chosen = chosen.take(if any { MOST } else { FIRST });
            let named: Vec<_> =
                chosen.map(|run| (run.id.as_str(), run.name.as_str(), !run.status.is_final())).collect();
            serde_json::to_string(&named).unwrap_or_default()
        })
    });
    let title = move || if runs.selection.count() > 0 { "Charts of the selected runs" } else { "Charts" };
    view! {
        <details class="list-charts">
            <summary class="button">{title}</summary>
            <list-charts data-runs=move || drawn.get()></list-charts>
        </details>
    }
    .erase()
}
