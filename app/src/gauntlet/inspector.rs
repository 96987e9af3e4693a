//! The step inspector: action, observation, metadata, timing. Steps are read from the server once the
//! selection has settled, and cached.

use std::collections::VecDeque;

use gauntlet_api::{InspectedEvent, InspectedSnapshot, InspectedStep};
use leptos::prelude::*;

use super::attempt::PreviousAttempt;
use super::citations::{TextPart, mark_citations};
use super::episode_timeline::{EpisodeTimelineView, episode_error};
use super::more::more;
use super::pairs::{Pairs, described, pairs};
use super::session::Session;
use crate::api::get_step;
use crate::ports::FeedState;
use crate::ui::{Erase, duration, grouped, local_time, run_address, utc};

/// Steps in the cache.
const CACHED_STEPS: usize = 48;
/// Bytes of a text that are shown at first: a few screens, laid out within a frame or two.
const FIRST_BYTES: usize = 32_000;
/// How much more of a text each press shows.
const MORE_TIMES: usize = 4;
/// Milliseconds of a minute.
const MINUTE_MS: f64 = 60_000.0;

/// Which reading of which node: a node that is scored again has a new sequence number.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    step: u64,
    episode: Option<String>,
    seq: u64,
}

/// What the server answered about a node; `None` for no selection.
type Loaded = Option<Result<InspectedStep, String>>;

/// The last steps that were read, the oldest first.
#[derive(Clone, Copy)]
struct Cache(StoredValue<VecDeque<(Key, InspectedStep)>>);

impl Cache {
    fn new() -> Self {
        Self(StoredValue::new(VecDeque::new()))
    }

    fn get(self, key: &Key) -> Option<InspectedStep> {
        self.0.with_value(|steps| {
            steps.iter().find(|(known, _)| known == key).map(|(_, detail)| detail.clone())
        })
    }

    /// Adds a step. Does nothing once the page is gone.
    fn put(self, key: Key, detail: InspectedStep) {
        self.0.try_update_value(|steps| {
            steps.push_back((key, detail));
            if steps.len() > CACHED_STEPS {
                steps.pop_front();
            }
        });
    }
}

/// Reads a step from the server, or from the cache.
async fn load(session: Session, cache: Cache, key: Option<Key>) -> Loaded {
    let key = key?;
    let detail = match cache.get(&key) {
        Some(detail) => detail,
        None => {
            let run = session.summary(|s| s.id.to_string());
            let detail = match get_step(run, key.step, key.seq, None).await {
                Ok(Some(detail)) => detail,
                Ok(None) => return Some(Err("The server has no texts for this step.".to_owned())),
                Err(error) => return Some(Err(error.to_string())),
            };
            cache.put(key.clone(), detail.clone());
            detail
        }
    };
    let error = episode_error(&detail.timeline, key.step).map(|message| (key.seq, message));
    session.episode_error.try_set(error);
    Some(Ok(detail))
}

