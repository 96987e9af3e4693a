//! The timeline of the selected node's episode: one line per entry, with its texts behind a click.

use gauntlet_api::{ElidedRange, EpisodeTimeline, TimelineEntry};
use leptos::prelude::*;

use super::pairs::described;
use super::session::Session;
use crate::api::{PageError, get_timeline};
use crate::ui::{Erase, duration, grouped};

/// The error of an episode: how it ended, else what failed at this step, else the last entry that failed.
pub(super) fn episode_error(timeline: &EpisodeTimeline, step: u64) -> Option<String> {
    let failed = || timeline.first.iter().chain(&timeline.last).filter(|h| h.error.is_some());
    let found = failed().find(|h| h.kind == "ended").or_else(|| failed().find(|h| h.step == Some(step)));
    found.or_else(|| failed().next_back()).and_then(|h| h.error.as_ref()).map(|e| e.message.clone())
}

/// The list. A long episode shows both of its ends; the range between them is loaded on demand.
#[component]
pub(super) fn EpisodeTimelineView(
    session: Session,
    episode: String,
    timeline: EpisodeTimeline,
) -> impl IntoView {
    let (first, last) = (RwSignal::new(timeline.first), RwSignal::new(timeline.last));
    let elided = RwSignal::new(timeline.elided);
    let load = Action::new(move |range: &ElidedRange| {
        let run = session.summary(|s| s.id.to_string());
        let between = get_timeline(run, episode.clone(), range.from, range.to);
        async move {
            let between = between.await?;
            // The page may be gone by now.
            first.try_update(|all| all.extend(between.first));
            last.try_update(|all| all.splice(0..0, between.last).for_each(drop));
            elided.try_set(between.elided);
            Ok::<(), PageError>(())
        }
    });
    let error = move || load.value().with(|result| result.as_ref()?.as_ref().err().map(ToString::to_string));
    let count = move || {
        let shown = first.with(Vec::len) + last.with(Vec::len);
        grouped(shown as u64 + elided.get().map_or(0, |g| g.events))
    };
    let rows = |all: RwSignal<Vec<TimelineEntry>>| {
        view! { <For each=move || all.get() key=|h| h.seq children=|entry| view! { <Row entry /> } /> }
    };
    view! {
        <details class="part" open>
            <summary class="part-title">"Episode"<span class="panel-note">{count}</span></summary>
            <ol class="story" aria-label="What happened in the episode">
                {rows(first)}
                {move || elided.get().map(|range| view! {
                    <li class="story-gap">
                        <button
                            class="button" disabled=move || load.pending().get()
                            on:click=move |_| { load.dispatch(range); }
                        >
                            {format!("Show {} more between", grouped(range.events))}
                        </button>
                        {move || error().map(|error| view! { <p class="trouble" role="alert">{error}</p> })}
                    </li>
                })}
                {rows(last)}
            </ol>
        </details>
    }
    .erase()
}

/// One entry.
#[component]
fn Row(entry: TimelineEntry) -> impl IntoView {
    if let (Some(html), None) = (entry.html.clone(), &entry.error) {
        return view! { <Message entry html /> }.erase();
    }
    let TimelineEntry { kind, name, text, result, duration_ms, error, more, .. } = entry;
    let is_open = RwSignal::new(false);
    let class = match (&error, kind.as_str()) {
        (Some(_), _) => "is-bad",
        (None, "assistant") => "is-agent",
        _ => "",
    };
    let line = match (&error, text.is_empty(), &result) {
        (Some(error), ..) => error.message.clone(),
        (None, true, Some(result)) => result.clone(),
        (None, true, None) => {
            more.iter().map(|(key, value)| format!("{key} {value}")).collect::<Vec<_>>().join(", ")
        }
        _ => text.clone(),
    };
    // One line is shown: a long text would be laid out for nothing.
    let line: String = line.chars().take(200).map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let show_all = move || {
        let block = |title: &'static str, text: String| {
            (!text.is_empty()).then(
                || view! { <p class="story-what">{title}</p><pre class="text" tabindex="0">{text}</pre> },
            )
        };
        let error = error
            .clone()
            .map(|e| [e.message, e.traceback.unwrap_or_default()].join("\n").trim_end().to_owned());
        view! {
            {block("What went wrong", error.unwrap_or_default())}
            {block("Text", text.clone())}
            {block("Result", result.clone().unwrap_or_default())}
            <dl class="pairs">{described(more.clone())}</dl>
        }
    };
    view! {
        <li class=class>
            <details on:toggle=move |_| is_open.update(|o| *o = !*o)>
                <summary>
                    <span class="story-kind">{kind}</span>
                    <span class="story-line">{name.map(|name| view! { <b>{name}</b>" " })}{line}</span>
                    <span class="story-time">{duration_ms.map(duration)}</span>
                </summary>
                {move || is_open.get().then(show_all.clone())}
            </details>
        </li>
    }
    .erase()
}

/// A message of a conversation: who said it, and what, as Markdown or as it was recorded.
#[component]
fn Message(entry: TimelineEntry, html: String) -> impl IntoView {
    let TimelineEntry { kind, name, text, duration_ms, more, .. } = entry;
    let is_raw = RwSignal::new(false);
    let class = format!("message is-{kind}");
    let words = move || if is_raw.get() { "Rendered" } else { "Raw" };
    let content = move || match is_raw.get() {
        true => view! { <pre class="text" tabindex="0">{text.clone()}</pre> }.erase(),
        // Made by the server, which renders no markup of the recorded text.
        false => view! { <div class="prose" inner_html=html.clone()></div> }.erase(),
    };
    let more = (!more.is_empty()).then(|| {
        let rows = described(more);
        view! {
            <details class="message-more"><summary>"More"</summary><dl class="pairs">{rows}</dl></details>
        }
    });
    view! {
        <li class=class>
            <p class="message-head">
                <b>{kind}</b>
                <span>{name}</span>
                <span class="story-time">{duration_ms.map(duration)}</span>
                <button
                    class="link" aria-label="Switch between rendered and raw text"
                    on:click=move |_| is_raw.update(|raw| *raw = !*raw)
                >
                    {words}
                </button>
            </p>
            {content}
            {more}
        </li>
    }
    .erase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gauntlet_api::RecordedError;

    fn entry(kind: &str, step: Option<u64>, error: Option<&str>) -> TimelineEntry {
        TimelineEntry {
            seq: 0,
            step,
            at: gauntlet_model::Timestamp::from_micros(0),
            kind: kind.to_owned(),
            name: None,
            text: String::new(),
            html: None,
            result: None,
            duration_ms: None,
            error: error.map(|message| RecordedError { message: message.to_owned(), traceback: None }),
            more: Vec::new(),
        }
    }

    #[test]
    fn the_error_of_the_end_takes_precedence() {
        let parts =
            vec![entry("tool call", Some(3), Some("slow")), entry("tool call", Some(9), Some("lost"))];
        let timeline = EpisodeTimeline { first: parts.clone(), ..EpisodeTimeline::default() };
        assert_eq!(episode_error(&timeline, 3).as_deref(), Some("slow"));
        assert_eq!(episode_error(&timeline, 4).as_deref(), Some("lost"));
        let end = vec![entry("ended", None, Some("no answer"))];
        assert_eq!(
            episode_error(&EpisodeTimeline { last: end, ..timeline }, 3).as_deref(),
            Some("no answer")
        );
        assert_eq!(episode_error(&EpisodeTimeline::default(), 3), None);
    }
}
