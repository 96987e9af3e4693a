//! The controller of a loop that has no rubric call to pause in: it takes commands between two steps.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use gauntlet_model::{Action, Body, CommandApplied, FieldError, Object, RunStatus, Status};

use crate::commands::Commands;
use crate::pause::{self, Ending, tweaked};

/// Applies people's commands to a loop, between two of its steps.
pub struct CommandController {
    commands: Arc<dyn Commands>,
    pause_timeout: Duration,
}

impl CommandController {
    /// A controller that takes these commands. A pause ends by itself after `pause_timeout`.
    pub fn new(commands: Arc<dyn Commands>, pause_timeout: Duration) -> Self {
        Self { commands, pause_timeout }
    }

    /// Applies the commands that were issued since the last call. Returns at once unless one of them pauses
    /// the loop, else after `resume` or `stop`. `tweak` sets parameters; `log` gets what belongs into the
    /// run's log.
    pub fn check(
        &self,
        tweak: &dyn Fn(&Object) -> Result<(), FieldError>,
        mut log: impl FnMut(Body),
    ) -> ControlFlow<()> {
        while let Some(command) = self.commands.next(Duration::ZERO) {
            let result = match command.action {
                Action::Pause => "paused".to_owned(),
                Action::Stop => "stopping".to_owned(),
                Action::Tweak => tweaked(tweak, &command.parameters),
                Action::Resume => "not paused".to_owned(),
                Action::Answer => "refused: nothing is being asked".to_owned(),
            };
            self.commands.acknowledge(&command, &result);
            if !self.commands.records() {
                log(CommandApplied { command_id: command.command_id, result }.into());
            }
            match command.action {
                Action::Stop => return ControlFlow::Break(()),
                Action::Pause => {}
                _ => continue,
            }
            log(RunStatus { status: Status::Paused, reason: Some(format!("paused by {}", command.author)) }
                .into());
            let ending =
                pause::wait(tweak, &*self.commands, self.pause_timeout, |applied| log(applied.into()));
            let reason = match ending {
                Ending::Resumed => None,
                Ending::Stopped => return ControlFlow::Break(()),
                Ending::TimedOut => Some(format!("no command within {} s", self.pause_timeout.as_secs_f64())),
            };
            log(RunStatus { status: Status::Running, reason }.into());
        }
        ControlFlow::Continue(())
    }
}
