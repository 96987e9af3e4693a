//! What the rubric in view came to over the run: its range, its failures with ways to the first and the last,
//! and how its scores are distributed.

use std::fmt::Write;

use gauntlet_film::{Distribution, Film, PathId, PathTotals, is_measurement};
use gauntlet_scene::rubric_name;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::session::Session;
use crate::ui::{Erase, grouped, quantity, score};

/// Bars of the histogram.
const BARS: usize = 24;
/// Width of a bar, and height of the highest one, in the histogram's own units.
const BAR: (f64, f64) = (10.0, 40.0);
/// The least height of a bar that counts anything.
const MIN_BAR_HEIGHT: f64 = 1.5;

/// The rubric in view, and what it came to.
#[derive(Debug, Clone, PartialEq)]
struct Detail {
    path: String,
    totals: PathTotals,
    /// The steps of the extremes, and of the first and the last failure.
    at: [Option<u64>; 4],
}

impl Detail {
    fn of(film: &Film, id: PathId) -> Option<Self> {
        let totals = film.totals(id);
        let nodes = [
            totals.extremes.map(|ends| ends[0].0),
            totals.extremes.map(|ends| ends[1].0),
            totals.failing_ends.map(|ends| ends[0]),
            totals.failing_ends.map(|ends| ends[1]),
        ];
        let at = nodes.map(|node| Some(film.node(node?)?.step));
        Some(Self { path: film.path_of(id)?.path.clone(), totals, at })
    }

    fn is_judged(&self) -> bool {
        !is_measurement(&self.path)
    }

    fn text(&self, value: f64) -> String {
        if self.is_judged() { score(value) } else { quantity(value) }
    }

    /// `safety › dose: −8.0 to +2.0, fails at 3 of 40`.
    fn summary(&self) -> String {
        let range = match self.totals.extremes {
            Some([(_, low), (_, high)]) => format!("{} to {}", self.text(low), self.text(high)),
            None => "never evaluated".to_owned(),
        };
        let values = grouped(self.totals.values as u64);
        match self.is_judged() && self.totals.values > 0 {
            true => format!(": {range}, fails at {} of {values}", grouped(self.totals.failing as u64)),
            false => format!(": {range}"),
        }
    }
}

/// The histogram as SVG paths: passing scores, and failing ones above them.
fn bars(found: &Distribution) -> [String; 2] {
    let highest = found.parts.iter().map(|[passed, failed]| passed + failed).max().unwrap_or(1).max(1);
    let mut paths = [String::new(), String::new()];
    for (x, counts) in (0u32..).zip(&found.parts) {
        let mut bottom = BAR.1;
        for (path, count) in paths.iter_mut().zip(*counts).filter(|(_, count)| *count > 0) {
            let height = (f64::from(count) / f64::from(highest) * BAR.1).max(MIN_BAR_HEIGHT).min(bottom);
            bottom -= height;
            // Writing to a string cannot fail.
            let _ = write!(path, "M{:.1},{bottom:.1}h9v{height:.1}h-9z", f64::from(x) * BAR.0 + 0.5);
        }
    }
    paths
}

/// The details; open while a rubric is chosen.
#[component]
pub(super) fn RubricDetail(session: Session) -> impl IntoView {
    let is_open = RwSignal::new(false);
    let rubric = session.view.rubric;
    Effect::new(move || is_open.set(rubric.with(Option::is_some)));
    let detail = Memo::new(move |_| {
        let id = session.rubric()?;
        session.watch_calmly(|film| Detail::of(film, id))
    });
    let toggle = move |e: web_sys::Event| {
        let details = e.target().and_then(|t| t.dyn_into::<web_sys::HtmlDetailsElement>().ok());
        if let Some(details) = details {
            is_open.set(details.open());
        }
    };
    let name = move || detail.with(|d| d.as_ref().map(|d| rubric_name(&d.path)));
    let summary = move || detail.with(|d| d.as_ref().map(Detail::summary));
    view! {
        <details
            class="rubric-detail" hidden=move || detail.with(Option::is_none)
            prop:open=move || is_open.get() on:toggle=toggle
        >
            <summary><bdi>{name}</bdi>{summary}</summary>
            {move || is_open.get().then(|| view! { <Ways session detail /><Histogram session detail /> })}
        </details>
    }
    .erase()
}

