//! Commands from a server: fetched by long polls and acknowledged on threads of their own, so that the
//! training loop never waits for the network.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gauntlet_model::{Action, CommandIssued, Object, RunId};
use parking_lot::{Condvar, Mutex, MutexGuard};
use serde_json::{Value, json};

use super::Endpoint;
use crate::commands::{Commands, pop_within};
use crate::percent::path_segment;
use crate::sink::DeliveryError;

/// How long one poll waits for a command.
const POLL_TIMEOUT: Duration = Duration::from_secs(20);
/// How soon is looked again while a fetched command is being worked on: the server repeats it until then.
const WHILE_OPEN: Duration = Duration::from_millis(500);
/// Pause after a failure; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long the end waits for acknowledgements on their way.
const ACK_TIMEOUT: Duration = Duration::from_secs(2);

/// The commands of one run on a server. Needs the run to exist there only once a command is to come. Dropping
/// it delivers the acknowledgements that wait, for a moment.
pub struct ServerCommands {
    shared: Arc<Shared>,
}

struct Shared {
    endpoint: Endpoint,
    run: RunId,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<CommandIssued>,
    /// Fetched, and not acknowledged to the server yet.
    open: BTreeSet<String>,
    /// Command ids and results on their way to the server.
    acknowledged: VecDeque<(String, String)>,
    is_closing: bool,
}

impl ServerCommands {
    /// Starts to listen.
    pub fn listen(endpoint: Endpoint, run: RunId) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { endpoint, run, state: Mutex::default(), changed: Condvar::new() });
        let this = Self { shared };
        for (name, work) in
            [("gauntlet-commands", Shared::poll as fn(&Shared)), ("gauntlet-acks", Shared::acknowledge)]
        {
            let shared = Arc::clone(&this.shared);
            // Not joined: a poll may last, and owns nothing that must be given back.
            std::thread::Builder::new().name(name.to_owned()).spawn(move || work(&shared))?;
        }
        Ok(this)
    }
}

impl Commands for ServerCommands {
    fn next(&self, wait: Duration) -> Option<CommandIssued> {
        let Shared { state, changed, .. } = &*self.shared;
        pop_within(state, changed, wait, |state| state.waiting.pop_front())
    }

    fn acknowledge(&self, command: &CommandIssued, result: &str) {
        self.shared.lock().acknowledged.push_back((command.command_id.clone(), result.to_owned()));
        self.shared.changed.notify_all();
    }

    fn records(&self) -> bool {
        true
    }
}

impl Drop for ServerCommands {
    fn drop(&mut self) {
        let deadline = Instant::now() + ACK_TIMEOUT;
        let mut state = self.shared.lock();
        state.is_closing = true;
        self.shared.changed.notify_all();
        while !state.acknowledged.is_empty() && Instant::now() < deadline {
            self.shared.wait(&mut state, deadline.saturating_duration_since(Instant::now()));
        }
        state.acknowledged.clear();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    fn wait(&self, state: &mut MutexGuard<'_, State>, most: Duration) {
        self.changed.wait_for(state, most);
    }

    fn poll(&self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let mut state = self.lock();
            if !state.open.is_empty() && !state.is_closing {
                self.wait(&mut state, WHILE_OPEN);
            }
            let (is_closing, wait) =
                (state.is_closing, if state.open.is_empty() { POLL_TIMEOUT } else { Duration::ZERO });
            drop(state);
            if is_closing {
                return;
            }
            let url = self.endpoint.run_url(&self.run, &format!("/commands?wait={}", wait.as_secs()));
            match self.endpoint.get(&url, wait) {
                Ok(body) => {
                    pause = FIRST_PAUSE;
                    self.take(&body);
                }
                Err(_) => {
                    self.wait(&mut self.lock(), pause);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Queues what was not fetched before. What this client cannot read is left for one that can.
    fn take(&self, body: &str) {
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let listed = body.get("commands").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut state = self.lock();
        for command in listed.iter().filter_map(read) {
            if state.open.insert(command.command_id.clone()) {
                state.waiting.push_back(command);
            }
        }
        self.changed.notify_all();
    }

    fn acknowledge(&self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let mut state = self.lock();
            let Some((command, result)) = state.acknowledged.front().cloned() else {
                if state.is_closing {
                    return;
                }
                self.wait(&mut state, POLL_TIMEOUT);
                continue;
            };
            drop(state);
            let url = self.endpoint.run_url(&self.run, &format!("/commands/{}/ack", path_segment(&command)));
            let answer = self.endpoint.post(&url, json!({ "result": result }).to_string().as_bytes());
            state = self.lock();
            if matches!(answer, Err(DeliveryError::NotNow { .. })) {
                self.wait(&mut state, pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
                continue;
            }
            pause = FIRST_PAUSE;
            state.open.remove(&command);
            if state.acknowledged.front().is_some_and(|(first, _)| *first == command) {
                state.acknowledged.pop_front();
            }
            self.changed.notify_all();
        }
    }
}

fn read(listed: &Value) -> Option<CommandIssued> {
    let text = |key: &str| listed.get(key).and_then(Value::as_str);
    let action = [Action::Pause, Action::Resume, Action::Tweak, Action::Answer, Action::Stop]
        .into_iter()
        .find(|action| Some(action.as_str()) == text("action"))?;
    let parameters: Object = listed.get("parameters").and_then(Value::as_object).cloned().unwrap_or_default();
    let author = text("author").unwrap_or("anonymous").to_owned();
    Some(CommandIssued { command_id: text("command_id")?.to_owned(), action, parameters, author })
}
