//! What a town is made with. The configuration is part of the saved world.

use gauntlet_townlet_dto::state::{EconomySettings, Needs};
use serde::{Deserialize, Serialize};

/// Most agents that a town begins with: their houses fill the grid.
pub const MAX_AGENTS: u32 = 72;
/// The largest seed: a number that every reader of JSON holds exactly.
pub const MAX_SEED: u64 = (1 << 53) - 1;

/// What a town is made with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The name of the configuration.
    pub config_id: String,
    /// What all randomness is made of; at most [`MAX_SEED`].
    pub seed: u64,
    /// Agents at the start, from 1 to [`MAX_AGENTS`].
    pub agents: u32,
    /// What each need loses in a tick, before personality.
    pub decay: Needs,
    /// Prices and wages.
    pub economy: EconomySettings,
    /// What rewards are made of.
    pub rewards: RewardConfig,
    /// Ticks for which an agent keeps to an intent.
    pub option_commit_ticks: u64,
    /// Ticks for which an agent may not ask again for an object that it has used.
    pub cooldown_ticks: u64,
    /// Ticks for which a holder may leave an object unused while others wait.
    pub stall_limit: u32,
    /// Ticks between two replenishments of fridges and stoves.
    pub replenish_ticks: u64,
    /// Ticks between the removal of an agent and its return.
    pub respawn_delay_ticks: u64,
    /// Hunger at or below which an agent faints.
    pub faint_hunger: f64,
    /// Whether agents faint.
    pub mortality: bool,
    /// Most dismissals of a day.
    pub daily_exit_cap: u64,
    /// Most agents that wait to be dismissed.
    pub exit_queue_limit: u64,
    /// Ticks after which a waiting agent is dismissed.
    pub exit_review_ticks: u64,
    /// Whether perturbations come by themselves.
    pub perturbations: bool,
}

/// What rewards are made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RewardConfig {
    /// For being there.
    pub survival: f64,
    /// Weights of the squared deficits.
    pub weights: Needs,
    /// For a chat of quality 1; a failed one costs a quarter of it.
    pub social: f64,
    /// For the town's money that work brings in.
    pub wage: f64,
    /// For a tick of work of somebody who came on time.
    pub punctuality: f64,
    /// For having fainted.
    pub faint: f64,
    /// For having been dismissed.
    pub eviction: f64,
    /// The limit of a tick's reward, on both sides of 0.
    pub clip: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            config_id: "townlet-1".to_owned(),
            seed: 7,
            agents: 24,
            decay: Needs { hunger: 0.01, hygiene: 0.005, energy: 0.008 },
            economy: EconomySettings {
                meal_cost: 0.4,
                ingredients_cost: 0.15,
                cook_energy_cost: 0.05,
                cook_hygiene_cost: 0.02,
                wage_income: 0.02,
                stove_stock_replenish: 2.0,
            },
            rewards: RewardConfig {
                survival: 0.002,
                weights: Needs { hunger: 0.1, hygiene: 0.06, energy: 0.08 },
                social: 0.02,
                wage: 0.5,
                punctuality: 0.005,
                faint: -1.0,
                eviction: -0.5,
                clip: 0.2,
            },
            option_commit_ticks: 15,
            cooldown_ticks: 60,
            stall_limit: 3,
            replenish_ticks: 120,
            respawn_delay_ticks: 10,
            faint_hunger: 0.03,
            mortality: true,
            daily_exit_cap: 2,
            exit_queue_limit: 8,
            exit_review_ticks: gauntlet_townlet_dto::TICKS_PER_DAY,
            perturbations: true,
        }
    }
}

/// A configuration that no town can be made with.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{field} is {value}; it must be {rule}")]
pub struct InvalidConfig {
    /// The field.
    pub field: &'static str,
    /// Its value.
    pub value: String,
    /// What it must be.
    pub rule: &'static str,
}

impl Config {
    /// The configuration with another seed and number of agents.
    #[must_use]
    pub fn with(seed: u64, agents: u32) -> Self {
        Self { seed, agents, ..Self::default() }
    }

    /// Refuses what no town can be made with.
    ///
    /// # Errors
    ///
    /// The first field that is out of its range.
    pub fn check(&self) -> Result<(), InvalidConfig> {
        let refuse = |field, value: String, rule| Err(InvalidConfig { field, value, rule });
        if self.seed > MAX_SEED {
            return refuse("seed", self.seed.to_string(), "at most 2^53 - 1");
        }
        if !(1..=MAX_AGENTS).contains(&self.agents) {
            return refuse("agents", self.agents.to_string(), "from 1 to 72");
        }
        if self.option_commit_ticks == 0 || self.replenish_ticks == 0 {
            return refuse("option_commit_ticks and replenish_ticks", "0".to_owned(), "at least 1");
        }
        let economy = self.economy;
        let rewards = &self.rewards;
        let numbers = [
            ("decay.hunger", self.decay.hunger),
            ("decay.hygiene", self.decay.hygiene),
            ("decay.energy", self.decay.energy),
            ("faint_hunger", self.faint_hunger),
            ("economy.meal_cost", economy.meal_cost),
            ("economy.ingredients_cost", economy.ingredients_cost),
            ("economy.cook_energy_cost", economy.cook_energy_cost),
            ("economy.cook_hygiene_cost", economy.cook_hygiene_cost),
            ("economy.wage_income", economy.wage_income),
            ("economy.stove_stock_replenish", economy.stove_stock_replenish),
            ("rewards.weights.hunger", rewards.weights.hunger),
            ("rewards.weights.hygiene", rewards.weights.hygiene),
            ("rewards.weights.energy", rewards.weights.energy),
            ("rewards.clip", rewards.clip),
        ];
        let wrong = numbers.into_iter().find(|(_, value)| !(0.0..=100.0).contains(value));
        wrong.map_or(Ok(()), |(field, value)| refuse(field, value.to_string(), "from 0 to 100"))
    }
}
