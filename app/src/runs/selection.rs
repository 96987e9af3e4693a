//! The runs that are selected in the list.

use std::collections::BTreeSet;

use leptos::prelude::*;

/// The ids of the selected runs.
#[derive(Clone, Copy)]
pub(super) struct Selection(RwSignal<BTreeSet<String>>);

impl Selection {
    pub(super) fn new() -> Self {
        Self(RwSignal::new(BTreeSet::new()))
    }

    pub(super) fn has(self, id: &str) -> bool {
        self.0.with(|ids| ids.contains(id))
    }

    pub(super) fn set(self, id: &str, is_on: bool) {
        self.0.update(|ids| _ = if is_on { ids.insert(id.to_owned()) } else { ids.remove(id) });
    }

    /// Selects these runs and no others.
    pub(super) fn replace(self, ids: impl Iterator<Item = String>) {
        self.0.set(ids.collect());
    }

    pub(super) fn count(self) -> usize {
        self.0.with(BTreeSet::len)
    }
}
