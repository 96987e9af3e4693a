//! What a candidate is to the principles that are known: the rules of lineage, in their order.

use crate::LineageKind;

/// From above this similarity on, a candidate is the same principle, or a fork of it.
const SAME_ABOVE: f64 = 0.8;
/// A principle that a fork leaves behind is weaker than this.
const FORKED_BELOW: f64 = 0.5;
/// A fork or a merge is stronger than this.
pub(crate) const STRONG_ABOVE: f64 = 0.7;
/// Principles that merge are more similar than this to what they become, and weaker than [`MERGED_BELOW`].
const MERGED_ABOVE: f64 = 0.6;
const MERGED_BELOW: f64 = 0.4;
/// Below this similarity to all, there was nothing like it.
const ROOT_BELOW: f64 = 0.3;

/// A principle that a candidate is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known {
    /// How similar the two are, -1 to 1.
    pub similarity: f64,
    /// The strength of the principle, 0 to 1.
    pub strength: f64,
}

/// What a candidate is. Positions are those of the principles it was compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// More evidence for a principle that there is.
    Update {
        /// Its position.
        known: usize,
    },
    /// A principle of its own.
    New {
        /// How it came about.
        kind: LineageKind,
        /// What it came from.
        parents: Vec<usize>,
        /// Why, with the numbers that decided.
        reason: String,
    },
}

/// Decides what a candidate of that strength is. Of equally similar principles, the latest counts.
pub fn decide(strength: f64, known: &[Known]) -> Origin {
    let root = |reason: String| Origin::New { kind: LineageKind::Root, parents: Vec::new(), reason };
    let best = known.iter().enumerate().max_by(|(_, a), (_, b)| a.similarity.total_cmp(&b.similarity));
    let Some((at, best)) = best else {
        return root("there was no principle yet".to_owned());
    };
    let (similarity, parent) = (best.similarity, best.strength);
    if similarity > SAME_ABOVE && parent < FORKED_BELOW && strength > STRONG_ABOVE {
        let reason = format!(
            "similarity {similarity:.3} to a principle of strength {parent:.3}, itself {strength:.3}"
        );
        return Origin::New { kind: LineageKind::Fork, parents: vec![at], reason };
    }
    let weak = known
        .iter()
        .enumerate()
        .filter(|(_, known)| known.similarity > MERGED_ABOVE && known.strength < MERGED_BELOW);
    let parents: Vec<usize> = weak.map(|(at, _)| at).collect();
    if parents.len() > 1 && strength > STRONG_ABOVE {
        let reason = format!(
            "similar to {} principles weaker than {MERGED_BELOW}, and itself of strength {strength:.3}",
            parents.len()
        );
        return Origin::New { kind: LineageKind::Merge, parents, reason };
    }
    if similarity < ROOT_BELOW {
        return root(format!("the most similar principle has a similarity of {similarity:.3}"));
    }
    if similarity > SAME_ABOVE {
        return Origin::Update { known: at };
    }
    let reason = format!("similarity {similarity:.3} to the most similar principle");
    Origin::New { kind: LineageKind::Evolution, parents: vec![at], reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(strength: f64, known: &[(f64, f64)], expected: Option<(LineageKind, &[usize])>) {
        let known =
            known.iter().map(|(similarity, strength)| Known { similarity: *similarity, strength: *strength });
        match (decide(strength, &known.collect::<Vec<_>>()), expected) {
            (Origin::Update { .. }, None) => {}
            (Origin::New { kind, parents, reason }, Some((expected, from))) => {
                assert_eq!((kind, parents.as_slice()), (expected, from), "{reason}");
            }
            (found, expected) => panic!("{found:?}, not {expected:?}"),
        }
    }

    #[test]
    fn the_rules_apply_in_their_order() {
        check(0.9, &[], Some((LineageKind::Root, &[])));
        check(0.71, &[(0.81, 0.49)], Some((LineageKind::Fork, &[0])));
        // Not strong enough, or the parent not weak enough, or not similar enough.
        check(0.7, &[(0.81, 0.49)], None);
        check(0.71, &[(0.81, 0.5)], None);
        check(0.71, &[(0.8, 0.49)], Some((LineageKind::Evolution, &[0])));
        check(0.71, &[(0.7, 0.3), (0.1, 0.9), (0.61, 0.39)], Some((LineageKind::Merge, &[0, 2])));
        // A fork goes before a merge.
        check(0.71, &[(0.7, 0.3), (0.9, 0.39)], Some((LineageKind::Fork, &[1])));
        check(0.71, &[(0.7, 0.3), (0.6, 0.39)], Some((LineageKind::Evolution, &[0])));
        check(0.71, &[(0.29, 0.1)], Some((LineageKind::Root, &[])));
        check(0.1, &[(0.3, 0.1)], Some((LineageKind::Evolution, &[0])));
        check(0.1, &[(0.9, 0.9)], None);
    }
}
