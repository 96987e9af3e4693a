//! A run as a row: name, status, statistics.

use gauntlet_model::{RunId, RunSummary, Timestamp};
use leptos::prelude::*;

use super::filters::{Filter, Marked};
use super::lines::Line;
use super::rows::RunRows;
use crate::api::{ListColumn, ListRow};
use crate::ui::{
    Erase, Icon, Shape, ago, alert_count, grouped, local_time, monitors_address, percent, project_address,
    run_address, run_status, score, severity_class, swatch, utc,
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
    let pin = row.is_pinned.then(|| pin(filter, id, &row.run.name));
    let place = Memo::new(move |known: Option<&(usize, ListRow)>| {
        let id = known.map_or(&row.run.id, |(_, known)| &known.run.id);
        let found = rows.with(|rows| {
            let index = rows.iter().position(|row| row.run.id == *id)?;
            Some((index, rows.get(index)?.clone()))
        });
        found.or_else(|| known.cloned()).unwrap_or_else(|| (0, row.clone()))
    });
    let look = Memo::new(move |_| {
        let is_this = |(run, _): &&(_, _)| id.with_value(|id| RunId::as_str(run) == id);
        runs.drawn.with(|drawn| drawn.iter().find(is_this).map(|(_, look)| *look))
    });
    // Behind the row of the heads.
    let index = move || {
        let line = Line::Run(place.with(|(index, _)| *index));
        runs.lines.with(|lines| lines.iter().position(|it| *it == line).map(|index| index + 2))
    };
    let row = Memo::new(move |_| place.with(|(_, row)| row.clone()));
    let run = Memo::new(move |_| row.with(|row| row.run.clone()));
    let columns = runs.columns.get_value().into_iter().enumerate();
    let columns = columns.map(move |(index, column)| cell(index, column, row, run, now)).collect_view();
    view! {
        <tr class="run-row" class:is-selected=is_selected aria-rowindex=index>
            <td class="run-select">
                <input type="checkbox" prop:checked=is_selected on:change=select
                    aria-label=move || format!("Select {}", run.with(|r| r.name.clone())) />
            </td>
            <td class="run-name">
                <div class="run-line">
                    {move || look.get().map(swatch)}
                    {pin}
                    <a class="run-link" href=href rel="external" title=move || run.with(title)>
                        <bdi>{move || run.with(|r| r.name.clone())}</bdi>
                    </a>
                    {move || run.with(alerts)}
                    // What has no room is in the title, and below the edge.
                    <span class="run-more"><small>{move || run.with(kind)}</small>{tag_links(runs, id)}</span>
                </div>
            </td>
            {columns}
        </tr>
    }
    .erase()
}

/// The mark of a pinned run, which unpins it.
fn pin(filter: Filter, id: StoredValue<String>, name: &str) -> impl IntoView + use<> {
    let href = move || filter.with_marks(Marked::Pinned, &[id.get_value()], false);
    view! {
        <a class="run-pin" href=href data-noscroll="" aria-label=format!("Unpin {name}") title="Unpin">
            <Icon shape=Shape::Pin />
        </a>
    }
}

/// The tags of a run; each leads to the list of the runs that have it.
fn tag_links(runs: RunRows, id: StoredValue<String>) -> impl Fn() -> Vec<AnyView> + Copy + Send + 'static {
    let tags = Memo::new(move |_| run_tags(runs.rows, id));
    let link = move |tag: String| {
        let address = runs.filter.with("tag", &tag);
        view! { <a class="tag" href=address data-noscroll="">{tag}</a> }.erase()
    };
    move || tags.get().into_iter().map(link).collect()
}

/// What kind of run it is, as far as its name does not say it.
fn kind(run: &RunSummary) -> String {
    let parts = [Some(&run.kind), run.agent.as_ref(), run.task.as_ref()].into_iter().flatten();
    parts.filter(|part| **part != run.name).map(String::as_str).collect::<Vec<_>>().join(" · ")
}

/// All that the name's column has room for only in part.
fn title(run: &RunSummary) -> String {
    let parts = [run.name.clone(), kind(run), run.tags.join(", "), run.notes.clone()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
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
        "failing" => failing_cell(run),
        "mean" => mean_cell(row, run),
        "updated" => time(run, |run| run.updated_at, now),
        "created" => time(run, |run| run.created_at, now),
        _ => {
            let text = move || row.with(|row| row.cells.get(index).cloned().unwrap_or_default());
            view! {
                <td class="run-cell" class:num=column.is_right title=text data-title=column.title
                    class:is-none=move || text().is_empty()>{text}</td>
            }
            .erase()
        }
    }
}

/// The share of the steps that fail, as a bar and in words.
fn failing_cell(run: Memo<RunSummary>) -> AnyView {
    let failing = move || run.with(share_failing);
    let bar = move || format!("width:{:.1}%", failing().unwrap_or(0.0) * 100.0);
    view! {
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
    .erase()
}

/// The mean of the root scores, after their curve.
fn mean_cell(row: Memo<ListRow>, run: Memo<RunSummary>) -> AnyView {
    view! {
        <td
            class="num run-mean" class:is-none=move || run.with(|r| r.mean_root.is_none())
            class:is-negative=move || run.with(|r| r.mean_root.is_some_and(|m| m < 0.0))
        >
            <Sparkline row />
            <span>{move || run.with(|r| r.mean_root.map_or("n/e".to_owned(), score))}</span>
        </td>
    }
    .erase()
}

/// How long ago something was; the time itself in the viewer's zone on hover.
fn time(run: Memo<RunSummary>, at: fn(&RunSummary) -> Timestamp, now: RwSignal<Option<f64>>) -> AnyView {
    let at = Memo::new(move |_| run.with(at));
    let words = move || match now.get() {
        Some(now) => ago(at.get(), now),
        None => utc(at.get())[..16].to_owned(),
    };
    let title = move || {
        let utc = format!("{} UTC", utc(at.get()));
        if now.with(Option::is_some) { format!("{}\n{utc}", local_time(at.get())) } else { utc }
    };
    view! { <td class="num run-updated" title=title>{words}</td> }.erase()
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
