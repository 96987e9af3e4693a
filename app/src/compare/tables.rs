//! Tables of a comparison: the values of each path, what failed, where configurations differ.

use std::vec;

use gauntlet_api::{Comparison, ConfigDifference, PathComparison, PathSummary};
use gauntlet_model::{FailureKind, RunSummary};
use leptos::prelude::*;
use serde_json::Value;

use super::colors::{Look, shown, swatch};
use super::names::{names, typed};
use crate::ui::{Erase, failure_title, grouped, percent, quantity, run_address, score};

/// The most runs that are columns of a table. More are rows, and what they are compared by is in columns.
const MAX_COLUMNS: usize = 8;

/// What runs are compared by: its title, and a cell for each run.
pub(super) struct Row {
    pub(super) title: String,
    pub(super) cells: Vec<AnyView>,
}

/// Whether the runs are the rows of tables.
fn has_run_rows(comparison: &Comparison) -> bool {
    comparison.runs.len() > MAX_COLUMNS
}

/// The table of rows: a column for each run; or a row for each of many, which the script sorts by a column.
/// `what` names it for a screen reader, `corner` is the head of its first column.
fn table(comparison: &Comparison, what: &'static str, corner: &'static str, rows: Vec<Row>) -> AnyView {
    let names = names(comparison);
    if has_run_rows(comparison) {
        return by_run(comparison, what, names, rows);
    }
    let head = |((run, look), name): ((&RunSummary, Look), String)| {
        view! {
            <th scope="col" class="num" title=run.name.clone()>
                {swatch(look)} <span class="compare-column">{name}</span>
            </th>
        }
    };
    let heads = shown(comparison).into_iter().zip(names).map(head).collect_view().erase();
    frame(what, corner, heads, rows)
}

