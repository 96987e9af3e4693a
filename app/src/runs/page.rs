//! The pages of lists: all runs, and those of a project.

use std::collections::BTreeSet;

use leptos::prelude::*;

use super::charts::{Charts, ChartsButton};
use super::chooser::Chooser;
use super::empty::{NoMatch, NoRuns, NoRunsOf};
use super::filters::{Filter, Filters};
use super::grouping::Grouping;
use super::live::{keep_fresh, retry_when_back};
use super::rows::RunRows;
use super::selection_bar::SelectionBar;
use super::table::RunTable;
use super::views::Views;
use crate::api::{PageError, RunList, list_runs};
use crate::ui::{Erase, FilePicker, Mark, PageTitle, SearchBox, ThemeSwitch, grouped, monitors_address};

/// `/`.
#[component]
pub(crate) fn RunsPage() -> impl IntoView {
    view! { <ListPage filter=Filter::from_address() /> }
}

/// `/projects/{project}`.
#[component]
pub(crate) fn ProjectPage() -> impl IntoView {
    view! { <ListPage filter=Filter::from_address() /> }
}

/// What is open beside the table. It is not rebuilt with each list: the chooser stays open while columns
/// change.
#[derive(Clone, Copy)]
struct Open {
    columns: RwSignal<bool>,
    groups: RwSignal<bool>,
    charts: RwSignal<bool>,
}

#[component]
fn ListPage(filter: Filter) -> impl IntoView {
    let open =
        Open { columns: RwSignal::new(false), groups: RwSignal::new(false), charts: RwSignal::new(false) };
    let query = move || filter.query(String::new());
    let found = Resource::new_blocking(query, list_runs);
    let title = move || match filter.of_project() {
        Some(project) => format!("{project} · Gauntlet"),
        None => "Runs · Gauntlet".to_owned(),
    };
    let heading = move || match filter.of_project() {
        Some(project) => view! {
            <a class="crumb-up" href="/">"Runs"</a>" / "<bdi>{project}</bdi>
        }
        .erase(),
        None => "Runs".erase(),
    };
    view! {
        {move || view! { <PageTitle text=title() /> }}
        <div class="runs-page">
            <header class="top">
                <Mark />
                <span class="top-gap"></span>
                <SearchBox />
                {move || filter.of_project().map(|project| {
                    let href = monitors_address(&project);
                    view! { <a class="link" href=href rel="external">"Monitors"</a> }
                })}
                <a class="link" href="/compare" rel="external">"Compare"</a>
                <a class="link" href="/docs" rel="external">"Docs"</a>
                <ThemeSwitch />
                <FilePicker />
            </header>
            <main class="runs">
                <h1>{heading}</h1>
                <Filters filter />
                <Transition fallback=|| view! { <p class="quiet-words" role="status">"Reading the log"</p> }>
                    {move || Suspend::new(async move {
                        match found.await {
                            Ok(list) => view! { <Found list filter open /> }.erase(),
                            Err(error) => view! {
                                <Failed error filter open retry=Callback::new(move |()| found.refetch()) />
                            }
                            .erase(),
                        }
                    })}
                </Transition>
            </main>
        </div>
    }
    .erase()
}

/// The list could not be read: the server has a fault, or the address says something that cannot be
/// understood.
#[component]
fn Failed(error: PageError, filter: Filter, open: Open, retry: Callback<()>) -> impl IntoView {
    let is_fault = error.status >= 500;
    if is_fault {
        retry_when_back(retry);
    }
    let heading = if is_fault { "The runs could not be read" } else { "This list cannot be shown" };
    let way_on = match is_fault {
        true => view! { <button class="button" on:click=move |_| retry.run(())>"Try again"</button> }.erase(),
        false => view! { <a class="button" href=move || filter.base()>"Show all runs"</a> }.erase(),
    };
    // What the address asks for can be changed here as well.
    let columns = StoredValue::new(filter.named_columns());
    let chooser = columns.with_value(|columns| !columns.is_empty());
    let chooser = chooser.then(|| view! { <Chooser filter columns open=open.columns /> });
    view! {
        <div class="list-head">
            <span class="list-count"></span>
            <Views filter />
            <Grouping filter open=open.groups />
            {chooser}
        </div>
        <section class="empty is-small" role="alert">
            <h2>{heading}</h2>
            <p>{error.message}</p>
            {way_on}
        </section>
    }
    .erase()
}

/// The rows, or what to do where there are none.
#[component]
fn Found(list: RunList, filter: Filter, open: Open) -> impl IntoView {
    let runs = RunRows::new(list, filter, open.charts);
    let now = keep_fresh(runs);
    let is_empty = Memo::new(move |_| runs.rows.with(Vec::is_empty));
    let table = move || match (is_empty.get(), filter.is_set(), filter.of_project()) {
        (false, ..) => view! { <RunTable runs now /> }.erase(),
        (true, true, _) => view! { <NoMatch filter /> }.erase(),
        (true, false, Some(project)) => view! { <NoRunsOf project /> }.erase(),
        (true, false, None) => view! { <NoRuns /> }.erase(),
    };
    let has_tools = Memo::new(move |_| !is_empty.get() || filter.is_set());
    let tools = move || has_tools.get().then(|| view! { <Tools runs open /> });
    view! {
        {tools}
        {table}
        <SelectionBar runs />
    }
    .erase()
}

/// How many runs there are, and what changes the list: views, columns, charts.
#[component]
fn Tools(runs: RunRows, open: Open) -> impl IntoView {
    let count = move || {
        let total = runs.total.get();
        format!("{} {}", grouped(total), if total == 1 { "run" } else { "runs" })
    };
    let keys =
        move || runs.groups.with(|groups| groups.iter().map(|it| it.key.clone()).collect::<BTreeSet<_>>());
    let are_folded = Memo::new(move |_| runs.folded.with(|folded| keys().is_subset(folded)));
    let fold = move || {
        let has_groups = runs.groups.with(|groups| !groups.is_empty());
        has_groups.then(|| view! {
            <button class="button"
                on:click=move |_| runs.folded.set(if are_folded.get() { BTreeSet::new() } else { keys() })>
                {move || if are_folded.get() { "Unfold groups" } else { "Fold groups" }}
            </button>
        })
    };
    view! {
        <div class="list-head">
            <p class="list-count" role="status">
                {count}
                {move || runs.is_lost.get().then(|| view! {
                    <span class="list-lost">" · The server does not answer: as it was before. "</span>
                })}
            </p>
            <ChartsButton runs />
            {fold}
            <Views filter=runs.filter />
            <Grouping filter=runs.filter open=open.groups />
            <Chooser filter=runs.filter columns=runs.columns open=open.columns />
        </div>
        <Charts runs />
    }
    .erase()
}
