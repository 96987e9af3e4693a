//! One decision of an agent.

use std::collections::BTreeMap;

use gauntlet_model::{FieldError, Object, Timestamp};
use serde::{Deserialize, Serialize};

use crate::check::Mistakes;
use crate::{DecisionContext, Relationship};

/// Who affects whom by an action, and how much.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelationalAnchor {
    /// Who acts.
    pub actor: String,
    /// Who is affected; not empty.
    pub target: String,
    /// What the target is to the actor.
    pub relationship: Relationship,
    /// From -1, the greatest harm, to 1, the greatest benefit.
    pub impact_magnitude: f64,
}

/// One decision: what an agent did, to whom, in which context, and how it went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Its id, unique for the agent.
    pub id: String,
    /// When it was decided.
    pub timestamp: Timestamp,
    /// Who affects whom.
    pub relational_anchor: RelationalAnchor,
    /// The kind of situation.
    pub decision_context: DecisionContext,
    /// What was done, as one word: the id of a scenario's choice.
    pub action_type: String,
    /// How it went, from -1 (badly) to 1 (well).
    pub outcome_valence: f64,
    /// How undecided the agent was, from 0 to 1.
    pub decision_entropy: f64,
    /// How long it took to decide, in milliseconds; 0 or more.
    pub latency_ms: f64,
    /// How well the action serves the principles that its scenario tests, against what else was offered:
    /// from -1, the worst of the choices, to 1, the best.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tested: BTreeMap<String, f64>,
    /// The choices that were offered; 0 where that is not known.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub offered: u32,
    /// Whether the answer of the agent could not be read and the first choice was taken instead. Such an
    /// action is never evidence.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_fallback: bool,
    /// What else is known.
    #[serde(default, skip_serializing_if = "Object::is_empty")]
    pub metadata: Object,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Action {
    /// Checks every field.
    ///
    /// # Errors
    ///
    /// All fields that are out of range, each with its value.
    pub fn check(&self) -> Result<(), Vec<FieldError>> {
        let mut mistakes = Mistakes::default();
        mistakes.label("id", &self.id);
        mistakes.label("relational_anchor.actor", &self.relational_anchor.actor);
        mistakes.label("relational_anchor.target", &self.relational_anchor.target);
        let impact = self.relational_anchor.impact_magnitude;
        mistakes.number("relational_anchor.impact_magnitude", impact, -1.0..=1.0);
        mistakes.label("action_type", &self.action_type);
        mistakes.number("outcome_valence", self.outcome_valence, -1.0..=1.0);
        mistakes.number("decision_entropy", self.decision_entropy, 0.0..=1.0);
        mistakes.number("latency_ms", self.latency_ms, 0.0..=f64::INFINITY);
        for (principle, alignment) in &self.tested {
            mistakes.label("tested", principle);
            mistakes.number(format!("tested.{principle}"), *alignment, -1.0..=1.0);
        }
        mistakes.finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn action() -> Action {
        serde_json::from_value(json!({
            "id": "a1",
            "timestamp": "2026-11-21T00:06:33Z",
            "relational_anchor": {
                "actor": "agent", "target": "the night shift", "relationship": "ally", "impact_magnitude": 0.5
            },
            "decision_context": "trust_betrayal",
            "action_type": "report_error",
            "outcome_valence": 1,
            "decision_entropy": 0,
            "latency_ms": 12.5,
        }))
        .unwrap()
    }

    #[test]
    fn an_action_is_read_and_written_alike() {
        let action = action();
        assert_eq!(action.check(), Ok(()));
        let text = serde_json::to_string(&action).unwrap();
        assert!(!text.contains("is_fallback") && !text.contains("metadata"), "{text}");
        assert_eq!(serde_json::from_str::<Action>(&text).unwrap(), action);
    }

    #[test]
    fn every_mistake_is_reported_at_once() {
        let mut action = action();
        action.relational_anchor.target = String::new();
        action.relational_anchor.impact_magnitude = 1.01;
        action.outcome_valence = f64::NAN;
        action.decision_entropy = -0.1;
        action.latency_ms = f64::INFINITY;
        action.tested.insert("loyalty".into(), 2.0);
        let found: Vec<_> = action.check().unwrap_err().iter().map(ToString::to_string).collect();
        let expected = [
            "relational_anchor.target: is \"\"; it must not be empty",
            "relational_anchor.impact_magnitude: is 1.01; it must be between -1 and 1",
            "outcome_valence: is NaN; it must be between -1 and 1",
            "decision_entropy: is -0.1; it must be between 0 and 1",
            "latency_ms: is inf; it must be finite",
            "tested.loyalty: is 2; it must be between -1 and 1",
        ];
        assert_eq!(found, expected);
    }
}
