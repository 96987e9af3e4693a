//! Actions as numbers: the features of one, and the embedding of several.

use crate::Action;
use crate::context::DecisionContext;

/// How many features an action has.
pub const FEATURES: usize = 6;
/// How many numbers an embedding has.
pub const EMBEDDING: usize = 20;
/// A latency from which on decisions count as equally slow, in milliseconds.
const SLOW_MS: f64 = 1000.0;
/// The length of behaviour that an embedding measures lengths in.
const LONG_CHARS: f64 = 1000.0;

/// The features of an action: impact, valence, decision entropy, weight of the context, code of the
/// relationship, and latency in seconds, at most 1.
pub fn features(action: &Action) -> [f64; FEATURES] {
    let anchor = &action.relational_anchor;
    [
        anchor.impact_magnitude,
        action.outcome_valence,
        action.decision_entropy,
        action.decision_context.weight(),
        anchor.relationship.code(),
        (action.latency_ms / SLOW_MS).min(1.0),
    ]
}

/// The embedding of a behaviour: the means of the six features; for each of the eight contexts its weight
/// times the share of the actions in it; mean and standard deviation of the impact, then of the outcome; the
/// consistency of the behaviour; and its length in thousands of actions.
pub fn embedding(actions: &[&Action], consistency: f64) -> [f64; EMBEDDING] {
    let rows: Vec<_> = actions.iter().map(|action| features(action)).collect();
    let count = rows.len().max(1) as f64;
    let mean = |at: usize| rows.iter().map(|row| row[at]).sum::<f64>() / count;
    let deviation = |at: usize| {
        let mean = mean(at);
        (rows.iter().map(|row| (row[at] - mean).powi(2)).sum::<f64>() / count).sqrt()
    };
    let mut embedding = [0.0; EMBEDDING];
    for (at, number) in embedding.iter_mut().take(FEATURES).enumerate() {
        *number = mean(at);
    }
    for (context, number) in DecisionContext::ALL.into_iter().zip(&mut embedding[FEATURES..]) {
        let inside = actions.iter().filter(|action| action.decision_context == context).count();
        *number = context.weight() * inside as f64 / count;
    }
    let rest = [mean(0), deviation(0), mean(1), deviation(1), consistency, rows.len() as f64 / LONG_CHARS];
    embedding[FEATURES + DecisionContext::ALL.len()..].copy_from_slice(&rest);
    embedding
}
