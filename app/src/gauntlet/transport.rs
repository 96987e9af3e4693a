//! The transport bar: position, playback, and the rubric of the curve.

use gauntlet_film::{Film, PathId, is_measurement};
use gauntlet_scene::rubric_name;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::curve::Curve;
use super::flags::Flags;
use super::motion::{SPEEDS, next_speed, repeated};
use super::session::{Session, root_path};
use crate::api::{PageError, add_note};
use crate::ui::{Dialog, Erase, Icon, Shape, grouped, store, stored};

/// Where the browser keeps the author of notes.
const AUTHOR_KEY: &str = "gauntlet.author";

/// The most rubrics that are all offered for the curve.
const MAX_CHIPS: usize = 12;

/// The bar, over its curve.
#[component]
pub(super) fn Transport(session: Session) -> impl IntoView {
    let is_moving = Memo::new(move |_| session.is_moving());
    let is_following = move || session.motion.with(|m| m.following);
    let is_empty = Signal::derive(move || session.current.with(Option::is_none));
    let place = move || match session.current.get() {
        // Followed while it is read, the agent is at the end of the run, whatever has arrived of it.
        _ if is_following() && !session.is_caught_up() => grouped(session.steps()),
        at => at.map_or("0".to_owned(), |at| grouped(at as u64 + 1)),
    };
    let length = move || grouped(session.steps());
    keep_range(session);
    wait_at_failures(session);
    view! {
        <section class="transport" aria-label="Transport">
            <div class="transport-row">
                {moves(session, is_moving, is_empty)}
                <p class="place"><b>{place}</b>" / "{length}</p>
                <Speed session />
                <Loop session />
                <Mark session />
                <span class="top-gap"></span>
                <RubricChips session />
                <button
                    class="button live-button" class:is-on=is_following
                    aria-pressed=move || is_following().to_string()
                    on:click=move |_| session.jump_to_live() title="Follow the newest step (L)"
                >
                    <span class="live-words">"Jump to "</span>
                    <span>{move || if session.status().is_final() { "end" } else { "live" }}</span>
                </button>
            </div>
            <Flags session />
            <Curve session />
        </section>
    }
    .erase()
}

/// The buttons that move through the run: to failures, by a step, and playback.
fn moves(session: Session, is_moving: Memo<bool>, is_empty: Signal<bool>) -> impl IntoView {
    let failure = move |which: &str, key: char| match session.chosen_path() {
        Some(path) => format!("{which} failure of {path} ({key})"),
        None => format!("{which} failure ({key})"),
    };
    let play_shape = Signal::derive(move || if is_moving.get() { Shape::Pause } else { Shape::Play });
    view! {
        <div class="tool-group" role="group" aria-label="Moving through the run">
            <Way
                shape=Shape::PreviousFailure words=move || failure("Previous", 'P') is_empty
                go=move || session.previous_failure()
            />
            <Way
                shape=Shape::StepBack words=|| "One step back (←)".to_owned() is_empty
                go=move || session.step_by(-1)
            />
            <button
                class="tool is-icon play" class:is-on=move || is_moving.get()
                disabled=is_empty on:click=move |_| session.play_or_pause()
                title="Play the recording or hold it (space); the training goes on"
            >
                <Icon shape=play_shape />
                <span>{move || if is_moving.get() { "Hold" } else { "Play" }}</span>
            </button>
            <Way
                shape=Shape::StepForward words=|| "One step on (→)".to_owned() is_empty
                go=move || session.step_by(1)
            />
            <Way
                shape=Shape::NextFailure words=move || failure("Next", 'N') is_empty
                go=move || session.next_failure()
            />
        </div>
    }
}

/// One button of the transport; disabled while there is no step to go to.
#[component]
fn Way(
    shape: Shape,
    words: impl Fn() -> String + Copy + Send + 'static,
    is_empty: Signal<bool>,
    go: impl Fn() + 'static,
) -> impl IntoView {
    view! {
        <button
            class="tool is-icon" aria-label=words title=words disabled=is_empty on:click=move |_| go()
        >
            <Icon shape />
        </button>
    }
}

