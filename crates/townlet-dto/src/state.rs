//! The parts of the world that envelopes and events show.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::action::{Affordance, Intent, ObjectKind};
use crate::{AgentId, Cell, ObjectId};

/// How well an agent is, each from 0 to 1 with 1 = satisfied.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Needs {
    /// 0 = starving.
    pub hunger: f64,
    /// 0 = filthy.
    pub hygiene: f64,
    /// 0 = exhausted.
    pub energy: f64,
}

impl Needs {
    /// The needs with each value limited to 0 to 1.
    #[must_use]
    pub fn limited(self) -> Self {
        Self {
            hunger: self.hunger.clamp(0.0, 1.0),
            hygiene: self.hygiene.clamp(0.0, 1.0),
            energy: self.energy.clamp(0.0, 1.0),
        }
    }
}

/// The traits of an agent, each from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Personality {
    /// How readily it talks.
    pub extroversion: f64,
    /// How fast its rivalries fade.
    pub forgiveness: f64,
    /// How much it works, and how fast it tires.
    pub ambition: f64,
}

/// What an agent carries and has made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// Cooked meals that it carries.
    pub meals: u32,
    /// Meals that it has cooked so far.
    pub meals_cooked: u32,
    /// Meals that it has eaten so far.
    pub meals_consumed: u32,
}

/// Where an agent is in its shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShiftState {
    /// No shift is on.
    #[default]
    Idle,
    /// The shift is on, and the agent has not come yet.
    Awaiting,
    /// At the place of work.
    OnTime,
    /// At the place of work, having come late.
    Late,
    /// Away during the shift, after having been there.
    Away,
    /// Has missed the shift.
    Absent,
}

/// An agent's job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// The kind of work, such as a clerk's.
    pub job_id: String,
    /// The place of work.
    pub workplace: Cell,
    /// Tick of the day at which the shift begins.
    pub start_tick: u64,
    /// Tick of the day at which it ends; larger than the start.
    pub end_tick: u64,
    /// Whether the agent works in this tick.
    pub on_shift: bool,
    /// Where it is in its shift.
    pub shift_state: ShiftState,
    /// Shifts that it has been late for.
    pub lateness_counter: u32,
    /// Ticks of today's shift that it has missed before coming.
    pub late_ticks_today: u32,
    /// Ticks of today's shift that it has worked.
    pub worked_ticks_today: u32,
    /// The days, of the last 7, on which it missed its shift.
    pub absent_days: Vec<u64>,
    /// Wages earned so far.
    pub wages_earned: f64,
    /// Wages that lateness has cost so far.
    pub wages_withheld: f64,
    /// Whether it waits to be dismissed.
    pub exit_pending: bool,
}

/// Where an agent is in a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueState {
    /// The object.
    pub object_id: ObjectId,
    /// 0 where the agent holds the object, otherwise its place in the queue from 1.
    pub place: u32,
    /// Ticks since it joined; 0 where it holds the object.
    pub waited_ticks: u64,
}

/// Counters of queues: totals since the start, or what a tick added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueMetrics {
    /// Requests that a cooldown refused.
    pub cooldown_events: u64,
    /// Holders that lost an object since they did not use it while others waited.
    pub ghost_step_events: u64,
    /// Times that an object went on to the next of its queue.
    pub rotation_events: u64,
}

impl QueueMetrics {
    /// What was added since `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            cooldown_events: self.cooldown_events.saturating_sub(before.cooldown_events),
            ghost_step_events: self.ghost_step_events.saturating_sub(before.ghost_step_events),
            rotation_events: self.rotation_events.saturating_sub(before.rotation_events),
        }
    }

    /// All counters together.
    pub fn total(self) -> u64 {
        self.cooldown_events + self.ghost_step_events + self.rotation_events
    }
}

/// An agent that waits for an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueEntry {
    /// The agent.
    pub agent_id: AgentId,
    /// When it joined.
    pub joined_tick: u64,
}

/// An agent that may not ask for an object again yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cooldown {
    /// The object.
    pub object_id: ObjectId,
    /// The agent.
    pub agent_id: AgentId,
    /// The first tick at which it may ask again.
    pub until_tick: u64,
}

/// Who holds what and who waits for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueBoard {
    /// Object to the agent that holds it.
    pub active: BTreeMap<ObjectId, AgentId>,
    /// In order of object and agent.
    pub cooldowns: Vec<Cooldown>,
    /// Object to those who wait for it, first in line first. An object without a queue is missing.
    pub queues: BTreeMap<ObjectId, Vec<QueueEntry>>,
    /// Object to the ticks for which its holder has not used it while others waited.
    pub stall_counts: BTreeMap<ObjectId, u32>,
}

/// An affordance that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Running {
    /// Who uses the object.
    pub agent_id: AgentId,
    /// What runs.
    pub affordance_id: Affordance,
    /// When it began.
    pub started_tick: u64,
    /// Ticks left; at least 1.
    pub duration_remaining: u32,
}

