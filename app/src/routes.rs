//! The table of contents: which address shows which page.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{SsrMode, path};

use crate::api;
use crate::gauntlet::RunPage;
use crate::runs::RunsPage;
use crate::ui::{DropZone, Erase, PageTitle, provide_importer};

/// All pages. Rendered by the server, taken over by the browser.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_importer();
    view! {
        <PageTitle text="Gauntlet" />
        <Router>
            <DropZone />
            <Routes fallback=|| view! { <NotFound /> }>
                <Route path=path!("/") view=RunsPage ssr=SsrMode::Async />
                <Route path=path!("/runs/:id") view=RunPage ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
    .erase()
}

/// Nothing lives at this address.
#[component]
fn NotFound() -> impl IntoView {
    view! {
        <Lost
            title="There is no page here"
            words="The address may be mistyped, or the page may have moved."
        />
    }
    .erase()
}

/// A page that says that something is not there, with a way on. Answers 404 from the server.
#[component]
pub fn Lost(
    /// What is missing.
    #[prop(into)]
    title: String,
    /// What to do about it.
    #[prop(into)]
    words: String,
) -> impl IntoView {
    api::answer_not_found();
    view! {
        <PageTitle text=format!("{title} · Gauntlet") />
        <main class="lost">
            <p class="lost-code" aria-hidden="true">"404"</p>
            <h1>{title}</h1>
            <p>{words}</p>
            <a class="button" href="/">"All runs"</a>
        </main>
    }
    .erase()
}
