//! The list of steps: all nodes, the failing ones, or those that match a search. Only rows in view are on the
//! page.

use gauntlet_film::{Film, Path, PathId, is_measurement};
use gauntlet_model::FailureKind;
use gauntlet_scene::rubric_name;
use leptos::html;
use leptos::prelude::*;

use super::listed::{Filter, Rows, StepCriteria};
use super::panels::{Edge, Fold, Panels};
use super::session::{Listing, Session};
use crate::ports::FeedState;
use crate::ui::{
    Erase, Icon, Resized, Shape, address::encoded, column_score, element_size, failure_class, failure_word,
    focus_on_slash, grouped, quantity, state_word,
};

/// A row's height, CSS pixels, as in the style sheet.
const ROW_PX: f64 = 24.0;
/// Rows on the page beyond each end of the viewport.
const SPARE_ROWS: usize = 6;

/// The text of a row.
#[derive(Debug, Clone, PartialEq)]
struct RowText {
    step: String,
    failure: Option<FailureKind>,
    words: String,
    /// The path that the words and the value are of, where they are not of the root.
    path: Option<String>,
    value: Option<f64>,
    /// The episode, which tells the rollouts of one step apart.
    episode: Option<String>,
    /// Whether the value is a measurement, which has no sign.
    is_measured: bool,
}

fn row_text(film: &Film, index: usize, rubric: Option<PathId>) -> Option<RowText> {
    let node = film.node(index)?;
    let (step, episode) = (node.step.to_string(), node.episode.map(ToString::to_string));
    // Where nothing is judged, what the path is drawn of.
    let is_measured = |id: &PathId| film.path_of(*id).is_some_and(|path| is_measurement(&path.path));
    let measured = || film.main_path().filter(is_measured).filter(|_| node.failure.is_none());
    let rubric = rubric.or_else(measured);
    if let Some(path) = rubric.and_then(|rubric| film.path_of(rubric)) {
        let is_measured = is_measurement(&path.path);
        let words = match film.state(index, path.id) {
            _ if is_measured => "measured",
            state => state_word(state),
        };
        let failure = film.path_failure(index, path.id);
        let (words, value) = (words.to_owned(), film.score(index, path.id));
        return Some(RowText {
            step,
            failure,
            words,
            path: Some(path.path.clone()),
            value,
            episode,
            is_measured,
        });
    }
    // The value beside a failure is that of the rubric that fails.
    let cause = film.cause(index).and_then(|id| film.path_of(id)).filter(|path| path.path != "root");
    let words = match node.failure {
        None if node.root.is_none() && !has_score(film, index) => "not evaluated".to_owned(),
        // The step passes by the rule in force; a rubric may still be below its own bound.
        None => match film.failing_parts(index) {
            0 => "all pass".to_owned(),
            below => format!("passes, {} below", grouped(below as u64)),
        },
        Some(kind) => cause_words(kind, cause),
    };
    let value = cause.map_or(node.root, |path| film.score(index, path.id));
    let path = cause.map(|path| path.path.clone());
    Some(RowText { step, failure: node.failure, words, path, value, episode, is_measured: false })
}

/// What failed, and the path of a nested rubric that did.
fn cause_words(kind: FailureKind, cause: Option<&Path>) -> String {
    let word = failure_word(kind);
    match cause {
        None => word.to_owned(),
        Some(path) if kind == FailureKind::Generic => rubric_name(&path.path),
        Some(path) if path.parent.is_none() => word.to_owned(),
        Some(path) => format!("{word}: {}", rubric_name(&path.path)),
    }
}

/// Whether any rubric judged a node.
fn has_score(film: &Film, index: usize) -> bool {
    let judged = film.paths().iter().filter(|path| !is_measurement(&path.path));
    judged.into_iter().any(|path| film.score(index, path.id).is_some())
}

/// The chip that lists steps of one kind.
fn listing_chip(listing: RwSignal<Listing>, of: Listing, name: &'static str) -> impl IntoView {
    let is_on = move || listing.get() == of;
    view! {
        <button
            class="chip" class:is-on=is_on aria-pressed=move || is_on().to_string()
            on:click=move |_| listing.set(of)
        >
            {name}
        </button>
    }
}