/// The inspector. While the next step is read, the texts of the last one stay.
#[component]
pub(super) fn Inspector(session: Session) -> impl IntoView {
    let cache = Cache::new();
    let key = Memo::new(move |_| {
        let at = session.settled.get()?;
        session.watch_calmly(|film| {
            let node = film.node(at)?;
            Some(Key { step: node.step, episode: node.episode.map(ToString::to_string), seq: node.seq })
        })
    });
    let loaded = LocalResource::new(move || load(session, cache, key.get()));
    let is_loading = RwSignal::new(false);
    let shows_changes = RwSignal::new(false);
    // A step that could not be read while the server was away is read once the connection is back.
    Effect::new(move |was_live: Option<bool>| {
        let is_live = session.feed.with(|feed| *feed == FeedState::Live);
        let has_failed = loaded.with_untracked(|l| matches!(l, Some(Some(Err(_)))));
        if is_live && was_live == Some(false) && has_failed {
            loaded.refetch();
        }
        is_live
    });
    view! {
        <div class="inspector" class:is-stale=is_loading aria-busy=move || is_loading.get().to_string()>
            <Transition fallback=|| view! { <Blank /> } set_pending=is_loading>
                {move || match loaded.get().flatten() {
                    None => view! { <Blank /> }.erase(),
                    Some(Ok(detail)) => view! { <Texts session detail shows_changes /> }.erase(),
                    Some(Err(message)) => view! {
                        <div class="trouble" role="alert">
                            <p>"This step could not be read. "{message}</p>
                            <button class="button" on:click=move |_| loaded.refetch()>"Try again"</button>
                        </div>
                    }.erase(),
                }}
            </Transition>
        </div>
    }
    .erase()
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
fn Texts(session: Session, detail: InspectedStep, shows_changes: RwSignal<bool>) -> impl IntoView {
    let InspectedStep { step, snapshot, others, events, events_total, timeline } = detail;
    let of = (step, snapshot.as_ref().map_or(0, |s| s.seq));
    let episode = snapshot.as_ref().and_then(|s| s.episode.clone()).filter(|_| !timeline.first.is_empty());
    view! {
        {snapshot.map(|snapshot| view! {
            <Snapshot session snapshot shows_changes>
                {episode.map(|episode| view! { <EpisodeTimelineView session episode timeline /> })}
            </Snapshot>
        })}
        {(others > 0).then(|| view! {
            <p class="hint">
                {grouped(others)}
                " more snapshots carry this step number, of other episodes or earlier readings. "
                <button class="link" on:click=move |_| session.step_by(-1)>"Previous"</button>" "
                <button class="link" on:click=move |_| session.step_by(1)>"Next"</button>" "
                <a class="link" href=groups(session, step) rel="external">"Side by side"</a>
            </p>
        })}
        {(!events.is_empty()).then(|| view! { <Events session of events total=events_total /> })}
    }
    .erase()
}

/// The address of the rollouts of a step side by side.
fn groups(session: Session, step: u64) -> String {
    session.summary(|run| format!("{}/groups?step={step}", run_address(run.id.as_str())))
}

#[component]
fn Snapshot(
    session: Session,
    snapshot: InspectedSnapshot,
    shows_changes: RwSignal<bool>,
    children: Children,
) -> impl IntoView {
    let InspectedSnapshot { action, observation, .. } = snapshot;
    let context = snapshot.metadata.get("context").and_then(|c| c.as_str()).map(str::to_owned);
    let seen: Vec<String> =
        [Some(observation.clone()), context].into_iter().flatten().filter(|s| !s.is_empty()).collect();
    // Without anything seen there is nothing to find a citation in, so nothing is marked.
    let parts = if seen.is_empty() { vec![TextPart::Plain(action)] } else { mark_citations(&action, &seen) };
    let is_ungrounded = parts.iter().any(|p| matches!(p, TextPart::Ungrounded(_)));
    let delay_ms = (snapshot.received_at.micros() - snapshot.at.micros()) as f64 / 1000.0;
    // A long time is not that of a delivery: the event was spooled, or comes from a file.
    let received = match delay_ms {
        ..0.0 => None,
        ..MINUTE_MS => Some(("received after", duration(delay_ms))),
        _ => Some(("received", local_time(snapshot.received_at))),
    };
    let timing = [
        Some(("at", local_time(snapshot.at))),
        snapshot.duration_ms.map(|d| ("evaluation", duration(d))),
        received,
        snapshot.episode.map(|e| ("episode", e)),
        Some(("event", grouped(snapshot.seq))),
    ];
    view! {
        <details class="part" open>
            <summary class="part-title">
                "Action"
                {is_ungrounded.then_some(view! { <span class="part-flag">"cites what is not there"</span> })}
            </summary>
            <LongText parts />
        </details>
        <PreviousAttempt session seq=snapshot.seq is_open=shows_changes />
        <details class="part" open>
            <summary class="part-title">"Observation"</summary>
            <LongText parts=vec![TextPart::Plain(observation)] />
        </details>
        {children()}
        <Pairs title="Timing" hint=format!("{} UTC", utc(snapshot.at))
            rows=timing.into_iter().flatten().map(|(k, v)| (k.to_owned(), v)).collect() />
        <Pairs title="Metadata" rows=pairs(snapshot.metadata) />
    }
    .erase()
}

/// A text that may be long: its beginning, and more of it at each press, so that no layout takes long.
#[component]
fn LongText(parts: Vec<TextPart>) -> impl IntoView {
    let total: usize = parts.iter().map(|part| part.text().len()).sum();
    let most = RwSignal::new(FIRST_BYTES);
    let parts = StoredValue::new(parts);
    let shown = move || parts.with_value(|parts| cut_parts(parts, most.get())).into_iter();
    let left = Signal::derive(move || total.saturating_sub(most.get()).div_ceil(1000));
    let more = more(left, "kB", Callback::new(move |()| most.update(|most| *most *= MORE_TIMES)));
    match total {
        0 => view! {
            <pre class="text" tabindex="0"><span class="quiet-words">"No text was recorded."</span></pre>
        }
        .erase(),
        _ => view! {
            <pre class="text" tabindex="0">{move || shown().map(text_part).collect_view()}</pre>
            {more}
        }
        .erase(),
    }
}

/// The parts up to that many bytes, the last one cut before a character.
fn cut_parts(parts: &[TextPart], most: usize) -> Vec<TextPart> {
    let mut left = most;
    let mut shown = Vec::new();
    for part in parts {
        let text = part.text();
        if text.len() > left {
            shown.push(part.with_text(text[..text.floor_char_boundary(left)].to_owned()));
            break;
        }
        left -= text.len();
        shown.push(part.clone());
    }
    shown
}

fn text_part(text_part: TextPart) -> AnyView {
    match text_part {
        TextPart::Plain(text) => text.erase(),
        TextPart::Ungrounded(text) => {
            view! { <mark class="is-ungrounded" title="Not found in what the agent saw">{text}</mark> }
                .erase()
        }
        TextPart::Grounded(text) => {
            view! { <mark class="is-grounded" title="Found in what the agent saw">{text}</mark> }.erase()
        }
    }
}

/// The other events of a step. They are laid out once the list is open, and a part at a time: a step may have
/// thousands.
#[component]
fn Events(
    session: Session,
    /// The step, and the sequence number of its snapshot.
    of: (u64, u64),
    events: Vec<InspectedEvent>,
    total: u64,
) -> impl IntoView {
    let all = RwSignal::new(events);
    let is_open = RwSignal::new(false);
    let refusal = RwSignal::new(None::<String>);
    let load = move |()| {
        let run = session.summary(|s| s.id.to_string());
        let last = all.with(|all| all.last().map(|e| e.seq));
        // Not an action: what comes is added to the list, and a state that nothing shows would make the
        // bundle larger.
        leptos::task::spawn_local(async move {
            let part = get_step(run, of.0, of.1, last).await;
            refusal.try_set(part.as_ref().err().map(ToString::to_string));
            // A second press may have brought the same part; and the page may be gone by now.
            all.try_update(|all| {
                if all.last().map(|e| e.seq) == last {
                    all.extend(part.ok().flatten().into_iter().flat_map(|part| part.events));
                }
            });
        });
    };
    let event = |e: InspectedEvent| {
        view! {
            <li>
                <span class="event-kind">{e.kind}</span>
                <span class="event-at" title=format!("{} UTC", utc(e.at))>{local_time(e.at)}</span>
                {e.html.map(|html| view! { <div class="values" inner_html=html></div> })}
                <dl class="pairs">{described(e.members)}</dl>
            </li>
        }
    };
    let left = Signal::derive(move || (total as usize).saturating_sub(all.with(Vec::len)));
    view! {
        <details class="part" on:toggle=move |_| is_open.set(true)>
            <summary class="part-title">
                "Events of this step"<span class="panel-note">{grouped(total)}</span>
            </summary>
            {move || is_open.get().then(|| view! {
                <ol class="events">{move || all.get().into_iter().map(event).collect_view()}</ol>
                {more(left, "events", Callback::new(load))}
                {move || refusal.get().map(|text| view! { <p class="trouble" role="alert">{text}</p> })}
            })}
        </details>
    }
    .erase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let parts = [("ab", true), ("éé", false), ("z", true)].map(|(text, is_plain)| match is_plain {
            true => TextPart::Plain(text.into()),
            false => TextPart::Grounded(text.into()),
        });
        assert_eq!(cut_parts(&parts, 7), parts);
        assert_eq!(cut_parts(&parts, 5), [parts[0].clone(), TextPart::Grounded("é".into())]);
        assert_eq!(cut_parts(&parts, 2), [parts[0].clone(), TextPart::Grounded(String::new())]);
    }
}
