//! The curve of the chosen rubric over the run, with its failures below and a playhead that can be dragged.

use std::fmt::Write;

use gauntlet_film::{Film, PathId};
use gauntlet_model::FailureKind;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::session::Session;
use super::spark::{height_of, polyline, range_of};
use crate::ui::{Erase, failure_class, failure_word, grouped, score};

/// Size of the curve in its own units.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 86.0;
/// Margin above and below the curve.
const PAD: f64 = 8.0;
/// Top and height of the marks.
const MARKS: (f64, f64) = (89.0, 9.0);
/// A run of at most this many nodes is drawn score by score.
const SINGLE: usize = 360;
/// A longer run is cut into this many parts: each has its mean as the line, and its range as the fill.
const PARTS: usize = 180;
/// Columns of marks.
const COLUMNS: usize = 420;

/// The curve as SVG paths.
#[derive(Debug, Clone, PartialEq, Default)]
struct Drawn {
    line: String,
    /// Under the line down to the box, or from the lowest to the highest of each part.
    fill: String,
    zero: Option<f64>,
    range: Option<(f64, f64)>,
    marks: Vec<(FailureKind, String)>,
}

/// Position of a node along the curve, 0 to 1.
fn share(index: f64, nodes: usize) -> f64 {
    if nodes > 1 { (index / (nodes - 1) as f64).clamp(0.0, 1.0) } else { 0.5 }
}

/// One part of a long history: its middle along the curve, its mean, its extremes.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Part {
    at: f64,
    mean: f64,
    range: (f64, f64),
}

/// Cuts a history into parts of equally many nodes; a part without a score is left out.
fn parts(score: impl Fn(usize) -> Option<f64>, nodes: usize, count: usize) -> Vec<Part> {
    let part = |k: usize| {
        let (from, to) = (k * nodes / count, (k + 1) * nodes / count);
        let scores = || (from..to).filter_map(&score);
        let range = range_of(scores())?;
        let mean = scores().sum::<f64>() / scores().count() as f64;
        Some(Part { at: share((from + to - 1) as f64 / 2.0, nodes), mean, range })
    };
    (0..count).filter_map(part).collect()
}

fn draw(film: &Film, rubric: Option<PathId>) -> Drawn {
    let Some(rubric) = rubric else { return Drawn::default() };
    let nodes = film.len();
    let marks = marks(film, rubric);
    let size = (WIDTH, HEIGHT);
    if nodes > SINGLE {
        let parts = parts(|i| film.score(i, rubric), nodes, PARTS);
        let Some(range) = range_of(parts.iter().flat_map(|p| [p.range.0, p.range.1])) else {
            return Drawn { marks, ..Drawn::default() };
        };
        let line = polyline(parts.iter().map(|p| (p.at, p.mean)), range, size, PAD);
        let high = parts.iter().map(|p| (p.at, p.range.1));
        let low = parts.iter().rev().map(|p| (p.at, p.range.0));
        let fill = format!("{}Z", polyline(high.chain(low), range, size, PAD));
        return Drawn { line, fill, zero: zero(range), range: Some(range), marks };
    }
    let series = film.series(rubric, 0, nodes, SINGLE);
    let Some(range) = range_of(series.iter().map(|p| p.value)) else {
        return Drawn { marks, ..Drawn::default() };
    };
    let points = series.iter().map(|p| (share(p.index as f64, nodes), p.value));
    let line = polyline(points, range, size, PAD);
    let ends = series
        .first()
        .zip(series.last())
        .map(|(a, b)| (share(a.index as f64, nodes) * WIDTH, share(b.index as f64, nodes) * WIDTH));
    let fill =
        ends.map_or(String::new(), |(from, to)| format!("{line}L{to:.1},{HEIGHT}L{from:.1},{HEIGHT}Z"));
    Drawn { line, fill, zero: zero(range), range: Some(range), marks }
}

