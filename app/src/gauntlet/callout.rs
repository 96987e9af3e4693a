//! The card of a failing node: what failed, by how much, and a button for the next one.

use gauntlet_film::{Condition, Film, Path, PathId, State, conditions, is_measurement};
use gauntlet_model::FailureKind;
use gauntlet_scene::rubric_name;
use leptos::ev::keydown;
use leptos::html;
use leptos::prelude::*;

use super::commands::Commands;
use super::panels::Panels;
use super::session::Session;
use crate::ui::{
    Erase, Icon, Shape, capital, failure_class, failure_title, focus_on, grouped, in_text_field, isolated,
    score,
};

/// Rubrics named on the card; the rest is counted.
const MAX_NAMED: usize = 3;

/// The content of the card.
#[derive(Debug, Clone, PartialEq)]
struct Failure {
    index: usize,
    seq: u64,
    kind: FailureKind,
    title: String,
    words: String,
    is_asking: bool,
}

/// The failure of a node; by the chosen rubric, if there is one.
fn failure_at(film: &Film, index: usize, chosen: Option<PathId>) -> Option<Failure> {
    let node = film.node(index)?;
    let kind = film.failure_by(index, chosen)?;
    let failed = chosen.map_or_else(|| film.causes(index), |path| vec![path]);
    let failed: Vec<&Path> = failed.into_iter().filter_map(|id| film.path_of(id)).collect();
    // `root` is named only if no other rubric failed.
    let has_parts = failed.iter().any(|p| p.path != "root");
    let failed: Vec<&Path> = failed.into_iter().filter(|p| !has_parts || p.path != "root").collect();
    let is_leaf = |id| film.paths().iter().all(|p| p.parent != Some(id));
    let skipped = film
        .paths()
        .iter()
        .filter(|p| {
            is_leaf(p.id) && !is_measurement(&p.path) && film.state(index, p.id) == State::NotEvaluated
        })
        .count();
    let mut words: Vec<String> = failed.iter().filter_map(|path| words_of(film, index, path)).collect();
    if words.is_empty() {
        words.push(if node.ends_failed_episode {
            "the episode ended with an error here; no rubric failed".to_owned()
        } else {
            "reported by the run; no rubric failed".to_owned()
        });
    }
    let mut words = list(&words);
    if skipped > 0 && !failed.is_empty() {
        words = format!("{words}; {skipped} not evaluated");
    }
    let cause = chosen.or_else(|| film.cause(index)).and_then(|id| film.path_of(id));
    let what = match (kind, cause) {
        (FailureKind::Generic, Some(path)) => format!("{} failed", rubric_name(&path.path)),
        (FailureKind::Generic, None) => "Failed".to_owned(),
        _ => failure_title(kind).to_owned(),
    };
    let title = format!("{} at {}", capital(&what), grouped(node.step));
    let is_asking = film.pending_challenge().is_some_and(|(at, _)| at == index);
    Some(Failure { index, seq: node.seq, kind, title, words, is_asking })
}

/// A failing rubric's score and where it fails: `grounding -20.0 (fails at -20 or less)`.
fn words_of(film: &Film, index: usize, path: &Path) -> Option<String> {
    let value = film.score(index, path.id)?;
    let (when, _) = conditions(film.rule(), &path.path).into_iter().find(|(when, _)| when.holds(value))?;
    let limit = match when {
        Condition::AtMost(limit) => format!("at {limit} or less"),
        Condition::Below(limit) => format!("below {limit}"),
        Condition::Above(limit) => format!("above {limit}"),
    };
    Some(format!("{} {} (fails {limit})", isolated(&rubric_name(&path.path)), score(value)))
}

/// The first items, and the number of the others.
fn list(items: &[String]) -> String {
    let named = items.iter().take(MAX_NAMED).cloned().collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(MAX_NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// The classes of the card.
fn class_of(is_shown: bool, failure: Option<&Failure>) -> String {
    let kind = failure.map_or("", |f| failure_class(f.kind));
    format!("callout {kind}{}", if is_shown { " is-shown" } else { "" })
}

/// What the card says of a failure.
fn contents(session: Session, failure: Failure) -> impl IntoView {
    let Failure { title, seq, words, .. } = failure;
    view! {
        <h2>{title}</h2>
        // The error of the episode replaces the scores, once the inspector has read it.
        <p class="callout-words">{move || {
            let recorded = session.episode_error.get().filter(|(of, _)| *of == seq);
            recorded.map_or_else(|| words.clone(), |(_, words)| words)
        }}</p>
    }
}

/// Hides the card on Escape, outside of text fields.
fn dismiss_on_escape(dismiss: impl Fn() + Copy + 'static) {
    Effect::new(move || {
        let listener = window_event_listener(keydown, move |e| {
            if e.key() == "Escape" && !in_text_field(&e) {
                dismiss();
            }
        });
        on_cleanup(move || listener.remove());
    });
}

/// The card. It appears once the selection has settled on a failing node.
#[component]
pub(super) fn Callout(session: Session, panels: Panels, card: NodeRef<html::Div>) -> impl IntoView {
    let dismissed = RwSignal::new(None::<usize>);
    let failure = Memo::new(move |_| {
        let at = session.settled_node()?;
        let chosen = session.view.rubric.get();
        session.watch_calmly(|film| failure_at(film, at, chosen))
    });
    // Whether the card is visible, and its content, which stays while the card fades out.
    let state = Memo::new(move |before: Option<&(bool, Option<Failure>)>| {
        match failure.get().filter(|f| dismissed.get() != Some(f.index)) {
            Some(failure) => (true, Some(failure)),
            None => (false, before.and_then(|b| b.1.clone())),
        }
    });
    let commands = use_context::<Commands>();
    let intervene = move |_| {
        if let Some(commands) = commands {
            commands.tweaks.set(true);
        }
    };
    // The focus follows to what was asked for.
    let inspect = move |_| {
        panels.show_diagnostics();
        focus_on(".diagnostics .panel-body");
    };
    let dismiss = move || dismissed.set(failure.get_untracked().map(|f| f.index));
    dismiss_on_escape(dismiss);
    let is_shown = move || state.with(|s| s.0);
    let class = move || state.with(|(is_shown, failure)| class_of(*is_shown, failure.as_ref()));
    let shown_failure = move || state.with(|s| s.1.clone());
    view! {
        <div class=class node_ref=card inert=move || !is_shown()>
            <div role="status" aria-live="polite">
                {move || shown_failure().map(|f| contents(session, f))}
            </div>
            <div class="callout-ways">
                <button class="button" on:click=inspect>
                    {move || if shown_failure().is_some_and(|f| f.is_asking) { "Answer" } else { "Inspect" }}
                </button>
                <button
                    class="button" hidden=move || session.status().is_final()
                    title="Change parameters of the training" on:click=intervene
                >
                    "Intervene"
                </button>
                <button class="button is-quiet" on:click=move |_| session.next_failure()>
                    "Next failure"
                </button>
            </div>
            <button
                class="icon-button callout-close" aria-label="Hide this card"
                on:click=move |_| dismiss()
            >
                <Icon shape=Shape::Close />
            </button>
        </div>
    }
    .erase()
}
