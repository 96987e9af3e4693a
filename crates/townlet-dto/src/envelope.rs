//! The observation envelope: all that policies see of the town, after a tick and before the next one.
//!
//! Agents are in order of their ids, maps in order of their keys, sets are sorted lists. A field that the
//! schema does not know is refused; an optional field without a value is left out. Nothing in it depends on
//! a clock, so equal worlds make equal bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::action::{Action, Intent};
use crate::canonical::{self, NotCanonical};
use crate::identity::{PolicyChoice, PolicyMetadata};
use crate::stability::{PromotionState, StabilityMetrics};
use crate::state::{
    Commitment, EconomySnapshot, EmploymentSnapshot, Inventory, Job, Needs, ObjectState, Personality,
    PerturbationBoard, QueueBoard, QueueMetrics, QueueState, RelationshipMetrics, RivalryEvent, Running, Tie,
};
use crate::{AgentId, Cell, ObjectId};

/// The version of the envelope's schema.
pub const SCHEMA_VERSION: &str = "0.3.0";

/// What policies see of the town.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// The tick that made it.
    pub tick: u64,
    /// Always [`SCHEMA_VERSION`].
    #[serde(deserialize_with = "known_version")]
    pub dto_schema_version: String,
    /// In order of their ids.
    pub agents: Vec<AgentView>,
    /// What belongs to no agent.
    pub global: GlobalView,
    /// What each agent did in the tick.
    pub actions: BTreeMap<AgentId, Action>,
    /// For each agent that the tick began with, whether the town removed it in this tick.
    pub terminated: BTreeMap<AgentId, bool>,
    /// Why an agent was removed, for those that were.
    pub termination_reasons: BTreeMap<AgentId, String>,
}

impl Envelope {
    /// The agent of that id.
    pub fn agent(&self, id: &str) -> Option<&AgentView> {
        let at = self.agents.binary_search_by(|agent| agent.agent_id.as_str().cmp(id)).ok()?;
        self.agents.get(at)
    }

    /// Its canonical JSON.
    ///
    /// # Errors
    ///
    /// [`NotCanonical`] where a number is not finite.
    pub fn canonical_json(&self) -> Result<Vec<u8>, NotCanonical> {
        canonical::to_vec(self)
    }

    /// The hash of its canonical JSON.
    ///
    /// # Errors
    ///
    /// As [`Self::canonical_json`].
    pub fn content_hash(&self) -> Result<String, NotCanonical> {
        canonical::content_hash(self)
    }
}

/// Another version has other fields, and its values may mean something else.
fn known_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let version = String::deserialize(deserializer)?;
    if version == SCHEMA_VERSION {
        return Ok(version);
    }
    let expected = format!("dto_schema_version is {version:?}; this reads {SCHEMA_VERSION:?}");
    Err(serde::de::Error::custom(expected))
}

/// What an envelope shows of an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentView {
    /// Its id.
    pub agent_id: AgentId,
    /// Its surroundings: channel, row, column; see [`crate::encoder`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<Vec<Vec<Vec<f32>>>>,
    /// Its state as numbers; see [`crate::encoder::FEATURES`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<f32>>,
    /// What describes the two above.
    pub metadata: ViewMetadata,
    /// Its reward of the tick, by component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewards: Option<BTreeMap<String, f64>>,
    /// Whether the town has removed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminated: Option<bool>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Cell>,
    /// How far its hunger, hygiene and energy are met, each from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<Needs>,
    /// Its money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wallet: Option<f64>,
    /// What it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<Inventory>,
    /// Its job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Job>,
    /// Its extroversion, forgiveness and ambition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personality: Option<Personality>,
    /// The object that it holds or queues for, and its place in that queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_state: Option<QueueState>,
    /// The goal that it follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_intent: Option<Intent>,
}

/// What describes the map and the features of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewMetadata {
    /// Which encoder made them.
    pub observation_variant: String,
    /// Channels, rows and columns of the map.
    pub map_shape: [u32; 3],
    /// Names of the map's channels.
    pub map_channels: Vec<String>,
    /// Names of the features.
    pub feature_names: Vec<String>,
}

/// What an envelope shows beside the agents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GlobalView {
    /// Counters of queues since the start.
    pub queue_metrics: QueueMetrics,
    /// The reward of each agent in this tick.
    pub rewards: BTreeMap<AgentId, f64>,
    /// The perturbations that are active or scheduled.
    pub perturbations: PerturbationBoard,
    /// What the policy of each agent chose for this tick.
    pub policy_snapshot: BTreeMap<AgentId, PolicyChoice>,
    /// Rivalry events of the tick.
    pub rivalry_events: Vec<RivalryEvent>,
    /// What the analysers of stability measured.
    pub stability_metrics: StabilityMetrics,
    /// How far the promotion of a learned policy is.
    pub promotion_state: PromotionState,
    /// Which policy drives the agents.
    pub policy_metadata: PolicyMetadata,
    /// The seed of the world; at most 2^53 - 1.
    pub rng_seed: u64,
    /// For each object its holder and its queue.
    pub queues: QueueBoard,
    /// The affordance that runs at each object.
    pub running_affordances: BTreeMap<ObjectId, Running>,
    /// The ties of each agent to others: trust, familiarity, rivalry.
    pub relationship_snapshot: BTreeMap<AgentId, BTreeMap<AgentId, Tie>>,
    /// Counts of ties that ended in the present window of ticks.
    pub relationship_metrics: RelationshipMetrics,
    /// The agents that wait to be dismissed.
    pub employment_snapshot: EmploymentSnapshot,
    /// Prices, and whether power and water work.
    pub economy_snapshot: EconomySnapshot,
    /// How scripted and learned actions are mixed.
    pub anneal_context: AnnealContext,
    /// The objects.
    pub objects: BTreeMap<ObjectId, ObjectState>,
}

/// How scripted and learned actions are mixed, and what agents are committed to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnnealContext {
    /// The share of learned actions, from 0 to 1; missing where nothing is mixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anneal_ratio: Option<f64>,
    /// Whether actions are mixed.
    pub blend_enabled: bool,
    /// For how many ticks an agent stays committed to an intent.
    pub option_commit_ticks: u64,
    /// The agents that a person drives; sorted.
    pub possessed_agents: Vec<AgentId>,
    /// The intent that each agent is committed to.
    pub commit_state: BTreeMap<AgentId, Commitment>,
}
