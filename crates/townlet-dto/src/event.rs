//! What happens in the world during a tick.

use serde::{Deserialize, Serialize};

use crate::action::{Affordance, ObjectKind};
use crate::state::PerturbationKind;
use crate::{AgentId, Cell, ObjectId};

/// Something that happened in the world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorldEvent {
    /// When.
    pub tick: u64,
    /// What.
    #[serde(flatten)]
    pub kind: WorldEventKind,
}

/// What happened. The fields have the same meaning wherever they occur: `agent_id` is whom it happened to,
/// `object_id` where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names of the fields are their documentation, as the type says")]
pub enum WorldEventKind {
    /// An affordance began; `duration` in ticks.
    AffordanceStart { agent_id: AgentId, object_id: ObjectId, affordance_id: Affordance, duration: u32 },
    /// An affordance ended and had its effect.
    AffordanceFinish { agent_id: AgentId, object_id: ObjectId, affordance_id: Affordance },
    /// An affordance was cut short.
    AffordanceFail { agent_id: AgentId, object_id: ObjectId, affordance_id: Affordance, reason: String },
    /// An affordance could not begin.
    AffordancePreconditionFail {
        agent_id: AgentId,
        object_id: ObjectId,
        affordance_id: Affordance,
        reason: String,
    },
    /// `rival` took an object from `actor`; `queue_length` counts those who waited.
    QueueConflict {
        object_id: ObjectId,
        actor: AgentId,
        rival: AgentId,
        reason: String,
        queue_length: u32,
        intensity: f64,
    },
    /// `actor` left an object to `rival` in peace.
    QueueInteraction { object_id: ObjectId, actor: AgentId, rival: AgentId, variant: String },
    /// A chat that both enjoyed; `quality` from 0 to 1.
    ChatSuccess { speaker: AgentId, listener: AgentId, quality: f64 },
    /// A chat that came to nothing.
    ChatFailure { speaker: AgentId, listener: AgentId, reason: String },
    /// An agent came late, or is late by now.
    ShiftLateStart { agent_id: AgentId, job_id: String },
    /// An agent missed its shift.
    ShiftAbsent { agent_id: AgentId, job_id: String },
    /// An agent was away when its shift ended.
    ShiftDepartedEarly { agent_id: AgentId, job_id: String },
    /// An agent waits to be dismissed.
    EmploymentExitPending { agent_id: AgentId, reason: String },
    /// An agent was dismissed.
    EmploymentExitProcessed { agent_id: AgentId, reason: String },
    /// An agent should wait to be dismissed, but the queue is full.
    EmploymentExitQueueOverflow { agent_id: AgentId, pending_count: u64 },
    /// A perturbation began.
    PerturbationStarted { id: String, kind: PerturbationKind, ends_at: u64 },
    /// A perturbation ended.
    PerturbationEnded { id: String, kind: PerturbationKind },
    /// A perturbation was called off.
    PerturbationCancelled { id: String, kind: PerturbationKind },
    /// Prices have risen.
    PerturbationPriceSpike { id: String, magnitude: f64 },
    /// The power is gone.
    PerturbationBlackout { id: String },
    /// The water is gone.
    PerturbationOutage { id: String },
    /// Agents are asked to meet.
    PerturbationArrangedMeet { id: String, targets: Vec<AgentId>, location: Cell },
    /// A new agent came.
    AgentSpawned { agent_id: AgentId, position: Cell },
    /// An agent is gone; `reason` is `faint`, `eviction` or `killed`.
    AgentRemoved {
        agent_id: AgentId,
        /// Recorded streams leave it out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// An agent came back under a new id.
    AgentRespawn { agent_id: AgentId, original_agent_id: AgentId },
    /// An agent was removed by a command.
    AgentKilled { agent_id: AgentId },
    /// An agent was moved by a command.
    AgentTeleported { agent_id: AgentId, position: Cell },
    /// A day ended for an agent.
    AgentNightlyReset { agent_id: AgentId },
    /// An object was filled up.
    StockReplenish { object_id: ObjectId, kind: ObjectKind, stock: String, amount: u32 },
    /// A person told the town a story.
    StoryAnnounced { message: String },
}
