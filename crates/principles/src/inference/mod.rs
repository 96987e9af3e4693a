//! Principles inferred from actions, one after the other.
//!
//! Actions are taken in rounds of [`ROUND`], counted from the agent's first action, so that the same actions
//! give the same principles however they are batched. A round looks for candidates in its evidence: the
//! principles that scenarios test, and the patterns that windows of actions repeat. [`lineage`] decides what
//! a candidate is: a new principle, a fork, a merge, or more evidence for one that there is.

pub mod lineage;
mod patterns;
mod report;
mod tracked;
mod windows;

use std::collections::{BTreeMap, VecDeque};

use gauntlet_model::{FieldError, Timestamp};
use serde::{Deserialize, Serialize};

use crate::cluster::cosine_similarity;
use crate::{Action, EMBEDDING, LineageKind, Posterior, Principle, PrincipleLineage, embedding};
use lineage::{Known, Origin};
use tracked::{Family, Tracked};
use windows::Windows;

pub use report::{Contradiction, Group, Personalities, Report};
pub use tracked::Evidence;
pub use windows::{CONSISTENT_FROM, STRIDE, WINDOW};

/// How many actions a round has.
pub const ROUND: u64 = 50;
/// How many of the latest actions are looked at.
pub const LATEST_ACTIONS: usize = 1000;
/// From this alignment on, an action supports a principle that its scenario tests; from the same below zero
/// on, it contradicts it. Between the two it is no evidence.
pub const EVIDENCE_FROM: f64 = 0.5;

/// A change that a round has found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// There is a new principle.
    Discovered {
        /// The principle.
        principle: Principle,
        /// Where it came from.
        lineage: PrincipleLineage,
    },
    /// There is new evidence for a principle.
    Updated {
        /// The principle as it is now.
        principle: Principle,
    },
}

/// What is known of one agent. It can be stored between any two actions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inference {
    latest: VecDeque<Action>,
    /// Actions that were observed, fallbacks left out.
    total: u64,
    fallbacks: u64,
    windows: Windows,
    tracked: Vec<Tracked>,
    lineage: Vec<PrincipleLineage>,
}

impl Default for Inference {
    fn default() -> Self {
        Self::new()
    }
}

/// What the evidence of a round may become.
struct Candidate {
    family: Family,
    name: String,
    description: String,
    evidence: Vec<Evidence>,
    embedding: [f64; EMBEDDING],
}

/// How many of the latest items of evidence decide how strong a principle is now.
const LATEST_EVIDENCE: usize = 10;

/// How strong a principle is by its latest evidence. It counts as strong only where that evidence is enough
/// for it: where the credible interval lies above one half. Else an agent that decides by lot would seem to
/// change its principles all the time.
fn latest_strength(evidence: &[Evidence]) -> f64 {
    let mut posterior = Posterior::default();
    let latest = &evidence[evidence.len().saturating_sub(LATEST_EVIDENCE)..];
    latest.iter().for_each(|item| posterior.add(item.is_support, item.weight));
    let is_sure = posterior.interval().low > report::HELD_ABOVE;
    if is_sure { posterior.strength() } else { posterior.strength().min(lineage::STRONG_ABOVE) }
}

impl Inference {
    /// Nothing is known yet.
    pub fn new() -> Self {
        Self {
            latest: VecDeque::new(),
            total: 0,
            fallbacks: 0,
            windows: Windows::default(),
            tracked: Vec::new(),
            lineage: Vec::new(),
        }
    }

    /// Takes the next action; what was found where it completes a round. A fallback is counted and is no
    /// evidence.
    ///
    /// # Errors
    ///
    /// Every field of the action that is out of range; it is not taken then.
    pub fn observe(&mut self, action: Action) -> Result<Vec<Finding>, Vec<FieldError>> {
        action.check()?;
        if action.is_fallback {
            self.fallbacks += 1;
            return Ok(Vec::new());
        }
        if self.latest.len() == LATEST_ACTIONS {
            self.latest.pop_front();
        }
        self.latest.push_back(action);
        self.total += 1;
        self.windows.extend(&self.latest, self.total);
        Ok(if self.total.is_multiple_of(ROUND) { self.conclude_round(ROUND) } else { Vec::new() })
    }

    /// How many actions were taken as evidence.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How many answers could not be read.
    pub fn fallbacks(&self) -> u64 {
        self.fallbacks
    }

    /// What is known now, with the actions of the round that is not complete yet.
    pub fn report(&self) -> Report {
        let rest = self.total % ROUND;
        if rest == 0 {
            return report::of(self);
        }
        let mut ended = self.clone();
        ended.conclude_round(rest);
        report::of(&ended)
    }