/// Keeps playback inside the range that is repeated.
fn keep_range(session: Session) {
    let nodes = Memo::new(move |_| session.range_nodes());
    Effect::new(move || {
        let Some(range) = nodes.get() else { return };
        let motion = session.motion.get();
        let next = repeated(motion, range);
        if next != motion {
            session.motion.set(next);
        }
    });
}

/// Ends playback at the next failing node, where the viewer wants that.
fn wait_at_failures(session: Session) {
    Effect::new(move |before: Option<f64>| {
        let motion = session.motion.get();
        let from = before.filter(|before| motion.playing && *before < motion.position);
        if let Some(from) = from.filter(|_| session.waits_at_failures.get_untracked()) {
            let next = session.film(|film| film.next_failure(Some(from as usize)));
            if let Some(next) = next.filter(|next| *next as f64 <= motion.position) {
                session.select(next);
                return next as f64;
            }
        }
        motion.position
    });
}

/// Repeats a range of steps: the first press sets its beginning, the second its end, the third ends it.
#[component]
fn Loop(session: Session) -> impl IntoView {
    let from = RwSignal::new(None::<u64>);
    let press = move |_| {
        let Some(step) = session.current_step() else { return };
        match (session.range.get_untracked(), from.get_untracked()) {
            (Some(_), _) => session.range.set(None),
            (None, None) => from.set(Some(step)),
            (None, Some(begin)) => {
                from.set(None);
                session.range.set(Some((begin.min(step), begin.max(step))));
            }
        }
    };
    let words = move || match (session.range.get(), from.get()) {
        (Some((from, to)), _) => format!("{} to {} ×", grouped(from), grouped(to)),
        (None, Some(begin)) => format!("{} to here", grouped(begin)),
        (None, None) => "Loop".to_owned(),
    };
    let title = move || match (session.range.get(), from.get()) {
        (Some(_), _) => "Playback repeats these steps; press to end that",
        (None, Some(_)) => "Repeat the steps from there to this one",
        (None, None) => "Repeat a range of steps that begins at this one",
    };
    let is_on = move || session.range.with(Option::is_some) || from.with(Option::is_some);
    view! {
        <button
            class="tool loop" class:is-on=is_on title=title aria-pressed=move || is_on().to_string()
            disabled=move || session.current.with(Option::is_none) on:click=press
        >
            {words}
        </button>
    }
    .erase()
}

/// Writes a note about the selected step.
#[component]
fn Mark(session: Session) -> impl IntoView {
    let open = RwSignal::new(false);
    let content = move || view! { <NoteForm session open /> }.erase();
    view! {
        <button class="tool" title="Write a note about this step" on:click=move |_| open.set(true)
            disabled=move || session.current.with(Option::is_none)>"Mark"</button>
        <Dialog open title="Note about this step" content />
    }
    .erase()
}

#[component]
fn NoteForm(session: Session, open: RwSignal<bool>) -> impl IntoView {
    let text = RwSignal::new(String::new());
    // Written once: the browser remembers it.
    let author = RwSignal::new(stored(AUTHOR_KEY).unwrap_or_default());
    let step = untrack(|| session.current_step());
    let save = Action::new(move |text: &String| {
        let (run, text) = (session.summary(|s| s.id.to_string()), text.clone());
        let author = author.get_untracked().trim().to_owned();
        store(AUTHOR_KEY, &author);
        async move {
            add_note(run, step.unwrap_or_default(), author, text).await?;
            open.try_set(false);
            Ok::<(), PageError>(())
        }
    });
    let error = move || save.value().with(|result| result.as_ref()?.as_ref().err().map(ToString::to_string));
    let submit = move |e: web_sys::SubmitEvent| {
        e.prevent_default();
        save.dispatch(text.get_untracked().trim().to_owned());
    };
    let label = format!("Step {}", grouped(step.unwrap_or_default()));
    view! {
        <form on:submit=submit>
            <div class="dialog-fields">
                <label>
                    {label}
                    <textarea class="field" on:input=move |e| text.set(event_target_value(&e))></textarea>
                </label>
                <label>
                    "Author"
                    <input
                        class="field" prop:value=move || author.get()
                        on:input=move |e| author.set(event_target_value(&e))
                    />
                </label>
            </div>
            {move || error().map(|error| view! { <p class="trouble" role="alert">{error}</p> })}
            <div class="dialog-ways">
                <button type="button" class="button" on:click=move |_| open.set(false)>"Cancel"</button>
                <button
                    type="submit" class="button is-on"
                    disabled=move || save.pending().get() || text.with(|t| t.trim().is_empty())
                >
                    "Save"
                </button>
            </div>
        </form>
    }
    .erase()
}

