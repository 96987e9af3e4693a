//! The place in the list as it was left, so that the way back from a run leads to the same rows at the same
//! place. The run's page is another document, so the browser's tab stores it.

use serde::{Deserialize, Serialize};

use crate::ui::{hand_over, handed_over};

/// The key of the place in the tab's storage.
const KEY: &str = "gauntlet.list";

/// A place in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ListPlace {
    /// Path and query of the list's address.
    pub(super) address: String,
    /// How far the window was scrolled, CSS pixels.
    pub(super) scroll_px: f64,
}

/// Stores the place in a list that is left.
pub(super) fn leave(left: &ListPlace) {
    hand_over(KEY, left);
}

/// The place where the list of this address was left; it is forgotten with that. The place of another list
/// stays, for the way back to that one.
pub(super) fn take(address: &str) -> Option<ListPlace> {
    let left: ListPlace = handed_over(KEY)?;
    if left.address == address {
        return Some(left);
    }
    leave(&left);
    None
}
