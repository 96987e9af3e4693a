//! The curve of the chosen rubric over the run, with its failures below and a playhead that can be dragged.

use std::fmt::Write;
use std::ops::Range;

use gauntlet_film::{BLOCK, Digest, Digests, FailuresOf, Film, PathId};
use gauntlet_model::FailureKind;
use gauntlet_scene::{Ghost, HeightScale};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::session::Session;
use super::spark::{height_of, polyline};
use crate::ui::{Erase, duration, failure_class, failure_word, grouped, score};

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
/// The least height of a mark, so that one failing step of thousands is seen.
const LEAST_MARK: f64 = 2.0;

/// The curve as SVG paths.
#[derive(Debug, Clone, PartialEq, Default)]
struct Drawn {
    line: String,
    /// Under the line down to the box, or from the lowest to the highest of each part.
    fill: String,
    /// The height of zero, where it is between the ends.
    zero: Option<f64>,
    marks: Vec<(FailureKind, String)>,
}

/// Position of a node along the curve, 0 to 1.
fn share(index: f64, nodes: usize) -> f64 {
    if nodes > 1 { (index / (nodes - 1) as f64).clamp(0.0, 1.0) } else { 0.5 }
}

/// Cuts `nodes` nodes into about `count` parts of consecutive ones. In a long run a part begins at a multiple
/// of [`BLOCK`], whose digests are kept.
fn part_ranges(nodes: usize, count: usize) -> impl Iterator<Item = Range<usize>> {
    let unit = if nodes > count * BLOCK { BLOCK } else { 1 };
    let units = nodes.div_ceil(unit);
    let count = count.min(units);
    let at = move |k: usize| (k * units / count.max(1) * unit).min(nodes);
    (0..count).map(move |k| at(k)..at(k + 1)).filter(|part| !part.is_empty())
}

/// The middle of a part along the curve.
fn middle(part: &Range<usize>, nodes: usize) -> f64 {
    share((part.start + part.end - 1) as f64 / 2.0, nodes)
}

fn draw(film: &Film, rubric: Option<PathId>, heights: HeightScale, digests: &mut Digests) -> Drawn {
    let Some(rubric) = rubric else { return Drawn::default() };
    let nodes = film.len();
    let is_root = film.path_of(rubric).is_none_or(|p| p.path == "root");
    digests.update(film, Some(rubric), if is_root { FailuresOf::Node } else { FailuresOf::Path });
    let marks = marks(film, digests);
    let range = (heights.low, heights.high);
    let size = (WIDTH, HEIGHT);
    let zero = heights.crosses_zero().then(|| height_of(0.0, range, HEIGHT, PAD));
    if nodes > SINGLE {
        let digest = |part: Range<usize>| (middle(&part, nodes), digests.between(film, part));
        let parts: Vec<(f64, Digest)> = part_ranges(nodes, PARTS).map(digest).collect();
        let means = parts.iter().filter_map(|(at, part)| Some((*at, part.mean()?)));
        let line = polyline(means, range, size, PAD);
        let end = |pick: fn([(usize, f64); 2]) -> f64| {
            move |(at, part): &(f64, Digest)| part.extremes.map(|ends| (*at, pick(ends)))
        };
        let high = parts.iter().filter_map(end(|ends| ends[1].1));
        let low = parts.iter().rev().filter_map(end(|ends| ends[0].1));
        let band = polyline(high.chain(low), range, size, PAD);
        let fill = if band.is_empty() { band } else { format!("{band}Z") };
        return Drawn { line, fill, zero, marks };
    }
    let series = film.series(rubric, 0, nodes, SINGLE);
    let points = series.iter().map(|p| (share(p.index as f64, nodes), p.value));
    let line = polyline(points, range, size, PAD);
    let ends = series
        .first()
        .zip(series.last())
        .map(|(a, b)| (share(a.index as f64, nodes) * WIDTH, share(b.index as f64, nodes) * WIDTH));
    let fill =
        ends.map_or(String::new(), |(from, to)| format!("{line}L{to:.1},{HEIGHT}L{from:.1},{HEIGHT}Z"));
    Drawn { line, fill, zero, marks }
}

/// The line of another run over the counterparts of the nodes; of a long run the means of its parts.
fn draw_beside(ghost: &Ghost, nodes: usize, heights: HeightScale) -> String {
    let mean = |part: Range<usize>| {
        let at = middle(&part, nodes);
        let scores = part.filter_map(|i| ghost.score(i));
        let (sum, count) = scores.fold((0.0, 0.0), |(sum, count), score| (sum + score, count + 1.0));
        (count > 0.0).then_some((at, sum / count))
    };
    let points: Vec<(f64, f64)> = part_ranges(nodes, SINGLE).filter_map(mean).collect();
    polyline(points.into_iter(), (heights.low, heights.high), (WIDTH, HEIGHT), PAD)
}

