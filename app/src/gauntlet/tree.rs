//! The rubric tree: every path with its state, recent values and score at the selected step.

use gauntlet_film::{Film, PathId, State, is_measurement};
use leptos::prelude::*;

use super::session::{Session, root_path};
use super::spark::{height_of, polyline};
use crate::ui::{Erase, Icon, Shape, grouped, quantity, score, state_class, state_word};

/// Values of a sparkline.
const VALUES: usize = 64;
/// Size of a sparkline in its own units.
const SIZE: (f64, f64) = (88.0, 20.0);
/// Margin above and below its curve.
const PAD: f64 = 3.0;
/// Lines shown at first, and added with each press of the button.
const LINES: usize = 200;
/// Deeper lines are indented like those of this depth: the panel is narrow.
const DEEPEST: u32 = 6;
/// The number of paths from which on there is a search field.
const SEARCHED_FROM: usize = 24;

/// A line of the tree.
#[derive(Debug, Clone, PartialEq)]
struct Line {
    id: PathId,
    path: String,
    name: String,
    depth: u32,
    is_root: bool,
    has_children: bool,
}

/// The first `most` lines whose path contains `words`, and the number of all such lines.
/// Lines below a folded one are left out, unless words are looked for.
fn lines(film: &Film, words: &str, folded: &[PathId], most: usize) -> (Vec<Line>, usize) {
    let line = |p: &gauntlet_film::Path| {
        let is_root = p.path == "root";
        let depth = if is_root { 0 } else { p.depth + 1 };
        let has_children = film.paths().iter().any(|child| child.parent == Some(p.id));
        Line { id: p.id, path: p.path.clone(), name: p.name.replace('_', " "), depth, is_root, has_children }
    };
    let is_hidden = |p: &gauntlet_film::Path| {
        let above = std::iter::successors(p.parent, |id| film.path_of(*id)?.parent);
        above.into_iter().any(|id| folded.contains(&id))
    };
    let words = words.trim().to_lowercase();
    let matches = |p: &&gauntlet_film::Path| match words.is_empty() {
        true => folded.is_empty() || !is_hidden(p),
        false => p.path.to_lowercase().contains(&words),
    };
    // Measurements come after the rubrics: a trainer logs dozens of them.
    let of_sort = |measured: bool| film.paths().iter().filter(move |p| is_measurement(&p.path) == measured);
    let all = || of_sort(false).chain(of_sort(true)).filter(matches);
    (all().take(most).map(line).collect(), all().count())
}

/// The content of a line at the selected step.
#[derive(Debug, Clone, PartialEq)]
struct Reading {
    state: State,
    value: Option<f64>,
    spark: String,
    dot: Option<(f64, f64)>,
}

fn read(film: &Film, at: usize, id: PathId, range: (f64, f64)) -> Reading {
    let from = (at + 1).saturating_sub(VALUES);
    let values = film.series(id, from, at + 1, VALUES);
    let width = (VALUES - 1) as f64;
    let points = values.iter().map(|p| (1.0 - (at as f64 - p.index as f64) / width, p.value));
    let value = film.score(at, id);
    let dot = value.map(|v| (SIZE.0, height_of(v, range, SIZE.1, PAD)));
    Reading { state: film.state(at, id), value, spark: polyline(points, range, SIZE, PAD), dot }
}

/// The tree. A click on a line colours the path and the curve by it; a second click returns to the root. A
/// run may have thousands of paths: they are shown in parts, and a field filters them.
#[component]
pub(super) fn RubricTree(session: Session) -> impl IntoView {
    let words = RwSignal::new(String::new());
    let most = RwSignal::new(LINES);
    let folded = RwSignal::new(Vec::<PathId>::new());
    let shown = Memo::new(move |_| {
        let (words, folded) = (words.get(), folded.get());
        session.watch_calmly(|film| lines(film, &words, &folded, most.get()))
    });
    let total = Memo::new(move |_| session.watch_calmly(|film| film.paths().len()));
    let hidden = move || shown.with(|(lines, all)| all - lines.len());
    view! {
        {move || (total.get() > SEARCHED_FROM).then(|| view! {
            <label class="search tree-search">
                <Icon shape=Shape::Search />
                <span class="visually-hidden">"Find a rubric"</span>
                <input
                    type="search" placeholder="Find a rubric" autocomplete="off" spellcheck="false"
                    prop:value=move || words.get() on:input=move |e| words.set(event_target_value(&e))
                />
            </label>
        })}
        <ul class="tree" aria-label="Rubrics">
            <For
                each=move || shown.with(|(lines, _)| lines.clone())
                key=|line| (line.id, line.depth, line.path.clone())
                children=move |line| view! { <TreeLine session line folded /> }
            />
        </ul>
        {move || (hidden() > 0).then(|| view! {
            <p class="hint">
                {grouped(hidden() as u64)}" more. "
                <button class="link" on:click=move |_| most.update(|most| *most += LINES)>
                    {format!("Show {} more", hidden().min(LINES))}
                </button>
            </p>
        })}
    }
    .erase()
}