/// Keys in the search field: Enter goes to the first step found, Escape gives the keys back to the page.
fn on_search_key(
    e: &web_sys::KeyboardEvent,
    session: Session,
    rows: Memo<Rows>,
    search: NodeRef<html::Input>,
) {
    match e.key().as_str() {
        "Enter" => {
            if let Some(node) = rows.with_untracked(|rows| rows.node(0)) {
                session.select(node);
            }
        }
        "Escape" => {
            if let Some(field) = search.get_untracked() {
                // An element that is gone has no focus to lose.
                let _ = field.blur();
            }
        }
        _ => {}
    }
}

/// The left panel.
#[component]
pub(super) fn Steps(session: Session, panels: Panels) -> impl IntoView {
    let (listing, words) = (session.listing, session.words);
    let search = NodeRef::<html::Input>::new();
    let failing = move || session.watch_calmly(Film::failing);
    focus_on_slash(search, move || panels.show_steps());
    let filter = StoredValue::new(Filter::default());
    let rows = Memo::new(move |_| {
        let asked =
            StepCriteria { listing: listing.get(), rubric: session.view.rubric.get(), words: words.get() };
        let rows = |film: &Film| filter.try_update_value(|filter| filter.rows(film, asked));
        session.watch_calmly(rows).unwrap_or(Rows::All(0))
    });
    let chips = Listing::ALL.map(|(of, _, name)| listing_chip(listing, of, name));
    let on_key = move |e: web_sys::KeyboardEvent| on_search_key(&e, session, rows, search);
    view! {
        <nav class="panel steps" aria-label="Steps">
            <h2 class="panel-title">
                <Fold panel=panels.steps name="the steps" />
                <span>"Steps"</span>
                <span class="panel-note">
                    {move || grouped(failing() as u64)} " "
                    <a class="link" href="/docs/failing" rel="external" title=move || session.rule_text()>
                        "failing"
                    </a>
                </span>
            </h2>
            <div class="panel-head">
                <label class="search">
                    <Icon shape=Shape::Search />
                    <span class="visually-hidden">"Search steps"</span>
                    <input
                        type="search" placeholder="Step number or rubric" autocomplete="off"
                        spellcheck="false" node_ref=search prop:value=move || words.get()
                        on:input=move |e| words.set(event_target_value(&e)) on:keydown=on_key
                    />
                    <kbd aria-hidden="true">"/"</kbd>
                </label>
                <div class="chips" role="group" aria-label="Which steps">
                    {chips.into_iter().collect_view()}
                    <span class="panel-note">{move || grouped(rows.with(Rows::len) as u64)}</span>
                </div>
            </div>
            <List session rows />
            <Edge panel=panels.steps name="Width of the steps" />
        </nav>
    }
    .erase()
}

/// A list of which only the rows in view are on the page.
#[derive(Clone, Copy)]
struct VirtualList {
    session: Session,
    rows: Memo<Rows>,
    element: NodeRef<html::Div>,
    /// How far the list is scrolled, CSS pixels.
    top_px: RwSignal<f64>,
    /// Height of the list's viewport, CSS pixels.
    height_px: RwSignal<f64>,
    /// Whether the viewer has scrolled by hand. The list then stays until the next selection by key or in the
    /// list.
    is_reading: RwSignal<bool>,
}

impl VirtualList {
    fn new(session: Session, rows: Memo<Rows>) -> Self {
        let list = Self {
            session,
            rows,
            element: NodeRef::new(),
            top_px: RwSignal::new(0.0),
            height_px: RwSignal::new(640.0),
            is_reading: RwSignal::new(false),
        };
        list.follow_size();
        list.follow_selection();
        list
    }

    /// Keeps the height of the viewport up to date.
    fn follow_size(self) {
        Effect::new(move || {
            let Some(element) = self.element.get() else { return };
            let watched = element.clone();
            let resized = Resized::watch(&element, move || self.height_px.set(element_size(&watched).1));
            // Lives as long as this effect.
            StoredValue::new_local(resized);
        });
    }

