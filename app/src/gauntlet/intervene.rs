//! The person's part: the question of a paused step, its answers, and the way on. Commands go through the server,
//! which records who asked what; the training side says when it is done.

use gauntlet_film::{Asked, Film};
use gauntlet_model::Status;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::session::Session;
use crate::api::send_command;
use crate::ui::{Erase, grouped};

/// What the run waits for.
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

/// How many commands the training side has not acknowledged yet.
fn unheard(film: &Film) -> usize {
    film.commands().filter(|c| c.applied.is_none()).count()
}

/// Sends commands and says what comes of it.
#[derive(Clone, Copy)]
struct Sender {
    session: Session,
    is_busy: RwSignal<bool>,
    trouble: RwSignal<Option<String>>,
}

impl Sender {
    fn send(self, action: &'static str, parameters: serde_json::Value) {
        let run = self.session.summary(|s| s.id.to_string());
        self.is_busy.set(true);
        spawn_local(async move {
            let answer = send_command(run, action.to_owned(), parameters.to_string()).await;
            self.is_busy.try_set(false);
            self.trouble.try_set(answer.err().map(|e| e.to_string()));
        });
    }
}

/// The card of a run that waits for a person, or that a person may pause.
#[component]
pub(super) fn Intervention(session: Session) -> impl IntoView {
    let asked = Memo::new(move |_| session.watch_calmly(pending));
    let waiting = move || session.watch_calmly(unheard);
    let status = Memo::new(move |_| session.status());
    let sender = Sender { session, is_busy: RwSignal::new(false), trouble: RwSignal::new(None) };
    let is_busy = move || sender.is_busy.get();
    let resume = move || {
        view! {
            <button class="button" disabled=is_busy on:click=move |_| sender.send("resume", serde_json::json!({}))>"Resume"</button>
        }
    };
    let question = move |p: Pending| {
        let options = p.asked.options.into_iter().map(|option| {
            let answer = option.clone();
            view! {
                <button class="button is-option" disabled=is_busy on:click=move |_| sender.send("answer", serde_json::json!({ "answer": answer.clone() }))>
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
        {move || sender.trouble.get().map(|words| view! { <p class="trouble" role="alert">{words}</p> })}
        {move || (waiting() > 0 && !status.get().is_final()).then(|| view! {
            <p class="hint" role="status">"The training side has not picked up the last command yet."</p>
        })}
    }
    .erase()
}
