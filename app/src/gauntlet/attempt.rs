//! What the agent did differently from its previous attempt of the same task, read once it is asked for.

use leptos::html;
use leptos::prelude::*;

use super::session::Session;
use crate::api::{Attempt, get_attempt};
use crate::ui::{Erase, grouped};

/// The comparison, folded until a press opens it; then it stays open from step to step, which is `is_open`.
#[component]
pub(super) fn PreviousAttempt(session: Session, seq: u64, is_open: RwSignal<bool>) -> impl IntoView {
    let read = Action::new(move |(): &()| get_attempt(session.summary(|s| s.id.to_string()), seq));
    let details = NodeRef::<html::Details>::new();
    Effect::new(move || {
        if is_open.get() && read.value().with_untracked(Option::is_none) {
            read.dispatch(());
        }
    });
    let toggled = move |_| is_open.set(details.get_untracked().is_some_and(|details| details.open()));
    let content = move || match read.value().get() {
        None => view! { <p class="hint">"Comparing"</p> }.erase(),
        Some(Ok(Some(attempt))) => view! { <Changes session attempt /> }.erase(),
        Some(Ok(None)) => {
            view! { <p class="hint">"This is the first attempt of its task in the run."</p> }.erase()
        }
        Some(Err(error)) => view! { <p class="trouble" role="alert">{error.to_string()}</p> }.erase(),
    };
    view! {
        <details class="part" open=is_open.get_untracked() node_ref=details on:toggle=toggled>
            <summary class="part-title">"Changes since the previous attempt"</summary>
            {content}
        </details>
    }
    .erase()
}

#[component]
fn Changes(session: Session, attempt: Attempt) -> impl IntoView {
    let Attempt { step, episode, html } = attempt;
    let words = format!("Against step {}{}. ", grouped(step), episode_words(episode.as_deref()));
    let show = move |_| {
        let episode = episode.as_deref().and_then(|id| gauntlet_model::EpisodeId::new(id).ok());
        let found = session.film(|film| super::session::find(film, step, episode.as_ref()));
        if let Some(index) = found {
            session.select(index);
        }
    };
    view! {
        <p class="hint">{words}<button class="link" on:click=show>"Show it"</button></p>
        // Made by the server, which renders no markup of the recorded text.
        <pre class="text changes" tabindex="0" inner_html=html></pre>
    }
    .erase()
}

fn episode_words(episode: Option<&str>) -> String {
    episode.map(|episode| format!(", episode {episode}")).unwrap_or_default()
}
