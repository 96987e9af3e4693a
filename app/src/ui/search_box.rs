//! The search box: a plain form that opens the search page, without code in the browser.

use super::erase::Erase;
use leptos::prelude::*;

use super::{Icon, Shape};

/// Searches all texts of all runs.
#[component]
pub(crate) fn SearchBox(
    /// The current query.
    #[prop(into, optional)]
    words: String,
) -> impl IntoView {
    view! {
        <form class="search" role="search" action="/search">
            <Icon shape=Shape::Search />
            <input
                type="search" name="q" value=words aria-label="Search all texts"
                placeholder="Search every text"
                autocomplete="off" spellcheck="false"
            />
        </form>
    }
    .erase()
}
