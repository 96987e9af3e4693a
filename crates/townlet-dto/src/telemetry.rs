//! The catalogue of telemetry: what a tick of the town reports, each kind of event with its typed payload.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::AgentId;
use crate::canonical::{self, NotCanonical};
use crate::envelope::{AnnealContext, Envelope, GlobalView};
use crate::event::WorldEvent;
use crate::health::{Summary, TransportStatus};
use crate::identity::{PolicyChoice, PolicyIdentity, PolicyMetadata};
use crate::stability::{Alert, PromotionState, StabilityInputs, StabilityMetrics};
use crate::state::{PerturbationBoard, RivalryEvent};

/// The version of the payloads.
pub const SCHEMA_VERSION: &str = "1.0.0";

/// An event of telemetry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Telemetry {
    /// The tick that it reports.
    pub tick: u64,
    /// What describes it.
    pub metadata: Metadata,
    /// What it reports.
    #[serde(flatten)]
    pub body: Body,
}

/// What describes an event of telemetry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// The version of the payload.
    pub schema_version: String,
    /// When it was sent, as RFC 3339. The simulation has no clock and leaves it to its host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// What made it.
    pub source: String,
}

/// What an event of telemetry reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "payload")]
pub enum Body {
    /// A tick succeeded.
    #[serde(rename = "loop.tick")]
    LoopTick(Box<LoopTick>),
    /// How the loop is doing, after each tick.
    #[serde(rename = "loop.health")]
    LoopHealth(Box<LoopHealth>),
    /// A step of a tick failed, and the tick was rolled back.
    #[serde(rename = "loop.failure")]
    LoopFailure(Box<LoopFailure>),
    /// A command was handled.
    #[serde(rename = "console.result")]
    ConsoleResult(Box<ConsoleResult>),
    /// The policy, when it changed.
    #[serde(rename = "policy.metadata")]
    PolicyMetadata(PolicyReport),
    /// Who is driven by a person, when it changed.
    #[serde(rename = "policy.possession")]
    PolicyPossession(PossessionReport),
    /// The share of learned actions, when it changed.
    #[serde(rename = "policy.anneal.update")]
    PolicyAnnealUpdate(AnnealReport),
    /// What the analysers measured.
    #[serde(rename = "stability.metrics")]
    StabilityMetrics(Box<StabilityMetrics>),
    /// Rivalries that grew in the tick.
    #[serde(rename = "rivalry.events")]
    RivalryEvents(RivalryReport),
}

impl Body {
    /// The name of the kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::LoopTick(_) => "loop.tick",
            Self::LoopHealth(_) => "loop.health",
            Self::LoopFailure(_) => "loop.failure",
            Self::ConsoleResult(_) => "console.result",
            Self::PolicyMetadata(_) => "policy.metadata",
            Self::PolicyPossession(_) => "policy.possession",
            Self::PolicyAnnealUpdate(_) => "policy.anneal.update",
            Self::StabilityMetrics(_) => "stability.metrics",
            Self::RivalryEvents(_) => "rivalry.events",
        }
    }
}

impl Telemetry {
    /// An event of the simulation, without a time.
    pub fn new(tick: u64, body: Body) -> Self {
        let metadata = Metadata {
            schema_version: SCHEMA_VERSION.to_owned(),
            timestamp: None,
            source: "townlet".to_owned(),
        };
        Self { tick, metadata, body }
    }

    /// The hash of its canonical JSON without what depends on clocks and transports: two runs of a seed have
    /// the same hashes.
    ///
    /// # Errors
    ///
    /// [`NotCanonical`] where a number is not finite.
    pub fn content_hash(&self) -> Result<String, NotCanonical> {
        let mut event = self.clone();
        event.metadata.timestamp = None;
        match &mut event.body {
            Body::LoopTick(payload) => payload.transport = TransportStatus::default(),
            Body::LoopHealth(payload) => {
                payload.duration_ms = 0.0;
                payload.transport = TransportStatus::default();
            }
            Body::LoopFailure(payload) => {
                payload.duration_ms = 0.0;
                payload.transport = TransportStatus::default();
                payload.snapshot_path = None;
            }
            Body::ConsoleResult(payload) => payload.result.latency_ms = 0.0,
            _ => {}
        }
        canonical::content_hash(&event)
    }
}

/// The hash of a log: of the content hashes of its events, in order.
#[derive(Debug, Clone, Default)]
pub struct LogHash(Sha256);

impl LogHash {
    /// Adds an event.
    ///
    /// # Errors
    ///
    /// As [`Telemetry::content_hash`].
    pub fn add(&mut self, event: &Telemetry) -> Result<(), NotCanonical> {
        self.0.update(event.content_hash()?);
        Ok(())
    }

    /// The hash so far.
    pub fn value(&self) -> String {
        format!("sha256:{}", hex::encode(self.0.clone().finalize()))
    }
}

/// The reward of an agent in a tick. The components and the adjustment add up to the total.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RewardBreakdown {
    /// For being there.
    pub survival: f64,
    /// Minus the weighted squares of the deficits.
    pub needs_penalty: f64,
    /// For chats, against failed ones.
    pub social: f64,
    /// Wages earned minus wages withheld.
    pub wage: f64,
    /// For working on time.
    pub punctuality: f64,
    /// For having fainted or been dismissed.
    pub terminal_penalty: f64,
    /// What the limit of a tick took away or added.
    pub clip_adjustment: f64,
    /// The reward.
    pub total: f64,
}

