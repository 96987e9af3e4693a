//! A paused step: takes commands until one resumes or stops the run, or the time is up.

use std::time::{Duration, Instant};

use gauntlet_model::{Action, CommandApplied, CommandIssued, FieldError, Object};

use crate::commands::Commands;

/// Sets parameters to new values, all or none.
pub type Tweak<'a> = &'a dyn Fn(&Object) -> Result<(), FieldError>;

/// How a pause ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// A person resumed the run.
    Resumed,
    /// A person asked the run to stop.
    Stopped,
    /// No command ended the pause in time.
    TimedOut,
}

/// Takes commands until one ends the pause, or until `timeout`. Every command is acknowledged with its
/// result; `applied` is called with it where the acknowledgement does not record it ([`Commands::records`]).
pub fn wait(
    tweak: Tweak<'_>,
    commands: &dyn Commands,
    timeout: Duration,
    mut applied: impl FnMut(CommandApplied),
) -> Ending {
    let began = Instant::now();
    loop {
        let left = timeout.saturating_sub(began.elapsed());
        if left.is_zero() {
            return Ending::TimedOut;
        }
        let Some(command) = commands.next(left) else { continue };
        let (result, ending) = apply_command(tweak, &command);
        commands.acknowledge(&command, &result);
        if !commands.records() {
            applied(CommandApplied { command_id: command.command_id, result });
        }
        if let Some(ending) = ending {
            return ending;
        }
    }
}

/// Applies a command; its result, and the end of the pause where it ends it.
fn apply_command(tweak: Tweak<'_>, command: &CommandIssued) -> (String, Option<Ending>) {
    match command.action {
        Action::Resume => ("resumed".to_owned(), Some(Ending::Resumed)),
        Action::Stop => ("stopping".to_owned(), Some(Ending::Stopped)),
        Action::Pause => ("already paused".to_owned(), None),
        Action::Answer => match command.parameters.get("answer").and_then(|answer| answer.as_str()) {
            Some(answer) => (format!("answered {answer:?}, resumed"), Some(Ending::Resumed)),
            None => ("refused: parameters.answer: is missing or no text".to_owned(), None),
        },
        Action::Tweak => (tweaked(tweak, &command.parameters), None),
    }
}

/// Sets parameters; the result as text.
pub(crate) fn tweaked(tweak: Tweak<'_>, parameters: &Object) -> String {
    match tweak(parameters) {
        Ok(()) => {
            let set: Vec<String> =
                parameters.iter().map(|(name, value)| format!("{name} = {value}")).collect();
            format!("set {}", set.join(", "))
        }
        Err(refusal) => format!("refused: {refusal}"),
    }
}