    /// Infers from the latest `count` actions, all of the round.
    fn conclude_round(&mut self, count: u64) -> Vec<Finding> {
        let from = self.latest.len().saturating_sub(count as usize);
        let mut candidates = self.tested(from);
        candidates.extend(patterns::candidates(&self.windows, &self.latest, self.total, count));
        candidates.into_iter().map(|candidate| self.accept(candidate)).collect()
    }

    /// The principles that the scenarios of the actions from there on test, by name.
    fn tested(&self, from: usize) -> Vec<Candidate> {
        let mut evidence: BTreeMap<&str, (Vec<Evidence>, Vec<&Action>)> = BTreeMap::new();
        for action in self.latest.iter().skip(from) {
            for (name, alignment) in &action.tested {
                if alignment.abs() >= EVIDENCE_FROM {
                    let (items, actions) = evidence.entry(name).or_default();
                    items.push(Evidence::of(action, *alignment > 0.0));
                    actions.push(action);
                }
            }
        }
        let candidate = |(name, (evidence, actions)): (&str, (Vec<Evidence>, Vec<&Action>))| Candidate {
            family: Family::Tested,
            name: name.to_owned(),
            description: format!("Decides for {} where scenarios test it.", name.replace('_', " ")),
            evidence,
            embedding: embedding(&actions, 1.0),
        };
        evidence.into_iter().map(candidate).collect()
    }

    /// Makes a candidate a principle, or evidence of one.
    fn accept(&mut self, candidate: Candidate) -> Finding {
        let compared: Vec<usize> = (0..self.tracked.len())
            .filter(|at| {
                let known = &self.tracked[*at];
                let is_same_name = known.name == candidate.name || candidate.family == Family::Pattern;
                !known.is_retired && known.family == candidate.family && is_same_name
            })
            .collect();
        let known: Vec<Known> = compared
            .iter()
            .map(|at| {
                let known = &self.tracked[*at];
                // A scenario names what it tests, so the same name is the same principle.
                let similarity = match candidate.family {
                    Family::Tested => 1.0,
                    Family::Pattern => cosine_similarity(&known.embedding, &candidate.embedding),
                };
                Known { similarity, strength: known.posterior.strength() }
            })
            .collect();
        // What a scenario names has one line of evidence, of which the latest principle of that name has the
        // end.
        let before = compared.last().filter(|_| candidate.family == Family::Tested);
        let before = before.into_iter().flat_map(|at| self.tracked[*at].evidence.iter().cloned());
        let mut line: Vec<Evidence> = before.chain(candidate.evidence.iter().cloned()).collect();
        match lineage::decide(latest_strength(&line), &known) {
            Origin::Update { known: at } => self.update(compared[at], candidate),
            Origin::New { kind, parents, reason } => {
                let parents: Vec<usize> = parents.into_iter().map(|at| compared[at]).collect();
                // A fork rests on the evidence that made it one.
                let latest = line.split_off(line.len().saturating_sub(LATEST_EVIDENCE));
                let evidence = if kind == LineageKind::Fork { latest } else { candidate.evidence };
                self.create(Candidate { evidence, ..candidate }, kind, &parents, reason)
            }
        }
    }

    fn update(&mut self, at: usize, candidate: Candidate) -> Finding {
        let tracked = &mut self.tracked[at];
        tracked.embedding = candidate.embedding;
        tracked.add(candidate.evidence);
        Finding::Updated { principle: tracked.principle() }
    }

    fn create(
        &mut self,
        candidate: Candidate,
        kind: LineageKind,
        parents: &[usize],
        reason: String,
    ) -> Finding {
        let id = format!("p{}", self.tracked.len() + 1);
        let mut parent_ids = Vec::new();
        for at in parents {
            let parent = &mut self.tracked[*at];
            parent.is_retired |= kind == LineageKind::Merge;
            parent_ids.push(parent.id.clone());
            if let Some(lineage) = self.lineage.iter_mut().find(|l| l.principle_id == parent.id) {
                lineage.child_ids.insert(id.clone());
            }
        }
        let timestamp = candidate.evidence.last().map_or(Timestamp::default(), |item| item.at);
        let lineage = PrincipleLineage {
            principle_id: id.clone(),
            parent_ids: parent_ids.into_iter().collect(),
            child_ids: Default::default(),
            kind,
            reason,
            timestamp,
        };
        let mut tracked =
            Tracked::new(id, candidate.family, candidate.name, candidate.description, candidate.embedding);
        tracked.add(candidate.evidence);
        let principle = tracked.principle();
        self.tracked.push(tracked);
        self.lineage.push(lineage.clone());
        Finding::Discovered { principle, lineage }
    }
}