/// Marks below the curve, one path a kind: of each column of nodes the share that fails, the most severe kind
/// at the bottom. Of the root every failure counts, of another rubric its own.
fn marks(film: &Film, digests: &Digests) -> Vec<(FailureKind, String)> {
    let nodes = film.len();
    let columns: Vec<Digest> = part_ranges(nodes, COLUMNS).map(|part| digests.between(film, part)).collect();
    let width = (WIDTH / COLUMNS as f64).max(2.4);
    let mut paths: Vec<String> = vec![String::new(); FailureKind::ALL.len()];
    for (i, column) in columns.iter().enumerate() {
        let x = share(i as f64, columns.len()) * (WIDTH - width);
        let mut bottom = MARKS.0 + MARKS.1;
        for (path, count) in paths.iter_mut().zip(column.failing).filter(|(_, count)| *count > 0) {
            let share = count as f64 / column.nodes as f64;
            let height = (share * MARKS.1).max(LEAST_MARK).min(bottom - MARKS.0);
            bottom -= height;
            // Writing to a string cannot fail.
            let _ = write!(path, "M{x:.1},{bottom:.1}h{width:.1}v{height:.1}h-{width:.1}z");
        }
    }
    FailureKind::ALL.into_iter().zip(paths).filter(|(_, path)| !path.is_empty()).collect()
}

/// The ends of the curve: the first step, and the last one with the time between them.
fn ends(film: &Film) -> Option<(String, String)> {
    let (first, last) = (film.node(0)?, film.node(film.len() - 1)?);
    let took_ms = (last.at.micros() - first.at.micros()) as f64 / 1000.0;
    let took = if took_ms > 0.0 { format!(", {} later", duration(took_ms)) } else { String::new() };
    Some((format!("step {}", grouped(first.step)), format!("step {}{took}", grouped(last.step))))
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
        let (rubric, chosen) = (self.session.rubric()?, self.session.view.rubric.get());
        self.session.watch_calmly(|film| {
            let node = film.node(index)?;
            let value = film.score(index, rubric).map_or("n/e".to_owned(), score);
            let failure = film.failure_by(index, chosen);
            let failure = failure.map(|f| format!(" · {}", failure_word(f))).unwrap_or_default();
            let text = format!("step {} · {value}{failure}", grouped(node.step));
            Some((share(index as f64, film.len()) * 100.0, text))
        })
    }
}

