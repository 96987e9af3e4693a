//! How predictable decisions are: Shannon entropy over their signatures.
//!
//! A signature is what of a decision is compared, by default its context. Entropies are in bits; normalised
//! ones are between 0 (always the same) and 1 (as mixed as so many decisions can be).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Action, DecisionContext};

/// A normalised entropy above this is that of an inconsistent agent.
pub const INCONSISTENT_ABOVE: f64 = 0.7;
/// A normalised entropy below this is that of an agent that goes by principles.
pub const PRINCIPLED_BELOW: f64 = 0.3;

/// How an entropy is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consistency {
    /// Its decisions follow from the situation.
    Principled,
    /// Something between the two.
    Mixed,
    /// Its decisions do not follow from the situation.
    Inconsistent,
}

impl Consistency {
    /// The reading of a normalised entropy.
    pub fn of(normalized: f64) -> Self {
        if normalized > INCONSISTENT_ABOVE {
            Consistency::Inconsistent
        } else if normalized < PRINCIPLED_BELOW {
            Consistency::Principled
        } else {
            Consistency::Mixed
        }
    }
}

/// The Shannon entropy of counts, in bits: `-sum p log2 p`; 0 where nothing was counted.
pub fn shannon(counts: impl IntoIterator<Item = u64> + Clone) -> f64 {
    let total = counts.clone().into_iter().sum::<u64>() as f64;
    let terms = counts.into_iter().filter(|count| *count > 0).map(|count| {
        let share = count as f64 / total;
        -share * share.log2()
    });
    // The sum of no terms is -0.
    terms.sum::<f64>().max(0.0)
}

/// The entropy of counts against the greatest that is possible: `log2(min(N, K))` for N counted decisions
/// over an alphabet of K signatures. Between 0 and 1; 0 where only one signature is possible.
pub fn normalized(counts: impl IntoIterator<Item = u64> + Clone, alphabet: u64) -> f64 {
    let total = counts.clone().into_iter().sum::<u64>();
    let greatest = (total.min(alphabet).max(1) as f64).log2();
    if greatest > 0.0 { (shannon(counts) / greatest).clamp(0.0, 1.0) } else { 0.0 }
}

/// How often each signature occurs.
pub fn tally<S: Ord>(signatures: impl IntoIterator<Item = S>) -> BTreeMap<S, u64> {
    let mut counts = BTreeMap::new();
    for signature in signatures {
        *counts.entry(signature).or_default() += 1;
    }
    counts
}

/// The normalised entropy of the contexts that decisions were made in, over the eight there are.
pub fn of_contexts<'a>(actions: impl IntoIterator<Item = &'a Action>) -> f64 {
    let counts = tally(actions.into_iter().map(|action| action.decision_context));
    normalized(counts.values().copied(), DecisionContext::ALL.len() as u64)
}

/// The entropy of the response where the situation is known, in bits: the mean of the entropies of the
/// situations, each weighted by how often it occurred.
pub fn conditional<C: Ord, R: Ord>(pairs: impl IntoIterator<Item = (C, R)>) -> f64 {
    mean_by_situation(pairs, |_, counts| shannon(counts.values().copied()))
}

/// Like [`conditional`], but the entropy of each situation is normalised by the number of responses that were
/// possible in it: `alphabet` of the situation. Between 0 and 1.
pub fn conditional_normalized<C: Ord, R: Ord>(
    pairs: impl IntoIterator<Item = (C, R)>,
    alphabet: impl Fn(&C) -> u64,
) -> f64 {
    let normal =
        |situation: &C, counts: &BTreeMap<R, u64>| normalized(counts.values().copied(), alphabet(situation));
    mean_by_situation(pairs, normal).min(1.0)
}

/// The mean of the entropies of the situations, each weighted by how often it occurred.
fn mean_by_situation<C: Ord, R: Ord>(
    pairs: impl IntoIterator<Item = (C, R)>,
    entropy: impl Fn(&C, &BTreeMap<R, u64>) -> f64,
) -> f64 {
    let mut situations: BTreeMap<C, BTreeMap<R, u64>> = BTreeMap::new();
    for (situation, response) in pairs {
        *situations.entry(situation).or_default().entry(response).or_default() += 1;
    }
    let all: u64 = situations.values().flat_map(BTreeMap::values).sum();
    let weighted = situations.iter().map(|(situation, counts)| {
        counts.values().sum::<u64>() as f64 / all as f64 * entropy(situation, counts)
    });
    weighted.sum::<f64>().max(0.0)
}

/// How undecided an agent is that chose one of `offered` choices with the given confidence, 0 to 1: the
/// normalised entropy where the rest of the confidence is spread evenly over the other choices.
pub fn of_confidence(confidence: f64, offered: u32) -> f64 {
    if offered < 2 || !confidence.is_finite() {
        return 0.0;
    }
    let others = f64::from(offered - 1);
    let first = confidence.clamp(0.0, 1.0);
    let rest = (1.0 - first) / others;
    let term = |p: f64| if p > 0.0 { -p * p.log2() } else { 0.0 };
    ((term(first) + others * term(rest)) / f64::from(offered).log2()).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_values_of_the_specification() {
        let check = |counts: &[u64], expected: f64| {
            let found = normalized(counts.iter().copied(), 8);
            assert!((found - expected).abs() < 5e-5, "{counts:?}: {found}, not {expected}");
        };
        check(&[3, 3, 3, 3, 2, 2, 2, 2], 0.9903);
        check(&[20], 0.0);
        check(&[10, 5, 5], 0.5);
        check(&[19, 1], 0.0955);
    }

    #[test]
    fn bounds_and_corners() {
        assert_eq!(normalized([], 8), 0.0);
        assert_eq!(shannon([0, 0]), 0.0);
        assert_eq!(normalized([1], 8), 0.0);
        // Two decisions cannot be more mixed than to differ.
        assert_eq!(normalized([1, 1], 8), 1.0);
        assert_eq!(normalized([5, 5], 1), 0.0);
        assert_eq!(Consistency::of(0.71), Consistency::Inconsistent);
        assert_eq!(Consistency::of(0.7), Consistency::Mixed);
        assert_eq!(Consistency::of(0.3), Consistency::Mixed);
        assert_eq!(Consistency::of(0.29), Consistency::Principled);
    }

    #[test]
    fn a_response_that_follows_from_the_situation_has_no_entropy() {
        let pairs = [("a", 1), ("b", 2), ("a", 1), ("b", 2)];
        assert_eq!(conditional(pairs), 0.0);
        assert_eq!(conditional([("a", 1), ("a", 2), ("b", 3), ("b", 3)]), 0.5);
        let normal = conditional_normalized([("a", 1), ("a", 2), ("b", 3), ("b", 3)], |_| 4);
        assert_eq!(normal, 0.5);
        assert_eq!(conditional_normalized::<u8, u8>([], |_| 4), 0.0);
    }

    #[test]
    fn confidence_bounds_how_undecided_an_agent_is() {
        assert_eq!(of_confidence(1.0, 4), 0.0);
        assert_eq!(of_confidence(0.25, 4), 1.0);
        assert_eq!(of_confidence(0.5, 1), 0.0);
        assert_eq!(of_confidence(f64::NAN, 3), 0.0);
        assert!(of_confidence(0.9, 4) < of_confidence(0.6, 4));
    }
}