#[component]
fn TreeLine(session: Session, line: Line, folded: RwSignal<Vec<PathId>>) -> impl IntoView {
    let Line { id, path, name, depth, is_root, has_children } = line;
    let is_folded = move || folded.with(|folded| folded.contains(&id));
    let fold = move |_| {
        folded.update(|folded| match folded.iter().position(|known| *known == id) {
            Some(at) => _ = folded.remove(at),
            None => folded.push(id),
        });
    };
    let fold_label = {
        let path = path.clone();
        move || format!("{} {path}", if is_folded() { "Unfold" } else { "Fold" })
    };
    // The range of the whole run, so that sparklines of different steps can be compared. It is read again
    // each time that the run has grown by a tenth.
    let age =
        Memo::new(move |_| session.watch_calmly(|film| (7.0 * (film.len() as f64 + 1.0).log2()) as u32));
    let range = Memo::new(move |_| {
        age.track();
        session.film(|film| film.robust_range(id)).unwrap_or_default()
    });
    let reading = Memo::new(move |_| {
        let (at, range) = (session.current.get()?, range.get());
        Some(session.watch(|film| read(film, at, id, range)))
    });
    let state = move || reading.with(|r| r.as_ref().map_or(State::NotEvaluated, |r| r.state));
    // A measurement is neither passed nor failed.
    let is_judged = !is_measurement(&path);
    let words = move || {
        reading.with(|r| match r.as_ref().and_then(|r| r.value) {
            Some(value) => {
                if is_judged {
                    score(value)
                } else {
                    quantity(value)
                }
            }
            None => "n/e".to_owned(),
        })
    };
    let rubric = session.view.rubric;
    let is_on = move || rubric.get() == Some(id);
    let choose = move |_| {
        rubric.update(|chosen| *chosen = if *chosen == Some(id) || is_root { None } else { Some(id) })
    };
    let spark = move || reading.with(|r| r.as_ref().map(|r| r.spark.clone()).unwrap_or_default());
    let dot = move || reading.with(|r| r.as_ref().and_then(|r| r.dot));
    let class_of = move || if is_judged { state_class(state()) } else { "is-measured" };
    let word_of = move || if is_judged { state_word(state()) } else { "measured" };
    let prefix = path.strip_suffix(&*name.replace(' ', "_")).unwrap_or_default().to_owned();
    // The line is open while its rubric is chosen, and then failures are those of the rubric.
    let next = move |_| session.next_failure();
    let previous = move |_| session.previous_failure();
    view! {
        <li
            class=move || format!("branch {}{}", class_of(), if is_on() { " is-on" } else { "" })
            style=format!("--depth:{}", depth.min(DEEPEST)) data-path=path.clone()
        >
            {has_children.then(|| view! {
                <button
                    class="branch-fold" class:is-folded=is_folded aria-label=fold_label
                    aria-expanded=move || (!is_folded()).to_string() on:click=fold
                >
                    <Icon shape=Shape::Chevron />
                </button>
            })}
            <button
                class="branch-line" aria-pressed=move || is_on().to_string() title=path.clone()
                on:click=choose
            >
                <span class="branch-name">
                    <i class="state-dot" aria-hidden="true"></i>
                    <span><bdi><span class="visually-hidden">{prefix}</span>{name}</bdi></span>
                    <span class="visually-hidden">": "{word_of}", "</span>
                </span>
                <svg class="spark" viewBox="0 0 88 20" preserveAspectRatio="none" aria-hidden="true">
                    <path d=spark />
                    <circle
                        cx=move || dot().map_or(0.0, |d| d.0).to_string()
                        cy=move || dot().map_or(0.0, |d| d.1).to_string()
                        r=move || if dot().is_some() { "2" } else { "0" }
                    />
                </svg>
                <span class="branch-value">{words}</span>
            </button>
            {move || is_on().then(|| view! {
                <div class="branch-more">
                    <span>{word_of}" here"</span>
                    {is_judged.then(|| view! {
                        <span>
                            <button class="link" on:click=previous>"Previous failure"</button>" "
                            <button class="link" on:click=next>"Next failure"</button>
                        </span>
                    })}
                </div>
            })}
        </li>
    }
    .erase()
}