/// The curve of the chosen rubric with the playhead.
#[component]
pub(super) fn Curve(session: Session) -> impl IntoView {
    let scrubber = Scrubber::new(session);
    let heights = session.view.heights;
    let digests = StoredValue::new(Digests::default());
    let drawn = Memo::new(move |_| {
        let (rubric, heights) = (session.rubric(), heights.get());
        let draw = |film: &Film| digests.try_update_value(|cached| draw(film, rubric, heights, cached));
        session.watch_calmly(draw).unwrap_or_default()
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
    let edge = move |pick: fn(HeightScale) -> f64| {
        move || {
            let is_drawn = drawn.with(|d| !d.line.is_empty());
            is_drawn.then(|| heights.with(|h| h.text(pick(*h))))
        }
    };
    let ends = Memo::new(move |_| session.watch_calmly(ends));
    let zero = move || drawn.with(|d| d.zero.filter(|_| !d.line.is_empty()));
    view! {
        <div
            class="curve" node_ref=scrubber.element role="slider" tabindex="0"
            aria-label="Position in the run" aria-valuemin="1"
            aria-valuemax=move || nodes().max(1).to_string() aria-valuetext=position
            aria-valuenow=move || session.current.get().map_or(1, |i| i + 1).to_string()
            on:pointerdown=move |e| scrubber.on_down(&e) on:pointermove=move |e| scrubber.on_move(&e)
            on:pointerup=move |_| scrubber.on_up() on:pointercancel=move |_| scrubber.on_up()
            on:pointerleave=move |_| scrubber.hovered.set(None)
        >
            <CurvePaths session drawn />
            <div hidden=move || nodes() == 0>
                <div class="curve-ahead" style=move || format!("left:{:.3}%", head())></div>
                <div class="curve-head" style=move || format!("left:{:.3}%", head())></div>
            </div>
            <span class="curve-edge is-high">{edge(|h| h.high)}</span>
            {move || zero().map(|y| view! {
                <span class="curve-edge is-zero" style=format!("top:{y:.1}%")>"0"</span>
            })}
            <span class="curve-edge is-low">{edge(|h| h.low)}</span>
            {move || scrubber.tip().map(|(left, text)| {
                let class = if left > 70.0 { "curve-tip is-right" } else { "curve-tip" };
                view! { <span class=class style=format!("left:{left:.3}%") aria-hidden="true">{text}</span> }
            })}
        </div>
        <p class="curve-ends">
            <span>{move || ends.get().map(|ends| ends.0)}</span>
            <span>{move || ends.get().map(|ends| ends.1)}</span>
        </p>
    }
    .erase()
}

/// The curve and the marks of failures.
#[component]
fn CurvePaths(session: Session, drawn: Memo<Drawn>) -> impl IntoView {
    let beside = move || {
        let (ghost, heights) = (session.beside.watch_ghost(), session.view.heights.get());
        let nodes = session.watch_calmly(Film::len);
        ghost.map(|ghost| draw_beside(&ghost, nodes, heights))
    };
    let zero = move || drawn.with(|d| d.zero.map(|y| format!("M0,{y:.1}H1000")).unwrap_or_default());
    let mark = move |kind: FailureKind| {
        drawn.with(|d| d.marks.iter().find(|m| m.0 == kind).map(|m| m.1.clone()).unwrap_or_default())
    };
    view! {
        <svg viewBox="0 0 1000 100" preserveAspectRatio="none" aria-hidden="true">
            <path class="curve-zero" d=zero />
            <path class="curve-fill" d=move || drawn.with(|d| d.fill.clone()) />
            <path class="curve-beside" d=beside />
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
    use crate::gauntlet::test_film::film_of;

    #[test]
    fn nodes_stand_from_edge_to_edge() {
        assert_eq!((share(0.0, 5), share(2.0, 5), share(4.0, 5)), (0.0, 0.5, 1.0));
        assert_eq!((share(0.0, 1), share(0.0, 0)), (0.5, 0.5));
    }

    #[test]
    fn parts_are_of_about_the_same_size_and_leave_no_node_out() {
        for (nodes, count) in [(0, 3), (1, 3), (6, 3), (7, 3), (361, 180), (100_000, 180), (1_000_000, 420)] {
            let parts: Vec<Range<usize>> = part_ranges(nodes, count).collect();
            assert!(parts.len() <= count && parts.windows(2).all(|pair| pair[0].end == pair[1].start));
            let ends = parts.first().zip(parts.last()).map(|(first, last)| (first.start, last.end));
            assert_eq!(ends, (nodes > 0).then_some((0, nodes)));
            let size = |pick: fn(usize, usize) -> usize| parts.iter().map(Range::len).reduce(pick);
            let (least, most) = (size(usize::min).unwrap_or(1), size(usize::max).unwrap_or(1));
            assert!(most <= 2 * least || most - least <= BLOCK, "{nodes}: {least} to {most}");
        }
    }

    fn film(roots: &[f64]) -> Film {
        let scores = |root: &f64| gauntlet_model::Scores::new([("root", *root)]).expect("a score");
        film_of((0..).zip(roots).map(|(step, root)| (step, None, scores(root))))
    }

    #[test]
    fn the_other_run_is_a_line_over_the_same_nodes() {
        let (mine, other) = (film(&[1.0, 1.0, 1.0]), film(&[0.0, 2.0]));
        let pairing = gauntlet_film::Pairing::by_step(&mine, &other);
        let line =
            draw_beside(&Ghost::of(&mine, &other, &pairing, None), 3, HeightScale { low: 0.0, high: 2.0 });
        assert_eq!(line, "M0.0,78.0L500.0,8.0");
    }

    #[test]
    fn marks_say_which_share_fails() {
        // Of the second half every tenth step fails; one step of the first half does.
        let mut roots: Vec<f64> =
            (0..84_000).map(|i| if i > 42_000 && i % 10 == 0 { -1.0 } else { 2.0 }).collect();
        roots[7] = -1.0;
        let film = film(&roots);
        let mut digests = Digests::default();
        let drawn = draw(&film, film.find_path("root"), HeightScale::default(), &mut digests);
        assert_eq!(drawn.marks.len(), 1);
        let heights: Vec<f64> = drawn.marks[0]
            .1
            .split('v')
            .skip(1)
            .filter_map(|part| part.split('h').next()?.parse().ok())
            .collect();
        assert!(heights.len() > 200 && heights.len() < 230, "{} columns", heights.len());
        assert!(heights.iter().all(|h| *h <= LEAST_MARK), "a tenth is not a full column");
        assert_eq!(drawn.line.matches('L').count() + 1, PARTS);
    }
}
