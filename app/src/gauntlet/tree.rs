//! The rubric tree: every path with its state, its history and its score at the selected step.

use std::collections::HashMap;

use gauntlet_film::{Film, PathId, State, is_measurement};
use gauntlet_scene::rubric_name;
use leptos::html;
use leptos::prelude::*;

use super::session::Session;
use super::spark::{height_of, polyline};
use crate::ui::{Erase, Icon, Shape, column_score, grouped, quantity, state_class, state_word};

/// Points of a sparkline, about.
const POINTS: usize = 64;
/// Size of a sparkline in its own units.
const SIZE: (f64, f64) = (88.0, 20.0);
/// Margin above and below its curve.
const PAD: f64 = 3.0;
/// Height of a line, CSS pixels, as in the style sheet.
const LINE_PX: f64 = 27.0;
/// Lines in view at most; a longer tree scrolls.
const IN_VIEW: usize = 16;
/// Lines on the page beyond each end of the view.
const SPARE_LINES: usize = 6;
/// Deeper lines are indented like those of this depth: the panel is narrow.
const MAX_INDENT: u32 = 6;
/// The number of paths from which on there is a search field.
const SEARCHED_FROM: usize = 24;

/// Which groups are folded: all but the exceptions, or the exceptions alone.
#[derive(Debug, Clone, PartialEq, Default)]
struct Folding {
    is_all: bool,
    except: Vec<PathId>,
}

impl Folding {
    fn is_folded(&self, id: PathId) -> bool {
        self.is_all != self.except.contains(&id)
    }

    fn toggle(&mut self, id: PathId) {
        match self.except.iter().position(|known| *known == id) {
            Some(at) => _ = self.except.remove(at),
            None => self.except.push(id),
        }
    }
}

/// A line of the tree.
#[derive(Debug, Clone, PartialEq)]
struct Line {
    /// Its place among all lines that could be scrolled to.
    row: usize,
    id: PathId,
    path: String,
    name: String,
    depth: u32,
    is_root: bool,
    has_children: bool,
    /// Whether it has no score itself and is there for the lines below it.
    is_group: bool,
}

/// Places in [`Film::paths`] of the lines whose path contains `words`. Lines below a folded one are left out,
/// unless words are looked for. Measurements come after the rubrics: a trainer logs dozens of them.
fn listed(film: &Film, words: &str, folding: &Folding) -> Vec<usize> {
    let is_hidden = |p: &gauntlet_film::Path| {
        let mut above = std::iter::successors(p.parent, |id| film.path_of(*id)?.parent);
        above.any(|id| folding.is_folded(id))
    };
    let words = words.trim().to_lowercase();
    let is_listed = |p: &gauntlet_film::Path| match words.is_empty() {
        true => *folding == Folding::default() || !is_hidden(p),
        false => {
            p.path.to_lowercase().contains(&words) || rubric_name(&p.path).to_lowercase().contains(&words)
        }
    };
    let places = film.paths().iter().enumerate().filter(|(_, p)| is_listed(p));
    let (measured, rubrics): (Vec<_>, Vec<_>) = places.partition(|(_, p)| is_measurement(&p.path));
    rubrics.into_iter().chain(measured).map(|(place, _)| place).collect()
}

fn line(film: &Film, row: usize, place: usize) -> Option<Line> {
    let p = film.paths().get(place)?;
    let is_root = p.path == "root";
    // Children follow their parent.
    let has_children = film.paths().get(place + 1).is_some_and(|next| next.parent == Some(p.id));
    Some(Line {
        row,
        id: p.id,
        path: p.path.clone(),
        name: p.name.replace('_', " "),
        depth: if is_root { 0 } else { p.depth + 1 },
        is_root,
        has_children,
        is_group: has_children && !p.is_scored,
    })
}

/// The sum of the sizes of the rubrics of each group, by the group's path.
type GroupSizes = HashMap<Option<PathId>, f64>;

/// What the rubrics of each group add up to at a node, by size: the sum of which a rubric's own size is its
/// share. The group of the outermost rubrics is `None`; the root and measurements are in none.
fn group_sizes(film: &Film, node: usize) -> GroupSizes {
    let mut sizes = HashMap::new();
    for p in film.paths().iter().filter(|p| p.path != "root" && !is_measurement(&p.path)) {
        if let Some(value) = film.score(node, p.id) {
            *sizes.entry(p.parent).or_default() += value.abs();
        }
    }
    sizes
}

