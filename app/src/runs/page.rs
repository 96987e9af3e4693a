//! The pages of lists: all runs, and those of a project.

use leptos::prelude::*;

use super::charts::Charts;
use super::chooser::Chooser;
use super::empty::{NoMatch, NoRuns};
use super::filters::{Filter, Filters};
use super::row::Row;
use super::rows::RunRows;
use super::selection_bar::SelectionBar;
use super::views::Views;
use crate::api::{ListColumn, RunList, list_runs};
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

#[component]
fn ListPage(filter: Filter) -> impl IntoView {
    // Outside of what is rebuilt with each list: the chooser stays open while columns change.
    let choosing = RwSignal::new(false);
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
                            Ok(list) => view! { <Found list filter choosing /> }.erase(),
                            Err(error) => view! {
                                <Failed error=error.to_string() retry=move || found.refetch() />
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

/// The list could not be read.
#[component]
fn Failed(error: String, retry: impl Fn() + 'static) -> impl IntoView {
    view! {
        <section class="empty is-small" role="alert">
            <h2>"The runs could not be read"</h2>
            <p>{error}</p>
            <button class="button" on:click=move |_| retry()>"Try again"</button>
        </section>
    }
    .erase()
}

/// The rows, or what to do where there are none.
#[component]
fn Found(list: RunList, filter: Filter, choosing: RwSignal<bool>) -> impl IntoView {
    let runs = RunRows::new(list, filter);
    runs.return_to_place();
    let now = runs.keep_fresh();
    let is_empty = Memo::new(move |_| runs.rows.with(Vec::is_empty));
    let is_filtered = move || filter.is_set() || filter.of_project().is_some();
    view! {
        {move || match (is_empty.get(), is_filtered()) {
            (false, _) => view! { <RunTable runs now choosing /> }.erase(),
            (true, true) => view! { <NoMatch /> }.erase(),
            (true, false) => view! { <NoRuns /> }.erase(),
        }}
        <LoadMore runs />
        <SelectionBar runs />
    }
    .erase()
}

/// The table of runs.
#[component]
fn RunTable(runs: RunRows, now: RwSignal<Option<f64>>, choosing: RwSignal<bool>) -> impl IntoView {
    let rows = runs.rows;
    let count = move || {
        let (shown, total) = (rows.with(Vec::len) as u64, runs.total.get());
        let word = if total == 1 { "run" } else { "runs" };
        match shown < total {
            true => format!("{} {word}, {} shown", grouped(total), grouped(shown)),
            false => format!("{} {word}", grouped(total)),
        }
    };
    let are_all = move || rows.with(|rows| rows.iter().all(|row| runs.selection.has(row.run.id.as_str())));
    let select_all = move |e| {
        let ids =
            rows.with_untracked(|rows| rows.iter().map(|row| row.run.id.to_string()).collect::<Vec<_>>());
        runs.selection.replace(ids.into_iter().filter(|_| event_target_checked(&e)));
    };
    let name = ListColumn { name: "name".to_owned(), title: "Run".to_owned(), is_number: false };
    let columns = runs.columns.get_value();
    // Beside the name, whose column is four times as wide.
    let width = format!("--columns:{}", columns.len());
    let heads = std::iter::once(name).chain(columns).map(|column| view! { <Head runs column /> });
    view! {
        <div class="list-head">
            <p class="list-count" role="status">{count}</p>
            <Views filter=runs.filter />
            <Chooser filter=runs.filter columns=runs.columns open=choosing />
        </div>
        <Charts runs />
        <div class="run-table-frame" tabindex="0" role="region" aria-label="Runs">
        <table class="run-table" style=width>
            <thead>
                <tr>
                    <th scope="col" class="run-select">
                        <input
                            type="checkbox" aria-label="Select all runs shown" prop:checked=are_all
                            on:change=select_all
                        />
                    </th>
                    {heads.collect_view()}
                </tr>
            </thead>
            <tbody on:click=move |_| runs.leave()>
                <For
                    each=move || rows.get() key=|row| row.run.id.clone()
                    children=move |row| view! { <Row row runs now /> }
                />
            </tbody>
        </table>
        </div>
    }
    .erase()
}

/// The head of a column: a link to the list in its order; where it is in that order, to the reverse.
#[component]
fn Head(runs: RunRows, column: ListColumn) -> impl IntoView {
    let ListColumn { name, title, is_number } = column;
    let filter = runs.filter;
    let class = format!("col-{}", if name.contains(':') { "other" } else { &name });
    let sort = StoredValue::new(name);
    let is_sort = move |word: &str| sort.with_value(|sort| sort == word);
    let now = move || {
        filter.sort.with(|now| {
            let column = now.strip_prefix('-').unwrap_or(now);
            (is_sort(column), column.len() < now.len())
        })
    };
    // Texts begin with the first, numbers and times with the greatest.
    let direction = move || match (now(), is_number) {
        ((false, _), _) => None,
        ((_, is_reversed), is_number) => {
            Some(if is_reversed == is_number { "ascending" } else { "descending" })
        }
    };
    let href = move || match now() {
        (true, false) => filter.with("sort", &format!("-{}", sort.get_value())),
        (true, true) => filter.with("sort", ""),
        (false, _) => filter.with("sort", &sort.get_value()),
    };
    let arrow = move || match direction() {
        Some("ascending") => " ↑",
        Some(_) => " ↓",
        None => "",
    };
    view! {
        <th scope="col" class=class class:num=is_number aria-sort=direction>
            <a href=href data-noscroll="" prop:replace=true>{title}<span aria-hidden="true">{arrow}</span></a>
        </th>
    }
    .erase()
}

/// The button that loads the next page, while there is one.
#[component]
fn LoadMore(runs: RunRows) -> impl IntoView {
    let load = Action::new(move |cursor: &String| runs.load_more(cursor.clone()));
    let more = move |_| {
        if let Some(cursor) = runs.cursor.get_untracked() {
            load.dispatch(cursor);
        }
    };
    let is_loading = move || load.pending().get();
    let error = move || load.value().with(|result| result.as_ref()?.as_ref().err().map(ToString::to_string));
    view! {
        {move || error().map(|error| view! { <p class="trouble" role="alert">{error}</p> })}
        {move || runs.cursor.with(Option::is_some).then(|| view! {
            <button class="button more" on:click=more disabled=is_loading>
                {move || if is_loading() { "Loading" } else { "Load more" }}
            </button>
        })}
    }
    .erase()
}
