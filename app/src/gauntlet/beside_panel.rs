//! Follows another run beside this one, and shows both in the diagnostics.

use std::rc::Rc;

use gauntlet_film::{Film, Pairing};
use gauntlet_model::RunId;
use gauntlet_scene::Ghost;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::beside::{Beside, Other};
use super::session::Session;
use crate::api::{BesideQuery, PageError, get_beside, get_run, get_same_tasks};
use crate::ports::use_ports;
use crate::ui::{Erase, grouped, now_ms, run_address};

/// The least time between two pairings, milliseconds; and how many times longer than a pairing took it is.
const PACE: (f64, f64) = (250.0, 20.0);

/// Pairs both films as they are now.
fn pair(beside: Beside, session: Session) {
    let (rubric, by_task) = (session.view.rubric.get_untracked(), beside.by_task.get_untracked());
    beside.other.update_value(|other| {
        session.film(|film| {
            other.pairing = match by_task {
                true => Pairing::by_snapshot(film, &other.film, &other.same_tasks),
                false => Pairing::by_step(film, &other.film),
            };
            other.is_paired = other.has_arrived;
            other.ghost = Some(Ghost::of(film, &other.film, &other.pairing, rubric));
        });
    });
    beside.pairings.update(|pairings| *pairings += 1);
}

/// The snapshots of the selected node and of its counterpart.
fn asked(beside: Beside, session: Session) -> Option<BesideQuery> {
    beside.pairings.track();
    let (at, other) = (session.settled.get()?, beside.run.get()?);
    let run = session.summary(|s| s.id.to_string());
    let (step, seq) = session.film(|film| place(film, at))?;
    let (other_step, other_seq) =
        beside.other.with_value(|other| place(&other.film, other.pairing.get(at)?))?;
    Some(BesideQuery { run, step, seq, other, other_step, other_seq })
}

/// Step and sequence number of a node.
fn place(film: &Film, i: usize) -> Option<(u64, u64)> {
    film.node(i).map(|node| (node.step, node.seq))
}

/// Follows the run that the address names, and pairs it with this one while either changes.
pub(super) fn follow(session: Session) {
    let beside = session.beside;
    Effect::new(move || {
        beside.is_missing.set(false);
        beside.change(|other| *other = Other::default());
        beside.pairings.update(|pairings| *pairings += 1);
        let Some(run) = beside.run.get().and_then(|id| RunId::new(id).ok()) else { return };
        let Some(ports) = use_ports().and_then(|ports| ports.run) else { return };
        // Ends with this effect.
        StoredValue::new_local(ports.feed.follow(&run, None, Rc::new(move |update| beside.take(update))));
    });
    // Tasks are read again when there are a tenth more nodes to pair.
    let growth = Memo::new(move |_| {
        beside.revision.track();
        let nodes = session.watch_calmly(Film::len) + beside.other.with_value(|other| other.film.len());
        (7.0 * (nodes as f64 + 1.0).log2()) as u64
    });
    Effect::new(move || {
        growth.track();
        let Some(other) = beside.run.get().filter(|_| beside.by_task.get()) else { return };
        let run = session.summary(|s| s.id.to_string());
        // Not a resource: the pairs are kept with the film of the other run, which is no signal.
        spawn_local(async move {
            let pairs = get_same_tasks(run, other.clone()).await;
            let is_here = beside.run.try_get_untracked().flatten() == Some(other);
            if let Some(pairs) = pairs.ok().filter(|_| is_here) {
                beside.change(|other| other.same_tasks = pairs);
            }
        });
    });
    let (is_waiting, due_ms) = (StoredValue::new(false), StoredValue::new(0.0));
    Effect::new(move || {
        session.tick.track();
        beside.revision.track();
        beside.by_task.track();
        session.view.rubric.track();
        if beside.run.with(Option::is_none) || is_waiting.get_value() {
            return;
        }
        is_waiting.set_value(true);
        let pair_now = move || {
            let is_gone = is_waiting.try_set_value(false).is_some();
            if is_gone || beside.run.with_untracked(Option::is_none) {
                return;
            }
            let started_ms = now_ms();
            pair(beside, session);
            let took_ms = now_ms() - started_ms;
            due_ms.set_value(now_ms() + PACE.0.max(PACE.1 * took_ms));
        };
        let wait_ms = (due_ms.get_value() - now_ms()).max(0.0);
        set_timeout(pair_now, std::time::Duration::from_millis(wait_ms as u64));
    });
}

