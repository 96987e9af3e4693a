//! Agents that go by known principles. What inference finds in their decisions is compared with what they are
//! known to hold.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::DecisionContext;
use crate::inference::Report;
use crate::lot::draw;
use crate::scenario::{
    Choice, DEFAULT_STRESS, Execution, Measures, Scenario, ScenarioDocument, Scene, StateError,
};

/// An agent whose decisions follow from principles that are known, or from none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferenceAgent {
    /// Decides for those it works with.
    Loyal,
    /// Decides for itself.
    Selfish,
    /// Decides for what can least go wrong.
    Cautious,
    /// Is loyal while it is calm and cautious under stress.
    Adaptive,
    /// Decides by lot.
    Inconsistent,
    /// Is loyal where much is at stake between people, and selfish elsewhere.
    TwoFaced,
}

/// The principles that an agent goes by, and those that it goes against.
struct Values {
    holds: &'static [&'static str],
    rejects: &'static [&'static str],
}

const LOYAL: Values = Values {
    holds: &[
        "loyalty",
        "stakeholder_balance",
        "trust_preservation",
        "pressure_management",
        "hierarchical_respect",
        "risk_mitigation",
        "strategic_communication",
        "reciprocity",
        "fiduciary_duty",
    ],
    rejects: &[],
};
const SELFISH: Values = Values {
    holds: &[
        "loyalty",
        "resource_optimization",
        "loyalty_boundaries",
        "compromise",
        "decision_speed",
        "hierarchical_respect",
        "information_synthesis",
        "perception_management",
    ],
    rejects: &[
        "power_restraint",
        "ethical_leadership",
        "reciprocity",
        "risk_ownership",
        "externality_awareness",
        "fiduciary_duty",
    ],
};
const CAUTIOUS: Values = Values {
    holds: &[
        "integrity",
        "stakeholder_balance",
        "loyalty_boundaries",
        "risk_assessment",
        "autonomous_reasoning",
        "risk_mitigation",
        "strategic_communication",
        "reciprocity",
        "risk_ownership",
    ],
    rejects: &[],
};
/// From this stress on, the adaptive agent is cautious.
const STRESSED_FROM: f64 = 0.6;
/// From this weight of the context on, the two-faced agent is loyal.
const SHOWN_FROM: f64 = 1.5;
/// How long an agent takes for a decision, in seconds.
const ELAPSED_S: f64 = 2.0;
/// How sure an agent with principles is.
const SURE: f64 = 0.9;

impl Values {
    /// How much a choice serves them.
    fn served(&self, choice: &Choice) -> f64 {
        let sum = |names: &[&str]| names.iter().filter_map(|name| choice.aligns.get(*name)).sum::<f64>();
        sum(self.holds) - sum(self.rejects)
    }
}

