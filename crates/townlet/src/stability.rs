//! The stability analysers: they follow what ticks report and know nothing else of the world.

use std::collections::{BTreeMap, VecDeque};

use gauntlet_townlet_dto::AgentId;
use gauntlet_townlet_dto::event::{WorldEvent, WorldEventKind};
use gauntlet_townlet_dto::stability::{
    Alert, PromotionState, PromotionWindow, StabilityInputs, StabilityMetrics, Thresholds,
};
use gauntlet_townlet_dto::state::{QueueMetrics, RivalryEvent};
use serde::{Deserialize, Serialize};

/// Cooldowns, ghost steps and rotations of a tick from which the queues are under pressure.
const FAIRNESS_PRESSURE: u64 = 5;
/// Rivalry events from which rivalry spikes, the intensity from which they count, and for how many ticks.
const RIVALRY_EVENTS: usize = 5;
const RIVALRY_INTENSITY: f64 = 0.7;
const RIVALRY_WINDOW_TICKS: u64 = 120;
/// Rivalry events that are remembered.
const MAX_RIVALRY_EVENTS: usize = 120;

/// Sums of the rewards of a tick.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct RewardSums {
    count: u64,
    sum: f64,
    squares: f64,
}

/// What the analysers remember between ticks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Analyser {
    thresholds: Thresholds,
    /// Agent to the ticks for which it has starved.
    starving: BTreeMap<AgentId, u64>,
    /// The ticks at which starvations became incidents.
    incidents: VecDeque<u64>,
    /// Changes of intent per agent, of each tick of the window.
    switches: VecDeque<f64>,
    rewards: VecDeque<RewardSums>,
    queue_totals: QueueMetrics,
    rivalry_events: VecDeque<RivalryEvent>,
}

impl Analyser {
    /// Reads a tick and measures.
    pub fn follow(
        &mut self,
        tick: u64,
        inputs: &StabilityInputs,
        events: &[WorldEvent],
        rivalry_events: &[RivalryEvent],
    ) -> Measured {
        let queue_deltas = inputs.queue_metrics.since(self.queue_totals);
        self.queue_totals = inputs.queue_metrics;
        self.rivalry_events.extend(rivalry_events.iter().cloned());
        while self.rivalry_events.len() > MAX_RIVALRY_EVENTS {
            self.rivalry_events.pop_front();
        }
        self.follow_hunger(tick, inputs);
        let agents = inputs.hunger_levels.len().max(1) as f64;
        let changes: u64 = inputs.option_switch_counts.values().sum();
        push(&mut self.switches, changes as f64 / agents, self.thresholds.option_thrash.window_ticks);
        let samples = inputs.reward_samples.values();
        let sums = RewardSums {
            count: samples.len() as u64,
            sum: samples.clone().sum(),
            squares: samples.map(|reward| reward * reward).sum(),
        };
        push(&mut self.rewards, sums, self.thresholds.reward_variance.window_ticks);
        let mut measured = self.measure(queue_deltas);
        measured.alerts = self.alerts(tick, &measured, events);
        measured
    }

    /// Counts those who starve. An incident begins when one has for long enough.
    fn follow_hunger(&mut self, tick: u64, inputs: &StabilityInputs) {
        let limits = &self.thresholds.starvation;
        self.starving.retain(|id, _| {
            inputs.hunger_levels.get(id).is_some_and(|level| *level <= limits.hunger_threshold)
        });
        for (id, _) in inputs.hunger_levels.iter().filter(|(_, level)| **level <= limits.hunger_threshold) {
            let ticks = self.starving.entry(id.clone()).or_insert(0);
            *ticks += 1;
            if *ticks == limits.min_duration_ticks {
                self.incidents.push_back(tick);
            }
        }
        while self.incidents.front().is_some_and(|at| at + limits.window_ticks <= tick) {
            self.incidents.pop_front();
        }
    }

