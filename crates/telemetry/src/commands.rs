//! How a person's commands reach a paused training loop.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use gauntlet_model::CommandIssued;
use parking_lot::{Condvar, Mutex};

/// Where commands come from. Commands are taken in the order they were issued, each until it is acknowledged.
pub trait Commands: Send + Sync {
    /// The next command, waiting for one up to `wait`. A source that cannot be read now has none: it is asked
    /// again.
    fn next(&self, wait: Duration) -> Option<CommandIssued>;
    /// Reports the result of a command.
    fn acknowledge(&self, command: &CommandIssued, result: &str);
    /// Whether an acknowledgement also appends `command.applied` to the run's log, so that the caller must
    /// not append it as well.
    fn records(&self) -> bool {
        false
    }
}

/// Takes what `pop` finds in a state, waiting up to `wait` for `changed` until there is something.
pub(crate) fn pop_within<S, T>(
    state: &Mutex<S>,
    changed: &Condvar,
    wait: Duration,
    mut pop: impl FnMut(&mut S) -> Option<T>,
) -> Option<T> {
    let deadline = Instant::now() + wait;
    let mut state = state.lock();
    loop {
        if let Some(found) = pop(&mut state) {
            return Some(found);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        changed.wait_for(&mut state, left);
    }
}

/// Commands that are issued in the same process.
#[derive(Default)]
pub struct CommandQueue {
    state: Mutex<State>,
    issued: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<CommandIssued>,
    acknowledged: Vec<(String, String)>,
}

impl CommandQueue {
    /// An empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a command after the others.
    pub fn issue(&self, command: CommandIssued) {
        self.state.lock().waiting.push_back(command);
        self.issued.notify_all();
    }

    /// Command ids and results so far, in order.
    pub fn acknowledged(&self) -> Vec<(String, String)> {
        self.state.lock().acknowledged.clone()
    }
}

impl Commands for CommandQueue {
    fn next(&self, wait: Duration) -> Option<CommandIssued> {
        pop_within(&self.state, &self.issued, wait, |state| state.waiting.pop_front())
    }

    fn acknowledge(&self, command: &CommandIssued, result: &str) {
        let mut state = self.state.lock();
        state.acknowledged.push((command.command_id.clone(), result.to_owned()));
    }
}
