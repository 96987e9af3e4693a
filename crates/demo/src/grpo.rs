//! Group-relative policy optimisation, after Shao et al. 2024, "DeepSeekMath", arXiv:2402.03300, section 4.1.
//!
//! For each question a group of G answers is drawn from the old policy and scored. There is no critic: the
//! group's own mean is the baseline. The objective, averaged over answers and within an answer over its
//! decisions:
//!
//! `J = min(rho * A, clip(rho, 1 - eps, 1 + eps) * A) - beta * KL`, with `rho = pi / pi_old`.

use crate::policy::{Decision, Features, Policy};

/// The hyperparameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grpo {
    /// Step size of gradient ascent; above 0.
    pub learning_rate: f64,
    /// `eps` of the clip; 0 to 1.
    pub clip: f64,
    /// `beta`, the weight of the divergence from the reference; 0 or more.
    pub kl_beta: f64,
    /// Gradient steps on one batch; at least 1. The ratio differs from 1 from the second on.
    pub epochs: u32,
}

/// Advantages of a group: `A_i = (r_i - mean(r)) / (std(r) + 1e-4)`, with the population's standard
/// deviation. A group whose rewards are equal teaches nothing: all 0.
pub fn advantages(rewards: &[f64]) -> Vec<f64> {
    let n = rewards.len().max(1) as f64;
    let mean = rewards.iter().sum::<f64>() / n;
    let std = (rewards.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / n).sqrt();
    rewards.iter().map(|r| (r - mean) / (std + 1e-4)).collect()
}

/// Schulman's k3 estimator of the divergence from the reference at one sampled choice ("Approximating KL
/// divergence", 2020; equation 4 of the paper): `k3 = pi_ref / pi - log(pi_ref / pi) - 1`, unbiased and never
/// negative.
pub fn k3(reference: f64, policy: f64) -> f64 {
    let ratio = reference / policy;
    ratio - ratio.ln() - 1.0
}

/// An answer as the update needs it.
#[derive(Debug, Clone)]
pub struct Sample {
    /// What was seen.
    pub features: Features,
    /// What was decided.
    pub decisions: Vec<Decision>,
    /// How much better than its group it was.
    pub advantage: f64,
}

/// The scale of `d log pi` in the gradient of the objective at one decision.
///
/// The surrogate contributes `rho * A`, or nothing where the clip binds: A above 0 and `rho > 1 + eps`, or A
/// below 0 and `rho < 1 - eps`. The divergence contributes `beta * (pi_ref / pi - 1)`, since `d k3 = (1 -
/// pi_ref / pi) d log pi`.
pub fn gradient_scale(grpo: &Grpo, policy: f64, old: f64, reference: f64, advantage: f64) -> f64 {
    let rho = policy / old;
    let is_clipped = (advantage > 0.0 && rho > 1.0 + grpo.clip) || (advantage < 0.0 && rho < 1.0 - grpo.clip);
    let surrogate = if is_clipped { 0.0 } else { rho * advantage };
    surrogate + grpo.kl_beta * (reference / policy - 1.0)
}

/// Climbs the objective on one batch by its analytic gradient, `epochs` times.
pub fn update(policy: &mut Policy, reference: &Policy, batch: &[Sample], grpo: &Grpo) {
    for _ in 0..grpo.epochs {
        let mut gradient = policy.zero_gradient();
        for sample in batch {
            let share = 1.0 / (batch.len() * sample.decisions.len().max(1)) as f64;
            for decision in &sample.decisions {
                let of = |p: &Policy| p.probabilities(decision.head, &sample.features)[decision.choice];
                let scale =
                    gradient_scale(grpo, of(policy), decision.probability, of(reference), sample.advantage);
                policy.add_gradient(&mut gradient, &sample.features, decision, share * scale);
            }
        }
        policy.ascend(&gradient, grpo.learning_rate);
    }
}

/// The mean k3 of an answer's decisions.
pub fn divergence(policy: &Policy, reference: &Policy, features: &Features, decisions: &[Decision]) -> f64 {
    let at = |p: &Policy, d: &Decision| p.probabilities(d.head, features)[d.choice];
    let sum: f64 = decisions.iter().map(|d| k3(at(reference, d), at(policy, d))).sum();
    sum / decisions.len().max(1) as f64
}
