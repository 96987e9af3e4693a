//! The list of steps: every node, or the failing ones, or those found; only the rows in sight are on the page.

use gauntlet_film::Film;
use gauntlet_model::FailureKind;
use leptos::html;
use leptos::prelude::*;

use super::panels::{Edge, Fold, Panels};
use super::session::Session;
use crate::ports::FeedState;
use crate::ui::{
    Erase, Icon, Resized, Shape, element_size, failure_class, failure_word, grouped, in_text_field, score,
};

/// A row's height, CSS pixels; the style sheet says the same.
const ROW_PX: f64 = 24.0;
/// Rows kept beyond each end of what is in sight.
const SPARE: usize = 6;

/// The rows after filtering.
#[derive(Debug, Clone, PartialEq)]
enum Rows {
    /// All nodes.
    All(usize),
    /// These nodes.
    Some(Vec<u32>),
}

impl Rows {
    fn len(&self) -> usize {
        match self {
            Rows::All(count) => *count,
            Rows::Some(list) => list.len(),
        }
    }

    /// The node a row shows.
    fn node(&self, row: usize) -> Option<usize> {
        match self {
            Rows::All(count) => (row < *count).then_some(row),
            Rows::Some(list) => list.get(row).map(|i| *i as usize),
        }
    }

    /// The row that shows a node, or else the first row after it.
    fn row(&self, node: usize) -> usize {
        match self {
            Rows::All(_) => node,
            Rows::Some(list) => list.partition_point(|i| (*i as usize) < node),
        }
    }
}

/// The nodes to list: failing ones if asked, and those whose step number begins with the words, or that fail a rubric
/// or in a way whose name contains them.
fn filtered(film: &Film, only_failing: bool, words: &str) -> Rows {
    let words = words.trim().to_lowercase();
    if !only_failing && words.is_empty() {
        return Rows::All(film.len());
    }
    let number: Option<String> =
        words.bytes().all(|b| b.is_ascii_digit() || b == b',').then(|| words.replace(',', ""));
    let named: Vec<_> = film
        .paths()
        .iter()
        .filter(|p| p.path.to_lowercase().replace('_', " ").contains(&words))
        .map(|p| p.id)
        .collect();
    let is_found = |i: usize| match &number {
        _ if words.is_empty() => true,
        Some(digits) => film.node(i).is_some_and(|n| n.step.to_string().starts_with(digits)),
        None => {
            film.failure(i).is_some_and(|f| failure_word(f).contains(&words))
                || named.iter().any(|p| film.path_failure(i, *p).is_some())
        }
    };
    let is_listed = |i: &usize| (!only_failing || film.failure(*i).is_some()) && is_found(*i);
    Rows::Some((0..film.len()).filter(is_listed).filter_map(|i| u32::try_from(i).ok()).collect())
}

/// What a row says.
#[derive(Debug, Clone, PartialEq)]
struct RowText {
    step: String,
    failure: Option<FailureKind>,
    words: String,
    root: Option<f64>,
}

fn row_text(film: &Film, index: usize) -> Option<RowText> {
    let node = film.node(index)?;
    let words = match node.failure {
        None if node.root.is_none() => "not evaluated".to_owned(),
        None => "all pass".to_owned(),
        Some(FailureKind::Generic) => {
            let failed = film.causes(index);
            let named = || failed.iter().rev().filter_map(|id| film.path_of(*id));
            let path = named().find(|p| p.path != "root").or_else(|| named().next());
            path.map_or(failure_word(FailureKind::Generic).to_owned(), |p| p.name.replace('_', " "))
        }
        Some(kind) => failure_word(kind).to_owned(),
    };
    Some(RowText { step: node.step.to_string(), failure: node.failure, words, root: node.root })
}

