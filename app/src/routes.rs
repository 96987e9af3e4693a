//! The routes: which address shows which page, and which bundle of the browser side hydrates it.
//!
//! The server renders every page. The browser downloads one of two bundles: a page without a stage loads
//! none. A link from the pages of one bundle to those of the other has `rel="external"`, so that the browser
//! opens it as a document of its own.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{SsrMode, path};

use crate::gauntlet::RunPage;
use crate::runs::{ProjectPage, RunsPage};
use crate::ui::{DropZone, Erase, NotFoundPage, PageTitle, provide_importer};

/// All pages, as the server renders them.
#[component]
pub fn App() -> impl IntoView {
    framed(|| {
        view! {
            <Routes fallback=NoRoute>
                <Route path=path!("/") view=RunsPage ssr=SsrMode::Async />
                <Route path=path!("/projects/:project") view=ProjectPage ssr=SsrMode::Async />
                <Route path=path!("/runs/:id") view=RunPage ssr=SsrMode::Async />
            </Routes>
        }
        .erase()
    })
}

/// The lists of runs, as the browser hydrates them.
#[component]
pub fn ListApp() -> impl IntoView {
    framed(|| {
        view! {
            <Routes fallback=NoRoute>
                <Route path=path!("/") view=RunsPage />
                <Route path=path!("/projects/:project") view=ProjectPage />
            </Routes>
        }
        .erase()
    })
}

/// The run page, as the browser hydrates it.
#[component]
pub fn RunApp() -> impl IntoView {
    framed(|| {
        view! {
            <Routes fallback=NoRoute>
                <Route path=path!("/runs/:id") view=RunPage />
            </Routes>
        }
        .erase()
    })
}

/// What is around the routes on every page.
fn framed(routes: impl FnOnce() -> AnyView + Send + 'static) -> AnyView {
    provide_meta_context();
    provide_importer();
    view! {
        <PageTitle text="Gauntlet" />
        <Router>
            <DropZone />
            {routes()}
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
