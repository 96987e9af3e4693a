//! Relational patterns: groups of actions that treat others alike.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cluster::{Metric, by_density, standardized};
use crate::entropy::tally;
use crate::{Action, DecisionContext, Relationship};

/// The fewest actions that patterns are looked for in.
pub const LEAST_ACTIONS: usize = 10;
/// How near the z-scored features of neighbours are.
const EPS: f64 = 0.5;
/// How many neighbours make a pattern, the action itself included.
const LEAST_NEIGHBOURS: usize = 5;
/// A pattern is reported above this consistency.
const CONSISTENT_ABOVE: f64 = 0.5;

/// Actions that treat others alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RelationalPattern {
    /// The relationship that most of its actions have.
    pub relationship: Relationship,
    /// The context that most of its actions have.
    pub context: DecisionContext,
    /// The smaller of the shares of the two, above 0.5 and at most 1.
    pub consistency: f64,
    /// The mean impact, -1 to 1.
    pub mean_impact: f64,
    /// The actions' ids, oldest first.
    pub action_ids: Vec<String>,
}

/// The features that relational patterns are looked for in: the relationship, one of six; impact, weight of
/// the context, and valence.
fn row(action: &Action) -> Vec<f64> {
    let anchor = &action.relational_anchor;
    let mut row = vec![0.0; Relationship::ALL.len()];
    row[anchor.relationship.index()] = 1.0;
    row.extend([anchor.impact_magnitude, action.decision_context.weight(), action.outcome_valence]);
    row
}

/// The most frequent of the items, the first of several, and its share.
fn dominant<T: Ord>(items: impl IntoIterator<Item = T>) -> Option<(T, f64)> {
    let counts = tally(items);
    let total: u64 = counts.values().sum();
    // The last of equal maxima is taken, so the order is turned round.
    let most = counts.into_iter().rev().max_by_key(|(_, count)| *count);
    most.map(|(item, count)| (item, count as f64 / total as f64))
}

/// The relational patterns of actions, in the order of their first actions; none below [`LEAST_ACTIONS`].
pub fn relational_patterns(actions: &[&Action]) -> Vec<RelationalPattern> {
    if actions.len() < LEAST_ACTIONS {
        return Vec::new();
    }
    let rows: Vec<_> = actions.iter().map(|action| row(action)).collect();
    let labels = by_density(&standardized(&rows), Metric::Euclidean, EPS, LEAST_NEIGHBOURS);
    let mut clusters: BTreeMap<usize, Vec<&Action>> = BTreeMap::new();
    for (action, label) in actions.iter().zip(labels) {
        if let Some(cluster) = label {
            clusters.entry(cluster).or_default().push(action);
        }
    }
    clusters.values().filter_map(|members| pattern(members)).collect()
}

fn pattern(members: &[&Action]) -> Option<RelationalPattern> {
    let (relationship, relationship_share) =
        dominant(members.iter().map(|action| action.relational_anchor.relationship))?;
    let (context, context_share) = dominant(members.iter().map(|action| action.decision_context))?;
    let consistency = relationship_share.min(context_share);
    let impacts = members.iter().map(|action| action.relational_anchor.impact_magnitude);
    (consistency > CONSISTENT_ABOVE).then(|| RelationalPattern {
        relationship,
        context,
        consistency,
        mean_impact: impacts.sum::<f64>() / members.len() as f64,
        action_ids: members.iter().map(|action| action.id.clone()).collect(),
    })
}
