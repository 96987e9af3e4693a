//! A time in a page without a bundle.

use gauntlet_model::Timestamp;
use leptos::prelude::*;

use crate::ui::utc;

/// An instant to the minute, UTC; the script of such pages writes it in the viewer's zone, with UTC in its
/// title.
pub(crate) fn instant(at: Timestamp) -> impl IntoView + use<> {
    let words: String = utc(at).chars().take(16).collect();
    view! { <time datetime=at.to_string()>{words + " UTC"}</time> }
}
