//! The fact: one event reduced to what a viewer keeps. Texts of actions and observations stay in the log.

use gauntlet_model::{
    Action, Body, EpisodeId, Event, EventError, FailureKind, Object, Record, Score, ScoreTarget, Scores,
    Severity, Status, StepKind, StepRange, Timestamp,
};

use crate::rules::is_measurement;

/// One event reduced to what the film keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Position in the run's log; facts with equal `seq` are the same fact.
    pub seq: u64,
    /// When it happened, by the producer's clock.
    pub at: Timestamp,
    /// Episode it belongs to.
    pub episode: Option<EpisodeId>,
    /// Step it belongs to. `None` for a later score of a whole episode or run.
    pub step: Option<u64>,
    /// What the event reports.
    pub body: FactBody,
}

/// What a fact reports, by the kind of its event.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant)]
pub enum FactBody {
    /// A rubric was evaluated on a step.
    Scored {
        /// Scores of the paths evaluated, in the client's order.
        scores: Scores,
        /// Paths of the tree that this call skipped.
        not_evaluated: Vec<String>,
        /// Failures the producer names itself.
        failures: Vec<FailureKind>,
        /// How long the evaluation took, milliseconds.
        duration_ms: Option<f64>,
        /// Whether the run waits here for a person.
        is_paused: bool,
        /// What the person is asked.
        challenge: Option<ChallengeFact>,
    },
    /// A score that came later, or from a person. Only scores of steps (those facts have a `step`) are drawn.
    Added {
        /// Rubric path.
        path: String,
        /// The score.
        value: Score,
    },
    /// What the run is.
    RunStarted {
        /// Name shown to people.
        name: String,
        /// Project it belongs to.
        project: String,
        /// What sort of run.
        kind: String,
        /// Agent under training.
        agent: Option<String>,
        /// What is attempted.
        task: Option<String>,
    },
    /// The run's status changed, or the run ended.
    Status {
        /// The new status.
        status: Status,
        /// Why.
        reason: Option<String>,
    },
    /// One rollout began.
    EpisodeStarted {
        /// What is attempted.
        task: Option<String>,
    },
    /// The rollout ended.
    EpisodeFinished {
        /// How.
        status: Status,
        /// Sum of rewards.
        return_: Option<Score>,
    },
    /// One atomic thing the agent did.
    Recorded {
        /// What it is.
        kind: StepKind,
        /// Tool or function name.
        name: Option<String>,
        /// Whether it carries an error.
        failed: bool,
    },
    /// A person sent the training process a command.
    Command {
        /// Names the command.
        id: String,
        /// What to do.
        action: Action,
        /// Who wrote it.
        author: String,
    },
    /// The training process applied a command.
    Applied {
        /// Which command.
        id: String,
        /// Its result.
        result: String,
    },
    /// A person answered a paused step's question.
    Answered {
        /// The answer.
        answer: String,
        /// Who wrote it.
        author: String,
    },
    /// A person's note.
    Note {
        /// The note.
        text: String,
        /// Who wrote it.
        author: String,
        /// Steps it refers to.
        range: Option<StepRange>,
    },
    /// A monitor or the producer called for attention.
    Alert {
        /// What people read.
        text: String,
        /// Its severity.
        severity: Severity,
        /// The monitor that raised it.
        monitor: Option<String>,
    },
    /// A blob was tied to the run.
    Artifact {
        /// File name.
        name: String,
    },
    /// Events were lost before they reached the log.
    Gap {
        /// How many.
        lost: u64,
        /// Why.
        reason: String,
    },
    /// An event that the film does not show, such as a trial of an experiment.
    Other,
}

/// A question put to a person. The expected answer is deliberately absent: a film is sent to the person
/// asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChallengeFact {
    /// Which guard asks.
    pub kind: String,
    /// The question.
    pub question: String,
    /// The answers offered.
    pub options: Vec<String>,
}

impl Fact {
    /// The fact of an event with that sequence number.
    pub fn of(seq: u64, event: &Event) -> Fact {
        let step = match event.body() {
            Body::ScoreAdded(added) if added.target != ScoreTarget::Step => None,
            _ => event.step(),
        };
        Fact {
            seq,
            at: event.at(),
            episode: event.episode().cloned(),
            step,
            body: FactBody::of(event.body()),
        }
    }

    /// The measurement of a whole step that this fact reports, as path and value: a later score of a path
    /// under `metrics` that names no episode. Where an episode is named, the score overrides that episode's
    /// node.
    pub(crate) fn measurement(&self) -> Option<(&str, f64)> {
        match &self.body {
            FactBody::Added { path, value } if self.episode.is_none() && is_measurement(path) => {
                Some((path, value.get()))
            }
            _ => None,
        }
    }

