//! The groups of the list: the menu that chooses what runs are grouped by, and the head of a group.

use leptos::prelude::*;

use super::filters::Filter;
use super::menu::Menu;
use super::rows::RunRows;
use crate::api::{ListColumn, ListRow, list_columns};
use crate::ui::{Erase, grouped};

/// Chooses what runs are grouped by: the choice is the address.
#[component]
pub(super) fn Grouping(filter: Filter, open: RwSignal<bool>) -> impl IntoView {
    let known = Resource::new(
        move || open.get(),
        move |is_open| async move {
            match is_open {
                true => list_columns(untrack(|| filter.of_project().unwrap_or_default())).await,
                false => Ok(Vec::new()),
            }
        },
    );
    let link = move |name: String, title: String| {
        let is_on = filter.group() == name;
        view! {
            <li>
                <a href=filter.with("group", &name) data-noscroll="" aria-current=is_on.then_some("true")>
                    {title}
                </a>
            </li>
        }
    };
    let links = move || {
        let known = known.get().and_then(Result::ok).unwrap_or_default();
        let can_group = |name: &str| {
            name.starts_with("config:") || matches!(name, "project" | "status" | "kind" | "agent" | "task")
        };
        let mut found: Vec<_> = known.into_iter().filter(|column| can_group(&column.name)).collect();
        // Settings first: they are what runs of a sweep differ in.
        found.sort_by_key(|column| !column.name.starts_with("config:"));
        found.into_iter().map(|column| link(column.name, column.title)).collect_view()
    };
    view! {
        <Menu title="Group" open>
            <ul>
                {move || link(String::new(), "No groups".to_owned())}
                <Suspense>{links}</Suspense>
            </ul>
        </Menu>
    }
    .erase()
}

/// The head of a group: folds it, selects its runs, and has the means of the columns.
#[component]
pub(super) fn GroupHead(runs: RunRows, index: usize) -> impl IntoView {
    let group = Memo::new(move |_| runs.groups.with(|groups| groups.get(index).cloned()));
    let key = Memo::new(move |_| group.with(|group| group.as_ref().map(|it| it.key.clone()))).get_untracked();
    let key = StoredValue::new(key.unwrap_or_default());
    let is_folded = move || key.with_value(|key| runs.folded.with(|folded| folded.contains(key)));
    let fold = move |_| {
        let key = key.get_value();
        runs.folded.update(|folded| {
            if !folded.remove(&key) {
                folded.insert(key);
            }
        });
    };
    let title = move || group.with(|group| group.as_ref().map(|it| it.title.clone())).unwrap_or_default();
    let count = move || {
        let count = group.with(|group| group.as_ref().map_or(0, |it| it.runs));
        format!("{} {}", grouped(count), if count == 1 { "run" } else { "runs" })
    };
    let are_all = Memo::new(move |_| {
        let of_group = |row: &&ListRow| !row.is_pinned && key.with_value(|key| row.group == *key);
        runs.rows.with(|rows| {
            let mut of_group = rows.iter().filter(of_group).peekable();
            of_group.peek().is_some() && of_group.all(|row| runs.selection.has(row.run.id.as_str()))
        })
    });
    let selecting = Action::new(move |&is_on: &bool| async move {
        runs.read_group(&key.get_value()).await;
        runs.rows.try_with_untracked(|rows| {
            for row in rows.iter().filter(|row| key.with_value(|key| row.group == *key)) {
                runs.selection.set(row.run.id.as_str(), is_on);
            }
        });
    });
    let select = move |event| _ = selecting.dispatch(event_target_checked(&event));
    let mean = move |(index, column): (usize, ListColumn)| {
        let mean = move || group.with(|group| group.as_ref()?.means.get(index).cloned()).unwrap_or_default();
        let title = move || Some("Mean of the runs").filter(|_| !mean().is_empty());
        view! { <td class:num=column.is_right title=title data-title=column.title>{mean}</td> }
    };
    let means = runs.columns.get_value().into_iter().enumerate().map(mean).collect_view();
    view! {
        <tr class="run-group">
            <td class="run-select">
                <input type="checkbox" prop:checked=are_all on:change=select
                    aria-label=move || format!("Select the runs with {}", title()) />
            </td>
            <th scope="rowgroup" class="run-group-name">
                <button class="run-fold" aria-expanded=move || (!is_folded()).to_string() on:click=fold>
                    <span aria-hidden="true">{move || if is_folded() { "▸" } else { "▾" }}</span>
                    <bdi>{title}</bdi>
                    <small>{count}</small>
                </button>
            </th>
            {means}
        </tr>
    }
    .erase()
}
