//! Runs that repeat a setup with other seeds, taken together: the mean of each setup with its interval, and
//! how far its runs are apart.

use gauntlet_api::{Comparison, Interval, PathComparison, SetupSummary};
use gauntlet_model::RunId;
use leptos::prelude::*;

use super::names::{names, setup_names};
use super::tables::{Row, frame, no_value, value};
use crate::ui::{Erase, score};

/// The width of the row of dots, its height, and the radius of a dot, in units of the picture.
const WIDTH: f64 = 160.0;
const HEIGHT: f64 = 12.0;
const RADIUS: f64 = 3.5;

/// The section; nothing where no setup is repeated.
pub(super) fn repeats(comparison: &Comparison) -> Option<impl IntoView + use<>> {
    if comparison.setups.is_empty() {
        return None;
    }
    let of_setup = |(members, name): (&Vec<RunId>, String)| {
        let words = if members.len() == 1 { "1 run".to_owned() } else { format!("{} runs", members.len()) };
        view! {
            <th scope="col" class="num">
                <span class="compare-column">{name}</span> " " <small>{words}</small>
            </th>
        }
    };
    let heads = comparison.setups.iter().zip(setup_names(comparison)).map(of_setup).collect_view().erase();
    let (places, names) = (places(comparison), names(comparison));
    let of_path = |path: &PathComparison| {
        let cells = path.setups.iter().zip(&places).map(|(summary, members)| {
            let dots = dots(path, members, &names);
            summary.as_ref().map_or_else(no_value, |summary| cell(path, summary, dots))
        });
        Row { title: path.path.clone(), cells: cells.collect() }
    };
    let rows = comparison.paths.iter().map(of_path).collect();
    Some(view! {
        <section id="repeats" aria-label="Repeats">
            <h2>"Repeats"</h2>
            <p class="quiet-words">
                "Runs whose configurations differ in their seed alone are repeats of one setup. Each run \
                counts once, by its mean. Behind it the 95 % interval; below it the difference to the \
                baseline's setup with its interval (Welch's t). Where that holds no 0, the setups differ by \
                more than their seeds. Each dot is a run, between the lowest and the highest of all setups."
            </p>
            {frame("Table of repeats", "Path", heads, rows)}
        </section>
    })
}

/// Where the runs of each setup are among the runs.
fn places(comparison: &Comparison) -> Vec<Vec<usize>> {
    let place = |id: &RunId| comparison.runs.iter().position(|run| run.id == *id);
    comparison.setups.iter().map(|members| members.iter().filter_map(place).collect()).collect()
}

/// The means of the runs of a setup as dots on one scale for all setups; nothing where all are the same.
fn dots(path: &PathComparison, members: &[usize], names: &[String]) -> Option<AnyView> {
    let means = path.runs.iter().flatten().map(|summary| summary.mean);
    let (low, high) =
        means.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), mean| (low.min(mean), high.max(mean)));
    let of_run = |index: &usize| Some((names.get(*index)?, path.runs.get(*index)?.as_ref()?.mean));
    let mut runs: Vec<(&String, f64)> = members.iter().filter_map(of_run).collect();
    if high <= low || runs.len() < 2 {
        return None;
    }
    runs.sort_by(|a, b| a.1.total_cmp(&b.1));
    let words = |(name, mean): &(&String, f64)| format!("{name} {}", value(path, *mean));
    let label = match (runs.first(), runs.last()) {
        (Some(first), Some(last)) => format!("lowest {}, highest {}", words(first), words(last)),
        _ => String::new(),
    };
    let dot = |run: &(&String, f64)| {
        let x = RADIUS + (run.1 - low) / (high - low) * (WIDTH - 2.0 * RADIUS);
        view! {
            <circle cx=format!("{x:.1}") cy=(HEIGHT / 2.0).to_string() r=RADIUS.to_string()>
                <title>{words(run)}</title>
            </circle>
        }
    };
    let all = runs.iter().map(dot).collect_view();
    let view_box = format!("0 0 {WIDTH} {HEIGHT}");
    Some(view! { <svg class="repeat-dots" viewBox=view_box role="img" aria-label=label>{all}</svg> }.erase())
}

/// What the means of the runs of a setup came to.
fn cell(path: &PathComparison, summary: &SetupSummary, dots: Option<AnyView>) -> AnyView {
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
            {dots}
        </td>
    }
    .erase()
}
