//! Where files come in: dropped on any page, or picked with a button.

use leptos::ev::{beforeunload, dragenter, dragleave, dragover, drop as dropped};
use leptos::html;
use leptos::prelude::*;

use super::erase::Erase;
use super::icon::{Icon, Shape};
use super::importer::use_importer;
use super::notices::Notices;

/// Imports files that are dropped anywhere on any page, and shows their notices.
#[component]
pub(crate) fn DropZone() -> impl IntoView {
    let importer = use_importer();
    let open = importer.uploader();
    let depth = RwSignal::new(0_i32);
    let carries_files =
        |e: &web_sys::DragEvent| e.data_transfer().is_some_and(|d| d.types().includes(&"Files".into(), 0));
    Effect::new(move || {
        importer.show_imported();
        let open = open.clone();
        let listeners = [
            window_event_listener(dragenter, move |e| {
                if carries_files(&e) {
                    e.prevent_default();
                    depth.update(|d| *d += 1);
                }
            }),
            window_event_listener(dragleave, move |e| {
                if carries_files(&e) {
                    depth.update(|d| *d = (*d - 1).max(0));
                }
            }),
            window_event_listener(dragover, move |e| e.prevent_default()),
            window_event_listener(dropped, move |e| {
                e.prevent_default();
                depth.set(0);
                if let Some(files) = e.data_transfer().and_then(|d| d.files()) {
                    open(files);
                }
            }),
            // Leaving the page would end an upload: the browser asks first.
            window_event_listener(beforeunload, move |e| {
                if importer.needs_page() {
                    e.prevent_default();
                }
            }),
        ];
        on_cleanup(move || listeners.into_iter().for_each(|h| h.remove()));
    });
    view! {
        <div class="drop" class:is-open=move || { depth.get() > 0 } aria-hidden="true">
            <p>"Drop results files to open them"</p>
        </div>
        <Notices importer />
    }
    .erase()
}

/// A button that picks result files.
#[component]
pub(crate) fn FilePicker() -> impl IntoView {
    let open = use_importer().uploader();
    let input = NodeRef::<html::Input>::new();
    let pick = move |_| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    let picked = move || {
        let Some(input) = input.get_untracked() else { return };
        if let Some(files) = input.files().filter(|files| files.length() > 0) {
            open(files);
        }
        // So that the same file can be picked again.
        input.set_value("");
    };
    // The server's page has the input before any script runs: files given to it by then are opened now.
    Effect::new({
        let picked = picked.clone();
        move || picked()
    });
    view! {
        <button class="button" on:click=pick>
            <Icon shape=Shape::Open />
            "Open results files"
        </button>
        <input
            class="hidden" type="file" multiple tabindex="-1" aria-hidden="true" node_ref=input
            on:change=move |_| picked()
            accept=".json,.jsonl,.ndjson,.csv,.tsv,.parquet,.film,.eval"
        />
    }
    .erase()
}
