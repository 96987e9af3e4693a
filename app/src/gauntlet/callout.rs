//! The card of the failing node: what failed, by how much, and the way to the next one.

use gauntlet_film::{Film, State};
use gauntlet_model::FailureKind;
use leptos::html;
use leptos::prelude::*;

use super::panels::Panels;
use super::session::Session;
use crate::ui::{Icon, Shape, failure_class, failure_title, grouped, score};

/// Rubrics named before the rest is only counted.
const NAMED: usize = 3;

/// What the card says.
#[derive(Debug, Clone, PartialEq)]
struct Failure {
    index: usize,
    kind: FailureKind,
    step: u32,
    words: String,
    is_asking: bool,
}

/// The failure of a node, in words.
fn failure_at(film: &Film, index: usize) -> Option<Failure> {
    let node = film.node(index)?;
    let kind = node.failure?;
    let is_leaf = |id| film.paths().iter().all(|p| p.parent != Some(id));
    let failed: Vec<String> = film
        .failed_paths(index)
        .into_iter()
        .filter_map(|id| film.path_of(id).filter(|p| p.path != "root"))
        .filter_map(|p| film.score(index, p.id).map(|v| format!("{} {}", p.name.replace('_', " "), score(v))))
        .collect();
    let skipped = film
        .paths()
        .iter()
        .filter(|p| is_leaf(p.id) && film.state(index, p.id) == State::NotEvaluated)
        .count();
    let mut words = list(&failed);
    if words.is_empty() {
        words = node.root.map_or("Named by the training side.".to_owned(), |r| format!("root {}", score(r)));
    }
    if skipped > 0 {
        words = format!("{words}; {skipped} not evaluated");
    }
    let is_asking = film.pending_challenge().is_some_and(|(at, _)| at == index);
    Some(Failure { index, kind, step: node.step, words, is_asking })
}

/// The first few, and how many more.
fn list(items: &[String]) -> String {
    let named = items.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// The card. It shows once the selection stands still on a failing node.
#[component]
pub(super) fn Callout(session: Session, panels: Panels, card: NodeRef<html::Div>) -> impl IntoView {
    let dismissed = RwSignal::new(None::<usize>);
    let failure = Memo::new(move |_| {
        let at = session.settled.get().filter(|at| session.current.get() == Some(*at))?;
        session.watch_calmly(|film| failure_at(film, at))
    });
    // Whether the card shows, and its words: they stay while it fades away.
    let state = Memo::new(move |before: Option<&(bool, Option<Failure>)>| {
        match failure.get().filter(|f| dismissed.get() != Some(f.index)) {
            Some(failure) => (true, Some(failure)),
            None => (false, before.and_then(|b| b.1.clone())),
        }
    });
    let is_shown = move || state.with(|s| s.0);
    let class = move || {
        state.with(|(is_shown, failure)| {
            let kind = failure.as_ref().map_or("", |f| failure_class(f.kind));
            format!("callout {kind}{}", if *is_shown { " is-shown" } else { "" })
        })
    };
    let said = move || state.with(|s| s.1.clone());
    view! {
        <div
            class=class node_ref=card inert=move || !is_shown()
        >
            <div role="status" aria-live="polite">
                {move || said().map(|f| view! {
                    <h2>{format!("{} at {}", failure_title(f.kind), grouped(u64::from(f.step)))}</h2>
                    <p>{f.words}</p>
                })}
            </div>
            <div class="callout-ways">
                <button class="button" on:click=move |_| panels.show_diagnostics()>
                    {move || if said().is_some_and(|f| f.is_asking) { "Answer" } else { "Inspect" }}
                </button>
                <button class="button is-quiet" on:click=move |_| session.next_failure()>"Next failure"</button>
            </div>
            <button class="icon-button callout-close" aria-label="Hide this card" on:click=move |_| dismissed.set(failure.get_untracked().map(|f| f.index))>
                <Icon shape=Shape::Close />
            </button>
        </div>
    }
    .into_any()
}
