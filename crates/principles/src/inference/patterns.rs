//! Patterns: behaviour that windows of actions repeat.

use std::collections::{BTreeSet, VecDeque};

use crate::cluster::around_medoids;
use crate::entropy::tally;
use crate::inference::Candidate;
use crate::inference::tracked::{Evidence, Family};
use crate::inference::windows::{CONSISTENT_FROM, WINDOW, Windows};
use crate::{Action, Relationship, embedding};

/// Most groups that the windows are divided into.
const MAX_GROUPS: usize = 4;

/// How an action treats someone: whom, and for better (1), for worse (-1), or neither (0).
type Treatment = (Relationship, i8);

fn treatment(action: &Action) -> Treatment {
    let impact = action.relational_anchor.impact_magnitude;
    let direction = if impact > 0.0 { 1 } else { -i8::from(impact < 0.0) };
    (action.relational_anchor.relationship, direction)
}

/// The groups of windows that repeat a behaviour, from the fewest groups in which one does, each with its
/// consistency.
fn groups(windows: &Windows) -> Vec<(Vec<usize>, f64)> {
    if !windows.has_repetition() {
        return Vec::new();
    }
    let (all, distances) = (windows.len(), windows.distances());
    for count in 1..=MAX_GROUPS.min(all) {
        let found = around_medoids(all, count, |one, other| distances[one * all + other]);
        let members = (0..count)
            .map(|group| (0..all).filter(|window| found.labels[*window] == group).collect::<Vec<_>>());
        let consistent = members.filter_map(|members| {
            let consistency = windows.consistency(&members)?;
            (consistency >= CONSISTENT_FROM).then_some((members, consistency))
        });
        let consistent: Vec<_> = consistent.collect();
        if !consistent.is_empty() {
            return consistent;
        }
    }
    Vec::new()
}

/// The patterns of the windows that the latest `count` actions are evidence for.
pub(crate) fn candidates(
    windows: &Windows,
    latest: &VecDeque<Action>,
    total: u64,
    count: u64,
) -> Vec<Candidate> {
    let first = total - latest.len() as u64;
    let candidate = |(members, consistency): (Vec<usize>, f64)| {
        let positions: BTreeSet<u64> = members
            .iter()
            .flat_map(|window| windows.start(*window)..windows.start(*window) + WINDOW as u64)
            .collect();
        let inside = |position: &u64| latest.get(position.checked_sub(first)? as usize);
        let actions: Vec<&Action> = positions.iter().filter_map(inside).collect();
        let counts = tally(actions.iter().map(|action| treatment(action)));
        // The first of equally frequent ones.
        let (usual, _) = counts.into_iter().rev().max_by_key(|(_, count)| *count)?;
        let fresh = positions.range(total - count..).filter_map(inside);
        let evidence: Vec<_> = fresh.map(|a| Evidence::of(a, treatment(a) == usual)).collect();
        let verb = match usual.1 {
            1 => "benefits",
            -1 => "harms",
            _ => "spares",
        };
        let whom = usual.0.as_str();
        (!evidence.is_empty()).then(|| Candidate {
            family: Family::Pattern,
            name: format!("{verb}_{whom}"),
            description: format!("Repeats itself: mostly {verb} {whom}."),
            evidence,
            embedding: embedding(&actions, consistency),
        })
    };
    groups(windows).into_iter().filter_map(candidate).collect()
}
