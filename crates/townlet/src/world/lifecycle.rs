//! How agents come and go: fainting, dismissal, return under a new id, and the end of a day.

use gauntlet_townlet_dto::AgentId;
use gauntlet_townlet_dto::event::WorldEventKind;
use serde::{Deserialize, Serialize};

use super::{TickRecord, World};
use crate::queue::Handover;

/// Money that everybody has at least at the end of a day: the price of a basket of food.
const BASKET_COST: f64 = 0.62;

/// An agent that will come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Respawn {
    pub(super) name: String,
    pub(super) original_agent_id: AgentId,
    pub(super) due_tick: u64,
}

impl World {
    /// Agents come back whose time has come.
    pub(super) fn respawn(&mut self, record: &mut TickRecord) {
        let (due, later) =
            std::mem::take(&mut self.respawns).into_iter().partition(|respawn| respawn.due_tick <= self.tick);
        self.respawns = later;
        let due: Vec<Respawn> = due;
        for Respawn { name, original_agent_id, .. } in due {
            let count = self.respawn_counts.entry(name.clone()).or_insert(0);
            *count += 1;
            let agent_id = format!("{name}#{count}");
            let agent = self.new_agent(name);
            self.agents.insert(agent_id.clone(), agent);
            record.add(self.tick, WorldEventKind::AgentRespawn { agent_id, original_agent_id });
        }
    }

    /// The starved faint.
    pub(super) fn remove_fainted(&mut self, record: &mut TickRecord) {
        if !self.config.mortality {
            return;
        }
        let limit = self.config.faint_hunger;
        let fainted = self.agents.iter().filter(|(_, agent)| agent.needs.hunger <= limit);
        let fainted: Vec<AgentId> = fainted.map(|(id, _)| id.clone()).collect();
        for id in fainted {
            self.remove(&id, "faint", record);
        }
    }

    /// An agent is gone: what it did ends, what it held goes on, and it will come back under a new id.
    pub(super) fn remove(&mut self, id: &str, reason: &str, record: &mut TickRecord) {
        let used = self.running.iter().find(|(_, running)| running.agent_id == id);
        if let Some(object) = used.map(|(object, _)| object.clone()) {
            self.fail(&object, "removed", record);
        }
        // Nobody bears a grudge against somebody who is gone.
        if let Some(Handover { object_id, from, to, .. }) = self.queues.forget(self.tick, id) {
            let variant = "vacated".to_owned();
            let kind = WorldEventKind::QueueInteraction { object_id, actor: from, rival: to, variant };
            record.add(self.tick, kind);
        }
        self.relationships.forget(id);
        self.perturbations.forget(id);
        self.exits.pending.retain(|exit| exit.agent_id != id);
        self.possessed.remove(id);
        let Some(agent) = self.agents.remove(id) else { return };
        let due_tick = self.tick + self.config.respawn_delay_ticks;
        self.respawns.push(Respawn { name: agent.name, original_agent_id: id.to_owned(), due_tick });
        record.removed.insert(id.to_owned(), reason.to_owned());
        let reason = Some(reason.to_owned());
        record.add(self.tick, WorldEventKind::AgentRemoved { agent_id: id.to_owned(), reason });
    }

    /// Midnight: the day's counters start again, and nobody is left without the price of a basket of food.
    pub(super) fn end_of_day(&mut self, record: &mut TickRecord) {
        if self.tick_of_day() != 0 {
            return;
        }
        self.exits.today = 0;
        for (agent_id, agent) in &mut self.agents {
            agent.wallet = agent.wallet.max(BASKET_COST);
            record.add(self.tick, WorldEventKind::AgentNightlyReset { agent_id: agent_id.clone() });
        }
    }
}
