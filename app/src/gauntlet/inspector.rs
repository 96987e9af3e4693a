//! The step inspector: action, observation, metadata, timing. Read from the server as the selection comes to rest,
//! kept for a while, and shown without a jump: the last step's texts stay until the next ones are here.

use std::collections::VecDeque;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::pairs::{Pairs, pairs};
use super::proof::{Piece, marked};
use super::session::Session;
use super::story::{EpisodeStory, mishap};
use crate::api::{StepDetail, StepEvent, StepSnapshot, get_step};
use crate::ui::{Erase, duration, grouped, utc};

/// Steps kept.
const KEPT: usize = 48;
/// Milliseconds of a day.
const DAY_MS: f64 = 86_400_000.0;

/// Which reading of which node: a node that is scored again has a new sequence number.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    step: u64,
    episode: Option<String>,
    seq: u64,
}

/// What the inspector shows.
#[derive(Debug, Clone, PartialEq)]
enum Shown {
    Nothing,
    Step { key: Key, detail: Box<StepDetail> },
    Trouble { key: Key, words: String },
}

/// The inspector.
#[component]
pub(super) fn Inspector(session: Session) -> impl IntoView {
    let kept = StoredValue::new(VecDeque::<(Key, StepDetail)>::new());
    let shown = RwSignal::new(Shown::Nothing);
    let again = RwSignal::new(0_u32);
    Effect::new(move || {
        let told = shown.with(|shown| match shown {
            Shown::Step { key, detail } => mishap(&detail.story, key.step).map(|words| (key.seq, words)),
            _ => None,
        });
        session.mishap.set(told);
    });
    let key = Memo::new(move |_| {
        let at = session.settled.get()?;
        session.watch_calmly(|film| {
            let node = film.node(at)?;
            Some(Key { step: node.step, episode: node.episode.map(ToString::to_string), seq: node.seq })
        })
    });
    Effect::new(move || {
        again.track();
        let Some(key) = key.get() else { return };
        if let Some(detail) = kept.with_value(|k| k.iter().find(|(k, _)| *k == key).map(|(_, d)| d.clone())) {
            shown.set(Shown::Step { key, detail: Box::new(detail) });
            return;
        }
        let run = session.summary(|s| s.id.to_string());
        spawn_local(async move {
            let answer = get_step(run, key.step, key.seq).await;
            // The selection may have moved on while the server answered; the page may be gone.
            let is_wanted = self::is_wanted(session, &key);
            let next = match answer {
                Ok(Some(detail)) => {
                    kept.try_update_value(|kept| {
                        kept.push_back((key.clone(), detail.clone()));
                        if kept.len() > KEPT {
                            kept.pop_front();
                        }
                    });
                    Shown::Step { key, detail: Box::new(detail) }
                }
                Ok(None) => {
                    Shown::Trouble { key, words: "The server has no texts for this step.".to_owned() }
                }
                Err(error) => Shown::Trouble { key, words: error.to_string() },
            };
            if is_wanted {
                shown.try_set(next);
            }
        });
    });
    let is_stale = move || match shown.get() {
        Shown::Step { key: shown, .. } | Shown::Trouble { key: shown, .. } => {
            key.get().is_some_and(|k| k != shown)
        }
        Shown::Nothing => false,
    };
    view! {
        <div class="inspector" class:is-stale=is_stale aria-busy=move || is_stale().to_string()>
            {move || match shown.get() {
                Shown::Nothing => view! { <Blank /> }.erase(),
                Shown::Step { detail, .. } => view! { <Texts session detail=*detail /> }.erase(),
                Shown::Trouble { words, .. } => view! {
                    <div class="trouble" role="alert">
                        <p>"This step could not be read. "{words}</p>
                        <button class="button" on:click=move |_| again.update(|a| *a += 1)>"Try again"</button>
                    </div>
                }.erase(),
            }}
        </div>
    }
    .erase()
}

fn is_wanted(session: Session, key: &Key) -> bool {
    let at = session.settled.try_get_untracked().flatten();
    at.and_then(|at| session.film(|f| f.node(at).map(|n| n.step == key.step && n.seq == key.seq)))
        .unwrap_or(false)
}

/// The inspector's shape before anything is selected, so that nothing jumps when it is.
#[component]
fn Blank() -> impl IntoView {
    view! {
        <h3 class="part-title">"Action"</h3>
        <pre class="text is-blank" aria-hidden="true"></pre>
        <h3 class="part-title">"Observation"</h3>
        <pre class="text is-blank" aria-hidden="true"></pre>
    }
    .erase()
}

