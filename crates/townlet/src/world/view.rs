//! The facts of an agent, read from the world itself.

use std::collections::BTreeSet;

use gauntlet_townlet_dto::facts::{Facts, JobFacts, ObjectFacts, OtherFacts, stock_name};
use gauntlet_townlet_dto::state::PerturbationKind;

use super::World;

impl World {
    /// What an agent knows; `None` where there is none of that id. Equal to what an envelope of this moment
    /// shows of it.
    pub fn facts(&self, id: &str) -> Option<Facts<'_>> {
        let (id, me) = self.agents.get_key_value(id)?;
        let busy: BTreeSet<&str> = self.running.values().map(|running| running.agent_id.as_str()).collect();
        let others = self.agents.iter().filter(|(other, _)| *other != id).map(|(other, agent)| OtherFacts {
            agent_id: other,
            position: agent.position,
            is_busy: busy.contains(other.as_str()),
            tie: self.relationships.tie(id, other),
        });
        let queues = &self.queues;
        let cooldowns = queues.board.cooldowns.iter().filter(|cooldown| cooldown.agent_id == *id);
        let cooling: BTreeSet<&str> = cooldowns
            .filter(|cooldown| cooldown.until_tick > self.tick + 1)
            .map(|cooldown| cooldown.object_id.as_str())
            .collect();
        let objects = self.objects.iter().map(|(object_id, object)| ObjectFacts {
            object_id,
            kind: object.kind,
            position: object.position,
            stock: stock_name(object.kind).and_then(|name| object.stock.get(name)).copied().unwrap_or(0),
            is_taken: queues.board.active.get(object_id).is_some_and(|holder| holder != id),
            queue_length: queues.board.queues.get(object_id).map_or(0, |queue| queue.len() as u32),
            is_cooling_down: cooling.contains(object_id.as_str()),
        });
        let waits = queues.waited_for_by(id).and_then(|object| {
            let queue = queues.board.queues.get(object)?;
            let place = queue.iter().position(|entry| entry.agent_id == *id)?;
            Some((object.as_str(), place as u32 + 1))
        });
        let factor = self.price_factor();
        Some(Facts {
            tick: self.tick,
            agent_id: id,
            position: me.position,
            needs: me.needs,
            wallet: me.wallet,
            meals: me.inventory.meals,
            job: me.job.as_ref().map(|job| JobFacts {
                workplace: job.workplace,
                start_tick: job.start_tick,
                end_tick: job.end_tick,
                on_shift: job.on_shift,
            }),
            personality: me.personality,
            intent: me.intent,
            commitment: me.commitment,
            holds: queues.held_by(id).map(String::as_str),
            waits,
            running: self.running.values().find(|r| r.agent_id == *id).map(|r| r.affordance_id),
            meeting: self.perturbations.meeting_of(id),
            others: others.collect(),
            objects: objects.collect(),
            power: !self.perturbations.is_on(PerturbationKind::Blackout),
            water: !self.perturbations.is_on(PerturbationKind::Outage),
            meal_price: self.config.economy.meal_cost * factor,
            ingredients_price: self.config.economy.ingredients_cost * factor,
        })
    }
}