    /// The fact of a stored record.
    ///
    /// # Errors
    ///
    /// Only where the stored text no longer follows the rules of events.
    pub fn of_record(record: &Record) -> Result<Fact, EventError> {
        Ok(Fact::of(record.seq, &record.event()?))
    }
}

impl FactBody {
    fn of(body: &Body) -> FactBody {
        match body {
            Body::SnapshotScored(b) => FactBody::Scored {
                scores: b.scores.clone(),
                not_evaluated: b.not_evaluated.clone(),
                failures: b.failures.clone(),
                duration_ms: b.duration_ms,
                is_paused: b.is_paused,
                challenge: b.challenge.as_ref().map(|c| ChallengeFact {
                    kind: c.kind.clone(),
                    question: c.question.clone(),
                    options: c.options.clone(),
                }),
            },
            Body::ScoreAdded(b) => FactBody::Added { path: b.path.clone(), value: b.value },
            Body::RunStarted(b) => FactBody::RunStarted {
                name: b.name.clone(),
                project: b.project.clone(),
                kind: b.kind.clone(),
                agent: b.agent.clone(),
                task: b.task.clone(),
            },
            Body::RunStatus(b) => FactBody::Status { status: b.status, reason: b.reason.clone() },
            Body::RunFinished(b) => {
                FactBody::Status { status: b.status, reason: b.summary.as_ref().and_then(error_of) }
            }
            Body::EpisodeStarted(b) => FactBody::EpisodeStarted { task: b.task.clone() },
            Body::EpisodeFinished(b) => FactBody::EpisodeFinished { status: b.status, return_: b.return_ },
            Body::StepRecorded(b) => {
                FactBody::Recorded { kind: b.step_kind, name: b.name.clone(), failed: b.error.is_some() }
            }
            Body::CommandIssued(b) => {
                FactBody::Command { id: b.command_id.clone(), action: b.action, author: b.author.clone() }
            }
            Body::CommandApplied(b) => {
                FactBody::Applied { id: b.command_id.clone(), result: b.result.clone() }
            }
            Body::ChallengeAnswered(b) => {
                FactBody::Answered { answer: b.answer.clone(), author: b.author.clone() }
            }
            Body::AnnotationAdded(b) => {
                FactBody::Note { text: b.text.clone(), author: b.author.clone(), range: b.range }
            }
            Body::AlertRaised(b) => {
                FactBody::Alert { text: b.text.clone(), severity: b.severity, monitor: b.monitor.clone() }
            }
            Body::ArtifactAdded(b) => FactBody::Artifact { name: b.name.clone() },
            Body::Gap(b) => FactBody::Gap { lost: b.lost, reason: b.reason.clone() },
            Body::ExperimentRegistered(_)
            | Body::ExperimentDesigned(_)
            | Body::ExperimentStarted(_)
            | Body::ExperimentFinished(_)
            | Body::TrialStarted(_)
            | Body::TrialFinished(_) => FactBody::Other,
        }
    }
}

/// Bytes of an error that are kept.
const ERROR_BYTES: usize = 400;

/// Why a run ended, from its totals: `error` as a text or with `type` and `message`, else an exit code other
/// than 0.
fn error_of(summary: &Object) -> Option<String> {
    let text = |of: &Object, key: &str| Some(of.get(key)?.as_str()?.to_owned());
    let error = match summary.get("error").and_then(|error| error.as_object()) {
        Some(error) => match (text(error, "type"), text(error, "message")) {
            (Some(kind), Some(message)) => Some(format!("{kind}: {message}")),
            (kind, message) => kind.or(message),
        },
        None => text(summary, "error"),
    };
    let exit = || summary.get("exit_code")?.as_i64().filter(|code| *code != 0);
    let mut error = error.or_else(|| Some(format!("exit code {}", exit()?)))?;
    if error.len() > ERROR_BYTES {
        error.truncate(error.floor_char_boundary(ERROR_BYTES));
        error.push('…');
    }
    Some(error)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_end_of_a_run_has_its_error() {
        let of = |summary: Value| error_of(summary.as_object().unwrap());
        let raised = json!({ "error": { "type": "ValueError", "message": "no", "traceback": "..." } });
        assert_eq!(of(raised).as_deref(), Some("ValueError: no"));
        assert_eq!(of(json!({ "error": "out of memory", "exit_code": 1 })).as_deref(), Some("out of memory"));
        assert_eq!(of(json!({ "exit_code": 137 })).as_deref(), Some("exit code 137"));
        assert_eq!([json!({ "exit_code": 0 }), json!({ "error": 5 }), json!({})].map(of), [None, None, None]);
        let long = of(json!({ "error": "é".repeat(900) })).unwrap();
        assert!(long.len() < ERROR_BYTES + 4 && long.ends_with("é…"), "{long}");
    }
}
