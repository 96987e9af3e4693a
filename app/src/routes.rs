//! The routes: which address shows which page.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{SsrMode, path};

use crate::gauntlet::RunPage;
use crate::runs::{ListMemory, ProjectPage, RunsPage};
use crate::ui::{DropZone, Erase, NotFoundPage, PageTitle, provide_importer};

/// All pages. The server renders them; the browser hydrates them.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_importer();
    ListMemory::provide();
    view! {
        <PageTitle text="Gauntlet" />
        <Router>
            <DropZone />
            <Routes fallback=|| view! { <NoRoute /> }>
                <Route path=path!("/") view=RunsPage ssr=SsrMode::Async />
                <Route path=path!("/projects/:project") view=ProjectPage ssr=SsrMode::Async />
                <Route path=path!("/runs/:id") view=RunPage ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
    .erase()
}

/// The fallback for addresses without a page.
#[component]
fn NoRoute() -> impl IntoView {
    view! {
        <NotFoundPage
            title="There is no page here"
            words="The address may be mistyped, or the page may have moved."
        />
    }
    .erase()
}
