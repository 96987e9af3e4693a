//! What the follower makes of events: alerts, and the state of each rule in each run.

use std::collections::BTreeMap;

use gauntlet_follow::{Cursor, Output, Part};
use gauntlet_model::{
    AlertRaised, CommandIssued, Event, EventId, MAX_LABEL_BYTES, Monitor, Object, Record, RunId, Timestamp,
    fnv1a_128,
};
use gauntlet_monitor::{Evaluator, Expression};
use gauntlet_store::{MonitorProgress, MonitoredRun, NewAlert, Store, StoreError};

use super::watched::{PAGE, WatchedRuns, setting};
use super::webhook;
use crate::clock::now;

/// Events after which the state of a run is stored where nothing was raised. After a restart at most so many
/// are evaluated again, with the same result.
const STORED_EVERY: u64 = 2_000;
/// Events before the cursor that fill the windows of a monitor that was saved while a run goes on.
const WARM_UP: u64 = 20_000;

/// The states of a run's monitors by name and the time each was saved.
type States = BTreeMap<String, Evaluator>;

/// One run in memory.
struct RunState {
    states: States,
    cursor: Cursor,
    /// The cursor that is stored.
    stored: u64,
}

/// Raises alerts.
pub(super) struct AlertOutput {
    store: Store,
    /// The address of this server.
    server: String,
    watched: WatchedRuns,
    runs: BTreeMap<i64, RunState>,
}

impl AlertOutput {
    pub(super) fn new(store: Store, server: String, watched: WatchedRuns) -> Self {
        Self { store, server, watched, runs: BTreeMap::new() }
    }

