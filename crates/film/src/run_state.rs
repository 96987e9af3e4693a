//! The state of a film besides its nodes: the run itself, people's commands, answers and notes, and gaps.

use std::collections::BTreeMap;

use gauntlet_model::{Action, EpisodeId, Severity, Status, StepRange, Timestamp};

use crate::fact::{Fact, FactBody};

/// What is known of the run itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunInfo {
    /// Name shown to people; empty before `run.started`.
    pub name: String,
    /// Project; empty before `run.started`.
    pub project: String,
    /// What sort of run; empty before `run.started`.
    pub kind: String,
    /// Agent under training.
    pub agent: Option<String>,
    /// What is attempted.
    pub task: Option<String>,
    /// The last reported status; before the first report, running as soon as there is any other event.
    pub status: Status,
    /// Why it has that status.
    pub reason: Option<String>,
    /// The earliest time among all facts.
    pub started_at: Option<Timestamp>,
    /// The latest time among all facts.
    pub last_at: Option<Timestamp>,
}

/// A person's note.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// Its sequence number.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Step it is tied to.
    pub step: Option<u64>,
    /// The note.
    pub text: String,
    /// Who wrote it.
    pub author: String,
    /// Steps it refers to.
    pub range: Option<StepRange>,
}

/// An alert of a monitor or of the producer.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Its sequence number.
    pub seq: u64,
    /// When it was raised.
    pub at: Timestamp,
    /// Step it is tied to.
    pub step: Option<u64>,
    /// What people read.
    pub text: String,
    /// Its severity.
    pub severity: Severity,
    /// The monitor that raised it; `None` where the producer did.
    pub monitor: Option<String>,
}

/// A command that a person sent to the training process.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// Its sequence number.
    pub seq: u64,
    /// When it was issued.
    pub at: Timestamp,
    /// Step it is tied to.
    pub step: Option<u64>,
    /// Names the command.
    pub id: String,
    /// What to do.
    pub action: Action,
    /// Who issued it.
    pub author: String,
    /// Its result, once the training process has applied it.
    pub applied: Option<Applied>,
}

/// The training process's report that it applied a command.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// Its sequence number.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// The result.
    pub result: String,
}

/// A person's answer to a challenge.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Its sequence number.
    pub seq: u64,
    /// When it was given.
    pub at: Timestamp,
    /// The answer.
    pub answer: String,
    /// Who gave it.
    pub author: String,
}

/// Events that never reached the log.
#[derive(Debug, Clone, PartialEq)]
pub struct DroppedEvents {
    /// The sequence number of the report.
    pub seq: u64,
    /// When it was reported.
    pub at: Timestamp,
    /// How many.
    pub lost: u64,
    /// Why.
    pub reason: String,
}

/// Identifies a node across films: its step and episode.
pub(crate) type NodeKey = (u64, Option<EpisodeId>);

/// Everything but the nodes. Each entry has a key, so that neither the order nor the repetition of facts
/// makes a difference.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct RunState {
    pub(crate) run: RunInfo,
    /// The sequence number of the `run.started` that counts.
    named: Option<u64>,
    /// That of the status that counts.
    stated: Option<u64>,
    /// The highest one seen.
    last: Option<u64>,
    pub(crate) notes: BTreeMap<u64, Note>,
    pub(crate) alerts: BTreeMap<u64, Alert>,
    pub(crate) commands: BTreeMap<u64, Command>,
    command_seqs: BTreeMap<String, u64>,
    applied: BTreeMap<String, Applied>,
    pub(crate) answers: BTreeMap<NodeKey, Answer>,
    pub(crate) gaps: BTreeMap<u64, DroppedEvents>,
    /// The last fact after which a paused run continues.
    released: Option<u64>,
}

/// Whether a fact numbered `seq` replaces one numbered `known`; if so, `known` becomes `seq`.
fn newer(known: &mut Option<u64>, seq: u64) -> bool {
    let newer = known.is_none_or(|known| known < seq);
    if newer {
        *known = Some(seq);
    }
    newer
}

impl RunState {
    /// One more than the highest sequence number seen.
    pub(crate) fn head(&self) -> u64 {
        self.last.map_or(0, |seq| seq.saturating_add(1))
    }

    /// Whether a run that was paused at `seq` has continued since.
    pub(crate) fn has_released(&self, seq: u64) -> bool {
        self.released.is_some_and(|released| released > seq)
    }

    /// The answer to a node's question, if it was given after the node was scored.
    pub(crate) fn answer(&self, key: &NodeKey, scored: u64) -> Option<&Answer> {
        self.answers.get(key).filter(|a| a.seq > scored)
    }

