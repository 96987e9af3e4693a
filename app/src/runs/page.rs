//! The runs page: what the server found, kept fresh while it is looked at.

use std::time::Duration;

use gauntlet_model::RunSummary;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::empty::{NoMatch, NoRuns};
use super::filters::{Filter, Filters};
use super::row::Row;
use crate::api::{RunsPage as Page, list_runs};
use crate::ui::{Erase, FilePicker, Mark, PageTitle, SearchBox, ThemeSwitch, now_ms};

/// How often the list looks for news, and how many looks it skips while nothing runs.
const LOOK: Duration = Duration::from_secs(2);
const CALM_LOOKS: u32 = 2;

/// `/`.
#[component]
pub(crate) fn RunsPage() -> impl IntoView {
    let filter = Filter::of_address();
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
                            Err(error) => view! { <Failed error=error.to_string() again=move || found.refetch() /> }.erase(),
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
fn Failed(error: String, again: impl Fn() + 'static) -> impl IntoView {
    view! {
        <section class="empty is-small" role="alert">
            <h2>"The runs could not be read"</h2>
            <p>{error}</p>
            <button class="button" on:click=move |_| again()>"Try again"</button>
        </section>
    }
    .erase()
}

/// Puts a newer first page over the rows shown: it replaces what it covers, and what was loaded after stays.
fn refreshed(rows: &[RunSummary], fresh: Page) -> Vec<RunSummary> {
    let end = fresh.items.last().map(|r| r.id.clone());
    let rest = end.and_then(|id| rows.iter().position(|r| r.id == id)).map_or(rows.len(), |i| i + 1);
    let mut items = fresh.items;
    let rest: Vec<_> = rows[rest..].iter().filter(|r| items.iter().all(|i| i.id != r.id)).cloned().collect();
    if fresh.next_cursor.is_some() {
        items.extend(rest);
    }
    items
}

/// The rows, or what to do where there are none.
#[component]
fn Found(page: Page, filter: Filter) -> impl IntoView {
    let rows = RwSignal::new(page.items);
    let cursor = RwSignal::new(page.next_cursor);
    let now = RwSignal::new(None::<f64>);
    let (is_loading, trouble) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let ask = move |cursor: String| list_runs(untrack(|| filter.query(cursor)));
    Effect::new(move || {
        now.set(Some(now_ms()));
        let looks = StoredValue::new(0_u32);
        let timer = set_interval_with_handle(
            move || {
                now.try_set(Some(now_ms()));
                let is_busy = rows.with_untracked(|r| r.iter().any(|run| !run.status.is_final()));
                looks.update_value(|l| *l = l.wrapping_add(1));
                let is_calm = !is_busy && !looks.get_value().is_multiple_of(CALM_LOOKS);
                if document().hidden() || is_calm {
                    return;
                }
                spawn_local(async move {
                    // A look that fails is not worth a word: the next one follows in two seconds.
                    let Ok(fresh) = ask(String::new()).await else { return };
                    if cursor.try_with_untracked(Option::is_none) == Some(true) {
                        cursor.set(fresh.next_cursor.clone());
                    }
                    let newer = rows.try_with_untracked(|old| refreshed(old, fresh));
                    if let Some(newer) = newer.filter(|n| rows.with_untracked(|old| old != n)) {
                        rows.set(newer);
                    }
                });
            },
            LOOK,
        );
        on_cleanup(move || {
            if let Ok(timer) = timer {
                timer.clear();
            }
        });
    });
    let more = move |_| {
        let Some(next) = cursor.get_untracked() else { return };
        is_loading.set(true);
        spawn_local(async move {
            match ask(next).await {
                Ok(page) => {
                    cursor.try_set(page.next_cursor);
                    trouble.try_set(None);
                    rows.try_update(|rows| {
                        let new: Vec<_> =
                            page.items.into_iter().filter(|i| rows.iter().all(|r| r.id != i.id)).collect();
                        rows.extend(new);
                    });
                }
                Err(error) => drop(trouble.try_set(Some(error.to_string()))),
            }
            is_loading.try_set(false);
        });
    };
    let is_empty = Memo::new(move |_| rows.with(Vec::is_empty));
    let table = move || {
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
    };
    view! {
        {move || match (is_empty.get(), filter.is_set()) {
            (false, _) => table().erase(),
            (true, true) => view! { <NoMatch /> }.erase(),
            (true, false) => view! { <NoRuns /> }.erase(),
        }}
        {move || trouble.get().map(|words| view! { <p class="trouble" role="alert">{words}</p> })}
        {move || cursor.with(Option::is_some).then(|| view! {
            <button class="button more" on:click=more disabled=move || is_loading.get()>
                {move || if is_loading.get() { "Loading" } else { "Load more" }}
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
        let page = Page { items: runs(fresh), next_cursor: has_more.then(|| "c".to_owned()) };
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