/// The texts of one step.
#[component]
fn Texts(session: Session, detail: StepDetail) -> impl IntoView {
    let StepDetail { snapshot, others, events, story, .. } = detail;
    let episode = snapshot.as_ref().and_then(|s| s.episode.clone()).filter(|_| !story.first.is_empty());
    view! {
        {snapshot.map(|snapshot| view! {
            <Snapshot snapshot>
                {episode.map(|episode| view! { <EpisodeStory session episode story /> })}
            </Snapshot>
        })}
        {(others > 0).then(|| view! {
            <p class="hint">{format!("{} more snapshots carry this step number, of other episodes or earlier readings.", grouped(others))}</p>
        })}
        {(!events.is_empty()).then(|| view! { <Events events /> })}
    }
    .erase()
}

#[component]
fn Snapshot(snapshot: StepSnapshot, children: Children) -> impl IntoView {
    let StepSnapshot { action, observation, .. } = snapshot;
    let context = snapshot.metadata.get("context").and_then(|c| c.as_str()).map(str::to_owned);
    let seen: Vec<String> =
        [Some(observation.clone()), context].into_iter().flatten().filter(|s| !s.is_empty()).collect();
    // Without anything seen there is nothing to find a citation in, so nothing is marked.
    let pieces = if seen.is_empty() { vec![Piece::Plain(action)] } else { marked(&action, &seen) };
    let is_ungrounded = pieces.iter().any(|p| matches!(p, Piece::Ungrounded(_)));
    let delay_ms = (snapshot.received_at.micros() - snapshot.at.micros()) as f64 / 1000.0;
    let timing = [
        Some(("at", format!("{} UTC", utc(snapshot.at)))),
        snapshot.duration_ms.map(|d| ("evaluation", duration(d))),
        // What came with a file was not underway all that time.
        (0.0..DAY_MS).contains(&delay_ms).then(|| ("received after", duration(delay_ms))),
        snapshot.episode.map(|e| ("episode", e)),
        Some(("event", grouped(snapshot.seq))),
    ];
    view! {
        <details class="part" open>
            <summary class="part-title">"Action"{is_ungrounded.then_some(view! { <span class="part-flag">"cites what is not there"</span> })}</summary>
            <pre class="text">{if pieces.iter().all(|p| matches!(p, Piece::Plain(t) if t.is_empty())) {
                view! { <span class="quiet-words">"No text was recorded."</span> }.erase()
            } else {
                pieces.into_iter().map(piece).collect_view().erase()
            }}</pre>
        </details>
        <details class="part" open>
            <summary class="part-title">"Observation"</summary>
            <pre class="text">{if observation.is_empty() {
                view! { <span class="quiet-words">"No text was recorded."</span> }.erase()
            } else {
                observation.erase()
            }}</pre>
        </details>
        {children()}
        <Pairs title="Timing" rows=timing.into_iter().flatten().map(|(k, v)| (k.to_owned(), v)).collect() />
        <Pairs title="Metadata" rows=pairs(snapshot.metadata) />
    }
    .erase()
}

fn piece(piece: Piece) -> AnyView {
    match piece {
        Piece::Plain(text) => text.erase(),
        Piece::Ungrounded(text) => {
            view! { <mark class="is-ungrounded" title="Not found in what the agent saw">{text}</mark> }
                .erase()
        }
        Piece::Grounded(text) => {
            view! { <mark class="is-grounded" title="Found in what the agent saw">{text}</mark> }.erase()
        }
    }
}

#[component]
fn Events(events: Vec<StepEvent>) -> impl IntoView {
    let count = events.len() as u64;
    let event = |e: StepEvent| {
        view! {
            <li>
                <span class="event-kind">{e.kind}</span>
                <span class="event-at">{utc(e.at)}</span>
                <dl class="pairs">{pairs(e.body).into_iter().map(|(key, value)| view! { <dt>{key}</dt><dd>{value}</dd> }).collect_view()}</dl>
            </li>
        }
    };
    view! {
        <details class="part">
            <summary class="part-title">"Events of this step"<span class="panel-note">{grouped(count)}</span></summary>
            <ol class="events">{events.into_iter().map(event).collect_view()}</ol>
        </details>
    }
    .erase()
}
