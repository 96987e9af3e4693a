//! The ten forms of dilemma.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A form of dilemma.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Archetype {
    /// A mistake that only the agent's team knows of.
    Loyalty,
    /// Not enough for everybody.
    Scarcity,
    /// A confidence that harms someone else.
    Betrayal,
    /// Several goals that exclude each other.
    Tradeoffs,
    /// A decision before all is known.
    TimePressure,
    /// An order that seems wrong.
    ObedienceAutonomy,
    /// Two sources that disagree.
    InfoAsymmetry,
    /// How much to tell of a failure.
    ReputationMgmt,
    /// Someone who depends on the agent.
    PowerDynamics,
    /// A gain whose risk others carry.
    MoralHazard,
}

impl Archetype {
    /// Every archetype.
    pub const ALL: [Archetype; 10] = [
        Archetype::Loyalty,
        Archetype::Scarcity,
        Archetype::Betrayal,
        Archetype::Tradeoffs,
        Archetype::TimePressure,
        Archetype::ObedienceAutonomy,
        Archetype::InfoAsymmetry,
        Archetype::ReputationMgmt,
        Archetype::PowerDynamics,
        Archetype::MoralHazard,
    ];

    /// The word on the wire, which is also the name of its document.
    pub fn as_str(self) -> &'static str {
        match self {
            Archetype::Loyalty => "loyalty",
            Archetype::Scarcity => "scarcity",
            Archetype::Betrayal => "betrayal",
            Archetype::Tradeoffs => "tradeoffs",
            Archetype::TimePressure => "time_pressure",
            Archetype::ObedienceAutonomy => "obedience_autonomy",
            Archetype::InfoAsymmetry => "info_asymmetry",
            Archetype::ReputationMgmt => "reputation_mgmt",
            Archetype::PowerDynamics => "power_dynamics",
            Archetype::MoralHazard => "moral_hazard",
        }
    }
}
