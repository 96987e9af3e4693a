//! The entries of a store in memory, ordered as pages are.

use std::collections::{BTreeMap, HashMap};

use gauntlet_model::{RunId, Timestamp};

use super::entry::ArchivedEntry;
use super::query::{ArchivePage, ExperimentQuery, Order};

/// Entries by time of creation and id.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: BTreeMap<(Timestamp, RunId), ArchivedEntry>,
    created: HashMap<RunId, Timestamp>,
}

impl Index {
    /// Adds an entry; one with a known id changes nothing.
    pub(super) fn add(&mut self, entry: ArchivedEntry) {
        if self.created.insert(entry.id.clone(), entry.created_at).is_none() {
            self.entries.insert((entry.created_at, entry.id.clone()), entry);
        }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &RunId> {
        self.created.keys()
    }

    pub(super) fn page(&self, query: &ExperimentQuery) -> ArchivePage {
        let matching = |entry: &&ArchivedEntry| query.is_after_cursor(entry) && query.matches(entry);
        let wanted = query.limit.saturating_add(1);
        let found = match query.order {
            Order::Newest => {
                self.entries.values().rev().filter(matching).take(wanted).cloned().collect::<Vec<_>>()
            }
            Order::Oldest => self.entries.values().filter(matching).take(wanted).cloned().collect(),
        };
        query.page(found)
    }
}