/// A table with a row for each run.
fn by_run(comparison: &Comparison, what: &'static str, names: Vec<String>, rows: Vec<Row>) -> AnyView {
    let (titles, cells): (Vec<String>, Vec<vec::IntoIter<AnyView>>) =
        rows.into_iter().map(|row| (row.title, row.cells.into_iter())).unzip();
    let head = |title| view! { <th scope="col" class="num" data-sort=""><bdi>{title}</bdi></th> };
    let heads = titles.into_iter().map(head).collect_view();
    let mut cells = cells;
    let row = |((run, look), name): ((&RunSummary, Look), String)| {
        let of_run = cells.iter_mut().filter_map(Iterator::next).collect_view();
        let href = run_address(run.id.as_str());
        view! {
            <tr>
                <th scope="row">
                    {swatch(look)}
                    <a class="compare-name" href=href title=run.name.clone()>{name}</a>
                </th>
                {of_run}
            </tr>
        }
    };
    let rows = shown(comparison).into_iter().zip(names).map(row).collect_view();
    view! {
        <div class="compare-scroll is-tall" tabindex="0" role="region" aria-label=what>
            <table class="compare-table">
                <thead><tr><th scope="col" data-sort="">"Run"</th>{heads}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .erase()
}

/// A table that scrolls sideways, with these heads behind the one of its first column.
pub(super) fn frame(what: &'static str, corner: &'static str, heads: AnyView, rows: Vec<Row>) -> AnyView {
    let row = |row: Row| view! { <tr><th scope="row"><bdi>{row.title}</bdi></th>{row.cells}</tr> };
    let rows = rows.into_iter().map(row).collect_view();
    view! {
        <div class="compare-scroll" tabindex="0" role="region" aria-label=what>
            <table class="compare-table">
                <thead><tr><th scope="col">{corner}</th>{heads}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .erase()
}

/// The cell of a run that has no value.
pub(super) fn no_value() -> AnyView {
    view! { <td class="num is-none">"n/e"</td> }.erase()
}

/// A value as text: scores with a sign, measurements without.
pub(super) fn value(path: &PathComparison, number: f64) -> String {
    if path.is_measurement { quantity(number) } else { score(number) }
}

/// The mean, last, lowest and highest value of each rubric and measurement.
pub(super) fn summary(comparison: &Comparison) -> impl IntoView + use<> {
    let is_short = has_run_rows(comparison);
    let of_path = |path: &PathComparison| {
        let cells = comparison.runs.iter().zip(&path.runs).map(|(run, summary)| {
            let is_best = path.best.as_ref() == Some(&run.id);
            summary.as_ref().map_or_else(no_value, |summary| cell(path, summary, is_best, is_short))
        });
        Row { title: path.path.clone(), cells: cells.collect() }
    };
    let rows = comparison.paths.iter().map(of_path).collect();
    let below = match is_short {
        true => "below it the last step. The head of a column sorts the runs.",
        false => "below it the last step, the lowest and highest value, and the share that fails.",
    };
    view! {
        <section id="summary" aria-label="Summary">
            <h2>"Summary"</h2>
            <p class="quiet-words">
                "Mean over all values, with the difference to the baseline; " {below}
                " The best mean of a rubric is marked; a measurement has no best."
            </p>
            {table(comparison, "Summary table", "Path", rows)}
        </section>
    }
}

/// What the values of a path in a run came to. Where it is to be short, the range is a title.
fn cell(path: &PathComparison, summary: &PathSummary, is_best: bool, is_short: bool) -> AnyView {
    let difference = summary.difference.map(|difference| {
        let sign = if difference > 0.0 { "is-up" } else { "is-down" };
        let class = if path.is_measurement || difference == 0.0 { "" } else { sign };
        view! { <span class=format!("difference {class}")>{score(difference)}</span> }
    });
    let more = format!(
        "last {} · {} to {}{}",
        value(path, summary.last),
        value(path, summary.low),
        value(path, summary.high),
        summary.failing_share.map(|share| format!(" · {} failing", percent(share))).unwrap_or_default()
    );
    let best = is_best.then(|| view! { <span class="best">"best"</span> });
    let (title, small) = match is_short {
        true => (Some(more), format!("last {}", value(path, summary.last))),
        false => (None, more),
    };
    view! {
        <td class="num" class:is-best=is_best title=title data-value=summary.mean.to_string()>
            <span class="compare-mean">{best} <b>{value(path, summary.mean)}</b> {difference}</span>
            <small>{small}</small>
        </td>
    }
    .erase()
}

/// What failed, by kind.
pub(super) fn failures(comparison: &Comparison) -> impl IntoView + use<> {
    let of_kind = |kind: FailureKind| {
        let counts = comparison.failures.iter().map(|counts| {
            let count = counts.failures.get(&kind).copied().unwrap_or(0);
            (count, if counts.nodes > 0 { count as f64 / counts.nodes as f64 } else { 0.0 })
        });
        let counts: Vec<_> = counts.collect();
        counts.iter().any(|(count, _)| *count > 0).then(|| {
            let cells = counts.into_iter().map(|(count, share)| {
                view! {
                    <td class="num" class:is-none=count == 0 data-value=share.to_string()>
                        <b>{grouped(count)}</b> <small>{percent(share)}</small>
                    </td>
                }
                .erase()
            });
            Row { title: failure_title(kind).to_owned(), cells: cells.collect() }
        })
    };
    let rows: Vec<_> = FailureKind::ALL.into_iter().filter_map(of_kind).collect();
    let table = match rows.is_empty() {
        true => view! { <p class="quiet-words">"No step fails."</p> }.erase(),
        false => table(comparison, "Table of failures", "Failing steps", rows),
    };
    view! { <section id="failures" aria-label="Failures"><h2>"Failures"</h2>{table}</section> }
}

/// Reads a field of a run.
type Field = fn(&RunSummary) -> Value;

/// Where the configurations differ.
pub(super) fn configuration(comparison: &Comparison) -> impl IntoView + use<> {
    let fields: [(&str, Field); 5] = [
        ("tags", |run| run.tags.clone().into()),
        ("kind", |run| run.kind.clone().into()),
        ("agent", |run| run.agent.clone().into()),
        ("task", |run| run.task.clone().into()),
        ("rules", |run| run.failure_rule.text.clone().into()),
    ];
    let of_runs = fields.into_iter().map(|(name, read)| ConfigDifference {
        key: name.to_owned(),
        values: comparison.runs.iter().map(read).collect(),
    });
    let of_runs = of_runs.filter(|row| row.values.windows(2).any(|pair| pair[0] != pair[1]));
    let rows: Vec<ConfigDifference> =
        comparison.config.iter().cloned().chain(comparison.metadata.iter().cloned()).chain(of_runs).collect();
    let table = match rows.is_empty() {
        true => view! { <p class="quiet-words">"Configuration, metadata and tags are the same."</p> }.erase(),
        false => {
            let rows = rows.into_iter().map(|of_key| {
                let cells = of_key.values.iter().map(|value| {
                    let is_none = value.is_null();
                    let class = if is_none { "num config-value is-none" } else { "num config-value" };
                    let number = value.as_f64().map(|number| number.to_string());
                    view! { <td class=class data-value=number><code>{typed(value)}</code></td> }.erase()
                });
                Row { title: of_key.key, cells: cells.collect() }
            });
            let rows = rows.collect();
            view! {
                <p class="quiet-words">
                    "Only what differs. Texts are in quotes: 1 and \"1\" are not the same."
                </p>
                {table(comparison, "Table of differences", "Key", rows)}
            }
            .erase()
        }
    };
    view! {
        <section id="configuration" aria-label="Configuration"><h2>"Configuration"</h2>{table}</section>
    }
}