impl RewardBreakdown {
    /// The components by name, the total included.
    pub fn by_name(&self) -> BTreeMap<String, f64> {
        let named = [
            ("survival", self.survival),
            ("needs_penalty", self.needs_penalty),
            ("social", self.social),
            ("wage", self.wage),
            ("punctuality", self.punctuality),
            ("terminal_penalty", self.terminal_penalty),
            ("clip_adjustment", self.clip_adjustment),
            ("total", self.total),
        ];
        named.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// The payload of `loop.tick`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoopTick {
    /// The tick.
    pub tick: u64,
    /// Which simulation ran it.
    pub runtime_variant: String,
    /// Agent to its reward.
    pub rewards: BTreeMap<AgentId, f64>,
    /// Agent to its reward by component.
    pub reward_breakdown: BTreeMap<AgentId, RewardBreakdown>,
    /// What happened, in order.
    pub events: Vec<WorldEvent>,
    /// Agent to what its policy chose.
    pub policy_snapshot: BTreeMap<AgentId, PolicyChoice>,
    /// What the analysers read.
    pub stability_inputs: StabilityInputs,
    /// The perturbations.
    pub perturbations: PerturbationBoard,
    /// Which policy drove the agents.
    pub policy_identity: PolicyIdentity,
    /// Who is driven by a person; sorted.
    pub possessed_agents: Vec<AgentId>,
    /// Those of the events that are chats.
    pub social_events: Vec<WorldEvent>,
    /// What the policies see before the next tick.
    pub observations_dto: Envelope,
    /// What of it belongs to no agent.
    pub global_context: GlobalView,
    /// How the transport is doing.
    pub transport: TransportStatus,
}

/// The payload of `loop.health`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoopHealth {
    /// The tick.
    pub tick: u64,
    /// Whether it succeeded.
    pub status: Status,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// Ticks that failed so far.
    pub failure_count: u64,
    /// How the transport is doing.
    pub transport: TransportStatus,
    /// The promotion.
    pub promotion: PromotionState,
    /// What the analysers measured.
    pub stability: HealthStability,
    /// A summary for people.
    pub summary: Summary,
}

/// What `loop.health` shows of the analysers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthStability {
    /// The latest metrics; missing before the first tick that succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_metrics: Option<StabilityMetrics>,
    /// The alerts that hold, sorted.
    pub alerts: Vec<Alert>,
}

/// The payload of `loop.failure`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoopFailure {
    /// The tick that failed.
    pub tick: u64,
    /// Always [`Status::Error`].
    pub status: Status,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// Ticks that failed so far, this one included.
    pub failure_count: u64,
    /// What failed: `Class: message`.
    pub error: String,
    /// The path of the snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_path: Option<String>,
    /// How the transport is doing.
    pub transport: TransportStatus,
    /// What was last known.
    pub global_context: GlobalView,
    /// A summary for people.
    pub summary: Summary,
}

/// Whether something succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It did.
    Ok,
    /// It did not.
    Error,
}

/// The payload of `console.result`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleResult {
    /// What was asked.
    pub command: ConsoleCommand,
    /// The outcome.
    pub result: ConsoleOutcome,
}

/// A command as it was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleCommand {
    /// Its name.
    pub name: String,
    /// Its arguments by place.
    #[serde(default)]
    pub args: Vec<Value>,
    /// Its arguments by name.
    #[serde(default)]
    pub kwargs: BTreeMap<String, Value>,
    /// Makes it idempotent: a second command with the id is not run again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cmd_id: Option<String>,
    /// Who gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// `viewer` or `admin`.
    pub mode: String,
}

/// The outcome of a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleOutcome {
    /// Its name.
    pub name: String,
    /// Whether it succeeded.
    pub status: Status,
    /// The id of the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cmd_id: Option<String>,
    /// Who gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// When it ran.
    pub tick: u64,
    /// How long it took, in milliseconds.
    pub latency_ms: f64,
    /// Its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// What was wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ConsoleError>,
}

/// What was wrong with a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleError {
    /// `usage`, `invalid_args`, `not_found`, `conflict`, `forbidden`, `unsupported`, `unknown_command`,
    /// `handler_error` or `internal`.
    pub code: String,
    /// What to do about it.
    pub message: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
}

/// The payload of `policy.metadata`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyReport {
    /// The tick.
    pub tick: u64,
    /// What kind of policy it is.
    pub provider: String,
    /// What is known of it.
    pub metadata: PolicyMetadata,
}

/// The payload of `policy.possession`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PossessionReport {
    /// The tick.
    pub tick: u64,
    /// What kind of policy drives the others.
    pub provider: String,
    /// Who is driven by a person; sorted.
    pub agents: Vec<AgentId>,
}

/// The payload of `policy.anneal.update`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnnealReport {
    /// The tick.
    pub tick: u64,
    /// What kind of policy it is.
    pub provider: String,
    /// The share of learned actions; missing where nothing is mixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// What it belongs to.
    pub context: AnnealContext,
}

/// The payload of `rivalry.events`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RivalryReport {
    /// The tick.
    pub tick: u64,
    /// Never empty.
    pub events: Vec<RivalryEvent>,
}