/// Buttons that go to the extremes and the failures.
#[component]
fn Ways(session: Session, detail: Memo<Option<Detail>>) -> impl IntoView {
    let way = move |name: &'static str, place: usize, pick: fn(&PathTotals) -> Option<usize>| {
        let step = Memo::new(move |_| detail.with(|d| d.as_ref().and_then(|d| d.at[place])));
        let go = move |_| {
            let node = detail.with_untracked(|d| d.as_ref().and_then(|d| pick(&d.totals)));
            node.into_iter().for_each(|node| session.select(node));
        };
        move || {
            step.get().map(|step| {
                view! {
                    <button class="link" on:click=go>{format!("{name}: step {}", grouped(step))}</button>
                }
            })
        }
    };
    let is_judged = Memo::new(move |_| detail.with(|d| d.as_ref().is_some_and(Detail::is_judged)));
    view! {
        <div class="rubric-ways">
            {way("Lowest", 0, |t| t.extremes.map(|ends| ends[0].0))}
            {way("Highest", 1, |t| t.extremes.map(|ends| ends[1].0))}
            {way("First failure", 2, |t| t.failing_ends.map(|ends| ends[0]))}
            {way("Last failure", 3, |t| t.failing_ends.map(|ends| ends[1]))}
            {move || is_judged.get().then(|| view! {
                <button class="link" on:click=move |_| session.previous_failure()>"Previous failure"</button>
                <button class="link" on:click=move |_| session.next_failure()>"Next failure"</button>
            })}
        </div>
    }
    .erase()
}

/// How the scores are distributed over the steps that playback repeats, else over all.
#[component]
fn Histogram(session: Session, detail: Memo<Option<Detail>>) -> impl IntoView {
    let found = Memo::new(move |_| {
        let path = session.rubric()?;
        let nodes = session.range_nodes();
        session.watch_calmly(|film| {
            let (from, to) = nodes.map_or((0, film.len()), |(first, last)| (first, last + 1));
            film.distribution(path, from, to, BARS)
        })
    });
    let bar = move |of: usize| move || found.with(|f| f.as_ref().map(|f| bars(f)[of].clone()));
    // Where the score of the selected step is.
    let here = move || {
        let (at, path) = (session.current.get()?, session.rubric()?);
        let value = session.watch(|film| film.score(at, path))?;
        found.with(|found| {
            let found = found.as_ref().filter(|f| f.high > f.low)?;
            let share = (value - found.low) / (found.high - found.low);
            (0.0..=1.0).contains(&share).then(|| format!("M{:.1},0v40", share * BAR.0 * BARS as f64))
        })
    };
    let text = move |value: f64| detail.with(|d| d.as_ref().map_or_else(|| score(value), |d| d.text(value)));
    let end = move |pick: fn(&Distribution) -> f64| move || found.with(|f| f.as_ref().map(|f| text(pick(f))));
    let words = move || {
        let range = match session.range.get() {
            Some((from, to)) => format!("steps {} to {}", grouped(from), grouped(to)),
            None => "all steps".to_owned(),
        };
        found.with(|f| match f {
            Some(f) if f.is_sample => format!("{range}, {} of them read", grouped(f.scores as u64)),
            Some(f) => format!("{range}, {} scores", grouped(f.scores as u64)),
            None => format!("{range}: no score"),
        })
    };
    let label = move || {
        let ends = found.with(|f| f.as_ref().map(|f| format!("{} to {}", text(f.low), text(f.high))));
        format!("Distribution over {}: {}", words(), ends.unwrap_or_default())
    };
    view! {
        <figure class="histogram">
            <svg viewBox="0 0 240 40" preserveAspectRatio="none" role="img" aria-label=label>
                <path class="is-passed" d=bar(0) />
                <path class="is-failed" d=bar(1) />
                <path class="is-here" d=here />
            </svg>
            <figcaption aria-hidden="true">
                <span>{end(|f| f.low)}</span><span>{words}</span><span>{end(|f| f.high)}</span>
            </figcaption>
        </figure>
    }
    .erase()
}
