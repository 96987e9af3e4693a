//! What a run is configured by, and the ranges that hold.

use gauntlet_model::{FieldError, Object, RunId};
use serde_json::json;

use crate::grpo::Grpo;

/// Most rollouts of one training.
const MAX_ROLLOUTS: u32 = i32::MAX as u32;

/// The configuration of a [`Training`](crate::Training).
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The run's id. Event ids depend on it: two runs of one seed have different ids.
    pub run: String,
    /// Rollouts in all; 1 to 2^31 - 1.
    pub steps: u32,
    /// Seed of everything random.
    pub seed: u64,
    /// Answers drawn for one question (G); at least 1, and 2 or more to learn anything.
    pub group: u32,
    /// Questions between two updates; at least 1.
    pub questions: u32,
    /// Hyperparameters of the update.
    pub grpo: Grpo,
}

impl Default for Config {
    fn default() -> Self {
        let grpo = Grpo { learning_rate: 5.0, clip: 0.2, kl_beta: 0.03, epochs: 6 };
        Self { run: "dipg-grpo-demo".to_owned(), steps: 2400, seed: 7, group: 8, questions: 12, grpo }
    }
}

impl Config {
    pub(crate) fn check(&self) -> Result<RunId, FieldError> {
        let run = RunId::new(self.run.as_str()).map_err(|e| FieldError::new("run", e.message))?;
        let counts = [
            ("steps", self.steps, MAX_ROLLOUTS),
            ("group", self.group, 1024),
            ("questions", self.questions, 1024),
            ("epochs", self.grpo.epochs, 1024),
        ];
        for (field, value, most) in counts {
            if value == 0 || value > most {
                return Err(FieldError::new(field, format!("is {value}; it must be from 1 to {most}")));
            }
        }
        let rates = [
            ("learning_rate", self.grpo.learning_rate, 1000.0),
            ("clip", self.grpo.clip, 1.0),
            ("kl_beta", self.grpo.kl_beta, 1000.0),
        ];
        for (field, value, most) in rates {
            if !(0.0..=most).contains(&value) {
                return Err(FieldError::new(field, format!("is {value}; it must be from 0 to {most}")));
            }
        }
        Ok(run)
    }

    pub(crate) fn object(&self) -> Object {
        let Config { steps, seed, group, questions, grpo, .. } = self;
        let entries = [
            ("algorithm", json!("grpo")),
            ("steps", json!(steps)),
            // As text: a browser's numbers hold 53 bits.
            ("seed", json!(seed.to_string())),
            ("group", json!(group)),
            ("questions", json!(questions)),
            ("learning_rate", json!(grpo.learning_rate)),
            ("clip", json!(grpo.clip)),
            ("kl_beta", json!(grpo.kl_beta)),
            ("epochs", json!(grpo.epochs)),
        ];
        entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}