/// The history of a path over the run as a curve, and where it failed first and last.
fn history(film: &Film, id: PathId, range: (f64, f64)) -> (String, String) {
    let along = |index: usize| index as f64 / film.len().saturating_sub(1).max(1) as f64;
    let points = film.outline(id, POINTS);
    let points = points.iter().map(|p| (along(p.index as usize), p.value));
    let fails = film.totals(id).failing_ends.into_iter().flatten();
    let fails = fails.map(|node| format!("M{:.1},0v20", along(node) * SIZE.0)).collect();
    (polyline(points, range, SIZE, PAD), fails)
}

/// The tree. A click on a line colours the path, the curve and the lists by it; a second click returns to the
/// root. A run may have thousands of paths: only the lines in view are on the page, groups fold, and a field
/// filters them.
#[component]
pub(super) fn RubricTree(session: Session) -> impl IntoView {
    let words = RwSignal::new(String::new());
    let folding = RwSignal::new(Folding::default());
    let top_px = RwSignal::new(0.0);
    let scroller = NodeRef::<html::Div>::new();
    let rows = Memo::new(move |_| {
        let (words, folding) = (words.get(), folding.get());
        session.watch_calmly(|film| listed(film, &words, &folding))
    });
    let count = Memo::new(move |_| rows.with(Vec::len));
    let lines = Memo::new(move |_| {
        let first = ((top_px.get() / LINE_PX) as usize).saturating_sub(SPARE_LINES);
        let shown = IN_VIEW + 2 * SPARE_LINES;
        // A tree that has become shorter reports its position a frame later; until then its end is shown.
        let from = first.min(count.get().saturating_sub(shown));
        rows.with(|rows| {
            let shown = rows.iter().copied().enumerate().skip(from).take(shown);
            session.film(|film| shown.filter_map(|(row, place)| line(film, row, place)).collect::<Vec<_>>())
        })
    });
    let sizes = Memo::new(move |_| {
        let at = session.settled_node()?;
        Some(session.watch_calmly(|film| group_sizes(film, at)))
    });
    let total = Memo::new(move |_| session.watch_calmly(|film| film.paths().len()));
    let has_groups = Memo::new(move |_| session.watch_calmly(|f| f.paths().iter().any(|p| p.depth > 0)));
    let scroll = move |_| {
        if let Some(scroller) = scroller.get_untracked() {
            top_px.set(f64::from(scroller.scroll_top()));
        }
    };
    let head = move || {
        let is_long = total.get() > SEARCHED_FROM;
        is_long.then(|| tree_head(words, folding, has_groups, count))
    };
    view! {
        {head}
        <div
            class="tree-scroll" node_ref=scroller on:scroll=scroll
            style=move || format!("height:{}px", count.get().min(IN_VIEW) as f64 * LINE_PX)
        >
            <ul
                class="tree" aria-label="Rubrics"
                style=move || format!("height:{}px", count.get() as f64 * LINE_PX)
            >
                <For
                    each=move || lines.get()
                    key=|line| (line.id, line.row, line.path.clone(), line.has_children, line.is_group)
                    children=move |line| view! { <TreeLine session line folding sizes count /> }
                />
            </ul>
        </div>
    }
    .erase()
}

/// What is above a long tree: the field that filters it, the button that folds all, the number of lines.
fn tree_head(
    words: RwSignal<String>,
    folding: RwSignal<Folding>,
    has_groups: Memo<bool>,
    count: Memo<usize>,
) -> impl IntoView {
    let fold_all = move |_| folding.update(|f| *f = Folding { is_all: !f.is_all, except: Vec::new() });
    view! {
        <div class="tree-head">
            <label class="search tree-search">
                <Icon shape=Shape::Search />
                <span class="visually-hidden">"Find a rubric"</span>
                <input
                    type="search" placeholder="Find a rubric" autocomplete="off" spellcheck="false"
                    prop:value=move || words.get() on:input=move |e| words.set(event_target_value(&e))
                />
            </label>
            {move || has_groups.get().then(|| view! {
                <button class="link" on:click=fold_all>
                    {move || if folding.with(|f| f.is_all) { "Unfold all" } else { "Fold all" }}
                </button>
            })}
            <span class="panel-note" role="status">{move || grouped(count.get() as u64)}</span>
        </div>
    }
}

/// The state, the value, and where the node is along the history, in units of the view box.
type Selected = (State, Option<f64>, Option<f64>);