/// The height of zero, where the curve crosses it.
fn zero(range: (f64, f64)) -> Option<f64> {
    (range.0 < 0.0 && range.1 > 0.0).then(|| height_of(0.0, range, HEIGHT, PAD))
}

/// Marks below the curve, one path a kind: each column of nodes shows its gravest failure. Of the root every
/// failure counts, of another rubric its own.
fn marks(film: &Film, rubric: PathId) -> Vec<(FailureKind, String)> {
    let nodes = film.len();
    let is_root = film.path_of(rubric).is_none_or(|p| p.path == "root");
    let failure = |i: usize| if is_root { film.failure(i) } else { film.path_failure(i, rubric) };
    let columns = COLUMNS.min(nodes.max(1));
    let mut gravest: Vec<Option<FailureKind>> = vec![None; columns];
    for i in 0..nodes {
        let column = ((share(i as f64, nodes) * (columns - 1) as f64).round() as usize).min(columns - 1);
        gravest[column] = [gravest[column], failure(i)].into_iter().flatten().min();
    }
    let width = (WIDTH / COLUMNS as f64).max(2.4);
    let path = |kind: FailureKind| {
        let mut path = String::new();
        for (i, _) in gravest.iter().enumerate().filter(|(_, g)| **g == Some(kind)) {
            let x = share(i as f64, columns) * (WIDTH - width);
            // Writing to a string cannot fail.
            let _ = write!(path, "M{x:.1},{}h{width:.1}v{}h-{width:.1}z", MARKS.0, MARKS.1);
        }
        path
    };
    FailureKind::ALL.into_iter().map(|kind| (kind, path(kind))).filter(|(_, path)| !path.is_empty()).collect()
}

/// Scrubbing by pointer: the curve as a slider over the run's nodes.
#[derive(Clone, Copy)]
struct Scrubber {
    session: Session,
    element: NodeRef<html::Div>,
    is_down: StoredValue<bool>,
    /// The node under the pointer.
    hovered: RwSignal<Option<usize>>,
}

impl Scrubber {
    fn new(session: Session) -> Self {
        Self {
            session,
            element: NodeRef::new(),
            is_down: StoredValue::new(false),
            hovered: RwSignal::new(None),
        }
    }

    /// The node at a pointer.
    fn index_at(self, event: &web_sys::PointerEvent) -> Option<usize> {
        let bounds = self.element.get_untracked()?.get_bounding_client_rect();
        let last = self.session.film(Film::len).checked_sub(1)?;
        let share = (f64::from(event.client_x()) - bounds.left()) / bounds.width().max(1.0);
        Some((share.clamp(0.0, 1.0) * last as f64).round() as usize)
    }

    fn select_at(self, event: &web_sys::PointerEvent) {
        if let Some(index) = self.index_at(event) {
            self.session.select(index);
        }
    }

    fn on_down(self, event: &web_sys::PointerEvent) {
        if let Some(element) = event.current_target().and_then(|t| t.dyn_into::<web_sys::Element>().ok()) {
            // Fails for a pointer that is already up again.
            let _ = element.set_pointer_capture(event.pointer_id());
        }
        self.is_down.set_value(true);
        self.select_at(event);
    }

    fn on_move(self, event: &web_sys::PointerEvent) {
        self.hovered.set(self.index_at(event));
        if self.is_down.get_value() {
            self.select_at(event);
        }
    }

    fn on_up(self) {
        self.is_down.set_value(false);
    }

    /// The hovered node: its position in percent, and its step, score and failure.
    fn tip(self) -> Option<(f64, String)> {
        let index = self.hovered.get()?;
        let rubric = self.session.rubric()?;
        self.session.watch_calmly(|film| {
            let node = film.node(index)?;
            let value = film.score(index, rubric).map_or("n/e".to_owned(), score);
            let failure = node.failure.map(|f| format!(" · {}", failure_word(f))).unwrap_or_default();
            let text = format!("step {} · {value}{failure}", grouped(node.step));
            Some((share(index as f64, film.len()) * 100.0, text))
        })
    }
}

