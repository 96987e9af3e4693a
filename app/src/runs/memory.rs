//! The list as it was left, so that the way back from a run leads to the same rows at the same place.

use gauntlet_model::RunSummary;
use leptos::prelude::*;

/// A list as it was left.
#[derive(Debug, Clone)]
pub(super) struct Left {
    /// Path and query of its address.
    pub(super) address: String,
    /// Its rows.
    pub(super) rows: Vec<RunSummary>,
    /// Where its next page starts.
    pub(super) cursor: Option<String>,
    /// How far the window was scrolled, CSS pixels.
    pub(super) scroll_px: f64,
}

/// The list that was left last; lives as long as the document.
#[derive(Clone, Copy)]
pub(crate) struct ListMemory(StoredValue<Option<Left>>);

impl ListMemory {
    /// Provides an empty memory to all pages.
    pub(crate) fn provide() {
        provide_context(Self(StoredValue::new(None)));
    }

    /// Remembers a list.
    pub(super) fn leave(left: Left) {
        if let Some(memory) = use_context::<Self>() {
            memory.0.set_value(Some(left));
        }
    }

    /// The list that was left at an address; it is forgotten with that.
    pub(super) fn take(address: &str) -> Option<Left> {
        let memory = use_context::<Self>()?;
        let is_same = memory.0.with_value(|left| left.as_ref().is_some_and(|left| left.address == address));
        if is_same { memory.0.try_update_value(Option::take).flatten() } else { None }
    }
}
