//! The runs page: the list of runs, refreshed while the page is visible.

use std::future::Future;
use std::time::Duration;

use gauntlet_model::RunSummary;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::empty::{NoMatch, NoRuns};
use super::filters::{Filter, Filters};
use super::row::Row;
use crate::api::{PageError, RunList, list_runs};
use crate::ui::{Erase, FilePicker, Mark, PageTitle, SearchBox, ThemeSwitch, now_ms};

/// Time between two refreshes of the list.
const REFRESH: Duration = Duration::from_secs(2);
/// While no run is active, only every so many refreshes are done.
const IDLE_TICKS: u32 = 2;

/// `/`.
#[component]
pub(crate) fn RunsPage() -> impl IntoView {
    let filter = Filter::from_address();
    let query = move || filter.query(String::new());
    let found = Resource::new_blocking(query, list_runs);
    view! {
        <PageTitle text="Runs · Gauntlet" />
        <div class="runs-page">
            <header class="top">
                <Mark />
                <span class="top-gap"></span>
                <SearchBox />
                <a class="link" href="/docs" rel="external">"Docs"</a>
                <ThemeSwitch />
                <FilePicker />
            </header>
            <main class="runs">
                <h1>"Runs"</h1>
                <Filters filter />
                <Transition fallback=|| view! { <p class="quiet-words" role="status">"Reading the log"</p> }>
                    {move || Suspend::new(async move {
                        match found.await {
                            Ok(page) => view! { <Found page filter /> }.erase(),
                            Err(error) => view! { <Failed error=error.to_string() retry=move || found.refetch() /> }.erase(),
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

/// Merges a newer first page into the rows shown: it replaces the rows it covers; rows loaded after them
/// stay.
fn refreshed(rows: &[RunSummary], fresh: RunList) -> Vec<RunSummary> {
    let end = fresh.items.last().map(|r| r.id.clone());
    let rest = end.and_then(|id| rows.iter().position(|r| r.id == id)).map_or(rows.len(), |i| i + 1);
    let mut items = fresh.items;
    let rest: Vec<_> = rows[rest..].iter().filter(|r| items.iter().all(|i| i.id != r.id)).cloned().collect();
    if fresh.next_cursor.is_some() {
        items.extend(rest);
    }
    items
}

/// The runs on the page, and where the next ones start.
#[derive(Clone, Copy)]
struct RunRows {
    rows: RwSignal<Vec<RunSummary>>,
    cursor: RwSignal<Option<String>>,
    filter: Filter,
}

impl RunRows {
    fn new(page: RunList, filter: Filter) -> Self {
        Self { rows: RwSignal::new(page.items), cursor: RwSignal::new(page.next_cursor), filter }
    }

    /// A page of runs from a cursor on; empty for the first page.
    fn fetch(self, cursor: String) -> impl Future<Output = Result<RunList, PageError>> {
        list_runs(untrack(|| self.filter.query(cursor)))
    }

    /// Whether a run on the page has not ended.
    fn has_active_run(self) -> bool {
        self.rows.with_untracked(|rows| rows.iter().any(|run| !run.status.is_final()))
    }

    /// Reads the first page again. The page may be gone when the answer comes.
    async fn refresh(self) {
        // A failed refresh is not reported: the next one follows in two seconds.
        let Ok(fresh) = self.fetch(String::new()).await else { return };
        if self.cursor.try_with_untracked(Option::is_none) == Some(true) {
            self.cursor.set(fresh.next_cursor.clone());
        }
        let newer = self.rows.try_with_untracked(|old| refreshed(old, fresh));
        if let Some(newer) = newer.filter(|newer| self.rows.with_untracked(|old| old != newer)) {
            self.rows.set(newer);
        }
    }

    /// Appends the next page.
    async fn load_more(self, cursor: String) -> Result<(), PageError> {
        let page = self.fetch(cursor).await?;
        self.cursor.try_set(page.next_cursor);
        self.rows.try_update(|rows| {
            // A run may have moved between the pages since the first one was read.
            let new: Vec<_> = page.items.into_iter().filter(|i| rows.iter().all(|r| r.id != i.id)).collect();
            rows.extend(new);
        });
        Ok(())
    }
}

/// Refreshes the rows and the clock while the page is visible. Returns the clock, in milliseconds since the
/// Unix epoch; `None` until the page runs in a browser, so that the server's HTML and the first frame are the
/// same.
fn keep_fresh(runs: RunRows) -> RwSignal<Option<f64>> {
    let now = RwSignal::new(None::<f64>);
    Effect::new(move || {
        now.set(Some(now_ms()));
        let ticks = StoredValue::new(0_u32);
        let tick = move || {
            now.try_set(Some(now_ms()));
            ticks.update_value(|t| *t = t.wrapping_add(1));
            let is_idle = !runs.has_active_run() && !ticks.get_value().is_multiple_of(IDLE_TICKS);
            if !document().hidden() && !is_idle {
                spawn_local(runs.refresh());
            }
        };
        let timer = set_interval_with_handle(tick, REFRESH);
        on_cleanup(move || {
            if let Ok(timer) = timer {
                timer.clear();
            }
        });
    });
    now
}

/// The rows, or what to do where there are none.
#[component]
fn Found(page: RunList, filter: Filter) -> impl IntoView {
    let runs = RunRows::new(page, filter);
    let now = keep_fresh(runs);
    let is_empty = Memo::new(move |_| runs.rows.with(Vec::is_empty));
    view! {
        {move || match (is_empty.get(), filter.is_set()) {
            (false, _) => view! { <RunTable runs now /> }.erase(),
            (true, true) => view! { <NoMatch /> }.erase(),
            (true, false) => view! { <NoRuns /> }.erase(),
        }}
        <LoadMore runs />
    }
    .erase()
}

/// The table of runs.
#[component]
fn RunTable(runs: RunRows, now: RwSignal<Option<f64>>) -> impl IntoView {
    let rows = runs.rows;
    view! {
        <table class="run-table">
            <thead>
                <tr>
                    <th scope="col">"Run"</th>
                    <th scope="col">"Project"</th>
                    <th scope="col">"Status"</th>
                    <th scope="col" class="num">"Steps"</th>
                    <th scope="col" class="num">"Failing"</th>
                    <th scope="col" class="num">"Mean reward"</th>
                    <th scope="col" class="num">"Updated"</th>
                </tr>
            </thead>
            <tbody>
                <For each=move || rows.get() key=|run| run.id.clone() children=move |run| view! { <Row run rows now /> } />
            </tbody>
        </table>
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

#[cfg(test)]
mod tests {
    use super::*;

    fn run(id: &str, head: u64) -> RunSummary {
        let json = format!(
            r#"{{"id":"{id}","name":"n","project":"p","kind":"k","agent":null,"task":null,"tags":[],"notes":"","config":{{}},
            "metadata":{{}},"status":"running","created_at":"2026-11-21T00:00:00Z","updated_at":"2026-11-21T00:00:00Z",
            "head":{head},"steps":0,"episodes":0,"last_root":null,"mean_root":null,"failing":0}}"#
        );
        serde_json::from_str(&json).expect("a run")
    }

    fn check(old: &[(&str, u64)], fresh: &[(&str, u64)], has_more: bool, expect: &[(&str, u64)]) {
        let runs = |list: &[(&str, u64)]| list.iter().map(|(id, head)| run(id, *head)).collect::<Vec<_>>();
        let page = RunList { items: runs(fresh), next_cursor: has_more.then(|| "c".to_owned()) };
        assert_eq!(refreshed(&runs(old), page), runs(expect));
    }

    #[test]
    fn a_refresh_replaces_what_it_covers() {
        check(&[("a", 1), ("b", 1)], &[("a", 2), ("b", 1)], false, &[("a", 2), ("b", 1)]);
        check(&[], &[("a", 1)], false, &[("a", 1)]);
        check(&[("a", 1), ("b", 1)], &[("a", 1)], false, &[("a", 1)]);
        check(
            &[("b", 1), ("c", 1), ("d", 1)],
            &[("a", 1), ("b", 1), ("c", 2)],
            true,
            &[("a", 1), ("b", 1), ("c", 2), ("d", 1)],
        );
    }
}
