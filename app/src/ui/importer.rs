//! The uploads of this page, shared by the drop zone, the file picker and the notices.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

use super::address::run_address;
use super::browser::now_ms;
use super::upload::{Upload, UploadStatus};
use crate::ports::{FileUpdate, use_ports};

/// The uploads, the first one first.
#[derive(Clone, Copy)]
pub(crate) struct Importer {
    files: RwSignal<Vec<Upload>>,
    /// How many there have been: the next id.
    count: StoredValue<u32>,
}

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
        ports.feed.import(file, true, Rc::new(move |update| self.apply(id, update).is_some()));
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

    /// A function that uploads files, and opens the run of a file that came alone. To be called inside the
    /// router.
    pub(super) fn uploader(self) -> impl Fn(web_sys::FileList) + Clone + 'static {
        let navigate = use_navigate();
        move |list: web_sys::FileList| {
            let Some(ports) = use_ports() else { return };
            // New uploads replace the notices of finished ones.
            self.files.update(|all| all.retain(|file| !file.status.has_ended()));
            RETRYABLE.with_borrow_mut(Vec::clear);
            for file in (0..list.length()).filter_map(|i| list.item(i)) {
                let id =
                    self.count.try_update_value(|count| *count += 1).map_or(0, |()| self.count.get_value());
                let (name, size_bytes) = (file.name(), file.size());
                self.files
                    .update(|all| all.push(Upload { id, name, size_bytes, status: UploadStatus::Waiting }));
                RETRYABLE.with_borrow_mut(|all| all.push((id, file.clone())));
                let navigate = navigate.clone();
                let on: Rc<dyn Fn(FileUpdate) -> bool> = Rc::new(move |update| {
                    let (run, is_noted) = match &update {
                        FileUpdate::Done { run, notes } => (Some(run_address(run)), !notes.is_empty()),
                        _ => (None, false),
                    };
                    let is_listening = self.apply(id, update).is_some();
                    let is_alone = self.files.try_with_untracked(|all| all.len() == 1) == Some(true);
                    if let Some(run) = run.filter(|_| is_listening && is_alone) {
                        // Notes of the import stay visible over the run's page.
                        if !is_noted {
                            self.remove(id);
                        }
                        navigate(&run, Default::default());
                    }
                    is_listening
                });
                ports.feed.import(file, false, on);
            }
        }
    }
}
