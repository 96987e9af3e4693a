//! Tables of a comparison: the values of each path, what failed, where configurations differ.

use gauntlet_api::{Comparison, ConfigDifference, Interval, PathComparison, PathSummary, SetupSummary};
use gauntlet_model::{FailureKind, RunId, RunSummary};
use leptos::prelude::*;
use serde_json::Value;

use super::colors::{Look, shown, swatch};
use crate::ui::{Erase, failure_title, grouped, percent, quantity, score};

/// The heads of the columns: one for each run.
fn heads(comparison: &Comparison) -> AnyView {
    let head = |(run, look): (&RunSummary, Look)| {
        view! {
            <th scope="col" class="num">
                {swatch(look)} <span class="compare-column">{run.name.clone()}</span>
            </th>
        }
    };
    shown(comparison).into_iter().map(head).collect_view().erase()
}

/// A table that scrolls sideways: `what` names it for a screen reader, `corner` is the head of its first
/// column.
fn frame(what: &'static str, corner: &'static str, heads: AnyView, rows: AnyView) -> AnyView {
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

/// A row of a table: what it is about, and a cell for each column.
fn row(title: impl IntoView + 'static, cells: Vec<AnyView>) -> AnyView {
    view! { <tr><th scope="row"><bdi>{title.into_view()}</bdi></th>{cells}</tr> }.erase()
}

/// The cell of a run that has no value.
fn no_value() -> AnyView {
    view! { <td class="num is-none">"n/e"</td> }.erase()
}

/// A value as text: scores with a sign, measurements without.
fn value(path: &PathComparison, number: f64) -> String {
    if path.is_measurement { quantity(number) } else { score(number) }
}

/// The mean, last, lowest and highest value of each rubric and measurement.
pub(super) fn summary(comparison: &Comparison) -> impl IntoView + use<> {
    let of_path = |path: &PathComparison| {
        let cells = comparison.runs.iter().zip(&path.runs).map(|(run, summary)| {
            let is_best = path.best.as_ref() == Some(&run.id);
            summary.as_ref().map_or_else(no_value, |summary| cell(path, summary, is_best))
        });
        row(path.path.clone(), cells.collect())
    };
    let rows = comparison.paths.iter().map(of_path).collect_view().erase();
    view! {
        <section id="summary" aria-label="Summary">
            <h2>"Summary"</h2>
            <p class="quiet-words">
                "Mean over all values, with the difference to the baseline; below it the last step, the \
                lowest and highest value, and the share that fails. The best mean of a rubric is marked; a \
                measurement has no best."
            </p>
            {frame("Summary table", "Path", heads(comparison), rows)}
        </section>
    }
}

fn cell(path: &PathComparison, summary: &PathSummary, is_best: bool) -> AnyView {
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
    view! {
        <td class="num" class:is-best=is_best>
            <span class="compare-mean">{best} <b>{value(path, summary.mean)}</b> {difference}</span>
            <small>{more}</small>
        </td>
    }
    .erase()
}

/// The runs that repeat a setup with other seeds, taken together; nothing where none do.
pub(super) fn repeats(comparison: &Comparison) -> Option<impl IntoView + use<>> {
    if comparison.setups.is_empty() {
        return None;
    }
    let of_setup = |members: &Vec<RunId>| {
        let is_first = |(run, _): &(&RunSummary, Look)| members.first() == Some(&run.id);
        shown(comparison).into_iter().find(is_first).map(|(run, look)| {
            let words = match members.len() {
                1 => "1 run".to_owned(),
                count => format!("{count} runs"),
            };
            view! {
                <th scope="col" class="num">
                    {swatch(look)} <span class="compare-column">{run.name.clone()}</span>
                    " " <small>{words}</small>
                </th>
            }
        })
    };
    let heads = comparison.setups.iter().filter_map(of_setup).collect_view().erase();
    let of_path = |path: &PathComparison| {
        let cells = path.setups.iter();
        let cells = cells.map(|summary| summary.as_ref().map_or_else(no_value, |it| setup_cell(path, it)));
        row(path.path.clone(), cells.collect())
    };
    let rows = comparison.paths.iter().map(of_path).collect_view().erase();
    Some(view! {
        <section id="repeats" aria-label="Repeats">
            <h2>"Repeats"</h2>
            <p class="quiet-words">
                "Runs whose configurations differ in their seed alone are repeats of one setup, named after \
                its first run. Each run counts once, by its mean. Behind it the 95 % interval; below it the \
                difference to the baseline's setup with its interval (Welch's t). Where that holds no 0, the \
                setups differ by more than their seeds."
            </p>
            {frame("Table of repeats", "Path", heads, rows)}
        </section>
    })
}

fn setup_cell(path: &PathComparison, summary: &SetupSummary) -> AnyView {
    let range = |bounds: Interval| format!("{} to {}", score(bounds.low), score(bounds.high));
    let interval =
        summary.interval.map(|bounds| format!("{} to {}", value(path, bounds.low), value(path, bounds.high)));
    let differs = summary.difference_interval.is_some_and(Interval::excludes_zero);
    let difference = summary.difference.map(|difference| {
        let sign = if difference > 0.0 { "is-up" } else { "is-down" };
        let class = if path.is_measurement || !differs { "" } else { sign };
        let sure = match summary.difference_interval {
            Some(bounds) if differs => format!("({}): differs", range(bounds)),
            Some(bounds) => format!("({})", range(bounds)),
            None => "(no interval)".to_owned(),
        };
        view! { <small>
            <span class=format!("difference {class}")>{score(difference)}</span> " " {sure}
        </small> }
    });
    view! {
        <td class="num">
            <span class="compare-mean"><b>{value(path, summary.mean)}</b> " " <small>{interval}</small></span>
            {difference}
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
                    <td class="num" class:is-none=count == 0>
                        <b>{grouped(count)}</b> <small>{percent(share)}</small>
                    </td>
                }
                .erase()
            });
            row(failure_title(kind), cells.collect())
        })
    };
    let rows: Vec<_> = FailureKind::ALL.into_iter().filter_map(of_kind).collect();
    let table = match rows.is_empty() {
        true => view! { <p class="quiet-words">"No step fails."</p> }.erase(),
        false => frame("Table of failures", "Failing steps", heads(comparison), rows.collect_view().erase()),
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
                    view! { <td class=class><code>{text(value)}</code></td> }.erase()
                });
                row(of_key.key, cells.collect())
            });
            let rows = rows.collect_view().erase();
            view! {
                <p class="quiet-words">
                    "Only what differs. Texts are in quotes: 1 and \"1\" are not the same."
                </p>
                {frame("Table of differences", "Key", heads(comparison), rows)}
            }
            .erase()
        }
    };
    view! {
        <section id="configuration" aria-label="Configuration"><h2>"Configuration"</h2>{table}</section>
    }
}

/// A value of a configuration with its type; a long one is cut.
fn text(value: &Value) -> String {
    const MAX_CHARS: usize = 120;
    let text = if value.is_null() { "not set".to_owned() } else { value.to_string() };
    match text.char_indices().nth(MAX_CHARS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
