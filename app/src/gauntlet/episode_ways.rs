//! The ways through an episode: what failed in it, a search inside, and its spans over time.

use gauntlet_api::{SpanTime, TimelineEntry};
use leptos::prelude::*;

use crate::ui::{Erase, duration, grouped};

/// Errors listed above the entries.
const MAX_ERRORS: usize = 5;
/// Characters of an error that are shown.
const ERROR_CHARS: usize = 200;
/// Indentation of a span inside another one, CSS pixels.
const INDENT_PX: u32 = 8;

/// What failed, before anything else; a press shows the entry.
#[component]
pub(super) fn Failures(all: Signal<Vec<TimelineEntry>>, shown: RwSignal<Option<u64>>) -> impl IntoView {
    let failed = move || {
        let failed = all.get().into_iter().filter_map(|entry| Some((entry.seq, entry.error?.message)));
        let row = |(seq, message): (u64, String)| {
            let message: String = message.chars().take(ERROR_CHARS).collect();
            view! { <li><button class="link" on:click=move |_| shown.set(Some(seq))>{message}</button></li> }
        };
        let rows: Vec<_> = failed.take(MAX_ERRORS).map(row).collect();
        (!rows.is_empty())
            .then(|| view! { <ul class="timeline-errors" aria-label="Errors of the episode">{rows}</ul> })
    };
    view! { {failed} }.erase()
}

/// Whether an entry holds words that are in lower case.
fn holds(entry: &TimelineEntry, words: &str) -> bool {
    let TimelineEntry { kind, name, text, result, error, more, .. } = entry;
    let error = error.iter().flat_map(|e| [Some(&e.message), e.traceback.as_ref()]).flatten();
    let texts = [kind, text].into_iter().chain(name).chain(result).chain(error);
    texts.chain(more.iter().flat_map(|(key, value)| [key, value])).any(|t| t.to_lowercase().contains(words))
}

/// A search inside the episode: the number of entries that hold the words, and the way from one to the next.
#[component]
pub(super) fn Find(all: Signal<Vec<TimelineEntry>>, shown: RwSignal<Option<u64>>) -> impl IntoView {
    let words = RwSignal::new(String::new());
    let found = Memo::new(move |_| {
        let words = words.with(|words| words.trim().to_lowercase());
        all.with(|all| match words.is_empty() {
            true => Vec::new(),
            false => all.iter().filter(|e| holds(e, &words)).map(|e| e.seq).collect(),
        })
    });
    let place = move || shown.get().and_then(|seq| found.with(|f| f.iter().position(|s| *s == seq)));
    let go = move |is_forward: bool| {
        let count = found.with_untracked(Vec::len);
        let next = match (untrack(place), is_forward) {
            (Some(at), true) => at + 1,
            (Some(at), false) => at + count - 1,
            (None, true) => 0,
            (None, false) => count.saturating_sub(1),
        };
        if count > 0 {
            shown.set(found.with_untracked(|f| f.get(next % count).copied()));
        }
    };
    let count = move || match (found.with(Vec::len), words.with(|w| w.trim().is_empty())) {
        (_, true) => String::new(),
        (0, false) => "none".to_owned(),
        (count, false) => match place() {
            Some(at) => format!("{} of {}", grouped(at as u64 + 1), grouped(count as u64)),
            None => grouped(count as u64),
        },
    };
    let pressed = move |e: web_sys::KeyboardEvent| {
        if e.key() == "Enter" {
            go(!e.shift_key());
        }
    };
    view! {
        <div class="find" role="search">
            <input
                class="field" type="search" aria-label="Find in the episode" placeholder="Find in the episode"
                on:input=move |e| words.set(event_target_value(&e)) on:keydown=pressed
            />
            <output>{count}</output>
            <button class="button" aria-label="Previous match" on:click=move |_| go(false)>"↑"</button>
            <button class="button" aria-label="Next match" on:click=move |_| go(true)>"↓"</button>
        </div>
    }
    .erase()
}

/// The spans with their durations as bars over time, each inside of its parent; a press shows the entry.
#[component]
pub(super) fn Spans(all: Signal<Vec<TimelineEntry>>, shown: RwSignal<Option<u64>>) -> impl IntoView {
    let rows = move || {
        let all = all.get();
        let took = |entry: &TimelineEntry| entry.duration_ms.filter(|ms| *ms > 0.0);
        let timed = || all.iter().filter_map(|e| Some((e, e.span?, took(e)?)));
        let end = timed().map(|(_, span, ms)| span.start_ms + ms).fold(1e-6, f64::max);
        let row = |(entry, span, ms): (&TimelineEntry, SpanTime, f64)| {
            let seq = entry.seq;
            let name = entry.name.clone().unwrap_or_else(|| entry.kind.clone());
            let (left, width) = (span.start_ms / end * 100.0, ms / end * 100.0);
            let class = if entry.error.is_some() { "span is-bad" } else { "span" };
            let indent = format!("padding-left:{}px", span.depth.min(12) * INDENT_PX);
            let bar = format!("left:{left:.2}%;width:max(2px,{width:.2}%)");
            view! {
                <li>
                    <button class=class on:click=move |_| shown.set(Some(seq))>
                        <span class="span-name" style=indent>{name}</span>
                        <span class="span-line"><i style=bar></i></span>
                        <span class="timeline-time">{duration(ms)}</span>
                    </button>
                </li>
            }
        };
        let rows: Vec<_> = timed().map(row).collect();
        (!rows.is_empty()).then(|| {
            view! {
                <ol class="spans" aria-label="Spans of the episode">{rows}</ol>
            }
        })
    };
    view! { {rows} }.erase()
}
