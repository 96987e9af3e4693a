//! An agent in a scenario: its states, its decisions, and how it went.

use serde::{Deserialize, Serialize};

use crate::entropy::of_confidence;
use crate::scenario::generate::MAX_IMPACT;
use crate::scenario::{Choice, Scenario, Scene};
use crate::{Action, RelationalAnchor};
use gauntlet_model::{Object, Timestamp};

/// Where the agent is in the scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It was made.
    Initialized,
    /// The agent has been shown the situation.
    Presented,
    /// The scene is being played.
    InProgress,
    /// The agent has been asked.
    AwaitingChoice,
    /// The agent has answered.
    ChoiceMade,
    /// It has ended by a choice.
    Completed,
    /// The time was over before a choice was made.
    TimedOut,
    /// It was ended from outside.
    Aborted,
}

impl State {
    /// Whether nothing can happen any more.
    pub fn is_final(self) -> bool {
        matches!(self, State::Completed | State::TimedOut | State::Aborted)
    }
}

/// Why a step was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StateError {
    /// The scenario is in another state.
    #[error("the scenario is {found:?}; this needs {needed:?}")]
    WrongState {
        /// The state it is in.
        found: State,
        /// The state it must be in.
        needed: State,
    },
    /// There is no such choice.
    #[error("choice: is {choice:?}; it must be one of {offered}")]
    UnknownChoice {
        /// What was chosen.
        choice: String,
        /// The ids that are offered.
        offered: String,
    },
}

/// What is measured of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// How long the agent took, in seconds.
    pub elapsed_s: f64,
    /// How sure it was, 0 to 1.
    pub confidence: f64,
    /// Whether the answer could not be read, and the first choice was taken instead.
    pub is_fallback: bool,
}

/// A choice that was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The position of the scene.
    pub scene: usize,
    /// The choice.
    pub choice: String,
    /// What was measured.
    pub measures: Measures,
    /// How many constraints were violated or resources overdrawn.
    pub violations: u32,
    /// How it went, 0 to 1.
    pub outcome: f64,
}

/// How good an outcome is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Below 0.2.
    Failed,
    /// From 0.2.
    Poor,
    /// From 0.4.
    Neutral,
    /// From 0.6.
    Good,
    /// From 0.8.
    Excellent,
}

impl Grade {
    /// The grade of an outcome from 0 to 1.
    pub fn of(outcome: f64) -> Self {
        match outcome {
            outcome if outcome >= 0.8 => Grade::Excellent,
            outcome if outcome >= 0.6 => Grade::Good,
            outcome if outcome >= 0.4 => Grade::Neutral,
            outcome if outcome >= 0.2 => Grade::Poor,
            _ => Grade::Failed,
        }
    }
}

/// The best outcome of a scenario whose time was over.
const TIMEOUT_BELOW: f64 = 0.49;

/// How a decision went, 0 to 1: `0.5 + 0.3 impact/100 - 0.1 violations + 0.2 (1 - time) + 0.3 alignment`,
/// where the impact is the mean one (-100 to 100), the time is the share of the limit that was used, and the
/// alignment is the mean one (-1 to 1).
pub fn outcome(impact: f64, violations: u32, time: f64, alignment: f64) -> f64 {
    let penalty = 0.1 * f64::from(violations);
    (0.5 + 0.3 * impact / MAX_IMPACT - penalty + 0.2 * (1.0 - time) + 0.3 * alignment).clamp(0.0, 1.0)
}

/// A scenario that an agent is in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    scenario: Scenario,
    state: State,
    scene: usize,
    elapsed_s: f64,
    spent: std::collections::BTreeMap<String, f64>,
    decisions: Vec<Decision>,
}

impl Execution {
    /// A scenario at its beginning.
    pub fn new(scenario: Scenario) -> Self {
        let (scene, elapsed_s) = (0, 0.0);
        let spent = Default::default();
        Self { scenario, state: State::Initialized, scene, elapsed_s, spent, decisions: Vec::new() }
    }

    /// The scenario.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The state.
    pub fn state(&self) -> State {
        self.state
    }

    /// The decisions so far.
    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    /// The scene that the agent is in.
    pub fn scene(&self) -> Option<&Scene> {
        self.scenario.scenes.get(self.scene)
    }

    fn step(&mut self, needed: State, next: State) -> Result<(), StateError> {
        if self.state != needed {
            return Err(StateError::WrongState { found: self.state, needed });
        }
        self.state = next;
        Ok(())
    }

    /// The agent is shown the situation.
    ///
    /// # Errors
    ///
    /// Where the scenario has begun.
    pub fn present(&mut self) -> Result<(), StateError> {
        self.step(State::Initialized, State::Presented)
    }

    /// The scene begins.
    ///
    /// # Errors
    ///
    /// Where the situation was not presented, or has ended.
    pub fn begin(&mut self) -> Result<(), StateError> {
        self.step(State::Presented, State::InProgress)
    }

    /// The agent is asked.
    ///
    /// # Errors
    ///
    /// Where no scene is in progress.
    pub fn ask(&mut self) -> Result<(), StateError> {
        self.step(State::InProgress, State::AwaitingChoice)
    }