    /// Scrolls to the selection whenever it, the rows or the viewport change.
    fn follow_selection(self) {
        Effect::new(move || {
            self.session.current.track();
            self.rows.track();
            self.height_px.track();
            // A frame later the list is as high as its rows: before that it cannot scroll so far.
            request_animation_frame(move || self.scroll_to_selection());
        });
        Effect::new(move || {
            if self.session.motion.with(|m| m.following) {
                self.is_reading.set(false);
            }
        });
    }

    fn scroll_to_selection(self) {
        let (Some(list), Some(at)) =
            (self.element.try_get_untracked().flatten(), self.session.current.try_get_untracked().flatten())
        else {
            return;
        };
        let count = self.rows.with_untracked(Rows::len);
        if self.is_reading.get_untracked() || count == 0 {
            return;
        }
        let y = self.rows.with_untracked(|r| r.row(at)).min(count - 1) as f64 * ROW_PX;
        let (top, height) = (f64::from(list.scroll_top()), self.height_px.get_untracked());
        if y >= top && y + ROW_PX <= top + height {
            return;
        }
        // A row near the viewport is brought to its edge, any other to its middle.
        let is_near = y >= top - height && y <= top + 2.0 * height;
        let target = match is_near {
            true if y < top => y,
            true => y + ROW_PX - height,
            false => y - height / 2.0,
        };
        list.set_scroll_top(target.max(0.0) as i32);
        // The browser reports the scroll a frame later; the rows must be there with it.
        self.top_px.set(f64::from(list.scroll_top()));
    }

    /// The rows on the page, from the first to past the last.
    fn window(self) -> (usize, usize) {
        let count = self.rows.with(Rows::len);
        let capacity = (self.height_px.get() / ROW_PX) as usize + 2 * SPARE_ROWS + 1;
        let first = ((self.top_px.get() / ROW_PX) as usize).saturating_sub(SPARE_ROWS);
        // A list that has become shorter reports its position a frame later; until then its end is shown.
        let from = first.min(count.saturating_sub(capacity));
        (from, (from + capacity).min(count))
    }

    fn choose(self, row: usize) {
        if let Some(node) = self.rows.with_untracked(|r| r.node(row)) {
            self.is_reading.set(false);
            self.session.select(node);
        }
    }

