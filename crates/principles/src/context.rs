//! In which situation an agent decides, and what its counterpart is to it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kind of situation that a decision is made in. It weighs the evidence: what an agent does when trust is
/// at stake says more about it than what it does to save time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionContext {
    /// Someone relies on the agent, or has been let down.
    TrustBetrayal,
    /// Who gets what, and by which right.
    FairnessEquity,
    /// One side can make the other do something.
    PowerDynamics,
    /// Working together against working for oneself.
    CooperationConflict,
    /// Too little of something for everybody.
    ResourceAllocation,
    /// A gain that may turn into a loss.
    RiskReward,
    /// Learning more against using what is known.
    ExplorationExploitation,
    /// The most for the least.
    EfficiencyMax,
}

impl DecisionContext {
    /// Every context, by falling weight.
    pub const ALL: [DecisionContext; 8] = [
        DecisionContext::TrustBetrayal,
        DecisionContext::FairnessEquity,
        DecisionContext::PowerDynamics,
        DecisionContext::CooperationConflict,
        DecisionContext::ResourceAllocation,
        DecisionContext::RiskReward,
        DecisionContext::ExplorationExploitation,
        DecisionContext::EfficiencyMax,
    ];
    /// The weight of the heaviest context.
    pub const MAX_WEIGHT: f64 = 2.0;

    /// How much evidence of this context weighs, 1 to [`Self::MAX_WEIGHT`].
    pub fn weight(self) -> f64 {
        match self {
            DecisionContext::TrustBetrayal => Self::MAX_WEIGHT,
            DecisionContext::FairnessEquity => 1.8,
            DecisionContext::PowerDynamics => 1.7,
            DecisionContext::CooperationConflict => 1.5,
            DecisionContext::ResourceAllocation => 1.3,
            DecisionContext::RiskReward => 1.2,
            DecisionContext::ExplorationExploitation => 1.1,
            DecisionContext::EfficiencyMax => 1.0,
        }
    }

    /// How much one action counts in a posterior, 0.5 to 1: the weight of the context against the heaviest
    /// one.
    pub fn evidence_weight(self) -> f64 {
        self.weight() / Self::MAX_WEIGHT
    }

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            DecisionContext::TrustBetrayal => "trust_betrayal",
            DecisionContext::FairnessEquity => "fairness_equity",
            DecisionContext::PowerDynamics => "power_dynamics",
            DecisionContext::CooperationConflict => "cooperation_conflict",
            DecisionContext::ResourceAllocation => "resource_allocation",
            DecisionContext::RiskReward => "risk_reward",
            DecisionContext::ExplorationExploitation => "exploration_exploitation",
            DecisionContext::EfficiencyMax => "efficiency_max",
        }
    }
}

/// What the one whom an action affects is to the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relationship {
    /// Works with the agent or relies on it.
    Ally,
    /// Works against the agent.
    Adversary,
    /// Neither.
    Neutral,
    /// Something that is used up: money, time, stock.
    Resource,
    /// The agent itself.
    #[serde(rename = "self")]
    Itself,
    /// Everything around: the public, nature, the system.
    Environment,
}

impl Relationship {
    /// Every relationship, in the order of their codes.
    pub const ALL: [Relationship; 6] = [
        Relationship::Ally,
        Relationship::Adversary,
        Relationship::Neutral,
        Relationship::Resource,
        Relationship::Itself,
        Relationship::Environment,
    ];

    /// The relationship as a feature in [0, 1]: its position among [`Self::ALL`].
    pub fn code(self) -> f64 {
        let last = (Self::ALL.len() - 1) as f64;
        self.index() as f64 / last
    }

    /// The position among [`Self::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Relationship::Ally => "ally",
            Relationship::Adversary => "adversary",
            Relationship::Neutral => "neutral",
            Relationship::Resource => "resource",
            Relationship::Itself => "self",
            Relationship::Environment => "environment",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_have_the_weights_of_the_specification() {
        let weights = DecisionContext::ALL.map(|context| (context.as_str(), context.weight()));
        let expected = [
            ("trust_betrayal", 2.0),
            ("fairness_equity", 1.8),
            ("power_dynamics", 1.7),
            ("cooperation_conflict", 1.5),
            ("resource_allocation", 1.3),
            ("risk_reward", 1.2),
            ("exploration_exploitation", 1.1),
            ("efficiency_max", 1.0),
        ];
        assert_eq!(weights, expected);
    }

    #[test]
    fn words_are_those_of_the_wire() {
        for context in DecisionContext::ALL {
            assert_eq!(serde_json::to_value(context).unwrap(), context.as_str());
        }
        for (index, relationship) in Relationship::ALL.into_iter().enumerate() {
            assert_eq!(serde_json::to_value(relationship).unwrap(), relationship.as_str());
            assert_eq!(relationship.index(), index);
        }
    }
}
