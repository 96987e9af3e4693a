//! Intervention by a person: the question of a paused step, its answers, and resuming. Commands go through
//! the server, which records who sent them; the training side acknowledges them.

use gauntlet_film::{ChallengeFact, Film};
use gauntlet_model::{Action, Object, Status};
use leptos::prelude::*;

use super::commands::Commands;
use crate::ui::{Erase, grouped};

/// The question that the run waits for.
#[derive(Debug, Clone, PartialEq)]
struct Pending {
    index: usize,
    step: u64,
    asked: ChallengeFact,
}

fn pending(film: &Film) -> Option<Pending> {
    let (index, asked) = film.pending_challenge()?;
    Some(Pending { index, step: film.node(index)?.step, asked: asked.clone() })
}

/// The parameters of an answer.
fn answer_parameters(answer: &str) -> Object {
    Object::from_iter([("answer".to_owned(), answer.into())])
}

/// Opens the dialog for the parameters of the training.
fn tweak(commands: Commands) -> impl IntoView {
    view! { <button class="button" on:click=move |_| commands.tweaks.set(true)>"Tweak"</button> }
}

/// The card of a run that is paused, with the question it asks, if any.
#[component]
pub(super) fn Intervention(commands: Commands) -> impl IntoView {
    let session = commands.session;
    let asked = Memo::new(move |_| session.watch_calmly(pending));
    let status = Memo::new(move |_| session.status());
    let is_busy = move || commands.is_busy();
    let resume = move || {
        view! {
            <button class="button" disabled=is_busy on:click=move |_| commands.send(Action::Resume)>
                "Resume"
            </button>
        }
    };
    let question = move |p: Pending| {
        let options = p.asked.options.into_iter().map(|option| {
            let answer = option.clone();
            view! {
                <button
                    class="button is-option" disabled=is_busy
                    on:click=move |_| commands.send_with(Action::Answer, answer_parameters(&answer))
                >
                    {option}
                </button>
            }
        });
        view! {
            <section class="challenge" aria-label="The run waits for an answer">
                <h3>
                    {p.asked.kind.replace('_', " ").to_lowercase()}
                    <span class="panel-note">{format!("step {}", grouped(p.step))}</span>
                </h3>
                <p>{p.asked.question}</p>
                <div class="challenge-options">{options.collect_view()}</div>
                <div class="challenge-ways">
                    {resume()} {tweak(commands)}
                    <button class="button is-quiet" on:click=move |_| session.select(p.index)>
                        "Show the step"
                    </button>
                </div>
            </section>
        }
    };
    view! {
        {move || match (asked.get(), status.get()) {
            (Some(p), _) => question(p).erase(),
            (None, Status::Paused) => view! {
                <section class="challenge" aria-label="The run is paused">
                    <h3>"The run is paused"</h3>
                    <div class="challenge-ways">{resume()} {tweak(commands)}</div>
                </section>
            }.erase(),
            _ => ().erase(),
        }}
        {move || commands.error().map(|error| view! { <p class="trouble" role="alert">{error}</p> })}
    }
    .erase()
}
