//! The mark: a violet sphere and the name. Always the way back to the list.

use leptos::prelude::*;

/// The mark.
#[component]
pub(crate) fn Mark() -> impl IntoView {
    view! { <a class="mark" href="/" aria-label="Gauntlet, all runs"><i aria-hidden="true"></i><span>"Gauntlet"</span></a> }
}
