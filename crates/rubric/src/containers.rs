//! The containers of RFC 004: patterns of aggregation, by the canonical implementation's rules.

use crate::node::Call;
use crate::parameter::Parameter;
use crate::{Node, Rubric, RubricError};

fn numbered<A: ?Sized, O: ?Sized>(rubrics: Vec<Node<A, O>>) -> Vec<(String, Node<A, O>)> {
    rubrics.into_iter().enumerate().map(|(i, node)| (format!("rubric_{i}"), node)).collect()
}

struct Sequential;

/// Rubrics in order (`rubric_0`, ...): the last one's score. Stops with 0 at the first that is exactly 0; a
/// negative score does not stop it. Empty: 1. Children after a stop are not evaluated.
pub fn sequential<A: ?Sized + 'static, O: ?Sized + 'static>(rubrics: Vec<Node<A, O>>) -> Node<A, O> {
    Node::assemble(Box::new(Sequential), numbered(rubrics))
}

impl<A: ?Sized + 'static, O: ?Sized + 'static> Rubric<A, O> for Sequential {
    fn forward(&self, call: &Call<'_, A, O>) -> Result<f64, RubricError> {
        let mut last = 1.0;
        for index in 0..call.node().children().len() {
            last = call.score_at(index)?;
            if last == 0.0 {
                return Ok(0.0);
            }
        }
        Ok(last)
    }
}

struct Gate(Parameter);

/// The child's (`rubric`) score where it reaches `threshold` (usually 1), equality included, else 0. The
/// threshold is a declared parameter; it must be finite.
pub fn gate<A: ?Sized + 'static, O: ?Sized + 'static>(
    rubric: Node<A, O>,
    threshold: f64,
) -> Result<Node<A, O>, RubricError> {
    if !threshold.is_finite() {
        return Err(RubricError::Range { name: "threshold", value: threshold, expected: "a finite number" });
    }
    Ok(Node::assemble(
        Box::new(Gate(Parameter::number("threshold", threshold))),
        vec![("rubric".to_owned(), rubric)],
    ))
}

impl<A: ?Sized + 'static, O: ?Sized + 'static> Rubric<A, O> for Gate {
    fn forward(&self, call: &Call<'_, A, O>) -> Result<f64, RubricError> {
        let score = call.score_at(0)?;
        // As the canonical code compares: a NaN is not below the threshold and passes on.
        Ok(if score < self.0.get() { 0.0 } else { score })
    }
    fn parameters(&self) -> Vec<&Parameter> {
        vec![&self.0]
    }
}

struct WeightedSum(Vec<f64>);

/// How far the sum of weights may be from 1.
pub const WEIGHT_TOLERANCE: f64 = 1e-6;

/// The sum of the children's (`rubric_0`, ...) scores times their weights. Lengths must match and the weights
/// must sum to 1 within [`WEIGHT_TOLERANCE`]; negative weights are allowed. The refusal names the weights.
pub fn weighted_sum<A: ?Sized + 'static, O: ?Sized + 'static>(
    rubrics: Vec<Node<A, O>>,
    weights: Vec<f64>,
) -> Result<Node<A, O>, RubricError> {
    if rubrics.len() != weights.len() {
        let reason = format!("{} rubrics need as many weights, not {}", rubrics.len(), weights.len());
        return Err(RubricError::Weights { weights, reason });
    }
    let sum: f64 = weights.iter().sum();
    // Written so that a NaN is refused too.
    let is_one = (sum - 1.0).abs() <= WEIGHT_TOLERANCE;
    if !is_one {
        return Err(RubricError::Weights { weights, reason: format!("they must sum to 1, not {sum}") });
    }
    Ok(Node::assemble(Box::new(WeightedSum(weights)), numbered(rubrics)))
}

impl<A: ?Sized + 'static, O: ?Sized + 'static> Rubric<A, O> for WeightedSum {
    fn forward(&self, call: &Call<'_, A, O>) -> Result<f64, RubricError> {
        let mut total = 0.0;
        for (index, weight) in self.0.iter().enumerate() {
            total += call.score_at(index)? * weight;
        }
        Ok(total)
    }
}

struct Group(&'static str);

impl<A: ?Sized + 'static, O: ?Sized + 'static> Rubric<A, O> for Group {
    fn forward(&self, _: &Call<'_, A, O>) -> Result<f64, RubricError> {
        Err(RubricError::NotCallable { container: self.0 })
    }
    fn is_callable(&self) -> bool {
        false
    }
}

/// A list of rubrics (`rubric_0`, ...) without a score of its own: its parent calls `"list.rubric_2"`.
pub fn rubric_list<A: ?Sized + 'static, O: ?Sized + 'static>(rubrics: Vec<Node<A, O>>) -> Node<A, O> {
    Node::assemble(Box::new(Group("RubricList")), numbered(rubrics))
}

/// Rubrics under keys, without a score of its own: its parent calls `"tasks.pong"`. Keys follow the rules of
/// children's names.
pub fn rubric_dict<A: ?Sized + 'static, O: ?Sized + 'static, K: Into<String>>(
    rubrics: impl IntoIterator<Item = (K, Node<A, O>)>,
) -> Result<Node<A, O>, RubricError> {
    Node::with_children(Group("RubricDict"), rubrics)
}