    /// Up, down and the page keys move the selection among the rows.
    fn on_key(self, event: &web_sys::KeyboardEvent) {
        let count = self.rows.with_untracked(Rows::len);
        let Some(at) = self.session.current.get_untracked() else { return };
        let row = self.rows.with_untracked(|r| r.row(at));
        let page = ((self.height_px.get_untracked() / ROW_PX) as usize).max(2) - 1;
        let is_listed = self.rows.with_untracked(|r| r.node(row)) == Some(at);
        let next = match event.key().as_str() {
            "ArrowDown" if is_listed => row + 1,
            // The selected node is filtered out: `row` is the first one after it.
            "ArrowDown" => row,
            "ArrowUp" => row.saturating_sub(1),
            "PageDown" => row + page,
            "PageUp" => row.saturating_sub(page),
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        self.choose(next.min(count.saturating_sub(1)));
    }

    fn on_scroll(self) {
        if let Some(list) = self.element.get_untracked() {
            self.top_px.set(f64::from(list.scroll_top()));
        }
    }
}

/// The rows in view.
#[component]
fn List(session: Session, rows: Memo<Rows>) -> impl IntoView {
    let list = VirtualList::new(session, rows);
    let window = Memo::new(move |_| list.window());
    let shown = move || {
        // Tracked first: the window depends on the rows, and may stay the same for other rows.
        rows.track();
        let (from, to) = window.get();
        rows.with(|r| (from..to).filter_map(|row| Some((row, r.node(row)?))).collect::<Vec<_>>())
    };
    let is_filled = move || rows.with(|rows| rows.len() > 0);
    // A row that is not on the page cannot be the active one.
    let is_rendered = move |node: usize| {
        let (from, to) = window.get();
        rows.with(|rows| (from..to).any(|row| rows.node(row) == Some(node)))
    };
    let active = move || session.current.get().filter(|i| is_rendered(*i)).map(|i| format!("step-{i}"));
    // As wide as the longest number, so that the words of all rows begin at one place.
    let digits = move || {
        session.watch_calmly(|film| {
            let last = film.len().checked_sub(1).and_then(|last| film.node(last));
            last.map_or(1, |node| node.step.to_string().len())
        })
    };
    let space = move || format!("height:{}px;--digits:{}ch", rows.with(Rows::len) as f64 * ROW_PX, digits());
    view! {
        <div
            class="step-list" role=move || is_filled().then_some("listbox") tabindex="0"
            aria-label=move || is_filled().then_some("Steps of the run") aria-activedescendant=active
            node_ref=list.element on:scroll=move |_| list.on_scroll()
            on:wheel=move |_| list.is_reading.set(true)
            on:touchmove=move |_| list.is_reading.set(true) on:keydown=move |e| list.on_key(&e)
        >
            <div class="step-space" style=space>
                <For each=shown key=|(row, node)| (*row, *node) children=move |(row, node)| {
                    view! { <StepRow session row node choose=move |row| list.choose(row) /> }
                } />
            </div>
            {move || rows.with(|r| r.len() == 0).then(|| view! { <NoRows session /> })}
        </div>
    }
    .erase()
}

/// Why there is no row.
#[component]
fn NoRows(session: Session) -> impl IntoView {
    let texts = move || {
        let words = session.words.get();
        let href = format!(
            "/search?q={}&run={}",
            encoded(&words),
            session.summary(|s| encoded(s.id.as_str()).to_string())
        );
        (!words.trim().is_empty()).then(|| {
            view! {
                <p class="quiet-words">
                    <a class="link" href=href rel="external">"Search the texts of this run for it"</a>
                </p>
            }
        })
    };
    let is_live = move || session.feed.with(|feed| *feed == FeedState::Live);
    let words = move || match session.watch_calmly(Film::is_empty) {
        false => "No step matches.",
        true if is_live() && session.status().is_final() => "The run ended without a step.",
        true if is_live() => "No steps yet.",
        true => "Reading the steps.",
    };
    view! {
        <p class="quiet-words">{words}</p>
        {texts}
    }
    .erase()
}

/// One row.
#[component]
fn StepRow(
    session: Session,
    row: usize,
    node: usize,
    choose: impl Fn(usize) + Copy + 'static,
) -> impl IntoView {
    let text = Memo::new(move |_| {
        let rubric = session.view.rubric.get();
        session.watch_calmly(|film| row_text(film, node, rubric))
    });
    let is_on = move || session.current.get() == Some(node);
    let failure = move || text.with(|t| t.as_ref().and_then(|t| t.failure));
    let is_negative =
        move || text.with(|t| t.as_ref().and_then(|t| t.value).is_some_and(|value| value < 0.0));
    // On a scale that was fixed the decimals are still those of small scores.
    let most = move || match session.view.has_fixed_heights.get() {
        true => 0.0,
        false => session.view.heights.with(|heights| heights.low.abs().max(heights.high.abs())),
    };
    let score = move || {
        let value = text.with(|t| t.as_ref().map(|t| (t.value, t.is_measured)));
        value.map(|(value, is_measured)| match value {
            None => "n/e".to_owned(),
            Some(value) if is_measured => quantity(value),
            Some(value) => column_score(value, most()),
        })
    };
    let title = move || {
        text.with(|t| {
            let of = t.iter().flat_map(|t| [&t.path, &t.episode]).flatten();
            of.map(String::as_str).collect::<Vec<_>>().join(" · ")
        })
    };
    let class = move || {
        format!("step {}{}", failure().map_or("", failure_class), if is_on() { " is-on" } else { "" })
    };
    view! {
        <div
            class=class role="option" id=format!("step-{node}") aria-selected=move || is_on().to_string()
            style=format!("top:{}px", row as f64 * ROW_PX) on:click=move |_| choose(row)
            title=title
        >
            <span class="step-number">{move || text.with(|t| t.as_ref().map(|t| t.step.clone()))}</span>
            <span class="step-words">
                <bdi>{move || text.with(|t| t.as_ref().map(|t| t.words.clone()))}</bdi>
            </span>
            <span class="step-root" class:is-negative=is_negative>
                {score}
            </span>
        </div>
    }
    .erase()
}
