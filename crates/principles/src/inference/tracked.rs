//! A principle with the evidence that it rests on.

use std::collections::{BTreeSet, VecDeque};

use gauntlet_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::posterior::{VOLATILITY_SPAN, volatility};
use crate::{Action, DecisionContext, EMBEDDING, Posterior, Principle};

/// How many of the latest actions that are evidence are named.
const NAMED_EVIDENCE: usize = 200;

/// Where a principle was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Family {
    /// Scenarios name it and test it.
    Tested,
    /// Actions repeat it.
    Pattern,
}

/// An action as evidence for or against a principle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The action.
    pub action_id: String,
    /// When it was decided.
    pub at: Timestamp,
    /// In which context.
    pub context: DecisionContext,
    /// Whether it supports the principle, or else contradicts it.
    pub is_support: bool,
    /// How much it counts, 0.5 to 1.
    pub weight: f64,
}

impl Evidence {
    pub(crate) fn of(action: &Action, is_support: bool) -> Self {
        Self {
            action_id: action.id.clone(),
            at: action.timestamp,
            context: action.decision_context,
            is_support,
            weight: action.decision_context.evidence_weight(),
        }
    }
}

/// A principle, its posterior and its latest evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tracked {
    pub id: String,
    pub family: Family,
    pub name: String,
    pub description: String,
    pub posterior: Posterior,
    pub embedding: [f64; EMBEDDING],
    /// Whether it has merged into another one.
    pub is_retired: bool,
    pub evidence: VecDeque<Evidence>,
    supports: u64,
    contradictions: u64,
    strengths: VecDeque<f64>,
    contexts: BTreeSet<DecisionContext>,
    created_at: Option<Timestamp>,
    last_updated: Timestamp,
}

impl Tracked {
    pub(crate) fn new(
        id: String,
        family: Family,
        name: String,
        description: String,
        embedding: [f64; EMBEDDING],
    ) -> Self {
        Self {
            id,
            family,
            name,
            description,
            posterior: Posterior::default(),
            embedding,
            is_retired: false,
            evidence: VecDeque::new(),
            supports: 0,
            contradictions: 0,
            strengths: VecDeque::new(),
            contexts: BTreeSet::new(),
            created_at: None,
            last_updated: Timestamp::default(),
        }
    }

    /// Adds evidence, oldest first.
    pub(crate) fn add(&mut self, evidence: Vec<Evidence>) {
        for item in evidence {
            self.posterior.add(item.is_support, item.weight);
            self.supports += u64::from(item.is_support);
            self.contradictions += u64::from(!item.is_support);
            self.strengths.push_back(self.posterior.strength());
            if self.strengths.len() > VOLATILITY_SPAN {
                self.strengths.pop_front();
            }
            self.contexts.insert(item.context);
            self.created_at = self.created_at.or(Some(item.at));
            self.last_updated = item.at;
            self.evidence.push_back(item);
            if self.evidence.len() > NAMED_EVIDENCE {
                self.evidence.pop_front();
            }
        }
    }

    pub(crate) fn principle(&self) -> Principle {
        let strengths: Vec<f64> = self.strengths.iter().copied().collect();
        Principle {
            id: self.id.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            strength_score: self.posterior.strength(),
            confidence_interval: self.posterior.interval(),
            volatility: volatility(&strengths),
            evidence_count: self.supports,
            contradictions_count: self.contradictions,
            contexts: self.contexts.iter().copied().collect(),
            created_at: self.created_at.unwrap_or_default(),
            last_updated: self.last_updated,
        }
    }
}
