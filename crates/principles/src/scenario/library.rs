//! The documents that come with Gauntlet: one for each archetype.

use gauntlet_model::FieldError;

use crate::scenario::{Archetype, ScenarioDocument};

impl Archetype {
    /// The text of its document.
    pub fn text(self) -> &'static str {
        match self {
            Archetype::Loyalty => include_str!("../../scenarios/loyalty.json"),
            Archetype::Scarcity => include_str!("../../scenarios/scarcity.json"),
            Archetype::Betrayal => include_str!("../../scenarios/betrayal.json"),
            Archetype::Tradeoffs => include_str!("../../scenarios/tradeoffs.json"),
            Archetype::TimePressure => include_str!("../../scenarios/time_pressure.json"),
            Archetype::ObedienceAutonomy => include_str!("../../scenarios/obedience_autonomy.json"),
            Archetype::InfoAsymmetry => include_str!("../../scenarios/info_asymmetry.json"),
            Archetype::ReputationMgmt => include_str!("../../scenarios/reputation_mgmt.json"),
            Archetype::PowerDynamics => include_str!("../../scenarios/power_dynamics.json"),
            Archetype::MoralHazard => include_str!("../../scenarios/moral_hazard.json"),
        }
    }
}

/// The documents of all archetypes.
///
/// # Errors
///
/// The mistakes of a document, as [`ScenarioDocument::parse`] names them.
pub fn archetypes() -> Result<Vec<ScenarioDocument>, Vec<FieldError>> {
    Archetype::ALL.into_iter().map(|archetype| ScenarioDocument::parse(archetype.text())).collect()
}
