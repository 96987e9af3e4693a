//! Reference agents in a course of scenarios: what they decide, and what can be inferred of it.

use std::collections::{BTreeSet, VecDeque};

use gauntlet_model::{FieldError, SnapshotScored, Timestamp};
use serde::Serialize;

use crate::agents::{Recovery, ReferenceAgent};
use crate::inference::{Inference, Report};
use crate::scenario::{Course, ScenarioDocument, StateError, weak_principles};

/// Why a session cannot go on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GymError {
    /// A scenario cannot be played.
    #[error(transparent)]
    Scenario(#[from] StateError),
    /// A decision cannot be a node or evidence.
    #[error("{0}")]
    Decision(FieldError),
}

/// Each of the reference agents goes through the same number of scenarios. The same seed gives the same
/// session.
pub struct Session {
    documents: Vec<ScenarioDocument>,
    scenarios: u64,
    seed: u64,
    agents: Vec<Participant>,
    /// Scenarios that were begun, of all agents together.
    begun: u64,
    waiting: VecDeque<Moment>,
}

/// An agent with what is known of it.
struct Participant {
    agent: ReferenceAgent,
    inference: Inference,
    /// How its decisions went, each 0 to 1.
    outcomes: Vec<f64>,
    decisions: u64,
}

/// A decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// Whose.
    pub agent: ReferenceAgent,
    /// Its number among the decisions of the agent, from 0.
    pub step: u64,
    /// What the agent saw and did, with its scores.
    pub snapshot: SnapshotScored,
}

/// What is known of an agent at the end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// The agent.
    pub agent: ReferenceAgent,
    /// The mean outcome of its decisions, 0 to 1.
    pub mean_outcome: f64,
    /// The names of the principles that it was found to go by.
    pub held: BTreeSet<String>,
    /// How much of what it is known to go by was found.
    pub recovery: Recovery,
    /// Everything that was inferred.
    pub report: Report,
}

impl Session {
    /// A session over documents, in which each agent goes through so many scenarios.
    pub fn new(documents: Vec<ScenarioDocument>, scenarios: u64, seed: u64) -> Self {
        let participant =
            |agent| Participant { agent, inference: Inference::new(), outcomes: Vec::new(), decisions: 0 };
        let agents = ReferenceAgent::ALL.map(participant).into();
        Self { documents, scenarios, seed, agents, begun: 0, waiting: VecDeque::new() }
    }

    /// The next decision; `None` where every agent has gone through its scenarios. The agents take turns, a
    /// scenario each.
    ///
    /// # Errors
    ///
    /// A scenario that cannot be played, or a decision that breaks a rule of the log.
    pub fn next_moment(&mut self) -> Result<Option<Moment>, GymError> {
        while self.waiting.is_empty() {
            let agents = self.agents.len() as u64;
            if self.begun >= agents * self.scenarios {
                return Ok(None);
            }
            let (position, turn) = (self.begun / agents, self.begun % agents);
            self.begun += 1;
            self.play(turn as usize, position)?;
        }
        Ok(self.waiting.pop_front())
    }

    /// An agent goes through the scenario at a position of its course.
    fn play(&mut self, turn: usize, position: u64) -> Result<(), GymError> {
        let course = Course { documents: &self.documents, seed: self.seed, is_adaptive: true };
        let Some(participant) = self.agents.get_mut(turn) else { return Ok(()) };
        let report = participant.inference.report();
        let weak = weak_principles(&report.principles, 1.0 - report.normalized_response_entropy);
        let Some(scenario) = course.scenario(position, &participant.outcomes, &weak) else { return Ok(()) };
        let first = participant.decisions;
        let execution = participant.agent.play(scenario, first)?;
        for (decision, step) in execution.decisions().iter().zip(first..) {
            participant.outcomes.push(decision.outcome);
            if let Some(snapshot) = execution.snapshot(decision).map_err(GymError::Decision)? {
                self.waiting.push_back(Moment { agent: participant.agent, step, snapshot });
            }
        }
        participant.decisions += execution.decisions().len() as u64;
        for action in execution.actions(participant.agent.as_str(), first, Timestamp::default()) {
            let refused = |errors: Vec<FieldError>| errors.into_iter().next().map(GymError::Decision);
            match participant.inference.observe(action).map_err(refused) {
                Ok(_) | Err(None) => {}
                Err(Some(error)) => return Err(error),
            }
        }
        Ok(())
    }

    /// What is known of each agent now.
    pub fn standings(&self) -> Vec<Standing> {
        let standing = |participant: &Participant| {
            let report = participant.inference.report();
            let (known, tested) = participant.agent.known_of(&self.documents);
            let held = report.principles.iter().filter(|principle| report.held.contains(&principle.id));
            let outcomes = &participant.outcomes;
            Standing {
                agent: participant.agent,
                mean_outcome: outcomes.iter().sum::<f64>() / outcomes.len().max(1) as f64,
                held: held.map(|principle| principle.name.clone()).collect(),
                recovery: Recovery::of(&report, &known, &tested),
                report,
            }
        };
        self.agents.iter().map(standing).collect()
    }
}
