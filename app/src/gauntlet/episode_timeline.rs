//! The timeline of the selected node's episode: one line per entry, with its texts behind a click.

use gauntlet_api::{ElidedRange, EpisodeTimeline, RecordedError, TimelineEntry};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::episode_ways::{Failures, Find, Spans};
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
    let list = NodeRef::<html::Ol>::new();
    let shown = RwSignal::new(None::<u64>);
    Effect::new(move || {
        if let (Some(seq), Some(list)) = (shown.get(), list.get_untracked()) {
            show_entry(&list, seq);
        }
    });
    let all = Signal::derive(move || first.with(|f| last.with(|l| [f.as_slice(), l].concat())));
    view! {
        <details class="part" open>
            <summary class="part-title">"Episode"<span class="panel-note">{count}</span></summary>
            <Failures all shown />
            <Spans all shown />
            <Find all shown />
            <ol class="timeline" aria-label="What happened in the episode" node_ref=list>
                {rows(first)}
                {move || elided.get().map(|range| view! {
                    <li class="timeline-gap">
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

/// Opens an entry of the list and scrolls to it.
fn show_entry(list: &web_sys::Element, seq: u64) {
    if let Ok(Some(before)) = list.query_selector(".is-found") {
        let _ = before.class_list().remove_1("is-found");
    }
    let Ok(Some(entry)) = list.query_selector(&format!("[data-seq=\"{seq}\"]")) else { return };
    let _ = entry.class_list().add_1("is-found");
    if let Ok(Some(details)) = entry.query_selector("details") {
        let _ = details.set_attribute("open", "");
    }
    entry.scroll_into_view();
}

/// The one line that stands for an entry: its error, else its text, its result, or its other values. It is
/// cut, as a long text would be laid out for nothing.
fn line_of(
    error: Option<&RecordedError>,
    text: &str,
    result: Option<&String>,
    more: &[(String, String)],
) -> String {
    let line = match (error, text.is_empty(), result) {
        (Some(error), ..) => error.message.clone(),
        (None, true, Some(result)) => result.clone(),
        (None, true, None) => {
            more.iter().map(|(key, value)| format!("{key} {value}")).collect::<Vec<_>>().join(", ")
        }
        _ => text.to_owned(),
    };
    line.chars().take(LINE_CHARS).map(|c| if c.is_whitespace() { ' ' } else { c }).collect()
}

/// A text of an entry under its title, formatted where there is HTML for it. Nothing for an empty text.
fn block(title: &'static str, text: String, html: Option<String>) -> Option<impl IntoView> {
    (!text.is_empty()).then(move || {
        let content = match html {
            // Made by the server, which renders no markup of the recorded text.
            Some(html) => view! { <div class="values" inner_html=html></div> }.erase(),
            None => view! { <pre class="text" tabindex="0">{text}</pre> }.erase(),
        };
        view! { <p class="timeline-what">{title}</p>{content} }
    })
}

/// The most characters of the line that stands for an entry.
const LINE_CHARS: usize = 200;

/// One entry.
#[component]
fn Row(entry: TimelineEntry) -> impl IntoView {
    if let (true, Some(html), None) = (entry.is_message, entry.html.clone(), &entry.error) {
        return view! { <Message entry html /> }.erase();
    }
    let TimelineEntry { seq, kind, name, text, html, result, result_html, duration_ms, error, more, .. } =
        entry;
    // An image is seen at once.
    let is_image = html.as_ref().is_some_and(|html| html.starts_with("<img"));
    let has_tree = !is_image && (html.is_some() || result_html.is_some());
    let is_raw = RwSignal::new(false);
    let is_open = RwSignal::new(is_image);
    let class = match (&error, kind.as_str()) {
        (Some(_), _) => "is-bad",
        (None, "assistant") => "is-agent",
        _ => "",
    };
    let title = match kind.as_str() {
        "tool call" => "Arguments",
        _ if is_image => "File",
        _ => "Text",
    };
    let line = line_of(error.as_ref(), &text, result.as_ref(), &more);
    let show_all = move || {
        let block = |title, text, html: Option<String>| block(title, text, html.filter(|_| !is_raw.get()));
        let error = error
            .clone()
            .map(|e| [e.message, e.traceback.unwrap_or_default()].join("\n").trim_end().to_owned());
        view! {
            {block("What went wrong", error.unwrap_or_default(), None)}
            {has_tree.then(|| view! { <RawSwitch is_raw /> })}
            {block(title, text.clone(), html.clone())}
            {block("Result", result.clone().unwrap_or_default(), result_html.clone())}
            <dl class="pairs">{described(more.clone())}</dl>
        }
    };
    let toggled = move |e: web_sys::Event| {
        let details = e.target().and_then(|t| t.dyn_into::<web_sys::HtmlDetailsElement>().ok());
        is_open.set(details.is_some_and(|details| details.open()));
    };
    view! {
        <li class=class data-seq=seq.to_string()>
            <details open=is_image on:toggle=toggled>
                <summary>
                    <span class="timeline-kind">{kind}</span>
                    <span class="timeline-line">{name.map(|name| view! { <b>{name}</b>" " })}{line}</span>
                    <span class="timeline-time">{time_text(duration_ms)}</span>
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
    let TimelineEntry { seq, kind, name, text, duration_ms, more, .. } = entry;
    let is_raw = RwSignal::new(false);
    let class = format!("message is-{kind}");
    let name = name.filter(|name| *name != kind);
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
        <li class=class data-seq=seq.to_string()>
            <p class="message-head">
                <b>{kind}</b>
                <span>{name}</span>
                <span class="timeline-time">{time_text(duration_ms)}</span>
                <RawSwitch is_raw />
            </p>
            {content}
            {more}
        </li>
    }
    .erase()
}

/// How long an entry took; nothing for what took no time, as a message that was only recorded.
fn time_text(duration_ms: Option<f64>) -> Option<String> {
    duration_ms.filter(|ms| *ms > 0.0).map(duration)
}

/// Switches between what was rendered and what was recorded.
#[component]
fn RawSwitch(is_raw: RwSignal<bool>) -> impl IntoView {
    let words = move || if is_raw.get() { "Rendered" } else { "Raw" };
    view! {
        <button
            class="link raw-switch" aria-label="Switch between rendered and raw text"
            on:click=move |_| is_raw.update(|raw| *raw = !*raw)
        >
            {words}
        </button>
    }
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
            is_message: false,
            html: None,
            result: None,
            result_html: None,
            span: None,
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