/// What a line reads from the film: its path's history, and its value at the selected node.
#[derive(Clone, Copy)]
struct Readings {
    /// The range of the whole run, so that histories can be compared. It is read again each time that the run
    /// has grown by a tenth.
    range: Memo<(f64, f64)>,
    /// The history as a curve, and where it failed.
    drawn: Memo<(String, String)>,
    /// Of the selected node; without one, of the last measurement.
    selected: Memo<Option<Selected>>,
    /// Percent of what the rubrics of its group add up to by size.
    share: Memo<Option<f64>>,
}

impl Readings {
    /// `has_share`: the path is a rubric within a group.
    fn new(session: Session, id: PathId, has_share: bool, sizes: Memo<Option<GroupSizes>>) -> Self {
        let age =
            Memo::new(move |_| session.watch_calmly(|film| (7.0 * (film.len() as f64 + 1.0).log2()) as u32));
        let range = Memo::new(move |_| {
            age.track();
            session.film(|film| film.robust_range(id)).unwrap_or_default()
        });
        let drawn = Memo::new(move |_| {
            let range = range.get();
            session.watch_calmly(|film| history(film, id, range))
        });
        let selected = Memo::new(move |_| {
            let Some(at) = session.current.get() else {
                let last = session.watch_calmly(|film| film.last_measurement(id))?;
                return Some((State::NotEvaluated, Some(last.value), None));
            };
            session.watch(|film| {
                let along = at as f64 / film.len().saturating_sub(1).max(1) as f64;
                Some((film.state(at, id), film.score(at, id), Some(along * SIZE.0)))
            })
        });
        let share = Memo::new(move |_| {
            let at = session.settled_node().filter(|_| has_share)?;
            session.watch_calmly(|film| {
                let size = sizes.with(|sizes| sizes.as_ref()?.get(&film.path_of(id)?.parent).copied())?;
                let share = film.score(at, id)?.abs() / size;
                share.is_finite().then(|| (share * 100.0).round())
            })
        });
        Self { range, drawn, selected, share }
    }

    fn state(self) -> State {
        self.selected.with(|r| r.map_or(State::NotEvaluated, |r| r.0))
    }

    /// The value, with as many decimals as the scores of its path need.
    fn text(self, is_judged: bool) -> Option<String> {
        let value = self.selected.with(|r| r.and_then(|r| r.1))?;
        let most = self.range.with(|(low, high)| low.abs().max(high.abs()));
        Some(if is_judged { column_score(value, most) } else { quantity(value) })
    }

    /// Where the selected node is on the curve, in units of the view box.
    fn dot(self) -> Option<(f64, f64)> {
        let (_, value, x) = self.selected.get()?;
        Some((x?, height_of(value?, self.range.get(), SIZE.1, PAD)))
    }
}

/// The history of a line, with the selected node on it.
fn spark(readings: Readings) -> impl IntoView {
    let Readings { drawn, .. } = readings;
    view! {
        <svg class="spark" viewBox="0 0 88 20" preserveAspectRatio="none" aria-hidden="true">
            <path class="spark-fails" d=move || drawn.with(|d| d.1.clone()) />
            <path d=move || drawn.with(|d| d.0.clone()) />
            <circle
                cx=move || readings.dot().map_or(0.0, |d| d.0).to_string()
                cy=move || readings.dot().map_or(0.0, |d| d.1).to_string()
                r=move || if readings.dot().is_some() { "2" } else { "0" }
            />
        </svg>
    }
}

/// What a line without a value shows.
fn absent(is_group: bool) -> String {
    if is_group { String::new() } else { "n/e".to_owned() }
}

/// The button that folds or unfolds what is below a line.
fn fold_button(id: PathId, path: String, folding: RwSignal<Folding>) -> impl IntoView {
    let is_folded = move || folding.with(|folding| folding.is_folded(id));
    let label = move || format!("{} {path}", if is_folded() { "Unfold" } else { "Fold" });
    view! {
        <button
            class="branch-fold" class:is-folded=is_folded aria-label=label
            aria-expanded=move || (!is_folded()).to_string()
            on:click=move |_| folding.update(|folding| folding.toggle(id))
        >
            <Icon shape=Shape::Chevron />
        </button>
    }
}

/// A path with its share, where it has one.
fn title(path: String, share: Memo<Option<f64>>) -> impl Fn() -> String {
    move || match share.get() {
        Some(share) => format!("{path}: {share} % of its group"),
        None => path.clone(),
    }
}