/// The curve of the chosen rubric with the playhead.
#[component]
pub(super) fn Curve(session: Session) -> impl IntoView {
    let scrubber = Scrubber::new(session);
    let drawn = Memo::new(move |_| {
        let rubric = session.rubric();
        session.watch_calmly(|film| draw(film, rubric))
    });
    let nodes = move || session.watch_calmly(Film::len);
    let head = move || share(session.motion.with(|m| m.position), nodes()) * 100.0;
    let position = move || match session.current_step() {
        Some(step) => {
            let at = grouped(session.current.get().unwrap_or(0) as u64 + 1);
            format!("step {}, {at} of {}", grouped(step), grouped(nodes() as u64))
        }
        None => "no step yet".to_owned(),
    };
    let edge = move |pick: fn((f64, f64)) -> f64| move || drawn.with(|d| d.range.map(|r| score(pick(r))));
    view! {
        <div
            class="curve" node_ref=scrubber.element role="slider" tabindex="0" aria-label="Position in the run" aria-valuemin="1"
            aria-valuemax=move || nodes().max(1).to_string() aria-valuetext=position
            aria-valuenow=move || session.current.get().map_or(1, |i| i + 1).to_string()
            on:pointerdown=move |e| scrubber.on_down(&e) on:pointermove=move |e| scrubber.on_move(&e)
            on:pointerup=move |_| scrubber.on_up() on:pointercancel=move |_| scrubber.on_up()
            on:pointerleave=move |_| scrubber.hovered.set(None)
        >
            <CurvePaths drawn />
            <div class="curve-ahead" style=move || format!("left:{:.3}%", head())></div>
            <div class="curve-head" style=move || format!("left:{:.3}%", head())></div>
            <span class="curve-edge is-high">{edge(|r| r.1)}</span>
            <span class="curve-edge is-low">{edge(|r| r.0)}</span>
            {move || scrubber.tip().map(|(left, text)| {
                let class = if left > 70.0 { "curve-tip is-right" } else { "curve-tip" };
                view! { <span class=class style=format!("left:{left:.3}%") aria-hidden="true">{text}</span> }
            })}
        </div>
    }
    .erase()
}

/// The curve and the marks of failures.
#[component]
fn CurvePaths(drawn: Memo<Drawn>) -> impl IntoView {
    let zero = move || drawn.with(|d| d.zero.map(|y| format!("M0,{y:.1}H1000")).unwrap_or_default());
    let mark = move |kind: FailureKind| {
        drawn.with(|d| d.marks.iter().find(|m| m.0 == kind).map(|m| m.1.clone()).unwrap_or_default())
    };
    view! {
        <svg viewBox="0 0 1000 100" preserveAspectRatio="none" aria-hidden="true">
            <path class="curve-zero" d=zero />
            <path class="curve-fill" d=move || drawn.with(|d| d.fill.clone()) />
            <path class="curve-line" d=move || drawn.with(|d| d.line.clone()) />
            {FailureKind::ALL.into_iter().map(|kind| {
                view! { <path class=format!("curve-mark {}", failure_class(kind)) d=move || mark(kind) /> }
            }).collect_view()}
        </svg>
    }
    .erase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_stand_from_edge_to_edge() {
        assert_eq!((share(0.0, 5), share(2.0, 5), share(4.0, 5)), (0.0, 0.5, 1.0));
        assert_eq!((share(0.0, 1), share(0.0, 0)), (0.5, 0.5));
    }

    #[test]
    fn parts_keep_every_extreme() {
        let scores = [Some(1.0), Some(-50.0), None, Some(4.0), None, None];
        let parts = parts(|i| scores[i], scores.len(), 3);
        assert_eq!(parts.len(), 2, "a part that was never evaluated is a gap");
        assert_eq!((parts[0].mean, parts[0].range), (-24.5, (-50.0, 1.0)));
        assert_eq!((parts[1].mean, parts[1].range), (4.0, (4.0, 4.0)));
    }
}
