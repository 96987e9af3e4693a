//! The logo: a violet sphere and the name, as a link to the list of runs.

use leptos::prelude::*;

/// The logo.
#[component]
pub(crate) fn Mark() -> impl IntoView {
    view! {
        <a class="mark" href="/" rel="external" aria-label="Gauntlet, all runs">
            <i aria-hidden="true"></i><span>"Gauntlet"</span>
        </a>
    }
}
