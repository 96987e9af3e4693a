//! The effects of the run's project as the page knows them: read when it opens and whenever somebody changes
//! them.

use std::sync::Arc;

use gauntlet_model::EffectSet;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::get_effects;

/// The effects as the page knows them.
#[derive(Clone, Copy)]
pub(super) struct Effects {
    /// Those on the stage: the stored ones, or those being edited.
    pub(super) shown: RwSignal<Arc<EffectSet>>,
    /// Those that the server has, as far as the page knows.
    pub(super) stored: RwSignal<Arc<EffectSet>>,
    /// Why they could not be read the last time.
    pub(super) unread: RwSignal<Option<String>>,
}

impl Default for Effects {
    /// The defaults, until those of the project are read.
    fn default() -> Self {
        // The same value in both: nothing is being edited.
        let defaults = Arc::<EffectSet>::default();
        Self {
            shown: RwSignal::new(defaults.clone()),
            stored: RwSignal::new(defaults),
            unread: RwSignal::new(None),
        }
    }
}

impl Effects {
    /// Reads the effects again where the server has another version of them, or could not be asked before.
    pub(super) fn follow(self, project: String, version: u64) {
        let is_current = self.stored.with_untracked(|stored| stored.version == version);
        if !is_current || self.unread.with_untracked(Option::is_some) {
            self.read(project);
        }
    }

    /// Reads the effects of a project.
    pub(super) fn read(self, project: String) {
        // Not an action: the feed asks for it at any time, and nothing waits for the answer.
        spawn_local(async move {
            match get_effects(project).await {
                Ok(set) => {
                    self.unread.try_set(None);
                    self.store(set);
                }
                Err(error) => _ = self.unread.try_set(Some(error.to_string())),
            }
        });
    }

    /// Takes over what the server has. Effects that are being edited stay on the stage.
    pub(super) fn store(self, set: EffectSet) {
        let set = Arc::new(set);
        let Some(before) = self.stored.try_get_untracked() else { return };
        self.stored.set(set.clone());
        if self.shown.with_untracked(|shown| Arc::ptr_eq(shown, &before)) {
            self.shown.set(set);
        }
    }
}
