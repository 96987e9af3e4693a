//! What an agent goes by, as inferred from its actions, and where that came from.

use std::collections::BTreeSet;

use gauntlet_model::Timestamp;
use gauntlet_statistics::Interval;
use serde::{Deserialize, Serialize};

use crate::DecisionContext;

/// A principle that an agent's actions are evidence for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Principle {
    /// Its id, unique for the agent.
    pub id: String,
    /// Its name, such as `loyalty`.
    pub name: String,
    /// What it is, in a sentence.
    pub description: String,
    /// The mean of its posterior, 0 to 1.
    pub strength_score: f64,
    /// The equal-tailed 95% credible interval of the strength.
    pub confidence_interval: Interval,
    /// How much the strength has changed since the last rounds, 0 to 1.
    pub volatility: f64,
    /// Actions that support it.
    pub evidence_count: u64,
    /// Actions that contradict it.
    pub contradictions_count: u64,
    /// The contexts in which it was tested, by falling weight.
    pub contexts: Vec<DecisionContext>,
    /// When its first evidence was decided.
    pub created_at: Timestamp,
    /// When its latest evidence was decided.
    pub last_updated: Timestamp,
}

/// How a principle came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineageKind {
    /// There was nothing like it.
    Root,
    /// Strong, and like a principle that has become weak.
    Fork,
    /// Strong, and like several principles that have become weak.
    Merge,
    /// A further form of a principle.
    Evolution,
}

/// Where a principle comes from, and which principles came from it. Parents and children are written on both
/// sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PrincipleLineage {
    /// The principle.
    pub principle_id: String,
    /// What it came from.
    pub parent_ids: BTreeSet<String>,
    /// The outcome.
    pub child_ids: BTreeSet<String>,
    /// How it came about.
    #[serde(rename = "type")]
    pub kind: LineageKind,
    /// Why, with the numbers that decided.
    pub reason: String,
    /// When.
    pub timestamp: Timestamp,
}