/// The part of the diagnostics, while there is another run.
#[component]
pub(super) fn BesideRun(session: Session) -> impl IntoView {
    move || session.beside.run.get().map(|other| view! { <Shown session other /> })
}

/// The chip that aligns both runs by task, or by step.
fn alignment(beside: Beside, by_task: bool, words: &'static str) -> impl IntoView {
    let is_chosen = move || beside.by_task.get() == by_task;
    view! {
        <button
            class="chip" class:is-on=is_chosen aria-pressed=move || is_chosen().to_string()
            on:click=move |_| beside.by_task.set(by_task)
        >
            {words}
        </button>
    }
}

/// What follows the name of the other run: at how many steps it is compared. Tracks the pairing.
fn counts(session: Session) -> String {
    let beside = session.beside;
    beside.pairings.track();
    if beside.is_missing.get() {
        return " is not there; it may have been deleted.".to_owned();
    }
    let paired = beside.other.with_value(|other| other.is_paired.then(|| other.pairing.count()));
    let Some(paired) = paired.filter(|_| session.is_caught_up()) else {
        return " is being read.".to_owned();
    };
    let all = session.watch_calmly(Film::len);
    format!(" is compared at {} of {} steps.", grouped(paired as u64), grouped(all as u64))
}

/// The name of a run once the server has told it; until then its id.
fn name_of(run: &str) -> RwSignal<String> {
    let (name, id) = (RwSignal::new(run.to_owned()), run.to_owned());
    Effect::new(move || {
        let id = id.clone();
        // Not a resource: nothing waits for it, and a state that nothing shows would make the bundle larger.
        spawn_local(async move {
            if let Ok(Some(run)) = get_run(id).await {
                name.try_set(run.name);
            }
        });
    });
    name
}

#[component]
fn Shown(session: Session, other: String) -> impl IntoView {
    let beside = session.beside;
    let name = name_of(&other);
    let asked = Memo::new(move |_| self::asked(beside, session));
    let read = RwSignal::new(None::<Result<String, PageError>>);
    Effect::new(move || {
        let Some(query) = asked.get() else { return read.set(None) };
        // Not a resource: that would load while the answer before it stays, and make the bundle larger.
        spawn_local(async move {
            let answer = get_beside(query.clone()).await;
            if asked.try_get_untracked().flatten() == Some(query) {
                read.set(Some(answer));
            }
        });
    });
    let jump = move |_| {
        let at = session.current.get_untracked();
        let rubric = session.view.rubric.get_untracked();
        let most = |after| session.film(|film| beside.ghost()?.most_differing(film, rubric, after));
        // Behind the smallest difference comes the greatest again.
        if let Some(node) = most(at).or_else(|| most(None)) {
            session.select(node);
        }
    };
    let content = move || match read.get() {
        Some(Ok(html)) => view! { <div inner_html=html></div> }.erase(),
        Some(Err(error)) => view! { <p class="trouble" role="alert">{error.to_string()}</p> }.erase(),
        None => ().erase(),
    };
    view! {
        <section class="beside" aria-label="Beside another run">
            <h3 class="part-title">
                "Beside another run"
                <button class="link" on:click=move |_| beside.run.set(None)>"Close"</button>
            </h3>
            <p class="hint">
                <a class="link" rel="external" href=run_address(&other)><bdi>{move || name.get()}</bdi></a>
                {move || counts(session)}
            </p>
            <p class="hint">
                <span class="beside-key is-higher">"this run is higher"</span>
                <span class="beside-key is-lower">"lower"</span>
                <span class="beside-key">"the other run"</span>
            </p>
            <div class="chips" role="group" aria-label="Align both runs">
                {alignment(beside, false, "By step")} {alignment(beside, true, "By task")}
            </div>
            <button class="button" on:click=jump>"Where do they differ most?"</button>
            {content}
        </section>
    }
    .erase()
}
