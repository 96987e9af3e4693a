//! What the stability analysers and the promotion of policies report.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::state::{QueueMetrics, RivalryEvent};

/// The alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alert {
    /// At least 5 cooldowns, ghost steps and rotations in a tick.
    QueueFairnessPressure,
    /// At least 5 rivalry events of intensity 0.7 or more in 120 ticks.
    RivalrySpike,
    /// An agent starved for 30 ticks, within 1000 ticks.
    StarvationSpike,
    /// Agents change their intents in more than a quarter of the ticks.
    OptionThrashing,
    /// The rewards of 1000 ticks vary by more than 0.25.
    RewardVarianceSpike,
    /// More than 5 affordances failed in a tick.
    AffordanceFailuresExceeded,
    /// More than 3 agents were late in a tick.
    LatenessSpike,
    /// Somebody could not join the queue of dismissals since it was full.
    EmploymentExitQueueOverflow,
}

impl Alert {
    /// Every alert, in order.
    pub const ALL: [Self; 8] = [
        Self::QueueFairnessPressure,
        Self::RivalrySpike,
        Self::StarvationSpike,
        Self::OptionThrashing,
        Self::RewardVarianceSpike,
        Self::AffordanceFailuresExceeded,
        Self::LatenessSpike,
        Self::EmploymentExitQueueOverflow,
    ];
}

/// What is measured each tick.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StabilityMetrics {
    /// Starvations that began within the window.
    pub starvation_incidents: u64,
    /// The window, in ticks.
    pub starvation_window_ticks: u64,
    /// Changes of intent per agent and tick, over the window.
    pub option_switch_rate: f64,
    /// Ticks that the rate is made of.
    pub option_samples: u64,
    /// Of the rewards of the window; missing where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reward_variance: Option<f64>,
    /// Of the rewards of the window; missing where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reward_mean: Option<f64>,
    /// Rewards in the window.
    pub reward_samples: u64,
    /// Counters of queues since the start.
    pub queue_totals: QueueMetrics,
    /// What this tick added.
    pub queue_deltas: QueueMetrics,
    /// The latest rivalry events, oldest first; at most 120.
    pub rivalry_events: Vec<RivalryEvent>,
    /// The alerts that hold, sorted.
    pub alerts: Vec<Alert>,
    /// What the alerts are measured against.
    pub thresholds: Thresholds,
    /// The promotion's window.
    pub promotion: PromotionWindow,
    /// The promotion as a whole.
    pub promotion_state: PromotionState,
}

/// What the alerts are measured against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Most affordances that may fail in a tick.
    pub affordance_fail_threshold: u64,
    /// Most agents that may be late in a tick.
    pub lateness_threshold: u64,
    /// Starvation.
    pub starvation: StarvationThreshold,
    /// Variance of the rewards.
    pub reward_variance: VarianceThreshold,
    /// Changes of intents.
    pub option_thrash: ThrashThreshold,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            affordance_fail_threshold: 5,
            lateness_threshold: 3,
            starvation: StarvationThreshold {
                window_ticks: 1000,
                max_incidents: 0,
                hunger_threshold: 0.05,
                min_duration_ticks: 30,
            },
            reward_variance: VarianceThreshold { window_ticks: 1000, max_variance: 0.25, min_samples: 20 },
            option_thrash: ThrashThreshold { window_ticks: 600, max_switch_rate: 0.25, min_samples: 10 },
        }
    }
}

/// When starvation is an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StarvationThreshold {
    /// The window, in ticks.
    pub window_ticks: u64,
    /// Most incidents in it.
    pub max_incidents: u64,
    /// Hunger at or below which an agent starves.
    pub hunger_threshold: f64,
    /// Ticks of starving that make an incident.
    pub min_duration_ticks: u64,
}

/// When the variance of rewards is an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VarianceThreshold {
    /// The window, in ticks.
    pub window_ticks: u64,
    /// Most variance.
    pub max_variance: f64,
    /// Fewest rewards.
    pub min_samples: u64,
}

/// When changes of intents are an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThrashThreshold {
    /// The window, in ticks.
    pub window_ticks: u64,
    /// Most changes per agent and tick.
    pub max_switch_rate: f64,
    /// Fewest ticks.
    pub min_samples: u64,
}

/// How a window of the promotion ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowResult {
    /// No disallowed alert.
    Pass,
    /// A disallowed alert.
    Fail,
}

/// The window that decides on the promotion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromotionWindow {
    /// The first tick of the window.
    pub window_start: u64,
    /// The first tick after it.
    pub window_end: u64,
    /// Its length.
    pub window_ticks: u64,
    /// Windows that passed in a row.
    pub pass_streak: u32,
    /// How many are needed.
    pub required_passes: u32,
    /// Whether a promotion may be asked for.
    pub candidate_ready: bool,
    /// How the last window ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_result: Option<WindowResult>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_evaluated_tick: Option<u64>,
}

/// Where the promotion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromotionPhase {
    /// Windows are watched.
    #[default]
    Monitoring,
    /// Enough windows passed.
    Ready,
    /// A candidate was promoted.
    Promoted,
}

/// A policy that was or may be released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Which configuration.
    pub config_id: String,
    /// Which weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_hash: Option<String>,
}

/// Something that happened to the promotion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromotionChange {
    /// When.
    pub tick: u64,
    /// `window_pass`, `window_fail`, `promoted` or `rolled_back`.
    pub event: String,
    /// What was released, where something was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Release>,
}

/// The promotion as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromotionState {
    /// Where it is.
    pub state: PromotionPhase,
    /// Windows that passed in a row.
    pub pass_streak: u32,
    /// How many are needed.
    pub required_passes: u32,
    /// Whether a promotion may be asked for.
    pub candidate_ready: bool,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate_ready_tick: Option<u64>,
    /// How the last window ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_result: Option<WindowResult>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_evaluated_tick: Option<u64>,
    /// What drives the agents.
    pub current_release: Release,
    /// What drove them at the start.
    pub initial_release: Release,
    /// What would be promoted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<Release>,
    /// The latest changes, oldest first; at most 50.
    pub history: Vec<PromotionChange>,
}

/// What the analysers read of a tick.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StabilityInputs {
    /// Agent to its hunger.
    pub hunger_levels: BTreeMap<String, f64>,
    /// Agent to its changes of intent in this tick; those without one are missing.
    pub option_switch_counts: BTreeMap<String, u64>,
    /// Agent to its reward.
    pub reward_samples: BTreeMap<String, f64>,
    /// Counters of queues since the start.
    pub queue_metrics: QueueMetrics,
    /// Who waits to be dismissed.
    pub employment_snapshot: crate::state::EmploymentSnapshot,
}
