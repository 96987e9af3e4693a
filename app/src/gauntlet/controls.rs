//! The controls of the training beside its status: pause, resume, tweak, stop; and the line with the
//! result of the last command.

use gauntlet_film::Command;
use gauntlet_model::{Action, Status};
use leptos::prelude::*;

use super::commands::{Commands, Outcome, newest, outcome, verb};
use super::tweak::TweakDialog;
use crate::ports::FeedState;
use crate::ui::{Dialog, Erase, capital, grouped, local_clock, status_word};

/// The buttons. A run that has ended, or is gone, has none.
#[component]
pub(super) fn Controls(commands: Commands) -> impl IntoView {
    let session = commands.session;
    let (stops, tweaks) = (RwSignal::new(false), commands.tweaks);
    let is_over = move || session.status().is_final() || session.feed.with(|f| *f == FeedState::Missing);
    let is_paused = Memo::new(move |_| session.status() == Status::Paused);
    let button = move |action: Action, words: &'static str, asked: &'static str| {
        let is_asked = Memo::new(move |_| commands.is_asked(action));
        view! {
            <button
                class="button" disabled=move || is_asked.get() || commands.is_busy()
                on:click=move |_| commands.send(action)
            >
                {move || if is_asked.get() { asked } else { words }}
            </button>
        }
    };
    view! {
        <div class="controls" role="group" aria-label="Training" hidden=is_over>
            {move || match is_paused.get() {
                true => button(Action::Resume, "Resume training", "Asked to resume"),
                false => button(Action::Pause, "Pause training", "Asked to pause"),
            }}
            <button class="button" on:click=move |_| tweaks.set(true)>"Tweak"</button>
            <button
                class="button" disabled=move || commands.is_asked(Action::Stop)
                on:click=move |_| stops.set(true)
            >
                {move || if commands.is_asked(Action::Stop) { "Asked to stop" } else { "Stop" }}
            </button>
        </div>
        <Dialog open=stops title="Stop the training?" content=move || view! {
            <p>"The training side ends the run at its next checkpoint. It cannot be resumed from here."</p>
            <div class="dialog-ways">
                <button class="button" on:click=move |_| stops.set(false)>"Keep training"</button>
                <button class="button is-danger" on:click=move |_| {
                    stops.set(false);
                    commands.send(Action::Stop);
                }>"Stop training"</button>
            </div>
        }.erase() />
        <TweakDialog commands open=tweaks />
    }
    .erase()
}

/// The result of the newest command, or why the server refused it; of a run that has ended, why.
#[component]
pub(super) fn CommandLine(commands: Commands) -> impl IntoView {
    let session = commands.session;
    let line = Memo::new(move |_| {
        if let Some(step) = session.absent_step.get() {
            let step = grouped(step);
            return Some(("is-refused", format!("This run has no step {step}, which the address names.")));
        }
        if let Some(error) = commands.error() {
            return Some(("is-refused", format!("The server refused the command: {error}")));
        }
        let status = session.status();
        let end = |reason: String| ("is-refused", format!("{}: {reason}", capital(status_word(status))));
        session.watch_calmly(|film| match status.is_final() {
            true => film.run().reason.clone().map(end),
            false => newest(film).map(words),
        })
    });
    let is_shown = move || line.with(Option::is_some);
    let class = move || format!("command-line {}", line.with(|l| l.as_ref().map_or("", |(class, _)| class)));
    view! {
        <p class=class role="status" hidden=move || !is_shown()>
            {move || line.with(|l| l.as_ref().map(|(_, words)| words.clone()))}
        </p>
    }
    .erase()
}

/// `09:14:03 browser asked to pause: applied, "paused"`.
fn words(command: &Command) -> (&'static str, String) {
    let asked = format!("{} {} asked to {}", local_clock(command.at), command.author, verb(command.action));
    match outcome(command) {
        (Outcome::Asked, _) => ("is-asked", format!("{asked}. Waiting for the training side.")),
        (Outcome::Applied, result) => ("is-applied", format!("{asked}. Applied: {result}")),
        (Outcome::Refused, reason) => ("is-refused", format!("{asked}. Refused: {reason}")),
    }
}
