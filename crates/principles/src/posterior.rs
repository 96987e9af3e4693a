//! How strongly evidence supports a principle: a Beta posterior over a uniform prior.

use gauntlet_statistics::Interval;
use serde::{Deserialize, Serialize};
use statrs::function::beta::inv_beta_reg;

/// How much of the posterior the credible interval holds.
pub const CREDIBLE_MASS: f64 = 0.95;
/// How many of the latest strengths the volatility looks at.
pub const VOLATILITY_SPAN: usize = 20;

/// The weight of the evidence for and against a principle. The posterior is `Beta(1 + s, 1 + c)`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Posterior {
    /// The weight of the support, s; 0 or more.
    support: f64,
    /// The weight of the contradictions, c; 0 or more.
    contradiction: f64,
}

impl Posterior {
    /// A posterior of evidence of those weights. What is negative or not a number counts as 0.
    pub fn new(support: f64, contradiction: f64) -> Self {
        Self { support: support.max(0.0), contradiction: contradiction.max(0.0) }
    }

    /// Adds evidence of that weight for or against the principle.
    pub fn add(&mut self, is_support: bool, weight: f64) {
        let side = if is_support { &mut self.support } else { &mut self.contradiction };
        *side += weight.max(0.0);
    }

    /// The weight of all evidence.
    pub fn weight(&self) -> f64 {
        self.support + self.contradiction
    }

    /// The mean of the posterior, 0 to 1: `(1 + s) / (2 + s + c)`.
    pub fn strength(&self) -> f64 {
        (1.0 + self.support) / (2.0 + self.weight())
    }

    /// The equal-tailed credible interval that holds [`CREDIBLE_MASS`] of the posterior.
    pub fn interval(&self) -> Interval {
        let tail = (1.0 - CREDIBLE_MASS) / 2.0;
        let quantile = |p: f64| inv_beta_reg(1.0 + self.support, 1.0 + self.contradiction, p);
        Interval { low: quantile(tail), high: quantile(1.0 - tail) }
    }
}

/// How much a strength moved: twice the standard deviation of the last [`VOLATILITY_SPAN`] strengths, at most
/// 1.
pub fn volatility(strengths: &[f64]) -> f64 {
    let latest = &strengths[strengths.len().saturating_sub(VOLATILITY_SPAN)..];
    let count = latest.len().max(1) as f64;
    let mean = latest.iter().sum::<f64>() / count;
    let variance = latest.iter().map(|strength| (strength - mean).powi(2)).sum::<f64>() / count;
    (2.0 * variance.sqrt()).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_values_of_the_specification() {
        for (support, contradiction, expected) in
            [(1.0, 0.0, 0.6667), (10.0, 0.0, 0.9167), (10.0, 2.0, 0.7857), (50.0, 5.0, 0.8947)]
        {
            let found = Posterior::new(support, contradiction).strength();
            assert!((found - expected).abs() < 5e-5, "{support}, {contradiction}: {found}");
        }
    }

    #[test]
    fn no_evidence_says_nothing() {
        let none = Posterior::default();
        assert_eq!(none.strength(), 0.5);
        let interval = none.interval();
        assert!((interval.low - 0.025).abs() < 1e-12 && (interval.high - 0.975).abs() < 1e-12);
    }

    #[test]
    fn volatility_is_at_most_one_and_forgets() {
        assert_eq!(volatility(&[]), 0.0);
        assert_eq!(volatility(&[0.4]), 0.0);
        assert_eq!(volatility(&[0.0, 1.0]), 1.0);
        let mut strengths = vec![0.0, 1.0];
        strengths.extend([0.5; VOLATILITY_SPAN]);
        assert_eq!(volatility(&strengths), 0.0);
    }
}
