//! The reward of an agent in a tick.

use std::collections::BTreeMap;

use gauntlet_townlet_dto::AgentId;
use gauntlet_townlet_dto::state::Needs;
use gauntlet_townlet_dto::telemetry::RewardBreakdown;

use crate::config::RewardConfig;
use crate::world::TickRecord;

/// The rewards of everybody who was there when the tick's actions began. `needs` are those after the tick, of
/// the agents who are still there; whoever is gone gets the penalty for it alone.
pub(crate) fn of_tick(
    config: &RewardConfig,
    record: &TickRecord,
    needs: &BTreeMap<AgentId, Needs>,
) -> BTreeMap<AgentId, RewardBreakdown> {
    let reward = |id: &AgentId| (id.clone(), of_agent(config, record, needs.get(id).copied(), id));
    record.present.iter().map(reward).collect()
}

fn of_agent(config: &RewardConfig, record: &TickRecord, needs: Option<Needs>, id: &str) -> RewardBreakdown {
    let penalty = |needs: Needs| {
        let of_need = |weight: f64, level: f64| weight * (1.0 - level) * (1.0 - level);
        of_need(config.weights.hunger, needs.hunger)
            + of_need(config.weights.hygiene, needs.hygiene)
            + of_need(config.weights.energy, needs.energy)
    };
    let terminal_penalty = match record.removed.get(id).map(String::as_str) {
        Some("faint") => config.faint,
        Some("eviction") => config.eviction,
        _ => 0.0,
    };
    let mut reward = RewardBreakdown {
        survival: if needs.is_some() { config.survival } else { 0.0 },
        needs_penalty: needs.map_or(0.0, |needs| -penalty(needs)),
        social: config.social * record.social.get(id).copied().unwrap_or(0.0),
        wage: config.wage * record.wages.get(id).copied().unwrap_or(0.0),
        punctuality: if record.punctual.contains(id) { config.punctuality } else { 0.0 },
        terminal_penalty,
        ..RewardBreakdown::default()
    };
    let sum = reward.survival
        + reward.needs_penalty
        + reward.social
        + reward.wage
        + reward.punctuality
        + reward.terminal_penalty;
    reward.total = sum.clamp(-config.clip, config.clip);
    reward.clip_adjustment = reward.total - sum;
    reward
}
