//! Commands that a person sends to the training side from this page. The server records who sent them; the
//! log has their results, so that every browser shows the same.

use gauntlet_film::{Command, Film};
use gauntlet_model::{Action, Object};
use leptos::prelude::*;

use super::session::Session;
use crate::api::SendCommand;

/// What the result of a command begins with where the training side refused it.
const REFUSED: &str = "refused";

/// Sends commands to the run of this page.
#[derive(Clone, Copy)]
pub(super) struct Commands {
    pub(super) session: Session,
    sent: ServerAction<SendCommand>,
    /// Whether the dialog for tweaks is open.
    pub(super) tweaks: RwSignal<bool>,
}

impl Commands {
    pub(super) fn new(session: Session) -> Self {
        Self { session, sent: ServerAction::new(), tweaks: RwSignal::new(false) }
    }

    /// Sends a command without parameters.
    pub(super) fn send(self, action: Action) {
        self.send_with(action, Object::new());
    }

    /// Sends a command.
    pub(super) fn send_with(self, action: Action, parameters: Object) {
        let run = self.session.summary(|s| s.id.to_string());
        self.sent.dispatch(SendCommand { run, action: action.as_str().to_owned(), parameters });
    }

    /// Whether a command is on its way to the server.
    pub(super) fn is_busy(self) -> bool {
        self.sent.pending().get()
    }

    /// Why the server refused the last command.
    pub(super) fn error(self) -> Option<String> {
        self.sent.value().with(|result| result.as_ref()?.as_ref().err().map(ToString::to_string))
    }

    /// The number of commands that the server has taken from this page.
    pub(super) fn accepted(self) -> Option<usize> {
        let is_accepted = self.sent.value().with(|result| result.as_ref().is_some_and(Result::is_ok));
        is_accepted.then(|| self.sent.version().get())
    }

    /// Whether a command of that action has been issued and not been acknowledged.
    pub(super) fn is_asked(self, action: Action) -> bool {
        self.session.watch_calmly(|film| film.commands().any(|c| c.action == action && c.applied.is_none()))
    }
}

/// How far a command has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Not acknowledged yet.
    Asked,
    /// Acknowledged.
    Applied,
    /// Refused by the training side.
    Refused,
}

/// How far a command has come, and the words of the training side; empty before it answers.
pub(super) fn outcome(command: &Command) -> (Outcome, &str) {
    match &command.applied {
        None => (Outcome::Asked, ""),
        Some(applied) => match applied.result.strip_prefix(REFUSED) {
            Some(reason) => (Outcome::Refused, reason.trim_start_matches([':', ' '])),
            None => (Outcome::Applied, &applied.result),
        },
    }
}

/// The newest command of a film.
pub(super) fn newest(film: &Film) -> Option<&Command> {
    film.commands().next_back()
}

/// A command's action as a verb for people.
pub(super) fn verb(action: Action) -> &'static str {
    match action {
        Action::Pause => "pause",
        Action::Resume => "resume",
        Action::Tweak => "tweak",
        Action::Answer => "answer",
        Action::Stop => "stop",
    }
}

#[cfg(test)]
mod tests {
    use gauntlet_film::Applied;
    use gauntlet_model::Timestamp;

    use super::*;

    fn command(result: Option<&str>) -> Command {
        let at = Timestamp::from_micros(0);
        let applied = result.map(|result| Applied { seq: 2, at, result: result.to_owned() });
        Command {
            seq: 1,
            at,
            step: None,
            id: "c".to_owned(),
            action: Action::Tweak,
            author: "a".to_owned(),
            applied,
        }
    }

    #[test]
    fn a_refusal_differs_from_what_was_applied() {
        let of = |result| {
            let command = command(result);
            let (outcome, words) = outcome(&command);
            (outcome, words.to_owned())
        };
        assert_eq!(of(None), (Outcome::Asked, String::new()));
        assert_eq!(of(Some("set a = 1")), (Outcome::Applied, "set a = 1".to_owned()));
        assert_eq!(
            of(Some("refused: a is not a number")),
            (Outcome::Refused, "a is not a number".to_owned())
        );
    }
}