/// The left panel.
#[component]
pub(super) fn Steps(session: Session, panels: Panels) -> impl IntoView {
    let only_failing = RwSignal::new(false);
    let words = RwSignal::new(String::new());
    let search = NodeRef::<html::Input>::new();
    let failing = move || session.watch_calmly(Film::failing);
    Effect::new(move || {
        let heard = window_event_listener(leptos::ev::keydown, move |e| {
            let is_plain = !(e.ctrl_key() || e.meta_key() || e.alt_key());
            if e.key() == "/" && is_plain && !in_text_field(&e) {
                e.prevent_default();
                panels.show_steps();
                if let Some(input) = search.get_untracked() {
                    // An element that cannot take the focus stays without it.
                    let _ = input.focus();
                }
            }
        });
        on_cleanup(move || heard.remove());
    });
    let rows = Memo::new(move |_| {
        let (only_failing, words) = (only_failing.get(), words.get());
        session.watch_calmly(|film| filtered(film, only_failing, &words))
    });
    let chip = move |of: bool, name: &'static str| {
        let is_on = move || only_failing.get() == of;
        view! {
            <button class="chip" class:is-on=is_on aria-pressed=move || is_on().to_string() on:click=move |_| only_failing.set(of)>{name}</button>
        }
    };
    view! {
        <nav class="panel steps" aria-label="Steps">
            <h2 class="panel-title">
                <Fold panel=panels.steps name="the steps" />
                <span>"Steps"</span>
                <span class="panel-note">{move || format!("{} failing", grouped(failing() as u64))}</span>
            </h2>
            <div class="panel-head">
                <label class="search">
                    <Icon shape=Shape::Search />
                    <span class="visually-hidden">"Search steps"</span>
                    <input type="search" placeholder="Step number or rubric" autocomplete="off" spellcheck="false" node_ref=search
                        prop:value=move || words.get() on:input=move |e| words.set(event_target_value(&e)) />
                    <kbd aria-hidden="true">"/"</kbd>
                </label>
                <div class="chips" role="group" aria-label="Which steps">
                    {chip(false, "All")}
                    {chip(true, "Failing")}
                    <span class="panel-note">{move || grouped(rows.with(Rows::len) as u64)}</span>
                </div>
            </div>
            <List session rows />
            <Edge panel=panels.steps name="Width of the steps" />
        </nav>
    }
    .erase()
}