#[component]
fn TreeLine(
    session: Session,
    line: Line,
    folding: RwSignal<Folding>,
    sizes: Memo<Option<GroupSizes>>,
    count: Memo<usize>,
) -> impl IntoView {
    let Line { row, id, path, name, depth, is_root, has_children, is_group } = line;
    // A measurement is neither passed nor failed.
    let is_judged = !is_measurement(&path);
    let readings = Readings::new(session, id, is_judged && !is_root, sizes);
    let share = readings.share;
    let title = title(path.clone(), share);
    let rubric = session.view.rubric;
    let is_on = move || rubric.get() == Some(id);
    let choose = move |_| {
        rubric.update(|chosen| *chosen = if *chosen == Some(id) || is_root { None } else { Some(id) })
    };
    let class_of = move || if is_judged { state_class(readings.state()) } else { "is-measured" };
    let word_of = move || match is_judged {
        _ if is_group => "group",
        true => state_word(readings.state()),
        false => "measured",
    };
    let kind = if is_group { " is-group" } else { "" };
    let prefix = path.strip_suffix(&*name.replace(' ', "_")).unwrap_or_default().to_owned();
    view! {
        <li
            class=move || format!("branch {}{}{kind}", class_of(), if is_on() { " is-on" } else { "" })
            style=format!("--depth:{};top:{}px", depth.min(MAX_INDENT), row as f64 * LINE_PX)
            data-path=path.clone() aria-posinset=(row + 1).to_string()
            aria-setsize=move || count.get().to_string()
        >
            {has_children.then(|| fold_button(id, path.clone(), folding))}
            <button
                class="branch-line" aria-pressed=move || is_on().to_string() title=title on:click=choose
            >
                <span class="branch-name">
                    {(!is_group).then(|| view! { <i class="state-dot" aria-hidden="true"></i> })}
                    <span><bdi><span class="visually-hidden">{prefix}</span>{name}</bdi></span>
                    <span class="visually-hidden">": "{word_of}", "</span>
                </span>
                {spark(readings)}
                <span class="branch-value">
                    {move || readings.text(is_judged).unwrap_or(absent(is_group))}
                </span>
                <i
                    class="branch-share" aria-hidden="true"
                    data-share=move || share.get().map(|s| s.to_string())
                    style=move || format!("--share:{}%", share.get().unwrap_or_default())
                ></i>
            </button>
        </li>
    }
    .erase()
}

#[cfg(test)]
mod tests {
    use gauntlet_film::{Fact, FactBody};
    use gauntlet_model::{Scores, Timestamp};

    use super::*;

    #[test]
    fn a_folded_group_hides_what_is_below_it() {
        let mut film = Film::new();
        let scores =
            [("root", 1.0), ("style.tone.warmth", 1.0), ("style.length", 0.5), ("metrics.loss", 0.1)];
        let scored = FactBody::Scored {
            scores: Scores::new(scores).unwrap(),
            not_evaluated: Vec::new(),
            failures: Vec::new(),
            duration_ms: None,
            is_paused: false,
            challenge: None,
        };
        film.apply(&Fact {
            seq: 0,
            at: Timestamp::from_micros(0),
            episode: None,
            step: Some(0),
            body: scored,
        });
        let shown = |words: &str, except: &[&str], is_all: bool| {
            let except = except.iter().filter_map(|path| film.find_path(path)).collect();
            let places = listed(&film, words, &Folding { is_all, except });
            let lines = places.iter().enumerate().filter_map(|(row, place)| line(&film, row, *place));
            lines.map(|line| line.path).collect::<Vec<_>>()
        };
        let all = shown("", &[], false);
        assert!(
            all.contains(&"style.tone.warmth".to_owned()) && all.last().is_some_and(|p| p == "metrics.loss")
        );
        let without = shown("", &["style"], false);
        assert!(
            without.contains(&"style".to_owned()) && !without.iter().any(|path| path.starts_with("style."))
        );
        assert!(!shown("", &["style.tone"], false).contains(&"style.tone.warmth".to_owned()));
        assert_eq!(shown("", &[], true), ["root", "style", "metrics"], "all are folded");
        assert_eq!(shown("", &["style"], true), ["root", "style", "style.tone", "style.length", "metrics"]);
        assert_eq!(shown("warmth", &["style"], false), ["style.tone.warmth"], "what is looked for is shown");
        // Of style's two parts, both by size.
        let sizes = group_sizes(&film, 0);
        let share = |path: &str| {
            let id = film.find_path(path).unwrap();
            film.score(0, id).unwrap().abs() / sizes[&film.path_of(id).unwrap().parent]
        };
        assert_eq!((share("style.tone.warmth"), share("style.length")), (1.0, 1.0));
        let (curve, fails) = history(&film, film.find_path("root").unwrap(), (0.0, 1.0));
        assert_eq!((curve.as_str(), fails.as_str()), ("M0.0,3.0", ""));
    }
}
