//! Charts of a run that has measurements but no rollouts: one small curve for each measured path, by step.
//! They replace the stage, which would be empty without nodes.

use gauntlet_film::{Film, Measurement};
use leptos::prelude::*;

use super::session::Session;
use super::spark::{polyline, range_of};
use crate::ui::{Erase, grouped, quantity};

/// Size of a chart in its own units.
const SIZE: (f64, f64) = (320.0, 96.0);
/// Margin above and below the curve.
const PAD: f64 = 6.0;
/// The most values drawn of a path; of more, the lowest and highest of each part are drawn.
const POINTS: usize = 640;

/// The content of a chart.
#[derive(Debug, Clone, PartialEq)]
struct Chart {
    path: String,
    name: String,
    line: String,
    low: f64,
    high: f64,
    last: f64,
    steps: (u64, u64),
}

fn chart(film: &Film, path: &gauntlet_film::Path) -> Option<Chart> {
    let values = film.measurements(path.id, 0, u64::MAX, POINTS);
    let (first, last) = (values.first()?, values.last()?);
    let span = (last.step - first.step).max(1) as f64;
    let along = |m: &Measurement| ((m.step - first.step) as f64 / span, m.value);
    let (low, high) = range_of(values.iter().map(|m| m.value))?;
    let name = path.path.strip_prefix("metrics.").unwrap_or(&path.path).to_owned();
    let line = polyline(values.iter().map(along), (low, high), SIZE, PAD);
    Some(Chart {
        path: path.path.clone(),
        name,
        line,
        low,
        high,
        last: last.value,
        steps: (first.step, last.step),
    })
}

/// The charts, in the order of the rubric tree.
#[component]
pub(super) fn Charts(session: Session) -> impl IntoView {
    let paths = Memo::new(move |_| {
        session.watch_calmly(|film| film.measured_paths().map(|p| p.path.clone()).collect::<Vec<_>>())
    });
    view! {
        <div class="charts" role="list" aria-label="Measurements by step">
            <For
                each=move || paths.get() key=String::clone
                children=move |path| view! { <ChartView session path /> }
            />
        </div>
    }
    .erase()
}

#[component]
fn ChartView(session: Session, path: String) -> impl IntoView {
    let drawn = {
        let path = path.clone();
        Memo::new(move |_| session.watch_calmly(|film| chart(film, film.path_of(film.find_path(&path)?)?)))
    };
    let text =
        move |read: fn(&Chart) -> String| move || drawn.with(|c| c.as_ref().map(read).unwrap_or_default());
    let label = text(|c| {
        let (first, last) = (grouped(c.steps.0), grouped(c.steps.1));
        format!("{}: {} at step {last}, steps {first} to {last}", c.path, quantity(c.last))
    });
    view! {
        <figure class="chart" role="listitem" data-path=path aria-label=label>
            <figcaption><bdi>{text(|c| c.name.clone())}</bdi><b>{text(|c| quantity(c.last))}</b></figcaption>
            <div class="chart-box">
                <svg viewBox="0 0 320 96" preserveAspectRatio="none" aria-hidden="true">
                    <path class="curve-line" d=text(|c| c.line.clone()) />
                </svg>
                <span class="chart-edge is-high">{text(|c| quantity(c.high))}</span>
                <span class="chart-edge is-low">{text(|c| quantity(c.low))}</span>
            </div>
            <div class="chart-steps">
                <span>{text(|c| format!("step {}", grouped(c.steps.0)))}</span>
                <span>{text(|c| grouped(c.steps.1))}</span>
            </div>
        </figure>
    }
    .erase()
}
