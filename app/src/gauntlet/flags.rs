//! The flags over the curve: what people did to the run, at the place where they did it. Commands with their
//! results, notes, and alerts.

use gauntlet_film::Film;
use gauntlet_model::{Action, Severity};
use leptos::prelude::*;

use super::commands::{Outcome, outcome, verb};
use super::session::Session;
use crate::ui::{Erase, capital, local_clock};

/// The most flags shown; of more, the newest.
const MAX_FLAGS: usize = 200;

/// Width of a flag, CSS pixels, as in the style sheet.
const FLAG_PX: u32 = 16;

/// A flag.
#[derive(Debug, Clone, PartialEq)]
struct Flag {
    /// Its event's sequence number.
    seq: u64,
    /// The node that had been logged before it.
    node: usize,
    /// Its place along the curve, percent.
    left: f64,
    /// The number of flags at the same node before it.
    beside: u32,
    class: &'static str,
    letter: &'static str,
    words: String,
}

/// The last node whose snapshot is before `seq` in the log. Nodes are in the order of their steps, which is
/// that of the log but for steps that came late.
fn node_before(film: &Film, seq: u64) -> usize {
    let (mut low, mut high) = (0, film.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        match film.node(middle) {
            Some(node) if node.seq < seq => low = middle + 1,
            _ => high = middle,
        }
    }
    low.saturating_sub(1)
}

fn flags(film: &Film) -> Vec<Flag> {
    let last = film.len().saturating_sub(1).max(1) as f64;
    let place = |seq: u64, step: Option<u64>| {
        let node = step.and_then(|step| film.find(step)).unwrap_or_else(|| node_before(film, seq));
        (node, node as f64 / last * 100.0)
    };
    let commands = film.commands().rev().take(MAX_FLAGS).map(|command| {
        let (class, came) = match outcome(command) {
            (Outcome::Asked, _) => ("is-asked", "not picked up yet".to_owned()),
            (Outcome::Applied, result) => ("is-applied", format!("applied: {result}")),
            (Outcome::Refused, reason) => ("is-refused", format!("refused: {reason}")),
        };
        let (node, left) = place(command.seq, command.step);
        let what = capital(verb(command.action));
        let words = format!("{what} by {} at {}, {came}", command.author, local_clock(command.at));
        Flag { seq: command.seq, node, left, beside: 0, class, letter: letter(command.action), words }
    });
    let notes = film.notes().rev().take(MAX_FLAGS).map(|note| {
        let (node, left) = place(note.seq, note.range.map(|range| range.from).or(note.step));
        let words = format!("Note by {} at {}: {}", note.author, local_clock(note.at), note.text);
        Flag { seq: note.seq, node, left, beside: 0, class: "is-note", letter: "N", words }
    });
    let alerts = film.alerts().rev().take(MAX_FLAGS).map(|alert| {
        let (node, left) = place(alert.seq, alert.step);
        let by = alert.monitor.as_deref().map(|name| format!(" of {name}")).unwrap_or_default();
        let words = format!("Alert{by} at {}: {}", local_clock(alert.at), alert.text);
        let class = match alert.severity {
            Severity::Info => "is-alert is-info",
            Severity::Warning => "is-alert is-warning",
            Severity::Error => "is-alert is-error",
        };
        Flag { seq: alert.seq, node, left, beside: 0, class, letter: "!", words }
    });
    let mut all: Vec<Flag> = commands.chain(notes).chain(alerts).collect();
    all.sort_by_key(|flag| flag.seq);
    // Flags at one node are side by side.
    let mut before = None::<(usize, u32)>;
    for flag in &mut all {
        flag.beside = before.filter(|(node, _)| *node == flag.node).map_or(0, |(_, beside)| beside + 1);
        before = Some((flag.node, flag.beside));
    }
    all
}

fn letter(action: Action) -> &'static str {
    match action {
        Action::Pause => "P",
        Action::Resume => "R",
        Action::Tweak => "T",
        Action::Answer => "A",
        Action::Stop => "S",
    }
}

/// The flags; nothing where there are none. A press selects the step.
#[component]
pub(super) fn Flags(session: Session) -> impl IntoView {
    let all = Memo::new(move |_| session.watch_calmly(flags));
    let range = Memo::new(move |_| {
        let (first, last) = session.range_nodes()?;
        let end = session.watch_calmly(Film::len).saturating_sub(1).max(1) as f64;
        let (left, width) = (first as f64 / end * 100.0, (last - first) as f64 / end * 100.0);
        Some(format!("left:{left:.3}%;width:max(3px,{width:.3}%)"))
    });
    let is_empty = move || all.with(Vec::is_empty);
    view! {
        <div class="flags" hidden=move || is_empty() && range.with(Option::is_none)>
        {move || range.get().map(|style| view! { <span class="flag-range" style=style></span> })}
        <ul aria-label="Interventions, notes and alerts" hidden=is_empty>
            <For each=move || all.get() key=|flag| (flag.seq, flag.class, flag.node) children=move |flag| {
                let seq = flag.seq;
                let place = move || {
                    all.with(|all| {
                        let flag = all.iter().find(|f| f.seq == seq)?;
                        let left = format!("calc({:.3}% + {}px)", flag.left, flag.beside * FLAG_PX);
                        Some(format!("left:min({left},100% - {FLAG_PX}px)"))
                    })
                };
                view! {
                    <li style=place>
                        <button
                            class=format!("flag {}", flag.class) title=flag.words.clone()
                            aria-label=flag.words.clone() on:click=move |_| session.select(flag.node)
                        >
                            {flag.letter}
                        </button>
                    </li>
                }
            } />
        </ul>
        </div>
    }
    .erase()
}
