//! Opening a results file: dropped anywhere, or picked with a button. The server reads it; its words are shown.

use std::rc::Rc;

use leptos::ev::{dragenter, dragleave, dragover, drop as dropped};
use leptos::html;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

use super::icon::{Icon, Shape};
use crate::ports::{FileUpdate, use_ports};

/// Where opening a file stands.
#[derive(Clone, Copy)]
pub(crate) struct Importer {
    /// The file on its way, by name.
    busy: RwSignal<Option<String>>,
    /// What is done with it, and how much of that.
    progress: RwSignal<(&'static str, f64)>,
    /// Which file it is: what is said of an earlier one that was given up is not heard.
    turn: RwSignal<u32>,
    /// What is wrong with the last file, in the server's words.
    error: RwSignal<Option<String>>,
}

/// Provides the importer to every page.
pub(crate) fn provide_importer() {
    provide_context(Importer {
        busy: RwSignal::new(None),
        progress: RwSignal::new(("", 0.0)),
        turn: RwSignal::new(0),
        error: RwSignal::new(None),
    });
}

/// The importer.
pub(crate) fn use_importer() -> Importer {
    expect_context::<Importer>()
}

impl Importer {
    /// Gives the file up.
    fn cancel(self) {
        self.turn.update(|turn| *turn += 1);
        self.busy.set(None);
    }

    /// What sends a file and goes to its run. Call it inside the router.
    fn opener(self) -> impl Fn(web_sys::File) + Clone + 'static {
        let navigate = use_navigate();
        move |file: web_sys::File| {
            let Some(ports) = use_ports() else { return };
            let navigate = navigate.clone();
            if self.busy.with_untracked(Option::is_some) {
                return;
            }
            self.error.set(None);
            self.progress.set(("Sending", 0.0));
            self.busy.set(Some(file.name()));
            let turn = self.turn.get_untracked() + 1;
            self.turn.set(turn);
            let on: Rc<dyn Fn(FileUpdate) -> bool> = Rc::new(move |update| {
                if self.turn.get_untracked() != turn {
                    return false;
                }
                match update {
                    FileUpdate::Progress(word, share) => {
                        self.progress.set((word, share));
                        return true;
                    }
                    FileUpdate::Done(run) => navigate(&run_address(&run), Default::default()),
                    FileUpdate::Failed(words) => self.error.set(Some(words)),
                }
                self.busy.set(None);
                true
            });
            ports.feed.import(file, on);
        }
    }
}

/// The address of a run's page. A run's name may hold anything but a slash.
pub(crate) fn run_address(run: &str) -> String {
    let mut address = String::from("/runs/");
    for byte in run.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                address.push(char::from(byte))
            }
            other => address.push_str(&format!("%{other:02X}")),
        }
    }
    address
}

/// Takes files dropped anywhere on any page, and says what comes of opening one.
#[component]
pub(crate) fn DropZone() -> impl IntoView {
    let importer = use_importer();
    let open = importer.opener();
    let depth = RwSignal::new(0_i32);
    let carries_files =
        |e: &web_sys::DragEvent| e.data_transfer().is_some_and(|d| d.types().includes(&"Files".into(), 0));
    Effect::new(move || {
        let open = open.clone();
        let heard = [
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
                let file = e.data_transfer().and_then(|d| d.files()).and_then(|f| f.item(0));
                if let Some(file) = file {
                    open(file);
                }
            }),
        ];
        on_cleanup(move || heard.into_iter().for_each(|h| h.remove()));
    });
    view! {
        <div class="drop" class:is-open=move || { depth.get() > 0 } aria-hidden="true">
            <p>"Drop a results file to open it"</p>
        </div>
        <div class="notices" aria-live="polite">
            {move || importer.busy.get().map(|name| view! {
                <div class="notice">
                    <p>
                        {move || importer.progress.get().0} " " <b>{name}</b>
                        <progress aria-label="Progress" prop:value=move || importer.progress.get().1 />
                    </p>
                    <button class="button" on:click=move |_| importer.cancel()>"Cancel"</button>
                </div>
            })}
            {move || {
                importer.error.get().map(|words| view! {
                    <div class="notice is-bad" role="alert">
                        <p><b>"That file did not open. "</b>{words}</p>
                        <button class="icon-button" aria-label="Dismiss" on:click=move |_| importer.error.set(None)>
                            <Icon shape=Shape::Close />
                        </button>
                    </div>
                })
            }}
        </div>
    }
    .into_any()
}

/// A button that picks a results file.
#[component]
pub(crate) fn FilePicker(
    /// Its words.
    words: &'static str,
) -> impl IntoView {
    let importer = use_importer();
    let open = importer.opener();
    let input = NodeRef::<html::Input>::new();
    let pick = move |_| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    let picked = move |_| {
        let Some(input) = input.get_untracked() else { return };
        let file = input.files().and_then(|files| files.item(0));
        // The same file may be picked again once it was mended.
        input.set_value("");
        if let Some(file) = file {
            open(file);
        }
    };
    view! {
        <button class="button" on:click=pick disabled=move || importer.busy.with(Option::is_some)>
            <Icon shape=Shape::Open />
            {words}
        </button>
        <input
            class="hidden" type="file" tabindex="-1" aria-hidden="true" node_ref=input on:change=picked
            accept=".json,.jsonl,.ndjson,.csv,.tsv,.parquet,.film"
        />
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    #[test]
    fn any_run_name_makes_an_address() {
        let cases =
            [("grpo-042", "/runs/grpo-042"), ("a b?#%", "/runs/a%20b%3F%23%25"), ("é", "/runs/%C3%A9")];
        cases.iter().for_each(|(run, address)| assert_eq!(&super::run_address(run), address));
    }
}