    async fn follow(&mut self, part: Part<i64, Record>) -> Result<(), StoreError> {
        let run = self.watched.lock().get(&part.run).cloned();
        let Some(run) = run else { return Ok(()) };
        let monitors = self.store.monitors(Some(&run.project)).await?;
        let (mut states, stored) = match self.runs.get(&part.run) {
            Some(known) => (known.states.clone(), known.stored),
            None => (States::new(), 0),
        };
        let mut alerts = Vec::new();
        let mut current = States::new();
        for monitor in &monitors {
            // A rule that is not read any more was written by another version.
            let Ok(rule) = monitor.rule.parse::<Expression>() else { continue };
            let key = format!("{} {}", monitor.saved_at.micros(), monitor.name);
            let mut state = match states.remove(&key) {
                Some(state) => state,
                None => self.warm(&run, monitor, &rule, part.from).await?,
            };
            for record in &part.events {
                let Ok(event) = record.event() else { continue };
                let setting = setting(monitor, run.rules);
                if record.received_at < monitor.saved_at {
                    state.warm_up(&rule, setting, &event);
                } else if let Some(firing) = state.observe(&rule, setting, &event) {
                    let (text, cause) = (message(monitor, &firing.values), record.seq.to_string());
                    let event = alert(&run.id, monitor, &cause, firing.at, firing.step, text)?;
                    alerts.push(announced(&self.server, &run, monitor, event));
                }
            }
            current.insert(key, state);
        }
        let next = part.cursor.next;
        let is_stored = !alerts.is_empty() || next >= stored + STORED_EVERY || run.status.is_final();
        if is_stored {
            let states = serde_json::to_string(&current).unwrap_or_default();
            let progress = MonitorProgress { run_no: run.run_no, next, last_id: part.cursor.last_id, states };
            match self.store.raise_alerts(&run.id, Some(progress), alerts, now()).await {
                Ok(()) | Err(StoreError::NotFound(_) | StoreError::Gone(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let stored = if is_stored { next } else { stored };
        self.runs.insert(part.run, RunState { states: current, cursor: part.cursor, stored });
        Ok(())
    }

    /// The state of a monitor that was saved while the run went on: its windows hold what came before.
    async fn warm(
        &self,
        run: &MonitoredRun,
        monitor: &Monitor,
        rule: &Expression,
        until: u64,
    ) -> Result<Evaluator, StoreError> {
        let mut state = Evaluator::new(rule);
        let mut next = until.saturating_sub(WARM_UP);
        while next < until {
            let limit = (until - next).min(u64::from(PAGE)) as u32;
            let page = self.store.read(&run.id, next.checked_sub(1), limit, None).await?;
            for event in page.records.iter().filter_map(|record| record.event().ok()) {
                state.warm_up(rule, setting(monitor, run.rules), &event);
            }
            match page.records.last() {
                Some(record) => next = record.seq + 1,
                None => break,
            }
        }
        Ok(state)
    }
}

impl Output for AlertOutput {
    type Run = i64;
    type Event = Record;
    type Error = StoreError;

    async fn cursors(&mut self) -> Result<BTreeMap<i64, Cursor>, StoreError> {
        let mut cursors = BTreeMap::new();
        for progress in self.store.monitor_progress().await? {
            let Ok(states) = serde_json::from_str(&progress.states) else {
                tracing::warn!(
                    run_no = progress.run_no,
                    "the state of monitors cannot be read; they start again"
                );
                continue;
            };
            let cursor = Cursor { next: progress.next, last_id: progress.last_id, edits: 0 };
            cursors.insert(progress.run_no, cursor);
            self.runs.insert(progress.run_no, RunState { states, cursor, stored: progress.next });
        }
        Ok(cursors)
    }

    async fn commit(&mut self, parts: Vec<Part<i64, Record>>) -> Result<(), StoreError> {
        for part in parts {
            // A part that was done before another one of the batch failed is not done twice.
            let is_done = self.runs.get(&part.run).is_some_and(|run| run.cursor.next >= part.cursor.next);
            if !is_done {
                self.follow(part).await?;
            }
        }
        Ok(())
    }

    async fn remove(&mut self, run_no: i64) -> Result<bool, StoreError> {
        self.runs.remove(&run_no);
        Ok(true)
    }

    fn is_broken(_: &StoreError) -> bool {
        false
    }
}

/// The text of a monitor's alert: the rule, and what its functions computed.
fn message(monitor: &Monitor, values: &str) -> String {
    if values.is_empty() { monitor.rule.clone() } else { format!("{}: {values}", monitor.rule) }
}

/// An alert, with the command to the training side and the call of the webhook that the monitor asks for. A
/// run that has ended gets no command, as no process would take it.
pub(super) fn announced(server: &str, run: &MonitoredRun, monitor: &Monitor, event: Event) -> NewAlert {
    let command = monitor.action.filter(|_| !run.status.is_final()).map(|action| {
        let author = format!("monitor {}", monitor.name);
        CommandIssued {
            command_id: event.id().to_string(),
            action: action.command(),
            parameters: Object::new(),
            author: author.get(..author.floor_char_boundary(MAX_LABEL_BYTES)).unwrap_or_default().to_owned(),
        }
    });
    let call = webhook::call(server, run, monitor, &event);
    NewAlert { event, command, call }
}

/// An alert of a monitor. Its id is made of what raised it, so that it is in the log once.
pub(super) fn alert(
    run: &RunId,
    monitor: &Monitor,
    cause: &str,
    at: Timestamp,
    step: Option<u64>,
    text: String,
) -> Result<Event, StoreError> {
    let saved_at = monitor.saved_at.micros().to_string();
    let parts = [run.as_str(), "alert", &monitor.name, &saved_at, cause];
    let id = EventId::from_u128(fnv1a_128(parts.join("\0").bytes()));
    let rule = Some(&monitor.rule).filter(|rule| rule.len() <= MAX_LABEL_BYTES).cloned();
    let body = AlertRaised { text, severity: monitor.severity, monitor: Some(monitor.name.clone()), rule };
    Ok(Event::new(id, at, None, step, body)?)
}