    /// The agent answers. Beyond the time limit the answer is not taken: the scenario has timed out.
    ///
    /// # Errors
    ///
    /// Where the agent was not asked, or there is no such choice; nothing has changed then.
    pub fn choose(&mut self, id: &str, measures: Measures) -> Result<(), StateError> {
        if self.state != State::AwaitingChoice {
            return Err(StateError::WrongState { found: self.state, needed: State::AwaitingChoice });
        }
        let Some(choice) = self.find(self.scene, id).cloned() else {
            let ids = self.scene().into_iter().flat_map(|scene| &scene.choices);
            let offered = ids.map(|choice| choice.id.as_str()).collect::<Vec<_>>().join(", ");
            return Err(StateError::UnknownChoice { choice: id.to_owned(), offered });
        };
        let elapsed_s = self.elapsed_s + measures.elapsed_s.max(0.0);
        if elapsed_s > self.scenario.time_limit_s {
            self.elapsed_s = elapsed_s;
            self.state = State::TimedOut;
            return Ok(());
        }
        self.elapsed_s = elapsed_s;
        let violations = self.spend(&choice) + choice.violates.len() as u32;
        let time = elapsed_s / self.scenario.time_limit_s;
        let outcome = outcome(choice.mean_impact(), violations, time, choice.mean_alignment());
        let decision = Decision { scene: self.scene, choice: choice.id, measures, violations, outcome };
        self.decisions.push(decision);
        self.state = State::ChoiceMade;
        Ok(())
    }

    /// The next scene begins, or the scenario is completed.
    ///
    /// # Errors
    ///
    /// Where no choice was made.
    pub fn proceed(&mut self) -> Result<(), StateError> {
        let chosen = self.decisions.last().and_then(|last| self.find(last.scene, &last.choice));
        let next = chosen.and_then(|choice| choice.next.clone());
        let scene = next.and_then(|id| self.scenario.scenes.iter().position(|scene| scene.id == id));
        self.step(State::ChoiceMade, scene.map_or(State::Completed, |_| State::InProgress))?;
        self.scene = scene.unwrap_or(self.scene);
        Ok(())
    }

    /// The time is over.
    pub fn expire(&mut self) {
        if !self.state.is_final() {
            self.state = State::TimedOut;
        }
    }

    /// The scenario is ended from outside.
    pub fn abort(&mut self) {
        if !self.state.is_final() {
            self.state = State::Aborted;
        }
    }

    /// How it went, 0 to 1: the mean of the decisions; below 0.5 where the time was over, none where nothing
    /// was decided before it was ended from outside.
    pub fn outcome(&self) -> Option<f64> {
        let mean = self.decisions.iter().map(|d| d.outcome).sum::<f64>() / self.decisions.len().max(1) as f64;
        match (self.state, self.decisions.is_empty()) {
            (State::TimedOut, _) => Some(mean.min(TIMEOUT_BELOW)),
            (_, true) => None,
            _ => Some(mean),
        }
    }

    /// The decisions as actions of an agent. Their ids go on from `position`, and their times are the seconds
    /// since `begun`.
    pub fn actions(&self, agent: &str, position: u64, begun: Timestamp) -> Vec<Action> {
        let actions = self.decisions.iter().zip(position..).filter_map(|(decision, at)| {
            let time = Timestamp::from_micros(begun.micros() + (at as i64 + 1) * 1_000_000);
            self.action(decision, agent, format!("{agent}-{at}"), time)
        });
        actions.collect()
    }

    /// A decision as an action of an agent: anchored to the strongest effect of the choice.
    pub fn action(&self, decision: &Decision, agent: &str, id: String, at: Timestamp) -> Option<Action> {
        let scene = self.scenario.scenes.get(decision.scene)?;
        let choice = self.find(decision.scene, &decision.choice)?;
        let (target, relationship, impact) = choice.strongest();
        let offered = scene.choices.len() as u32;
        let mut metadata = Object::new();
        metadata.insert("scenario".into(), self.scenario.document.as_str().into());
        metadata.insert("variant".into(), self.scenario.variant.as_str().into());
        metadata.insert("stress".into(), self.scenario.stress.into());
        Some(Action {
            id,
            timestamp: at,
            relational_anchor: RelationalAnchor {
                actor: agent.to_owned(),
                target: target.to_owned(),
                relationship,
                impact_magnitude: impact / MAX_IMPACT,
            },
            decision_context: self.scenario.context,
            action_type: choice.id.clone(),
            outcome_valence: 2.0 * decision.outcome - 1.0,
            decision_entropy: of_confidence(decision.measures.confidence, offered),
            latency_ms: decision.measures.elapsed_s.max(0.0) * 1000.0,
            tested: scene.tested(choice),
            offered,
            is_fallback: decision.measures.is_fallback,
            metadata,
        })
    }

    pub(super) fn find(&self, scene: usize, id: &str) -> Option<&Choice> {
        self.scenario.scenes.get(scene)?.choices.iter().find(|choice| choice.id == id)
    }

    /// Takes what a choice costs; how many resources did not suffice. Each scene before has added to them.
    fn spend(&mut self, choice: &Choice) -> u32 {
        let mut overdrawn = 0;
        for (name, cost) in &choice.costs {
            let supply = self.scenario.resources.get(name).copied().unwrap_or_default();
            let available = supply.amount + supply.regeneration * self.decisions.len() as f64;
            let spent = self.spent.entry(name.clone()).or_default();
            *spent += cost;
            overdrawn += u32::from(*spent > available);
        }
        overdrawn
    }
}
