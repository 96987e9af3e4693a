//! The table of runs: heads that order it, and the rows that are near the window.

use leptos::html;
use leptos::prelude::*;

use super::grouping::GroupHead;
use super::lines::Line;
use super::row::Row;
use super::rows::RunRows;
use super::window::{Shown, follow_window, leave};
use crate::api::{ListColumn, ListRow};
use crate::ui::Erase;

/// More columns than so many scroll sideways in any window.
const MAX_BESIDE: usize = 9;

/// The table.
#[component]
pub(super) fn RunTable(
    /// All runs of the list.
    runs: RunRows,
    /// The time in milliseconds since the Unix epoch, once the page runs in a browser.
    now: RwSignal<Option<f64>>,
) -> impl IntoView {
    let body = NodeRef::<html::Tbody>::new();
    let above_px = RwSignal::new(0.0);
    let shown = follow_window(runs, body, above_px);
    let columns = runs.columns.get_value();
    let (count, is_wide) = (columns.len(), columns.len() > MAX_BESIDE);
    let heads = std::iter::once(name_column()).chain(columns);
    let parts: f64 = heads.clone().map(|column| width(&column.name)).sum();
    // A table that scrolls sideways cannot have sticky heads.
    let head_px = Memo::new(move |_| if is_wide { above_px.get() } else { 0.0 });
    let style = move || format!("--parts:{parts:.1};--head-px:{}px", head_px.get());
    let heads = heads.map(|column| view! { <Head runs column /> });
    let gap = move |px: Memo<f64>| gap(px, count + 2);
    let (before, after) =
        (Memo::new(move |_| shown.get().before_px), Memo::new(move |_| shown.get().after_px));
    let near = move || entries(runs, shown.get());
    view! {
        <div class="run-table-frame" class:is-wide=is_wide>
            <table class="run-table" style=style aria-label="Runs"
                aria-rowcount=move || runs.total.get() + runs.groups.with(Vec::len) as u64 + 1>
                <thead>
                    <tr aria-rowindex="1">
                        {select_all(runs)}
                        {heads.collect_view()}
                    </tr>
                </thead>
                <tbody node_ref=body on:click=move |_| leave(runs)>
                    {gap(before)}
                    <For
                        each=near key=Entry::key
                        children=move |entry| match entry {
                            Entry::Run(row) => view! { <Row row=*row runs now /> }.erase(),
                            Entry::Group { index, .. } => view! { <GroupHead runs index /> }.erase(),
                        }
                    />
                    {gap(after)}
                </tbody>
            </table>
        </div>
        <p class="list-reading" role="status" hidden=move || !runs.is_reading.get()>
            "Reading the next runs"
        </p>
        <ReadError runs />
    }
    .erase()
}

/// The head that selects every run of the list, those that are not read yet included.
fn select_all(runs: RunRows) -> impl IntoView {
    let rows = runs.rows;
    let are_all = Memo::new(move |_| {
        let is_read = runs.cursor.with(Option::is_none);
        is_read && rows.with(|rows| rows.iter().all(|row| runs.selection.has(row.run.id.as_str())))
    });
    let selecting = Action::new(move |(): &()| async move {
        runs.read_up_to(usize::MAX).await;
        let ids = |rows: &Vec<_>| rows.iter().map(run_id).collect::<Vec<_>>();
        if let Some(ids) = rows.try_with_untracked(ids) {
            runs.selection.replace(ids.into_iter());
        }
    });
    let change = move |event| match event_target_checked(&event) {
        true => _ = selecting.dispatch(()),
        false => runs.selection.replace(std::iter::empty()),
    };
    view! {
        <th scope="col" class="run-select">
            <input
                type="checkbox" aria-label="Select all runs of this list" prop:checked=are_all
                on:change=change
            />
        </th>
    }
}

/// The column of the name, which is always there.
fn name_column() -> ListColumn {
    ListColumn { name: "name".to_owned(), title: "Run".to_owned(), is_number: false, is_right: false }
}

/// What takes the room of the rows that are not on the page, in CSS pixels.
fn gap(px: Memo<f64>, columns: usize) -> impl IntoView {
    let height = move || format!("height:{}px", px.get());
    view! {
        <tr class="run-gap" aria-hidden="true" hidden=move || px.get() <= 0.0>
            <td colspan=columns style=height></td>
        </tr>
    }
}

/// What is in a line of the table.
#[derive(Clone)]
enum Entry {
    /// The head of a group.
    Group {
        /// The index of the group.
        index: usize,
        /// Its key.
        key: String,
    },
    /// A run.
    Run(Box<ListRow>),
}

impl Entry {
    /// The index of a group is part of its key: another group may be at it after a refresh.
    fn key(&self) -> (Option<usize>, String) {
        match self {
            Entry::Group { index, key } => (Some(*index), key.clone()),
            Entry::Run(row) => (None, row.run.id.to_string()),
        }
    }
}

/// The lines that are near the window.
fn entries(runs: RunRows, shown: Shown) -> Vec<Entry> {
    let near = runs
        .lines
        .with(|lines| lines.get(shown.first..shown.end.min(lines.len())).unwrap_or_default().to_vec());
    runs.rows.with(|rows| near.into_iter().filter_map(|line| entry(line, rows, runs)).collect())
}

fn entry(line: Line, rows: &[ListRow], runs: RunRows) -> Option<Entry> {
    match line {
        Line::Run(row) => Some(Entry::Run(Box::new(rows.get(row)?.clone()))),
        Line::Group(index) => {
            let key = runs.groups.with(|groups| Some(groups.get(index)?.key.clone()))?;
            Some(Entry::Group { index, key })
        }
    }
}

/// How wide a column is, beside a usual one.
fn width(column: &str) -> f64 {
    match column {
        "name" => 4.5,
        "mean" => 1.6,
        "failing" | "notes" => 1.5,
        "project" | "status" | "tags" => 1.2,
        "updated" => 1.1,
        _ => 1.0,
    }
}

fn run_id(row: &ListRow) -> String {
    row.run.id.to_string()
}

/// The head of a column: a link to the list in its order; where it is in that order, to the reverse.
#[component]
fn Head(runs: RunRows, column: ListColumn) -> impl IntoView {
    let ListColumn { name, title, is_number, is_right } = column;
    let filter = runs.filter;
    let width = format!("--part:{}", width(&name));
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
        <th scope="col" style=width class:num=is_right aria-sort=direction title=title.clone()>
            <a href=href data-noscroll="" prop:replace=true>
                {title.clone()}<span aria-hidden="true">{arrow}</span>
            </a>
        </th>
    }
    .erase()
}

/// Why the next runs could not be read, and the way to try again.
#[component]
fn ReadError(runs: RunRows) -> impl IntoView {
    move || {
        let error = runs.error.get()?;
        Some(view! {
            <p class="trouble" role="alert">
                {error.message}" "
                <button class="button" on:click=move |_| runs.error.set(None)>"Try again"</button>
            </p>
        })
    }
}
