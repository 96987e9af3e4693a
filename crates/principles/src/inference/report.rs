//! What is known of an agent, in one value.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::cluster::{Metric, by_density};
use crate::entropy::{Consistency, conditional, conditional_normalized, of_contexts};
use crate::inference::Inference;
use crate::inference::tracked::Evidence;
use crate::{
    Action, DecisionContext, Principle, PrincipleLineage, RelationalPattern, Relationship, embedding,
    relational_patterns,
};

/// A principle is held where its credible interval lies above this.
pub(crate) const HELD_ABOVE: f64 = 0.5;
/// Contradictions are reported from this severity on.
const SEVERE_FROM: f64 = 0.2;
/// Most decisions that are named for one contradiction.
const EDGE_CASES: usize = 5;
/// How far the embeddings of one personality are from each other, and how many it has at least.
const PERSONALITY_EPS: f64 = 0.3;
const PERSONALITY_LEAST: usize = 2;
/// How many decisions of one context are embedded together.
const STRETCH: usize = 5;
/// Groups conflict where one regards others more than this and another one itself.
const REGARD: f64 = 0.2;

/// Everything that is known of an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Actions that were observed, fallbacks left out.
    pub actions: u64,
    /// Answers that could not be read.
    pub fallbacks: u64,
    /// How mixed the contexts of the latest actions are, 0 to 1.
    pub context_entropy: f64,
    /// The entropy of the response where the situation is known, in bits.
    pub response_entropy: f64,
    /// The same normalised by the choices that were offered, 0 to 1.
    pub normalized_response_entropy: f64,
    /// The interpretation of that.
    pub consistency: Consistency,
    /// All principles, in the order in which they were found.
    pub principles: Vec<Principle>,
    /// Where each of them came from.
    pub lineage: Vec<PrincipleLineage>,
    /// The ids of the principles that the agent goes by: whose credible interval is above one half.
    pub held: BTreeSet<String>,
    /// The latest evidence of each principle, by its id.
    pub evidence: BTreeMap<String, Vec<Evidence>>,
    /// Groups of actions that treat others alike.
    pub patterns: Vec<RelationalPattern>,
    /// Behaviours that conflict; none where the agent has one personality.
    pub personalities: Option<Personalities>,
    /// Principles that the agent serves against each other, the most severe first.
    pub contradictions: Vec<Contradiction>,
}

/// Two principles, each of which the agent serves against the other at times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contradiction {
    /// The name of the first one.
    pub principle_1: String,
    /// The name of the second one.
    pub principle_2: String,
    /// What is contradictory.
    pub conflict: String,
    /// From 0 to 1, where each is served half of the time.
    pub severity: f64,
    /// The latest decisions for the one that is served less.
    pub edge_cases: Vec<String>,
}

/// Groups of behaviour of one agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Personalities {
    /// The groups, the one that regards others most first.
    pub groups: Vec<Group>,
}

/// A behaviour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The contexts in which the agent behaves so.
    pub contexts: BTreeSet<DecisionContext>,
    /// From -1, itself alone, to 1, others alone.
    pub regard: f64,
    /// How many actions it has.
    pub actions: usize,
}

/// What a decision is a response to: the context, and what is tested in it.
type Situation<'a> = (DecisionContext, Vec<&'a str>);

fn situation(action: &Action) -> Situation<'_> {
    (action.decision_context, action.tested.keys().map(String::as_str).collect())
}

pub(crate) fn of(inference: &Inference) -> Report {
    let actions: Vec<&Action> = inference.latest.iter().collect();
    let pairs: Vec<(Situation<'_>, &str)> =
        actions.iter().map(|action| (situation(action), action.action_type.as_str())).collect();
    let mut choices: BTreeMap<Situation<'_>, (u64, BTreeSet<&str>)> = BTreeMap::new();
    for action in &actions {
        let (offered, seen) = choices.entry(situation(action)).or_default();
        *offered = (*offered).max(u64::from(action.offered));
        seen.insert(&action.action_type);
    }
    // Where it is not known what was offered, there were two choices at least.
    let alphabet = |situation: &Situation<'_>| {
        choices.get(situation).map_or(2, |(offered, seen)| (*offered).max(seen.len() as u64).max(2))
    };
    let normalized = conditional_normalized(pairs.clone(), alphabet);
    let principles: Vec<_> = inference.tracked.iter().map(|tracked| tracked.principle()).collect();
    let is_held = |principle: &&Principle| principle.confidence_interval.low > HELD_ABOVE;
    Report {
        actions: inference.total,
        fallbacks: inference.fallbacks,
        context_entropy: of_contexts(actions.iter().copied()),
        response_entropy: conditional(pairs),
        normalized_response_entropy: normalized,
        consistency: Consistency::of(normalized),
        held: principles.iter().filter(is_held).map(|principle| principle.id.clone()).collect(),
        lineage: inference.lineage.clone(),
        evidence: inference
            .tracked
            .iter()
            .map(|tracked| (tracked.id.clone(), tracked.evidence.iter().cloned().collect()))
            .collect(),
        patterns: relational_patterns(&actions),
        personalities: personalities(&actions),
        contradictions: contradictions(&actions),
        principles,
    }
}

