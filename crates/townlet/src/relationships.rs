//! What agents feel for each other: trust and familiarity from chats and handovers, rivalry from conflicts.

use std::collections::BTreeMap;

use gauntlet_townlet_dto::AgentId;
use gauntlet_townlet_dto::state::{RelationshipMetrics, RelationshipWindow, RivalryEvent, Tie};
use serde::{Deserialize, Serialize};

/// How many others an agent feels something for; beyond it, the weakest tie ends.
pub const MAX_TIES: usize = 6;
/// What a conflict of intensity 1 adds to a rivalry.
pub const RIVALRY_GAIN: f64 = 0.15;
/// What every rivalry loses in a tick.
pub const RIVALRY_DECAY: f64 = 0.005;
/// What familiarity loses in a tick.
const FAMILIARITY_DECAY: f64 = 0.0005;
/// Ticks of a window of the metrics.
const WINDOW_TICKS: u64 = 600;
/// Past windows that are remembered.
const MAX_WINDOWS: usize = 10;

/// Agent to other agent to a value.
type Edges<T> = BTreeMap<AgentId, BTreeMap<AgentId, T>>;

/// What agents feel for each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Relationships {
    ties: Edges<Tie>,
    metrics: RelationshipMetrics,
}

impl Default for Relationships {
    fn default() -> Self {
        let metrics = RelationshipMetrics { window_end: WINDOW_TICKS, ..RelationshipMetrics::default() };
        Self { ties: Edges::new(), metrics }
    }
}

impl Relationships {
    pub(crate) fn snapshot(&self) -> &Edges<Tie> {
        &self.ties
    }

    pub(crate) fn metrics(&self) -> &RelationshipMetrics {
        &self.metrics
    }

    /// What one agent feels for another.
    pub(crate) fn tie(&self, owner: &str, other: &str) -> Tie {
        self.ties.get(owner).and_then(|ties| ties.get(other)).copied().unwrap_or_default()
    }

    /// Sets what one agent feels for another, within the bounds.
    pub(crate) fn set(&mut self, owner: &str, other: &str, tie: Tie) {
        let tie = Tie {
            trust: tie.trust.clamp(-1.0, 1.0),
            familiarity: tie.familiarity.clamp(0.0, 1.0),
            rivalry: tie.rivalry.clamp(0.0, 1.0),
        };
        let ties = self.ties.entry(owner.to_owned()).or_default();
        ties.insert(other.to_owned(), tie);
        if ties.len() > MAX_TIES {
            let strength = |tie: &Tie| tie.rivalry.max(tie.familiarity).max(tie.trust.abs());
            let others = ties.iter().filter(|(id, _)| *id != other);
            let weakest = others.min_by(|a, b| strength(a.1).total_cmp(&strength(b.1)));
            if let Some(weakest) = weakest.map(|(id, _)| id.clone()) {
                ties.remove(&weakest);
                self.count_end(owner, "capacity");
            }
        }
    }

    /// Both agents feel more or less for each other.
    pub(crate) fn warm(&mut self, a: &str, b: &str, trust: f64, familiarity: f64) {
        for (owner, other) in [(a, b), (b, a)] {
            let tie = self.tie(owner, other);
            let tie = Tie { trust: tie.trust + trust, familiarity: tie.familiarity + familiarity, ..tie };
            self.set(owner, other, tie);
        }
    }

    /// A conflict makes both agents rivals.
    pub(crate) fn clash(&mut self, event: &RivalryEvent) {
        for (owner, other) in [(&event.agent_a, &event.agent_b), (&event.agent_b, &event.agent_a)] {
            let tie = self.tie(owner, other);
            self.set(owner, other, Tie { rivalry: tie.rivalry + RIVALRY_GAIN * event.intensity, ..tie });
        }
    }

    /// Ties fade by a tick.
    pub(crate) fn step(&mut self, tick: u64) {
        for ties in self.ties.values_mut() {
            for tie in ties.values_mut() {
                tie.rivalry = (tie.rivalry - RIVALRY_DECAY).max(0.0);
                tie.familiarity = (tie.familiarity - FAMILIARITY_DECAY).max(0.0);
            }
            ties.retain(|_, tie| tie.rivalry > 0.0 || tie.familiarity > 0.0);
        }
        self.ties.retain(|_, ties| !ties.is_empty());
        if tick >= self.metrics.window_end {
            self.next_window();
        }
    }

    /// Forgets an agent that is gone.
    pub(crate) fn forget(&mut self, agent: &str) {
        let removed = self.ties.remove(agent).map_or(0, |ties| ties.len());
        (0..removed).for_each(|_| self.count_end(agent, "removed"));
        let owners: Vec<AgentId> =
            self.ties.iter().filter(|(_, ties)| ties.contains_key(agent)).map(|(id, _)| id.clone()).collect();
        for owner in owners {
            if let Some(ties) = self.ties.get_mut(&owner) {
                ties.remove(agent);
            }
            self.count_end(&owner, "removed");
        }
        self.ties.retain(|_, ties| !ties.is_empty());
    }

    fn count_end(&mut self, owner: &str, reason: &str) {
        self.metrics.total += 1;
        *self.metrics.owners.entry(owner.to_owned()).or_insert(0) += 1;
        *self.metrics.reasons.entry(reason.to_owned()).or_insert(0) += 1;
    }

    fn next_window(&mut self) {
        let past = std::mem::take(&mut self.metrics);
        let window = RelationshipWindow {
            window_start: past.window_start,
            window_end: past.window_end,
            total: past.total,
            reasons: past.reasons,
        };
        self.metrics.window_start = past.window_end;
        self.metrics.window_end = past.window_end + WINDOW_TICKS;
        self.metrics.history = past.history;
        self.metrics.history.push(window);
        if self.metrics.history.len() > MAX_WINDOWS {
            self.metrics.history.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clash(tick: u64, a: &str, b: &str, intensity: f64) -> RivalryEvent {
        let [agent_a, agent_b] = [a, b].map(str::to_owned);
        RivalryEvent { tick, agent_a, agent_b, intensity, reason: "ghost_step".to_owned() }
    }

    #[test]
    fn rivalry_grows_and_fades_as_recorded() {
        let mut relationships = Relationships::default();
        relationships.clash(&clash(23, "alice", "bob", 1.5));
        relationships.step(23);
        assert!((relationships.tie("bob", "alice").rivalry - 0.22).abs() < 1e-12);
        (24..26).for_each(|tick| relationships.step(tick));
        relationships.clash(&clash(26, "bob", "alice", 1.5));
        relationships.step(26);
        assert!((relationships.tie("alice", "bob").rivalry - 0.43).abs() < 1e-12);
    }

    #[test]
    fn the_weakest_tie_ends_where_there_are_too_many() {
        let mut relationships = Relationships::default();
        for (n, other) in ["b", "c", "d", "e", "f", "g", "h"].into_iter().enumerate() {
            relationships.clash(&clash(1, "a", other, 1.0 + n as f64));
        }
        assert_eq!(relationships.snapshot()["a"].len(), MAX_TIES);
        assert!(!relationships.snapshot()["a"].contains_key("b"));
        assert_eq!(relationships.metrics().reasons["capacity"], 1);
    }
}
