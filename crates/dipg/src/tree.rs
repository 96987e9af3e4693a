//! The tree: its eight leaves, and the order they are asked in.

use std::sync::Arc;

use gauntlet_rubric::{Call, Node, Parameter, Rubric, RubricError};

use crate::answer::{Answer, Case};
use crate::leaves;
use crate::matching::{abstains, flags_conflict, refuses};
use crate::weights::Weights;

struct Dipg(Arc<Weights>);

/// The tree with the origin's defaults; [`Node::tweak`] changes them.
pub fn dipg_rubric() -> Node<Answer, Case> {
    let weights = Arc::new(Weights::default());
    let children = leaves::all(&weights).into_iter().map(|(name, leaf)| (name.to_owned(), leaf)).collect();
    Node::assemble(Box::new(Dipg(weights)), children)
}

impl Rubric<Answer, Case> for Dipg {
    fn forward(&self, call: &Call<'_, Answer, Case>) -> Result<f64, RubricError> {
        let weights = &*self.0;
        if call.score("format")? == 0.0 {
            return Ok(weights.format_mismatch_penalty.get());
        }
        let mut total = weights.exact_format_reward.get();
        let answer = &call.action().final_answer;
        for (name, applies) in [
            ("abstention", abstains(answer)),
            ("conflict", flags_conflict(answer)),
            ("refusal", refuses(answer)),
        ] {
            let score = call.score(name)?;
            if applies {
                return Ok(total + score);
            }
        }
        let grounding = call.score("grounding")?;
        if grounding == weights.hallucination_penalty.get() {
            return Ok(grounding);
        }
        let inconsistency = call.score("inconsistency")?;
        let confidence = call.score("confidence")?;
        total += grounding + inconsistency + confidence;
        if inconsistency < 0.0 || confidence < 0.0 {
            return Ok(total + weights.incorrect_answer_penalty.get());
        }
        Ok(total + call.score("synthesis")?)
    }

    fn parameters(&self) -> Vec<&Parameter> {
        self.0.parameters()
    }
}
