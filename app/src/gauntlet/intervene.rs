//! Intervention by a person: the question of a paused step, its answers, and resuming. Commands go through
//! the server, which records who sent them; the training side acknowledges them.

use gauntlet_film::{Asked, Film};
use gauntlet_model::{Object, Status};
use leptos::prelude::*;

use super::session::Session;
use crate::api::SendCommand;
use crate::ui::{Erase, grouped};

/// The question that the run waits for.
#[derive(Debug, Clone, PartialEq)]
struct Pending {
    index: usize,
    step: u64,
    asked: Asked,
}

fn pending(film: &Film) -> Option<Pending> {
    let (index, asked) = film.pending_challenge()?;
    Some(Pending { index, step: film.node(index)?.step, asked: asked.clone() })
}

/// The number of commands that the training side has not acknowledged yet.
fn unacknowledged(film: &Film) -> usize {
    film.commands().filter(|c| c.applied.is_none()).count()
}

/// The parameters of an answer.
fn answer_parameters(answer: &str) -> Object {
    Object::from_iter([("answer".to_owned(), answer.into())])
}

/// Sends commands to the run of this page.
#[derive(Clone, Copy)]
struct Commands {
    session: Session,
    sent: ServerAction<SendCommand>,
}

impl Commands {
    fn send(self, action: &'static str, parameters: Object) {
        let run = self.session.summary(|s| s.id.to_string());
        self.sent.dispatch(SendCommand { run, action: action.to_owned(), parameters });
    }

    /// Why the last command was refused.
    fn error(self) -> Option<String> {
        self.sent.value().with(|result| result.as_ref()?.as_ref().err().map(ToString::to_string))
    }
}

/// The card of a run that is paused, with the question it asks, if any.
#[component]
pub(super) fn Intervention(session: Session) -> impl IntoView {
    let asked = Memo::new(move |_| session.watch_calmly(pending));
    let waiting = move || session.watch_calmly(unacknowledged);
    let status = Memo::new(move |_| session.status());
    let commands = Commands { session, sent: ServerAction::new() };
    let is_busy = move || commands.sent.pending().get();
    let resume = move || {
        view! {
            <button class="button" disabled=is_busy on:click=move |_| commands.send("resume", Object::new())>"Resume"</button>
        }
    };
    let question = move |p: Pending| {
        let options = p.asked.options.into_iter().map(|option| {
            let answer = option.clone();
            view! {
                <button class="button is-option" disabled=is_busy on:click=move |_| commands.send("answer", answer_parameters(&answer))>
                    {option}
                </button>
            }
        });
        view! {
            <section class="challenge" aria-label="The run waits for an answer">
                <h3>{p.asked.kind.replace('_', " ").to_lowercase()}<span class="panel-note">{format!("step {}", grouped(p.step))}</span></h3>
                <p>{p.asked.question}</p>
                <div class="challenge-options">{options.collect_view()}</div>
                <div class="challenge-ways">
                    {resume()}
                    <button class="button is-quiet" on:click=move |_| session.select(p.index)>"Show the step"</button>
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
                    <div class="challenge-ways">{resume()}</div>
                </section>
            }.erase(),
            _ => ().erase(),
        }}
        {move || commands.error().map(|error| view! { <p class="trouble" role="alert">{error}</p> })}
        {move || (waiting() > 0 && !status.get().is_final()).then(|| view! {
            <p class="hint" role="status">"The training side has not picked up the last command yet."</p>
        })}
    }
    .erase()
}