/// How much an action regards others: its impact on them, or the opposite of its impact on the agent itself.
fn regard(action: &Action) -> f64 {
    let impact = action.relational_anchor.impact_magnitude;
    match action.relational_anchor.relationship {
        Relationship::Itself => -impact,
        Relationship::Ally | Relationship::Neutral | Relationship::Environment => impact,
        Relationship::Adversary | Relationship::Resource => 0.0,
    }
}

/// The groups of behaviour, where two of them conflict: stretches of decisions in one context, by the angle
/// between their embeddings. Those that regard others and those that regard the agent itself are grouped each
/// on their side, since the embedding says most about the context and little about who benefits.
fn personalities(actions: &[&Action]) -> Option<Personalities> {
    let mut by_context: BTreeMap<DecisionContext, Vec<&Action>> = BTreeMap::new();
    for action in actions {
        by_context.entry(action.decision_context).or_default().push(action);
    }
    let stretches = || by_context.values().flat_map(|list| list.chunks_exact(STRETCH));
    let others = groups(stretches().filter(|part| mean_regard(part) >= REGARD));
    let itself = groups(stretches().filter(|part| mean_regard(part) <= -REGARD));
    (!others.is_empty() && !itself.is_empty())
        .then(|| Personalities { groups: others.into_iter().chain(itself).collect() })
}

/// Groups of stretches by the angle between their embeddings, the one that regards others most first.
fn groups<'a>(stretches: impl Iterator<Item = &'a [&'a Action]>) -> Vec<Group> {
    let stretches: Vec<_> = stretches.collect();
    let embeddings: Vec<Vec<f64>> = stretches.iter().map(|part| embedding(part, 1.0).to_vec()).collect();
    let labels = by_density(&embeddings, Metric::Cosine, PERSONALITY_EPS, PERSONALITY_LEAST);
    let mut members: BTreeMap<usize, Vec<&Action>> = BTreeMap::new();
    for (stretch, label) in stretches.iter().zip(labels) {
        if let Some(label) = label {
            members.entry(label).or_default().extend(stretch.iter());
        }
    }
    let group = |members: Vec<&Action>| Group {
        contexts: members.iter().map(|action| action.decision_context).collect(),
        regard: mean_regard(&members),
        actions: members.len(),
    };
    let mut groups: Vec<Group> = members.into_values().map(group).collect();
    groups.sort_by(|a, b| b.regard.total_cmp(&a.regard));
    groups
}

fn mean_regard(actions: &[&Action]) -> f64 {
    actions.iter().map(|action| regard(action)).sum::<f64>() / actions.len() as f64
}

/// The decisions that serve one principle and fail another one, by the pair.
fn contradictions(actions: &[&Action]) -> Vec<Contradiction> {
    let mut served: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for action in actions {
        for (one, _) in action.tested.iter().filter(|(_, a)| **a >= super::EVIDENCE_FROM) {
            for (other, _) in action.tested.iter().filter(|(_, a)| **a <= -super::EVIDENCE_FROM) {
                served.entry((one, other)).or_default().push(&action.id);
            }
        }
    }
    let mut found: Vec<Contradiction> = served
        .iter()
        .filter(|((one, other), _)| one < other)
        .filter_map(|((one, other), first)| {
            let second = served.get(&(*other, *one))?;
            let fewer = if first.len() < second.len() { first } else { second };
            let severity = 2.0 * fewer.len() as f64 / (first.len() + second.len()) as f64;
            (severity >= SEVERE_FROM).then(|| Contradiction {
                principle_1: (*one).to_owned(),
                principle_2: (*other).to_owned(),
                conflict: format!(
                    "{} decisions serve {one} against {other}, and {} serve {other} against {one}",
                    first.len(),
                    second.len()
                ),
                severity,
                edge_cases: fewer.iter().rev().take(EDGE_CASES).map(|id| (*id).to_owned()).collect(),
            })
        })
        .collect();
    found.sort_by(|a, b| b.severity.total_cmp(&a.severity));
    found
}
