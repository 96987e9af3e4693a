//! The selected step's headline number: the score of the rubric in view, what it was one step before, and its
//! place in this run.

use gauntlet_film::{Film, PathId, State, is_measurement};
use gauntlet_scene::rubric_name;
use leptos::prelude::*;

use super::session::Session;
use crate::ui::{Erase, grouped, quantity, score, state_class, state_word};

/// The number of the chosen rubric, or of the root.
#[component]
pub(super) fn Headline(session: Session) -> impl IntoView {
    let path = Memo::new(move |_| session.rubric());
    let name = Memo::new(move |_| {
        let path = path.get()?;
        session.watch_calmly(|film| film.path_of(path).map(|path| path.path.clone()))
    });
    let is_measured = Memo::new(move |_| name.with(|n| n.as_ref().is_some_and(|n| is_measurement(n))));
    let text = move |value: f64| if is_measured.get() { quantity(value) } else { score(value) };
    let at = move |back: usize| {
        let (index, path) = (session.current.get()?.checked_sub(back)?, path.get()?);
        session.watch(|film| film.score(index, path))
    };
    let is_failing = move || {
        let chosen = session.view.rubric.get();
        session.current.get().is_some_and(|at| session.watch(|f| f.failure_by(at, chosen).is_some()))
    };
    let look = look(session, path);
    let absent = move || if is_failing() { "failed" } else { "n/e" };
    let rubric = move || {
        let words = |path: &str| rubric_name(path.strip_prefix("metrics.").unwrap_or(path));
        name.with(|name| name.as_deref().map_or("root".to_owned(), words))
    };
    let before = move || match (session.current.get(), at(1)) {
        (None, _) => if session.status().is_final() { "no step" } else { "no step yet" }.to_owned(),
        (Some(0), _) => ", the first step".to_owned(),
        (_, Some(value)) => format!(", was {} {}", text(value), ago(session)),
        (_, None) => format!(", not evaluated {}", ago(session)),
    };
    let has_step = move || session.current.with(Option::is_some);
    let percentile = move || percentile_words(session, path.get());
    view! {
        <div class=move || format!("headline {}", look.get().0)>
            <b>{move || at(0).map_or_else(|| absent().to_owned(), text)}</b>
            <p>
                <span class="visually-hidden">{move || look.get().1}</span>
                <span>{move || has_step().then(|| view! { <bdi>{rubric}</bdi> })}{before}</span>
                <span>{percentile}</span>
                <span class="headline-failed">{failed_words(session)}</span>
            </p>
        </div>
    }
    .erase()
}

/// The class and the word of the number. One memo: the attribute alone, which reads whether it is measured
/// before the path, would not be written again where the first stays the same.
fn look(session: Session, path: Memo<Option<PathId>>) -> Memo<(&'static str, &'static str)> {
    Memo::new(move |_| {
        let (chosen, at, path) = (session.view.rubric.get(), session.current.get(), path.get());
        let state = session.watch(|film| match at.zip(path) {
            Some((_, path)) if film.path_of(path).is_some_and(|p| is_measurement(&p.path)) => None,
            // Reported as failed, without a score.
            Some((at, path)) if film.score(at, path).is_none() && film.failure_by(at, chosen).is_some() => {
                Some(State::Failed)
            }
            Some((at, path)) => Some(film.state(at, path)),
            None => Some(State::NotEvaluated),
        });
        let fails = at.is_some_and(|at| session.watch(|film| film.failure_by(at, chosen).is_some()));
        match state {
            None => ("is-measured", "measured"),
            // The step fails by a part: its reward alone would look as if all were well.
            Some(State::Passed) if fails => ("is-partly", "passed, but the step fails"),
            Some(state) => (state_class(state), state_word(state)),
        }
    })
}

/// How the node before the selected one is called: a step may have several rollouts, each with a node.
/// Tracks the selection.
fn ago(session: Session) -> &'static str {
    let at = session.current.get().unwrap_or_default();
    let step = |film: &Film, i: usize| film.node(i).map(|node| node.step);
    let is_same = session.watch(|film| at > 0 && step(film, at) == step(film, at - 1));
    if is_same { "in the rollout before" } else { "one step ago" }
}

/// Where the settled node ranks in the run; empty until the selection has settled, since many nodes are read.
/// Tracks the selection.
fn percentile_words(session: Session, path: Option<PathId>) -> Option<String> {
    let at = session.settled_node()?;
    let rank = path.and_then(|path| session.watch_calmly(|film| film.percentile(at, path)));
    let ranked = |rank: f64| format!("percentile {rank:.0} of this run");
    Some(rank.map_or("percentile of this run: n/e".to_owned(), ranked))
}

/// How many rubrics fail at the settled node; empty until the selection has settled.
fn failed_words(session: Session) -> impl Fn() -> Option<String> + Copy + Send + 'static {
    let failed = Memo::new(move |_| {
        let at = session.settled_node()?;
        session.watch_calmly(|film| Some(film.failing_parts(at)).filter(|failed| *failed > 0))
    });
    move || {
        failed.get().map(|count| match count {
            1 => "1 rubric below its bound".to_owned(),
            count => format!("{} rubrics below their bounds", grouped(count as u64)),
        })
    }
}
