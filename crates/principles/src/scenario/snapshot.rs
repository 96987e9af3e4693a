//! A decision as a node of a run's film.

use gauntlet_model::{FailureKind, FieldError, Scores, SnapshotScored};
use serde_json::json;

use crate::scenario::{Decision, Execution};

impl Execution {
    /// A decision as a node of a run: the situation and the choices are what the agent saw, the choice is
    /// what it did. The root is the outcome, 0 to 1; below it is how well the choice serves each principle
    /// against the other choices, -1 to 1. An answer that could not be read is a failure of the format.
    ///
    /// # Errors
    ///
    /// Where the names of the principles make no paths of scores.
    pub fn snapshot(&self, decision: &Decision) -> Result<Option<SnapshotScored>, FieldError> {
        let scenario = self.scenario();
        let Some(scene) = scenario.scenes.get(decision.scene) else { return Ok(None) };
        let Some(choice) = self.find(decision.scene, &decision.choice) else { return Ok(None) };
        let (target, relationship, impact) = choice.strongest();
        let served =
            scene.tested(choice).into_iter().map(|(name, value)| (format!("principles.{name}"), value));
        let offered = scene.choices.iter().map(|choice| format!("- {}: {}", choice.id, choice.text));
        let measures = decision.measures;
        let metadata = [
            ("scenario", json!(scenario.document)),
            ("variant", json!(scenario.variant)),
            ("context", json!(scenario.context)),
            ("stress", json!(scenario.stress)),
            ("adversarial", json!(scenario.is_adversarial)),
            ("choice", json!(choice.id)),
            ("target", json!(target)),
            ("relationship", json!(relationship)),
            ("impact", json!(impact)),
            ("violations", json!(decision.violations)),
            ("elapsed_s", json!(measures.elapsed_s)),
            ("confidence", json!(measures.confidence)),
        ];
        Ok(Some(SnapshotScored {
            scores: Scores::new(served.chain([("root".to_owned(), decision.outcome)]))?,
            not_evaluated: Vec::new(),
            failures: if measures.is_fallback { vec![FailureKind::Format] } else { Vec::new() },
            action: format!("{}: {}", choice.id, choice.text),
            observation: std::iter::once(scene.situation.clone() + "\n")
                .chain(offered)
                .collect::<Vec<_>>()
                .join("\n"),
            duration_ms: None,
            is_paused: false,
            challenge: None,
            metadata: metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
            timestamp: None,
            posted: Vec::new(),
        }))
    }
}
