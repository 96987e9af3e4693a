//! The way to the search page: a plain form, so that it needs no code in the browser.

use super::erase::Erase;
use leptos::prelude::*;

use super::{Icon, Shape};

/// Looks for words in every text of every run.
#[component]
pub(crate) fn SearchBox(
    /// What was looked for.
    #[prop(into, optional)]
    words: String,
) -> impl IntoView {
    view! {
        <form class="search" role="search" action="/search">
            <Icon shape=Shape::Search />
            <input
                type="search" name="q" value=words aria-label="Search all texts" placeholder="Search every text"
                autocomplete="off" spellcheck="false"
            />
        </form>
    }
    .erase()
}
