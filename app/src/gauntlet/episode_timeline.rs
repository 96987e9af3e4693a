//! What happened in the selected node's episode, in order: a line for each, its texts behind a click.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::session::Session;
use crate::api::{Gap, Happening, Story, get_story};
use crate::ui::{Erase, duration, grouped};

/// What went wrong in an episode: how it ended, else what failed at this step, else the last thing that failed.
pub(super) fn mishap(story: &Story, step: u64) -> Option<String> {
    let failed = || story.first.iter().chain(&story.last).filter(|h| h.error.is_some());
    let found = failed().find(|h| h.kind == "ended").or_else(|| failed().find(|h| h.step == Some(step)));
    found.or_else(|| failed().next_back()).and_then(|h| h.error.as_ref()).map(|e| e.words.clone())
}

/// The list. A long episode shows both of its ends; what lies between is read when it is asked for.
#[component]
pub(super) fn EpisodeStory(session: Session, episode: String, story: Story) -> impl IntoView {
    let (first, last) = (RwSignal::new(story.first), RwSignal::new(story.last));
    let gap = RwSignal::new(story.gap);
    let (is_reading, trouble) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let more = move |Gap { from, to, .. }: Gap| {
        let (run, episode) = (session.summary(|s| s.id.to_string()), episode.clone());
        is_reading.set(true);
        spawn_local(async move {
            match get_story(run, episode, from, to).await {
                Ok(between) => {
                    first.try_update(|all| all.extend(between.first));
                    last.try_update(|all| all.splice(0..0, between.last).for_each(drop));
                    gap.try_set(between.gap);
                    trouble.try_set(None);
                }
                Err(error) => drop(trouble.try_set(Some(error.to_string()))),
            }
            is_reading.try_set(false);
        });
    };
    let count = move || {
        let shown = first.with(Vec::len) + last.with(Vec::len);
        grouped(shown as u64 + gap.get().map_or(0, |g| g.events))
    };
    let rows = |all: RwSignal<Vec<Happening>>| {
        view! { <For each=move || all.get() key=|h| h.seq children=|happening| view! { <Row happening /> } /> }
    };
    view! {
        <details class="part" open>
            <summary class="part-title">"Episode"<span class="panel-note">{count}</span></summary>
            <ol class="story" aria-label="What happened in the episode">
                {rows(first)}
                {move || gap.get().map(|left| {
                    let more = more.clone();
                    view! {
                        <li class="story-gap">
                            <button class="button" disabled=move || is_reading.get() on:click=move |_| more(left)>
                                {format!("Show {} more between", grouped(left.events))}
                            </button>
                            {move || trouble.get().map(|words| view! { <p class="trouble" role="alert">{words}</p> })}
                        </li>
                    }
                })}
                {rows(last)}
            </ol>
        </details>
    }
    .erase()
}

/// One thing that happened.
#[component]
fn Row(happening: Happening) -> impl IntoView {
    let Happening { kind, name, text, result, duration_ms, error, more, .. } = happening;
    let is_open = RwSignal::new(false);
    let class = match (&error, kind.as_str()) {
        (Some(_), _) => "is-bad",
        (None, "assistant") => "is-agent",
        _ => "",
    };
    let line = match (&error, text.is_empty(), &result) {
        (Some(error), ..) => error.words.clone(),
        (None, true, Some(result)) => result.clone(),
        _ => text.clone(),
    };
    // One line is shown; what it does not hold is not laid out.
    let line: String = line.chars().take(200).map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let whole = move || {
        let block = |title: &'static str, text: String| {
            (!text.is_empty())
                .then(|| view! { <p class="story-what">{title}</p><pre class="text">{text}</pre> })
        };
        let error = error
            .clone()
            .map(|e| [e.words, e.traceback.unwrap_or_default()].join("\n").trim_end().to_owned());
        view! {
            {block("What went wrong", error.unwrap_or_default())}
            {block("Text", text.clone())}
            {block("Result", result.clone().unwrap_or_default())}
            <dl class="pairs">{more.iter().cloned().map(|(key, value)| view! { <dt>{key}</dt><dd>{value}</dd> }).collect_view()}</dl>
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
                {move || is_open.get().then(whole.clone())}
            </details>
        </li>
    }
    .erase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Mishap;

    fn happening(kind: &str, step: Option<u64>, error: Option<&str>) -> Happening {
        Happening {
            seq: 0,
            step,
            at: gauntlet_model::Timestamp::from_micros(0),
            kind: kind.to_owned(),
            name: None,
            text: String::new(),
            result: None,
            duration_ms: None,
            error: error.map(|words| Mishap { words: words.to_owned(), traceback: None }),
            more: Vec::new(),
        }
    }

    #[test]
    fn the_end_says_what_failed_before_any_part_does() {
        let parts = vec![
            happening("tool call", Some(3), Some("slow")),
            happening("tool call", Some(9), Some("lost")),
        ];
        let story = Story { first: parts.clone(), ..Story::default() };
        assert_eq!(mishap(&story, 3).as_deref(), Some("slow"));
        assert_eq!(mishap(&story, 4).as_deref(), Some("lost"));
        let end = vec![happening("ended", None, Some("no answer"))];
        assert_eq!(mishap(&Story { last: end, ..story }, 3).as_deref(), Some("no answer"));
        assert_eq!(mishap(&Story::default(), 3), None);
    }
}