/// What an agent feels for another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tie {
    /// From -1 to 1.
    pub trust: f64,
    /// From 0 to 1.
    pub familiarity: f64,
    /// From 0 to 1; from 0.7 on the agents avoid each other.
    pub rivalry: f64,
}

/// A conflict that made rivalry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RivalryEvent {
    /// The tick in which it happened.
    pub tick: u64,
    /// Who lost.
    pub agent_a: AgentId,
    /// Who won.
    pub agent_b: AgentId,
    /// How strong; rivalry grows by 0.15 times this.
    pub intensity: f64,
    /// What about, such as `ghost_step`.
    pub reason: String,
}

/// Ties that ended in a window of ticks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelationshipMetrics {
    /// The first tick of the window.
    pub window_start: u64,
    /// The first tick after it.
    pub window_end: u64,
    /// Ties that ended.
    pub total: u64,
    /// How many of each agent.
    pub owners: BTreeMap<AgentId, u64>,
    /// How many for each reason: `capacity`, `removed`.
    pub reasons: BTreeMap<String, u64>,
    /// The windows before, oldest first; at most 10.
    pub history: Vec<RelationshipWindow>,
}

/// A past window of [`RelationshipMetrics`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelationshipWindow {
    /// The first tick of the window.
    pub window_start: u64,
    /// The first tick after it.
    pub window_end: u64,
    /// Ties that ended.
    pub total: u64,
    /// How many for each reason.
    pub reasons: BTreeMap<String, u64>,
}

/// The agents that wait to be dismissed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmploymentSnapshot {
    /// In the order in which they joined.
    pub pending: Vec<AgentId>,
    /// How many.
    pub pending_count: u64,
    /// Dismissed today.
    pub exits_today: u64,
    /// Most dismissals of a day.
    pub daily_exit_cap: u64,
    /// The most agents that can wait at once.
    pub queue_limit: u64,
    /// Ticks after which a waiting agent is dismissed.
    pub review_window: u64,
}

/// Prices and wages, in the town's money.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EconomySettings {
    /// Price of a meal from a fridge.
    pub meal_cost: f64,
    /// Price of the ingredients for cooking once.
    pub ingredients_cost: f64,
    /// Energy that cooking takes.
    pub cook_energy_cost: f64,
    /// Hygiene that cooking takes.
    pub cook_hygiene_cost: f64,
    /// Wage of a tick of work.
    pub wage_income: f64,
    /// Ingredients that a stove gets at a replenishment.
    pub stove_stock_replenish: f64,
}

/// Whether power and water work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Utilities {
    /// Stoves need it.
    pub power: bool,
    /// Showers need it.
    pub water: bool,
}

/// Prices, and whether power and water work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EconomySnapshot {
    /// Perturbation to its factor on prices.
    pub active_price_spikes: BTreeMap<String, f64>,
    /// The settings in force, without the spikes.
    pub settings: EconomySettings,
    /// Whether power and water work.
    pub utility_snapshot: Utilities,
}

/// The disturbances of the town.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PerturbationKind {
    /// Everything costs more.
    PriceSpike,
    /// No power.
    Blackout,
    /// No water.
    Outage,
    /// Two agents are asked to meet.
    ArrangedMeet,
}

impl PerturbationKind {
    /// Every kind, in order.
    pub const ALL: [Self; 4] = [Self::PriceSpike, Self::Blackout, Self::Outage, Self::ArrangedMeet];

    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::PriceSpike => "price_spike",
            Self::Blackout => "blackout",
            Self::Outage => "outage",
            Self::ArrangedMeet => "arranged_meet",
        }
    }
}

/// A perturbation that waits or is on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Perturbation {
    /// Its id, such as `blackout_3`.
    pub id: String,
    /// What it is.
    pub kind: PerturbationKind,
    /// When it begins or began.
    pub starts_at: u64,
    /// The first tick after it.
    pub ends_at: u64,
    /// The factor on prices of a price spike; 1 otherwise.
    pub magnitude: f64,
    /// Who is asked to meet, sorted; empty otherwise.
    pub targets: Vec<AgentId>,
    /// Where they meet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Cell>,
}

/// The first ticks at which perturbations may be scheduled again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerturbationCooldowns {
    /// Kind to the first tick at which one may be scheduled again.
    pub spec: BTreeMap<String, u64>,
    /// Agent to the first tick at which it may be a target again.
    pub agents: BTreeMap<AgentId, u64>,
}

/// The perturbations.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerturbationBoard {
    /// Those that are on, by id.
    pub active: BTreeMap<String, Perturbation>,
    /// Those that wait, in the order in which they were scheduled.
    pub pending: Vec<Perturbation>,
    /// The first ticks at which perturbations may be scheduled again.
    pub cooldowns: PerturbationCooldowns,
}

/// An object as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectState {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ObjectKind,
    /// Where it is.
    pub position: Cell,
    /// What it holds, by name.
    pub stock: BTreeMap<String, u32>,
    /// Who holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occupied_by: Option<AgentId>,
}

/// How long an agent keeps to an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commitment {
    /// The intent.
    pub intent: Intent,
    /// The first tick at which it may change without a need for it.
    pub until_tick: u64,
}
