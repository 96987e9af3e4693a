//! Which policy drives the agents, and what it chose.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::AgentId;
use crate::action::TopAction;

/// Which policy drives the agents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyIdentity {
    /// Which configuration.
    pub config_id: String,
    /// Which weights, where it has some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_hash: Option<String>,
    /// What it reads of an envelope: `facts`, `features` or `hybrid`.
    pub observation_variant: String,
    /// The share of learned actions, from 0 to 1, where scripted and learned ones are mixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anneal_ratio: Option<f64>,
}

/// What a policy chose for an agent in a tick.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyChoice {
    /// When.
    pub tick: u64,
    /// The intent that it chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected_action: Option<String>,
    /// The logarithm of its probability.
    pub log_prob: f64,
    /// The policy's estimate of the return.
    pub value_pred: f64,
    /// The likeliest intents, likeliest first; at most 5.
    pub top_actions: Vec<TopAction>,
}

/// What is known of the policy: the payload of `policy.metadata` but for the tick and the provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyMetadata {
    /// Which policy it is.
    pub identity: PolicyIdentity,
    /// The agents that a person drives; sorted.
    pub possessed_agents: Vec<AgentId>,
    /// Agent to its changes of intent in the tick; those without one are missing.
    pub option_switch_counts: BTreeMap<AgentId, u64>,
    /// The share of learned actions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anneal_ratio: Option<f64>,
}
