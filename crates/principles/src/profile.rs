//! An agent with its latest actions.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::Action;

/// How many actions a profile keeps; older ones are counted only.
pub const PROFILE_ACTIONS: usize = 10_000;

/// An agent: its id, its latest actions, and how many there were in all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentProfile {
    /// The agent's id.
    pub agent_id: String,
    actions: VecDeque<Action>,
    total: u64,
}

impl AgentProfile {
    /// An agent without actions.
    pub fn new(agent_id: impl Into<String>) -> Self {
        Self { agent_id: agent_id.into(), actions: VecDeque::new(), total: 0 }
    }

    /// Adds an action; beyond [`PROFILE_ACTIONS`] the oldest one is dropped.
    pub fn push(&mut self, action: Action) {
        if self.actions.len() == PROFILE_ACTIONS {
            self.actions.pop_front();
        }
        self.actions.push_back(action);
        self.total += 1;
    }

    /// The latest actions, oldest first.
    pub fn actions(&self) -> impl DoubleEndedIterator<Item = &Action> + ExactSizeIterator {
        self.actions.iter()
    }

    /// How many actions there were, dropped ones included.
    pub fn total(&self) -> u64 {
        self.total
    }
}
