//! Choosing and ordering the columns of the list: the choice is the address.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::filters::Filter;
use super::menu::Menu;
use crate::api::{ListColumn, list_columns};
use crate::ui::Erase;

/// A list of columns as the address has it.
fn joined<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| name.replace('%', "%25").replace(',', "%2C")).collect::<Vec<_>>().join(",")
}

/// The names of the columns, in their order.
fn names(columns: StoredValue<Vec<ListColumn>>) -> Vec<String> {
    columns.with_value(|all| all.iter().map(|it| it.name.clone()).collect())
}

/// The address of the list with these columns. Tracks the address.
fn address(filter: Filter, names: &[String]) -> String {
    filter.with("columns", &joined(names.iter().map(String::as_str)))
}

/// One of the chosen columns, with the ways to move and to remove it.
fn row(filter: Filter, columns: StoredValue<Vec<ListColumn>>, index: usize) -> impl IntoView {
    let title = columns.with_value(|all| all.get(index).map(|it| it.title.clone())).unwrap_or_default();
    let last = columns.with_value(Vec::len).saturating_sub(1);
    let moved = |to: usize| {
        let mut names = names(columns);
        names.swap(index, to);
        address(filter, &names)
    };
    let removed = || {
        let mut names = names(columns);
        names.remove(index);
        address(filter, &names)
    };
    let step = |is_there: bool, to: usize, word: &str, sign: &'static str| {
        let label = format!("Move {title} {word}");
        is_there.then(|| {
            view! { <a class="chip" href=moved(to) data-noscroll="" aria-label=label>{sign}</a> }
        })
    };
    view! {
        <li>
            <span>{title.clone()}</span>
            {step(index > 0, index.saturating_sub(1), "to the left", "↑")}
            {step(index < last, index + 1, "to the right", "↓")}
            {(last > 0).then(|| view! {
                <a class="chip" href=removed() data-noscroll=""
                    aria-label=format!("Remove {title}")>"×"</a>
            })}
        </li>
    }
}

/// The chosen columns, each with the ways to move or remove it, and a field to add one.
#[component]
pub(super) fn Chooser(
    filter: Filter,
    columns: StoredValue<Vec<ListColumn>>,
    open: RwSignal<bool>,
) -> impl IntoView {
    let known = Resource::new(
        move || open.get(),
        move |is_open| async move {
            if is_open {
                list_columns(untrack(|| filter.of_project().unwrap_or_default())).await
            } else {
                Ok(Vec::new())
            }
        },
    );
    let rows = move || {
        let count = columns.with_value(Vec::len);
        (0..count).map(|index| row(filter, columns, index)).collect_view()
    };
    let navigate = use_navigate();
    let add = move |event| {
        let name = event_target_value(&event).trim().to_owned();
        let mut all = names(columns);
        if !name.is_empty() && !all.contains(&name) {
            all.push(name);
            let options = NavigateOptions { replace: true, scroll: false, ..Default::default() };
            navigate(&untrack(|| address(filter, &all)), options);
        }
    };
    let options = move || {
        let known = known.get().and_then(Result::ok).unwrap_or_default();
        let option = |column: ListColumn| view! { <option value=column.name>{column.title}</option> };
        known.into_iter().map(option).collect_view()
    };
    view! {
        <Menu title="Columns" open>
            <ol>{rows}</ol>
            <label>
                "Add a column"
                <input class="field" list="known-columns" spellcheck="false"
                    placeholder="config:lr, mean:root, duration"
                    autocomplete="off" on:change=add />
            </label>
            <datalist id="known-columns"><Suspense>{options}</Suspense></datalist>
            <a class="link" href=move || filter.with("columns", "") data-noscroll="">"Usual columns"</a>
        </Menu>
    }
    .erase()
}
