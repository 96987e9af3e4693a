//! Small charts of the selected runs, or of the first of the list. A script draws them: it defines the
//! element `list-charts` and is loaded with the page.

use leptos::prelude::*;

use super::rows::RunRows;
use crate::ui::Erase;

/// The id of the charts' element.
const ID: &str = "list-charts";

/// The button that shows and hides the charts.
#[component]
pub(super) fn ChartsButton(
    /// The runs of the list.
    runs: RunRows,
) -> impl IntoView {
    let title = move || if runs.selection.count() > 0 { "Charts of the selected runs" } else { "Charts" };
    let open = runs.has_charts;
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
) -> impl IntoView {
    // Each with the head of its log: where that is another one, there are new values.
    let key = move || {
        let group = runs.filter.group();
        group.strip_prefix("config:").map(str::to_owned).unwrap_or(group)
    };
    let described = Memo::new(move |_| {
        let key = key();
        let described = runs.rows.with(|rows| {
            let describe = |(id, look): &(_, _)| {
                let row = rows.iter().find(|row| row.run.id == *id)?;
                let (run, look): (_, &crate::ui::Look) = (&row.run, look);
                // The title of a group is the key and the value.
                let title = runs.group_title(&row.group);
                let value = title.strip_prefix(&key).unwrap_or(&title).trim_start().to_owned();
                Some((run.id.to_string(), run.name.clone(), run.head, look.color, look.dash, value))
            };
            runs.drawn.with(|drawn| drawn.iter().filter_map(describe).collect::<Vec<_>>())
        });
        serde_json::to_string(&described).unwrap_or_default()
    });
    let charts = move || {
        runs.has_charts.get().then(|| {
            view! { <list-charts data-group=key data-runs=move || described.get()></list-charts> }
        })
    };
    view! { <div id=ID>{charts}</div> }.erase()
}