    fn measure(&self, queue_deltas: QueueMetrics) -> Measured {
        // Summed again each time: what is added to a running sum and taken back leaves a drift.
        let count: u64 = self.rewards.iter().map(|sums| sums.count).sum();
        let mean = (count > 0).then(|| self.rewards.iter().map(|s| s.sum).sum::<f64>() / count as f64);
        let squares: f64 = self.rewards.iter().map(|sums| sums.squares).sum();
        let variance = mean.map(|mean| (squares / count as f64 - mean * mean).max(0.0));
        let switch_rate = self.switches.iter().sum::<f64>() / self.switches.len().max(1) as f64;
        Measured {
            starvation_incidents: self.incidents.len() as u64,
            option_switch_rate: switch_rate,
            option_samples: self.switches.len() as u64,
            reward_variance: variance,
            reward_mean: mean,
            reward_samples: count,
            queue_deltas,
            alerts: Vec::new(),
        }
    }

    fn alerts(&self, tick: u64, measured: &Measured, events: &[WorldEvent]) -> Vec<Alert> {
        let limits = &self.thresholds;
        let count =
            |is: fn(&WorldEventKind) -> bool| events.iter().filter(|event| is(&event.kind)).count() as u64;
        let failed = count(|kind| {
            matches!(
                kind,
                WorldEventKind::AffordanceFail { .. } | WorldEventKind::AffordancePreconditionFail { .. }
            )
        });
        let late = count(|kind| matches!(kind, WorldEventKind::ShiftLateStart { .. }));
        let overflow = count(|kind| matches!(kind, WorldEventKind::EmploymentExitQueueOverflow { .. }));
        let is_fresh = |event: &&RivalryEvent| event.tick + RIVALRY_WINDOW_TICKS > tick;
        let strong = |event: &&RivalryEvent| event.intensity >= RIVALRY_INTENSITY;
        let rivalries = self.rivalry_events.iter().filter(is_fresh).filter(strong).count();
        let holds = |alert| match alert {
            Alert::QueueFairnessPressure => measured.queue_deltas.total() >= FAIRNESS_PRESSURE,
            Alert::RivalrySpike => rivalries >= RIVALRY_EVENTS,
            Alert::StarvationSpike => measured.starvation_incidents > limits.starvation.max_incidents,
            Alert::OptionThrashing => {
                measured.option_samples >= limits.option_thrash.min_samples
                    && measured.option_switch_rate > limits.option_thrash.max_switch_rate
            }
            Alert::RewardVarianceSpike => {
                measured.reward_samples >= limits.reward_variance.min_samples
                    && measured.reward_variance.is_some_and(|v| v > limits.reward_variance.max_variance)
            }
            Alert::AffordanceFailuresExceeded => failed > limits.affordance_fail_threshold,
            Alert::LatenessSpike => late > limits.lateness_threshold,
            Alert::EmploymentExitQueueOverflow => overflow > 0,
        };
        Alert::ALL.into_iter().filter(|alert| holds(*alert)).collect()
    }

    /// The report of a tick.
    pub fn report(
        &self,
        measured: Measured,
        promotion: PromotionWindow,
        promotion_state: PromotionState,
    ) -> StabilityMetrics {
        StabilityMetrics {
            starvation_incidents: measured.starvation_incidents,
            starvation_window_ticks: self.thresholds.starvation.window_ticks,
            option_switch_rate: measured.option_switch_rate,
            option_samples: measured.option_samples,
            reward_variance: measured.reward_variance,
            reward_mean: measured.reward_mean,
            reward_samples: measured.reward_samples,
            queue_totals: self.queue_totals,
            queue_deltas: measured.queue_deltas,
            rivalry_events: self.rivalry_events.iter().cloned().collect(),
            alerts: measured.alerts,
            thresholds: self.thresholds.clone(),
            promotion,
            promotion_state,
        }
    }
}

fn push<T>(window: &mut VecDeque<T>, value: T, ticks: u64) {
    window.push_back(value);
    while window.len() as u64 > ticks {
        window.pop_front();
    }
}

/// What was measured after a tick.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    starvation_incidents: u64,
    option_switch_rate: f64,
    option_samples: u64,
    reward_variance: Option<f64>,
    reward_mean: Option<f64>,
    reward_samples: u64,
    queue_deltas: QueueMetrics,
    /// The alerts that hold, sorted.
    pub alerts: Vec<Alert>,
}
