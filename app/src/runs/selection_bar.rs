//! The bar of what can be done with the selected runs.

use gauntlet_model::RunSummary;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::filters::Marked;
use super::rows::RunRows;
use crate::manage::{DeleteDialog, EditDialog, ExportDialog, TagDialog, UndoNotice};
use crate::ui::address::compare_address;
use crate::ui::{Erase, grouped};

/// The bar; nothing while no run is selected.
#[component]
pub(super) fn SelectionBar(runs: RunRows) -> impl IntoView {
    let selection = runs.selection;
    let (edits, tags) = (RwSignal::new(false), RwSignal::new(false));
    let (exports, deletes) = (RwSignal::new(false), RwSignal::new(false));
    let chosen = Memo::new(move |_| {
        runs.rows.with(|rows| {
            let runs = rows.iter().map(|row| &row.run).filter(|run| selection.has(run.id.as_str()));
            runs.cloned().collect::<Vec<RunSummary>>()
        })
    });
    let first = Signal::derive(move || chosen.with(|runs| runs.first().cloned()));
    let count = Memo::new(move |_| selection.count());
    let compare = move || chosen.with(|runs| compare_address(runs.iter().map(|run| run.id.as_str())));
    let navigate = use_navigate();
    let mark = move |mark: Marked, is_on: bool| {
        let ids: Vec<String> =
            chosen.with_untracked(|runs| runs.iter().map(|run| run.id.to_string()).collect());
        let options = NavigateOptions { scroll: false, ..Default::default() };
        navigate(&untrack(|| runs.filter.with_marks(mark, &ids, is_on)), options);
    };
    let (pin, hide) = (mark.clone(), mark);
    let before = RwSignal::new(Vec::new());
    let changed = Callback::new(move |run: RunSummary| runs.replace(run));
    let deleted = Callback::new(move |id: String| {
        selection.set(&id, false);
        runs.remove(&id);
    });
    view! {
        <div class="selection" role="region" aria-label="Selected runs" hidden=move || count.get() == 0>
            <span class="selection-count" role="status">
                {move || format!("{} selected", grouped(count.get() as u64))}
            </span>
            <a class="button" href=compare rel="external" hidden=move || count.get() < 2>"Compare"</a>
            <button class="button" hidden=move || count.get() != 1 on:click=move |_| edits.set(true)>
                "Rename, tag, note"
            </button>
            <button class="button" hidden=move || count.get() < 2 on:click=move |_| tags.set(true)>
                "Tag"
            </button>
            <button class="button" on:click=move |_| pin(Marked::Pinned, true)>"Pin"</button>
            <button class="button" on:click=move |_| hide(Marked::Hidden, true)>"Hide"</button>
            <button class="button" on:click=move |_| exports.set(true)>"Export"</button>
            <button class="button is-danger" on:click=move |_| deletes.set(true)>"Delete"</button>
            <button class="button is-quiet" on:click=move |_| selection.replace(std::iter::empty())>
                "Clear"
            </button>
        </div>
        <EditDialog open=edits run=first before done=changed />
        <TagDialog open=tags runs=chosen before done=changed />
        <UndoNotice before done=changed />
        <ExportDialog open=exports runs=chosen />
        <DeleteDialog open=deletes runs=chosen done=deleted />
    }
    .erase()
}