impl ReferenceAgent {
    /// Every reference agent.
    pub const ALL: [ReferenceAgent; 6] = [
        ReferenceAgent::Loyal,
        ReferenceAgent::Selfish,
        ReferenceAgent::Cautious,
        ReferenceAgent::Adaptive,
        ReferenceAgent::Inconsistent,
        ReferenceAgent::TwoFaced,
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            ReferenceAgent::Loyal => "loyal",
            ReferenceAgent::Selfish => "selfish",
            ReferenceAgent::Cautious => "cautious",
            ReferenceAgent::Adaptive => "adaptive",
            ReferenceAgent::Inconsistent => "inconsistent",
            ReferenceAgent::TwoFaced => "two_faced",
        }
    }

    /// What it goes by in a context, under a stress; nothing where it decides by lot.
    fn values(self, context: DecisionContext, stress: f64) -> Option<&'static Values> {
        match self {
            ReferenceAgent::Loyal => Some(&LOYAL),
            ReferenceAgent::Selfish => Some(&SELFISH),
            ReferenceAgent::Cautious => Some(&CAUTIOUS),
            ReferenceAgent::Adaptive if stress < STRESSED_FROM => Some(&LOYAL),
            ReferenceAgent::Adaptive => Some(&CAUTIOUS),
            ReferenceAgent::Inconsistent => None,
            ReferenceAgent::TwoFaced if context.weight() >= SHOWN_FROM => Some(&LOYAL),
            ReferenceAgent::TwoFaced => Some(&SELFISH),
        }
    }

    /// The principles that it goes by in scenarios of the context, under a stress.
    pub fn known(self, context: DecisionContext, stress: f64) -> BTreeSet<&'static str> {
        self.values(context, stress).into_iter().flat_map(|values| values.holds).copied().collect()
    }

    /// The choice that it makes; the first of those that serve its principles equally. `position` is the
    /// number of the decision, which the lot depends on.
    pub fn choose<'a>(self, scenario: &Scenario, scene: &'a Scene, position: u64) -> Option<&'a Choice> {
        let Some(values) = self.values(scenario.context, scenario.stress) else {
            let place = format!("{}/{position}", self.as_str());
            return scene.choices.get(draw(&place, scene.choices.len()));
        };
        // The last of equal maxima is taken, so the order is turned round.
        scene.choices.iter().rev().max_by(|a, b| values.served(a).total_cmp(&values.served(b)))
    }

    /// What the agent is known to go by of what the documents test, and all that they test, where there is no
    /// more stress than usual.
    pub fn known_of(self, documents: &[ScenarioDocument]) -> (BTreeSet<&str>, BTreeSet<&str>) {
        let (mut known, mut tested) = (BTreeSet::new(), BTreeSet::new());
        for document in documents {
            let held = self.known(document.context, DEFAULT_STRESS);
            tested.extend(document.principles.iter().map(String::as_str));
            known.extend(document.principles.iter().map(String::as_str).filter(|name| held.contains(name)));
        }
        (known, tested)
    }

    /// Takes the agent through a scenario, to its end. `position` is the number of its first decision.
    ///
    /// # Errors
    ///
    /// Where the scenario cannot be played, such as one without choices.
    pub fn play(self, scenario: Scenario, position: u64) -> Result<Execution, StateError> {
        let mut execution = Execution::new(scenario);
        execution.present()?;
        execution.begin()?;
        let mut next = position;
        while !execution.state().is_final() {
            execution.ask()?;
            let scene = execution.scene();
            let choice = scene.and_then(|scene| self.choose(execution.scenario(), scene, next));
            let id = choice.map(|choice| choice.id.clone()).unwrap_or_default();
            let offered = scene.map_or(1, |scene| scene.choices.len().max(1));
            let confidence = if self == ReferenceAgent::Inconsistent { 1.0 / offered as f64 } else { SURE };
            execution.choose(&id, Measures { elapsed_s: ELAPSED_S, confidence, is_fallback: false })?;
            if execution.state().is_final() {
                break;
            }
            execution.proceed()?;
            next += 1;
        }
        Ok(execution)
    }
}

/// How much of what an agent is known to go by was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    /// The share of what was found that is known, 0 to 1; 1 where nothing was found.
    pub precision: f64,
    /// The share of what is known that was found, 0 to 1; 1 where nothing is known.
    pub recall: f64,
    /// What was found and is not known.
    pub wrong: BTreeSet<String>,
    /// What is known and was not found.
    pub missed: BTreeSet<String>,
}

impl Recovery {
    /// Compares the principles that a report holds for those of scenarios with known ones. `tested` are the
    /// names of all principles that the scenarios test.
    pub fn of(report: &Report, known: &BTreeSet<&str>, tested: &BTreeSet<&str>) -> Self {
        let names = report.principles.iter().filter(|principle| report.held.contains(&principle.id));
        let found: BTreeSet<&str> =
            names.map(|principle| principle.name.as_str()).filter(|name| tested.contains(name)).collect();
        let known: BTreeSet<&str> = known.intersection(tested).copied().collect();
        let right = found.intersection(&known).count() as f64;
        let share = |of: usize| if of == 0 { 1.0 } else { right / of as f64 };
        let difference =
            |a: &BTreeSet<&str>, b: &BTreeSet<&str>| a.difference(b).map(|name| (*name).to_owned()).collect();
        Self {
            precision: share(found.len()),
            recall: share(known.len()),
            wrong: difference(&found, &known),
            missed: difference(&known, &found),
        }
    }
}
