//! The page for something that does not exist.

use leptos::prelude::*;

use super::PageTitle;
use super::erase::Erase;
use crate::api::answer_not_found;

/// A page that names what does not exist, with a link to the list of runs. The server answers it with status
/// 404.
#[component]
pub(crate) fn NotFoundPage(
    /// What is missing.
    #[prop(into)]
    title: String,
    /// What to do about it.
    #[prop(into)]
    words: String,
) -> impl IntoView {
    answer_not_found();
    view! {
        <PageTitle text=format!("{title} · Gauntlet") />
        <main class="lost">
            <p class="lost-code" aria-hidden="true">"404"</p>
            <h1>{title}</h1>
            <p>{words}</p>
            <a class="button" href="/" rel="external">"All runs"</a>
        </main>
    }
    .erase()
}