/// The speed of playback, with buttons for slower and faster.
#[component]
fn Speed(session: Session) -> impl IntoView {
    let speed = session.speed;
    let go = move |by: isize| move |_| speed.update(|s| *s = next_speed(*s, by));
    let is_at = move |end: f64| move || speed.get() == end;
    let (is_slowest, is_fastest) = (is_at(SPEEDS[0]), is_at(SPEEDS[SPEEDS.len() - 1]));
    view! {
        <div class="tool-group speed" role="group" aria-label="Speed">
            <button
                class="tool is-icon" aria-label="Slower (,)" title="Slower (,)" on:click=go(-1)
                disabled=is_slowest
            >
                "−"
            </button>
            <button class="tool speed-now" title="Back to 1x" on:click=move |_| speed.set(1.0)>
                {move || format!("{}x", speed.get())}
            </button>
            <button
                class="tool is-icon" aria-label="Faster (.)" title="Faster (.)" on:click=go(1)
                disabled=is_fastest
            >
                "+"
            </button>
        </div>
    }
    .erase()
}

/// The rubric of the curve and the path's colours: the root, the rubrics with a score (of many those at the
/// top), or what is chosen in the tree.
#[component]
fn RubricChips(session: Session) -> impl IntoView {
    let rubric = session.view.rubric;
    let choices = move |film: &Film, chosen: Option<PathId>| {
        let root = root_path(film);
        let name = |path: &str| rubric_name(path.strip_prefix("metrics.").unwrap_or(path));
        let chip = |p: &gauntlet_film::Path| (p.id, p.path.clone(), name(&p.path), Some(p.id) == root);
        // Where they are few, nested rubrics as well.
        let is_judged = |p: &gauntlet_film::Path| p.is_scored && !is_measurement(&p.path);
        let judged = film.paths().iter().filter(|p| is_judged(p)).count();
        let are_few = judged <= MAX_CHIPS;
        let measured = film.paths().iter().filter(|p| p.is_scored && is_measurement(&p.path)).take(MAX_CHIPS);
        // Where nothing is judged, what is measured.
        let measured: Vec<PathId> = measured.filter(|_| judged == 0).map(|p| p.id).collect();
        let is_offered = |p: &&gauntlet_film::Path| {
            (is_judged(p) && (are_few || p.depth == 0))
                || Some(p.id) == root
                || Some(p.id) == chosen
                || measured.contains(&p.id)
        };
        film.paths().iter().filter(is_offered).map(chip).collect::<Vec<_>>()
    };
    let all = Memo::new(move |_| {
        let chosen = rubric.get();
        session.watch_calmly(|film| choices(film, chosen))
    });
    let strip = NodeRef::<html::Div>::new();
    Effect::new(move || {
        rubric.track();
        // A frame later the chosen chip is marked; it is scrolled into view.
        request_animation_frame(move || {
            let Some(strip) = strip.try_get_untracked().flatten() else { return };
            let chosen = strip
                .query_selector(".is-on")
                .ok()
                .flatten()
                .and_then(|c| c.dyn_into::<web_sys::HtmlElement>().ok());
            if let Some(chip) = chosen {
                let middle = chip.offset_left() - strip.offset_left() + chip.offset_width() / 2;
                strip.set_scroll_left(middle - strip.client_width() / 2);
            }
        });
    });
    view! {
        <div class="chips rubric-chips" node_ref=strip role="group" aria-label="Rubric of the curve">
            <For each=move || all.get() key=|c| (c.0, c.1.clone()) children=move |(id, path, name, is_root)| {
                let is_on = move || rubric.get().map_or(is_root, |chosen| chosen == id);
                view! {
                    <button class="chip" class:is-on=is_on aria-pressed=move || is_on().to_string() title=path
                        on:click=move |_| rubric.set((!is_root).then_some(id))>{name}</button>
                }
            } />
        </div>
    }
    .erase()
}
