//! A run as a row: name, status, statistics.

use gauntlet_model::RunSummary;
use leptos::prelude::*;

use super::rows::RunRows;
use crate::api::{ListColumn, ListRow};
use crate::ui::{
    Erase, ago, alert_count, grouped, monitors_address, percent, project_address, run_address, run_status,
    score, severity_class, utc,
};

/// A row. It reads its run from `rows` by id, so that a refresh changes texts without moving the focus.
#[component]
pub(super) fn Row(
    /// The run when the row was created.
    row: ListRow,
    /// All runs on the page.
    runs: RunRows,
    /// The time in milliseconds since the Unix epoch, once the page runs in a browser.
    now: RwSignal<Option<f64>>,
) -> impl IntoView {
    let href = run_address(row.run.id.as_str());
    let (rows, selection) = (runs.rows, runs.selection);
    let id = StoredValue::new(row.run.id.to_string());
    let is_selected = move || id.with_value(|id| selection.has(id));
    let select = move |e| id.with_value(|id| selection.set(id, event_target_checked(&e)));
    let filter = runs.filter;
    let tags = Memo::new(move |_| run_tags(rows, id));
    let tag_links = move || {
        tags.get()
            .into_iter()
            .map(|tag| {
                let address = filter.with("tag", &tag);
                view! { <a class="tag" href=address data-noscroll="">{tag}</a> }
            })
            .collect_view()
    };
    let row = Memo::new(move |known: Option<&ListRow>| {
        let known = known.unwrap_or(&row);
        rows.with(|rows| rows.iter().find(|r| r.run.id == known.run.id).unwrap_or(known).clone())
    });
    let run = Memo::new(move |_| row.with(|row| row.run.clone()));
    let columns = runs.columns.get_value().into_iter().enumerate();
    let columns = columns.map(move |(index, column)| cell(index, column, row, run, now)).collect_view();
    let kind = move || {
        run.with(|r| {
            [Some(r.kind.clone()), r.agent.clone(), r.task.clone()]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" · ")
        })
    };
    view! {
        <tr class="run-row" class:is-selected=is_selected>
            <td class="run-select">
                <input type="checkbox" prop:checked=is_selected on:change=select
                    aria-label=move || format!("Select {}", run.with(|r| r.name.clone())) />
            </td>
            <td class="run-name">
                <a href=href rel="external">{move || run.with(|r| r.name.clone())}</a>
                {move || run.with(alerts)}
                <small>{kind}</small>
                {tag_links}
            </td>
            {columns}
        </tr>
    }
    .erase()
}

/// The tags of the run with that id.
fn run_tags(rows: RwSignal<Vec<ListRow>>, id: StoredValue<String>) -> Vec<String> {
    let is_meant = |row: &&ListRow| id.with_value(|id| row.run.id.as_str() == id);
    rows.with(|rows| rows.iter().find(is_meant).map(|row| row.run.tags.clone()).unwrap_or_default())
}

/// The share of a run's scored steps that fail; `None` without scored steps.
fn share_failing(run: &RunSummary) -> Option<f64> {
    (run.steps > 0).then(|| run.failing as f64 / run.steps as f64)
}

/// What a row shows in a column.
fn cell(
    index: usize,
    column: ListColumn,
    row: Memo<ListRow>,
    run: Memo<RunSummary>,
    now: RwSignal<Option<f64>>,
) -> AnyView {
    let failing = move || run.with(share_failing);
    let bar = move || format!("width:{:.1}%", failing().unwrap_or(0.0) * 100.0);
    match column.name.as_str() {
        "project" => view! {
            <td class="run-project">
                <a href=move || run.with(|r| project_address(&r.project))>
                    {move || run.with(|r| r.project.clone())}
                </a>
            </td>
        }
        .erase(),
        "status" => view! {
            <td class="run-status">
                <span class=move || run.with(|r| format!("status is-{}", run_status(r).0))>
                    {move || run.with(|r| run_status(r).1)}
                </span>
            </td>
        }
        .erase(),
        "steps" => view! {
            <td class="num run-steps" class:is-none=move || run.with(|r| r.steps == 0)>
                {move || run.with(|r| grouped(r.steps))}
            </td>
        }
        .erase(),
        "failing" => view! {
            <td
                class="num run-failing" title=move || run.with(|run| run.failure_rule.text.clone())
                class:is-none=move || failing().is_none()
            >
                <span class="share-bar" aria-hidden="true" class:is-unknown=move || failing().is_none()>
                    <i style=bar></i>
                </span>
                <span class="share-words">{move || failing().map_or("n/e".to_owned(), percent)}</span>
            </td>
        }
        .erase(),
        "mean" => view! {
            <td
                class="num run-mean" class:is-none=move || run.with(|r| r.mean_root.is_none())
                class:is-negative=move || run.with(|r| r.mean_root.is_some_and(|m| m < 0.0))
            >
                <Sparkline row />
                <span>{move || run.with(|r| r.mean_root.map_or("n/e".to_owned(), score))}</span>
            </td>
        }
        .erase(),
        "updated" => view! {
            <td class="num run-updated" title=move || run.with(|r| format!("{} UTC", utc(r.updated_at)))>
                {move || run.with(|r| match now.get() {
                    Some(now) => ago(r.updated_at, now),
                    None => utc(r.updated_at)[..16].to_owned(),
                })}
            </td>
        }
        .erase(),
        _ => {
            let text = move || row.with(|row| row.cells.get(index).cloned().unwrap_or_default());
            view! {
                <td class="run-cell" class:num=column.is_number title=text data-title=column.title
                    class:is-none=move || text().is_empty()>{text}</td>
            }
            .erase()
        }
    }
}

/// The root score over the steps, as a small line.
#[component]
fn Sparkline(row: Memo<ListRow>) -> impl IntoView {
    let points = Memo::new(move |_| row.with(|row| row.sparkline.clone()));
    view! {
        <svg class="sparkline" viewBox="0 0 60 16" aria-hidden="true">
            <polyline points=points />
        </svg>
    }
    .erase()
}

/// The badge of a run's alerts, in the colour of the most severe; none where it has none.
fn alerts(run: &RunSummary) -> Option<AnyView> {
    let severity = run.alert_severity.filter(|_| run.alerts > 0)?;
    let title = format!("The most severe is {}", severity.as_str());
    let class = format!("alert-badge {}", severity_class(severity));
    let href = monitors_address(&run.project);
    Some(view! { <a class=class href=href rel="external" title=title>{alert_count(run.alerts)}</a> }.erase())
}