    /// Applies a fact, except for its scores; returns whether anything changed.
    pub(crate) fn apply(&mut self, fact: &Fact) -> bool {
        let seen = self.observe(fact);
        let Fact { seq, at, step, .. } = *fact;
        let changed = match &fact.body {
            FactBody::RunStarted { name, project, kind, agent, task } => {
                let newer = newer(&mut self.named, seq);
                if newer {
                    let run = &mut self.run;
                    (run.name, run.project, run.kind) = (name.clone(), project.clone(), kind.clone());
                    (run.agent, run.task) = (agent.clone(), task.clone());
                }
                newer
            }
            FactBody::Status { status, reason } => self.set_status(seq, *status, reason.as_ref()),
            FactBody::Command { id, action, author } => {
                let goes_on = matches!(action, Action::Resume | Action::Answer | Action::Stop);
                let released = goes_on && newer(&mut self.released, seq);
                let (id, action, author) = (id.clone(), *action, author.clone());
                released | self.command(Command { seq, at, step, id, action, author, applied: None })
            }
            FactBody::Applied { id, result } => {
                newer(&mut self.released, seq) | self.done(id, Applied { seq, at, result: result.clone() })
            }
            FactBody::Answered { answer, author } => self.answered(fact, answer, author),
            FactBody::Note { text, author, range } => {
                let note =
                    || Note { seq, at, step, text: text.clone(), author: author.clone(), range: *range };
                add(&mut self.notes, seq, note)
            }
            FactBody::Alert { text, severity, monitor } => {
                let (text, severity, monitor) = (text.clone(), *severity, monitor.clone());
                add(&mut self.alerts, seq, || Alert { seq, at, step, text, severity, monitor })
            }
            FactBody::Gap { lost, reason } => {
                let (lost, reason) = (*lost, reason.clone());
                add(&mut self.gaps, seq, || DroppedEvents { seq, at, lost, reason })
            }
            FactBody::Scored { .. }
            | FactBody::Added { .. }
            | FactBody::Recorded { .. }
            | FactBody::Artifact { .. }
            | FactBody::Other
            | FactBody::EpisodeStarted { .. }
            | FactBody::EpisodeFinished { .. } => {
                let begins = self.stated.is_none() && self.run.status == Status::Pending;
                if begins {
                    self.run.status = Status::Running;
                }
                begins
            }
        };
        seen | changed
    }

    /// Applies a status, unless a later one is known; returns whether anything changed.
    fn set_status(&mut self, seq: u64, status: Status, reason: Option<&String>) -> bool {
        let goes_on = status == Status::Running || status.is_final();
        let released = goes_on && newer(&mut self.released, seq);
        let newer = newer(&mut self.stated, seq);
        if newer {
            (self.run.status, self.run.reason) = (status, reason.cloned());
        }
        released | newer
    }

    /// Updates head and times; returns whether they changed.
    fn observe(&mut self, fact: &Fact) -> bool {
        let earlier = self.run.started_at.is_none_or(|t| fact.at < t);
        let later = self.run.last_at.is_none_or(|t| fact.at > t);
        if earlier {
            self.run.started_at = Some(fact.at);
        }
        if later {
            self.run.last_at = Some(fact.at);
        }
        newer(&mut self.last, fact.seq) | earlier | later
    }

    fn command(&mut self, mut command: Command) -> bool {
        match self.command_seqs.get(&command.id) {
            Some(known) if *known >= command.seq => return false,
            Some(known) => drop(self.commands.remove(known)),
            None => {}
        }
        command.applied = self.applied.get(&command.id).cloned();
        self.command_seqs.insert(command.id.clone(), command.seq);
        self.commands.insert(command.seq, command);
        true
    }

    fn done(&mut self, id: &str, applied: Applied) -> bool {
        if self.applied.get(id).is_some_and(|known| known.seq >= applied.seq) {
            return false;
        }
        if let Some(command) = self.command_seqs.get(id).and_then(|seq| self.commands.get_mut(seq)) {
            command.applied = Some(applied.clone());
        }
        self.applied.insert(id.to_owned(), applied);
        true
    }

    /// An answer with a step answers that step alone; one without a step releases every paused step.
    fn answered(&mut self, fact: &Fact, answer: &str, author: &str) -> bool {
        let Some(step) = fact.step else { return newer(&mut self.released, fact.seq) };
        let key = (step, fact.episode.clone());
        if self.answers.get(&key).is_some_and(|known| known.seq >= fact.seq) {
            return false;
        }
        let (answer, author) = (answer.to_owned(), author.to_owned());
        self.answers.insert(key, Answer { seq: fact.seq, at: fact.at, answer, author });
        true
    }
}

/// Inserts an entry where the key is free; returns whether it was.
fn add<T>(map: &mut BTreeMap<u64, T>, seq: u64, make: impl FnOnce() -> T) -> bool {
    let absent = !map.contains_key(&seq);
    if absent {
        map.insert(seq, make());
    }
    absent
}
