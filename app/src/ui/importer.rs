//! The uploads of this page, shared by the drop zone, the file picker and the notices.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::prelude::*;

use super::address::run_address;
use super::browser::{hand_over, handed_over, now_ms, open_document};
use super::upload::{Upload, UploadStatus};
use crate::ports::{FileUpdate, use_ports};

/// The uploads, the first one first.
#[derive(Clone, Copy)]
pub(crate) struct Importer {
    files: RwSignal<Vec<Upload>>,
    /// How many there have been: the next id.
    count: StoredValue<u32>,
}

/// The key under which the notes of an import are handed over to the run's page: a file's name, the run's id
/// and the notes.
const IMPORTED: &str = "gauntlet.imported";

thread_local! {
    /// Files by upload, to send them again for a partial import. In the browser only: a signal would be
    /// created on the server too, and a `File` cannot move between threads.
    static RETRYABLE: RefCell<Vec<(u32, web_sys::File)>> = const { RefCell::new(Vec::new()) };
}

/// Provides the importer to every page.
pub(crate) fn provide_importer() {
    provide_context(Importer { files: RwSignal::new(Vec::new()), count: StoredValue::new(0) });
}

/// The importer of the page.
pub(super) fn use_importer() -> Importer {
    expect_context::<Importer>()
}

impl Importer {
    /// The ids of all uploads.
    pub(super) fn ids(self) -> Vec<u32> {
        self.files.with(|all| all.iter().map(|file| file.id).collect())
    }

    /// An upload.
    pub(super) fn file(self, id: u32) -> Option<Upload> {
        self.files.with(|all| all.iter().find(|file| file.id == id).cloned())
    }

    /// Shows the notes of an import that led to this page.
    pub(super) fn show_imported(self) {
        let Some((name, run, notes)) = handed_over(IMPORTED) else { return };
        let status = UploadStatus::Done { run, notes };
        let id = self.next_id();
        self.files.update(|all| all.push(Upload { id, name, size_bytes: 0.0, status }));
    }

    /// An id that no upload of this page has.
    fn next_id(self) -> u32 {
        self.count.try_update_value(|count| *count += 1).map_or(0, |()| self.count.get_value())
    }

    /// Cancels an upload, or removes one that has ended.
    pub(super) fn remove(self, id: u32) {
        self.files.update(|all| all.retain(|file| file.id != id));
        RETRYABLE.with_borrow_mut(|all| all.retain(|(known, _)| *known != id));
    }

    /// Sends a file again to import the readable part of it.
    pub(super) fn import_partially(self, id: u32) {
        let file = RETRYABLE.with_borrow(|all| all.iter().find(|(known, _)| *known == id).cloned());
        let (Some((_, file)), Some(ports)) = (file, use_ports()) else { return };
        self.files.update(|all| {
            if let Some(file) = all.iter_mut().find(|file| file.id == id) {
                file.status = UploadStatus::Waiting;
            }
        });
        ports.uploads.import(file, true, Rc::new(move |update| self.apply(id, update).is_some()));
    }

    /// Whether leaving the page would end an upload.
    pub(super) fn needs_page(self) -> bool {
        self.files.with_untracked(|all| all.iter().any(|file| file.status.needs_page()))
    }

    /// Applies an update. `None` where the upload was removed.
    fn apply(self, id: u32, update: FileUpdate) -> Option<()> {
        let now = now_ms();
        self.files.try_update(|all| {
            let file = all.iter_mut().find(|file| file.id == id)?;
            file.status = match update {
                FileUpdate::Progress { phase, done_bytes } => {
                    file.status.with_progress(phase, done_bytes, now)
                }
                FileUpdate::Disconnected(reason) => file.status.disconnected(reason, now),
                FileUpdate::Done { run, notes } => UploadStatus::Done { run, notes },
                FileUpdate::Failed { message, is_readable } => UploadStatus::Failed { message, is_readable },
            };
            Some(())
        })?
    }

    /// A function that uploads files, and opens the run of a file that came alone.
    pub(super) fn uploader(self) -> impl Fn(web_sys::FileList) + Clone + 'static {
        move |list: web_sys::FileList| {
            let Some(ports) = use_ports() else { return };
            // New uploads replace the notices of finished ones.
            self.files.update(|all| all.retain(|file| !file.status.has_ended()));
            RETRYABLE.with_borrow_mut(Vec::clear);
            for file in (0..list.length()).filter_map(|i| list.item(i)) {
                let (id, name, size_bytes) = (self.next_id(), file.name(), file.size());
                let status = UploadStatus::Waiting;
                self.files.update(|all| all.push(Upload { id, name: name.clone(), size_bytes, status }));
                RETRYABLE.with_borrow_mut(|all| all.push((id, file.clone())));
                let on: Rc<dyn Fn(FileUpdate) -> bool> = Rc::new(move |update| {
                    let done = match &update {
                        FileUpdate::Done { run, notes } => Some((run.clone(), notes.clone())),
                        _ => None,
                    };
                    let is_listening = self.apply(id, update).is_some();
                    let is_alone = self.files.try_with_untracked(|all| all.len() == 1) == Some(true);
                    if let Some((run, notes)) = done.filter(|_| is_listening && is_alone) {
                        self.remove(id);
                        if !notes.is_empty() {
                            hand_over(IMPORTED, &(&name, &run, &notes));
                        }
                        open_document(&run_address(&run));
                    }
                    is_listening
                });
                ports.uploads.import(file, false, on);
            }
        }
    }
}