/// The selected step's headline number: the root score, what it was one step before, and its place in this
/// run.
#[component]
pub(super) fn Headline(session: Session) -> impl IntoView {
    let root = Memo::new(move |_| session.watch(root_path));
    let at = move |back: usize| {
        let index = session.current.get()?.checked_sub(back)?;
        session.watch(|f| f.root(index))
    };
    let is_failing =
        move || session.current.get().is_some_and(|at| session.watch(|f| f.failure(at).is_some()));
    let state = move || match (session.current.get(), root.get()) {
        // Reported as failed, without a score.
        (Some(_), _) if at(0).is_none() && is_failing() => State::Failed,
        (Some(at), Some(id)) => session.watch(|f| f.state(at, id)),
        _ => State::NotEvaluated,
    };
    let before = move || match (session.current.get(), at(1)) {
        (None, _) => "no step yet".to_owned(),
        (Some(0), _) => "root, the first step".to_owned(),
        (_, Some(value)) => format!("root, was {} one step ago", score(value)),
        (_, None) => "root, not evaluated one step ago".to_owned(),
    };
    let percentile = move || {
        let place = session.settled.get().and_then(|at| session.watch_calmly(|f| f.percentile_of_root(at)));
        place.map_or("percentile of this run: n/e".to_owned(), |p| format!("percentile {p:.0} of this run"))
    };
    let failed = Memo::new(move |_| {
        let at = session.settled.get()?;
        session.watch_calmly(|film| {
            let judged =
                film.paths().iter().filter(|path| path.path != "root" && !is_measurement(&path.path));
            let failed = judged.filter(|path| film.state(at, path.id) == State::Failed).count();
            (failed > 0).then_some(failed)
        })
    });
    let failed_words = move || {
        failed.get().map(|count| match count {
            1 => "1 rubric below its bound".to_owned(),
            count => format!("{} rubrics below their bounds", grouped(count as u64)),
        })
    };
    view! {
        <div class=move || format!("headline {}", state_class(state()))>
            <b>
                {move || at(0).map_or_else(|| if is_failing() { "failed" } else { "n/e" }.to_owned(), score)}
            </b>
            <p>
                <span class="visually-hidden">{move || state_word(state())}</span>
                <span>{before}</span>
                <span>{percentile}</span>
                <span class="headline-failed">{failed_words}</span>
            </p>
        </div>
    }
    .erase()
}

#[cfg(test)]
mod tests {
    use gauntlet_film::{Fact, What};
    use gauntlet_model::{Scores, Timestamp};

    use super::*;

    #[test]
    fn a_folded_group_hides_what_is_below_it() {
        let mut film = Film::new();
        let scores =
            [("root", 1.0), ("style.tone.warmth", 1.0), ("style.length", 0.5), ("metrics.loss", 0.1)];
        let scored = What::Scored {
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
            what: scored,
        });
        let shown = |words: &str, folded: &[&str]| {
            let folded: Vec<_> = folded.iter().filter_map(|path| film.find_path(path)).collect();
            let (lines, all) = lines(&film, words, &folded, 10);
            assert_eq!(lines.len(), all);
            lines.into_iter().map(|line| line.path).collect::<Vec<_>>()
        };
        assert!(shown("", &[]).contains(&"style.tone.warmth".to_owned()));
        let without = shown("", &["style"]);
        assert!(
            without.contains(&"style".to_owned()) && !without.iter().any(|path| path.starts_with("style."))
        );
        assert!(!shown("", &["style.tone"]).contains(&"style.tone.warmth".to_owned()));
        assert_eq!(shown("warmth", &["style"]), ["style.tone.warmth"], "what is looked for is shown");
    }
}
