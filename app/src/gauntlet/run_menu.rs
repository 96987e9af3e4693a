//! The menu of the run: rename, tag and note, export, delete.

use leptos::html;
use leptos::prelude::*;

use super::recap::Recap;
use super::session::Session;
use super::toolbar::close_from_outside;
use crate::manage::{DeleteDialog, EditDialog, ExportDialog, UndoNotice};
use crate::ui::address::encoded;
use crate::ui::{Dialog, Erase, charts_address, open_document, run_address};

/// The menu with its dialogs.
#[component]
pub(super) fn RunMenu(session: Session) -> impl IntoView {
    let menu = NodeRef::<html::Details>::new();
    close_from_outside(menu);
    let (edits, exports) = (RwSignal::new(false), RwSignal::new(false));
    let (recaps, deletes) = (RwSignal::new(false), RwSignal::new(false));
    let texts = format!("/search?run={}", session.summary(|run| encoded(run.id.as_str()).to_string()));
    let charts = session.summary(|run| charts_address(run.id.as_str()));
    let groups = session.summary(|run| format!("{}/groups", run_address(run.id.as_str())));
    let run = Signal::derive(move || session.described(|run| Some(run.clone())));
    let runs = Signal::derive(move || session.described(|run| vec![run.clone()]));
    let deleted = Callback::new(|_: String| open_document("/"));
    let before = RwSignal::new(Vec::new());
    let changed = Callback::new(move |run| session.describe(run));
    let open = move |dialog: RwSignal<bool>| {
        move |_| {
            if let Some(menu) = menu.get_untracked() {
                menu.set_open(false);
            }
            dialog.set(true);
        }
    };
    view! {
        <details class="menu run-menu" node_ref=menu>
            <summary class="button">"Run"</summary>
            <div class="menu-sheet menu-list">
                <button class="tool" on:click=open(edits)>"Rename, tag, note"</button>
                <button class="tool" on:click=open(exports)>"Export"</button>
                <button class="tool" on:click=open(recaps)>"Recap"</button>
                <button class="tool" on:click=open(deletes)>"Delete"</button>
                <a class="tool" href=charts rel="external">"Charts"</a>
                <a class="tool" href=groups rel="external">"Groups of rollouts"</a>
                <a class="tool" href=texts rel="external">"Search its texts"</a>
                <a class="tool" href="/docs" rel="external">"Documentation"</a>
            </div>
        </details>
        <EditDialog open=edits run before done=changed />
        <UndoNotice before done=changed />
        <ExportDialog open=exports runs />
        <Dialog open=recaps title="Recap" content=move || view! { <Recap session /> }.erase() />
        <DeleteDialog open=deletes runs done=deleted />
    }
    .erase()
}