/// The rows in sight.
#[component]
fn List(session: Session, rows: Memo<Rows>) -> impl IntoView {
    let element = NodeRef::<html::Div>::new();
    let (top, height) = (RwSignal::new(0.0_f64), RwSignal::new(640.0_f64));
    // Whoever scrolls by hand reads: the list then stays until the next selection made in it or by key.
    let is_reading = RwSignal::new(false);
    Effect::new(move || {
        let Some(list) = element.get() else { return };
        let watched = list.clone();
        let resized = Resized::watch(&list, move || height.set(element_size(&watched).1));
        StoredValue::new_local(resized);
    });
    let bring_into_sight = move || {
        let (Some(list), Some(at)) =
            (element.try_get_untracked().flatten(), session.current.try_get_untracked().flatten())
        else {
            return;
        };
        let count = rows.with_untracked(Rows::len);
        if is_reading.get_untracked() || count == 0 {
            return;
        }
        let y = rows.with_untracked(|r| r.row(at)).min(count - 1) as f64 * ROW_PX;
        let (seen, height) = (f64::from(list.scroll_top()), height.get_untracked());
        if y < seen || y + ROW_PX > seen + height {
            let is_near = y >= seen - height && y <= seen + 2.0 * height;
            let place = match is_near {
                true if y < seen => y,
                true => y + ROW_PX - height,
                false => y - height / 2.0,
            };
            list.set_scroll_top(place.max(0.0) as i32);
            // The browser tells of it a frame later; the rows must be there with it.
            top.set(f64::from(list.scroll_top()));
        }
    };
    Effect::new(move || {
        session.current.track();
        rows.track();
        height.track();
        // Once the list is as high as its rows: before that it cannot scroll so far.
        request_animation_frame(bring_into_sight);
    });
    Effect::new(move || {
        if session.motion.with(|m| m.following) {
            is_reading.set(false);
        }
    });
    let window = Memo::new(move |_| {
        let count = rows.with(Rows::len);
        let room = (height.get() / ROW_PX) as usize + 2 * SPARE + 1;
        // A list that has just become shorter tells where it stands a frame later; until then its end is shown.
        let from = ((top.get() / ROW_PX) as usize).saturating_sub(SPARE).min(count.saturating_sub(room));
        let to = (from + room).min(count);
        (from, to)
    });
    let shown = move || {
        // First: the window is made from the rows, and may be the same for others.
        rows.track();
        let (from, to) = window.get();
        rows.with(|r| (from..to).filter_map(|row| Some((row, r.node(row)?))).collect::<Vec<_>>())
    };
    let choose = move |row: usize| {
        if let Some(node) = rows.with_untracked(|r| r.node(row)) {
            is_reading.set(false);
            session.select(node);
        }
    };
    let key = move |e: web_sys::KeyboardEvent| {
        let count = rows.with_untracked(Rows::len);
        let Some(at) = session.current.get_untracked() else { return };
        let row = rows.with_untracked(|r| r.row(at));
        let page = ((height.get_untracked() / ROW_PX) as usize).max(2) - 1;
        let is_listed = rows.with_untracked(|r| r.node(row)) == Some(at);
        let next = match e.key().as_str() {
            "ArrowDown" if is_listed => row + 1,
            "ArrowDown" => row,
            "ArrowUp" => row.saturating_sub(1),
            "PageDown" => row + page,
            "PageUp" => row.saturating_sub(page),
            _ => return,
        };
        e.prevent_default();
        e.stop_propagation();
        choose(next.min(count.saturating_sub(1)));
    };
    let active = move || session.current.get().map(|i| format!("step-{i}"));
    view! {
        <div
            class="step-list" role="listbox" tabindex="0" aria-label="Steps of the run" aria-activedescendant=active node_ref=element
            on:scroll=move |_| {
                if let Some(list) = element.get_untracked() {
                    top.set(f64::from(list.scroll_top()));
                }
            }
            on:wheel=move |_| is_reading.set(true) on:touchmove=move |_| is_reading.set(true) on:keydown=key
        >
            <div class="step-space" style=move || format!("height:{}px", rows.with(Rows::len) as f64 * ROW_PX)>
                <For each=shown key=|(row, node)| (*row, *node) children=move |(row, node)| view! { <StepRow session row node choose /> } />
            </div>
            {move || rows.with(|r| r.len() == 0).then(|| view! {
                <p class="quiet-words">{move || match session.watch_calmly(Film::is_empty) {
                    false => "No step matches.",
                    true if session.feed.with(|f| *f == FeedState::Live) => "No steps yet.",
                    true => "Reading the steps.",
                }}</p>
            })}
        </div>
    }
    .erase()
}

#[component]
fn StepRow(
    session: Session,
    row: usize,
    node: usize,
    choose: impl Fn(usize) + Copy + 'static,
) -> impl IntoView {
    let text = Memo::new(move |_| session.watch_calmly(|film| row_text(film, node)));
    let is_on = move || session.current.get() == Some(node);
    let failure = move || text.with(|t| t.as_ref().and_then(|t| t.failure));
    let class = move || {
        format!("step {}{}", failure().map_or("", failure_class), if is_on() { " is-on" } else { "" })
    };
    view! {
        <div
            class=class role="option" id=format!("step-{node}") aria-selected=move || is_on().to_string()
            style=format!("transform:translateY({}px)", row as f64 * ROW_PX) on:click=move |_| choose(row)
        >
            <span class="step-number">{move || text.with(|t| t.as_ref().map(|t| t.step.clone()))}</span>
            <span class="step-words">{move || text.with(|t| t.as_ref().map(|t| t.words.clone()))}</span>
            <span class="step-root" class:is-negative=move || text.with(|t| t.as_ref().and_then(|t| t.root).is_some_and(|r| r < 0.0))>
                {move || text.with(|t| t.as_ref().map(|t| t.root.map_or("n/e".to_owned(), score)))}
            </span>
        </div>
    }
    .erase()
}
