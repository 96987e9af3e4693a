//! Opening results files: dropped anywhere, or picked with a button. The server reads them; its words are shown.

use std::cell::RefCell;
use std::rc::Rc;

use super::erase::Erase;
use leptos::ev::{beforeunload, dragenter, dragleave, dragover, drop as dropped};
use leptos::html;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

use super::browser::now_ms;
use super::icon::{Icon, Shape};
use super::incoming::{Incoming, Notices, Stands};
use crate::ports::{FileUpdate, use_ports};

/// The files on their way in.
#[derive(Clone, Copy)]
pub(crate) struct Importer {
    files: RwSignal<Vec<Incoming>>,
    /// How many there have been.
    count: StoredValue<u32>,
}

thread_local! {
    /// Files that may be sent again, to be imported as far as they can be read. The browser's alone: a value of the page
    /// would be created on the server too, where it must not move from thread to thread.
    static AGAIN: RefCell<Vec<(u32, web_sys::File)>> = const { RefCell::new(Vec::new()) };
}

/// Provides the importer to every page.
pub(crate) fn provide_importer() {
    provide_context(Importer { files: RwSignal::new(Vec::new()), count: StoredValue::new(0) });
}

/// The importer.
fn use_importer() -> Importer {
    expect_context::<Importer>()
}

impl Importer {
    /// The files, the first one first.
    pub(super) fn ids(self) -> Vec<u32> {
        self.files.with(|all| all.iter().map(|file| file.id).collect())
    }

    /// One of them.
    pub(super) fn file(self, id: u32) -> Option<Incoming> {
        self.files.with(|all| all.iter().find(|file| file.id == id).cloned())
    }

    /// Gives a file up that is on its way; drops the words about one that has ended.
    pub(super) fn forget(self, id: u32) {
        self.files.update(|all| all.retain(|file| file.id != id));
        AGAIN.with_borrow_mut(|all| all.retain(|(known, _)| *known != id));
    }

    /// Sends a file again that did not open, to be imported as far as it can be read.
    pub(super) fn import_in_part(self, id: u32) {
        let file = AGAIN.with_borrow(|all| all.iter().find(|(known, _)| *known == id).cloned());
        let (Some((_, file)), Some(ports)) = (file, use_ports()) else { return };
        self.files.update(|all| {
            if let Some(file) = all.iter_mut().find(|file| file.id == id) {
                file.stands = Stands::Waiting;
            }
        });
        ports.feed.import(file, true, Rc::new(move |update| self.hear(id, update).is_some()));
    }

    /// Hears how a file stands. `None` where nobody waits for it any more.
    fn hear(self, id: u32, update: FileUpdate) -> Option<()> {
        let now = now_ms();
        self.files.try_update(|all| {
            let file = all.iter_mut().find(|file| file.id == id)?;
            file.stands = match update {
                FileUpdate::Progress { phase, done_bytes } => file.stands.moved(phase, done_bytes, now),
                FileUpdate::Away(words) => file.stands.away(words, now),
                FileUpdate::Done { run, notes } => Stands::Done { run, notes },
                FileUpdate::Failed { words, is_readable } => Stands::Failed { words, is_readable },
            };
            Some(())
        })?
    }

    /// What sends files, and goes to the run of one that came alone. Call it inside the router.
    fn opener(self) -> impl Fn(web_sys::FileList) + Clone + 'static {
        let navigate = use_navigate();
        move |list: web_sys::FileList| {
            let Some(ports) = use_ports() else { return };
            // What was said of earlier ones has been read by now.
            self.files.update(|all| all.retain(|file| !file.stands.has_ended()));
            AGAIN.with_borrow_mut(Vec::clear);
            for file in (0..list.length()).filter_map(|i| list.item(i)) {
                let id =
                    self.count.try_update_value(|count| *count += 1).map_or(0, |()| self.count.get_value());
                let (name, size_bytes) = (file.name(), file.size());
                self.files.update(|all| all.push(Incoming { id, name, size_bytes, stands: Stands::Waiting }));
                AGAIN.with_borrow_mut(|all| all.push((id, file.clone())));
                let navigate = navigate.clone();
                let on: Rc<dyn Fn(FileUpdate) -> bool> = Rc::new(move |update| {
                    let (run, is_noted) = match &update {
                        FileUpdate::Done { run, notes } => (Some(run_address(run)), !notes.is_empty()),
                        _ => (None, false),
                    };
                    let is_heard = self.hear(id, update).is_some();
                    let is_alone = self.files.try_with_untracked(|all| all.len() == 1) == Some(true);
                    if let Some(run) = run.filter(|_| is_heard && is_alone) {
                        // What there is to note stays over the run's page.
                        if !is_noted {
                            self.forget(id);
                        }
                        navigate(&run, Default::default());
                    }
                    is_heard
                });
                ports.feed.import(file, false, on);
            }
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

/// Takes files dropped anywhere on any page, and says what comes of opening them.
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
                if let Some(files) = e.data_transfer().and_then(|d| d.files()) {
                    open(files);
                }
            }),
            // The browser asks before it leaves a page that still sends.
            window_event_listener(beforeunload, move |e| {
                if importer.files.with_untracked(|all| all.iter().any(|file| file.stands.needs_page())) {
                    e.prevent_default();
                }
            }),
        ];
        on_cleanup(move || heard.into_iter().for_each(|h| h.remove()));
    });
    view! {
        <div class="drop" class:is-open=move || { depth.get() > 0 } aria-hidden="true">
            <p>"Drop results files to open them"</p>
        </div>
        <Notices importer />
    }
    .erase()
}

/// A button that picks results files.
#[component]
pub(crate) fn FilePicker() -> impl IntoView {
    let open = use_importer().opener();
    let input = NodeRef::<html::Input>::new();
    let pick = move |_| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    let picked = move |_| {
        let Some(input) = input.get_untracked() else { return };
        if let Some(files) = input.files() {
            open(files);
        }
        // The same file may be picked again once it was mended.
        input.set_value("");
    };
    view! {
        <button class="button" on:click=pick>
            <Icon shape=Shape::Open />
            "Open results files"
        </button>
        <input
            class="hidden" type="file" multiple tabindex="-1" aria-hidden="true" node_ref=input on:change=picked
            accept=".json,.jsonl,.ndjson,.csv,.tsv,.parquet,.film,.eval"
        />
    }
    .erase()
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
