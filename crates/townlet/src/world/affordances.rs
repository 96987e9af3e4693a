//! Needs, the affordances that satisfy them, and the stock that these use up.

use gauntlet_townlet_dto::action::{Affordance, ObjectKind};
use gauntlet_townlet_dto::event::WorldEventKind;
use gauntlet_townlet_dto::facts::stock_name;
use gauntlet_townlet_dto::state::{Needs, Personality, PerturbationKind, Running};
use gauntlet_townlet_dto::{AgentId, ObjectId};

use super::{TickRecord, World};
use crate::layout::{FRIDGE_MEALS, STOVE_INGREDIENTS};

/// What an affordance gives in all.
const SHOWER_HYGIENE: f64 = 0.9;
const MEAL_HUNGER: f64 = 0.8;
const SLEEP_ENERGY: f64 = 1.2;
/// Meals of a cooking.
const MEALS_COOKED: u32 = 2;
/// Meals that a fridge gets at a replenishment.
const MEALS_REPLENISHED: u32 = 5;
/// What sleep leaves of the decay of hunger and hygiene.
const SLEEP_FACTOR: f64 = 0.5;

/// What a tick takes of each need, given what the agent is like: the lively are hungrier, the ambitious tire
/// sooner, the forgiving are cleaner.
fn decay(base: Needs, personality: Personality) -> Needs {
    Needs {
        hunger: base.hunger * (0.9 + 0.2 * personality.extroversion),
        hygiene: base.hygiene * (1.1 - 0.2 * personality.forgiveness),
        energy: base.energy * (0.8 + 0.4 * personality.ambition),
    }
}

impl World {
    /// Why an agent cannot start an affordance; `None` where it can.
    fn obstacle(&self, id: &str, object_id: &str, affordance: Affordance) -> Option<&'static str> {
        let Some((agent, object)) = self.agents.get(id).zip(self.objects.get(object_id)) else {
            return Some("missing");
        };
        let holds = self.queues.board.active.get(object_id).is_some_and(|holder| holder == id);
        let stock = stock_name(object.kind).and_then(|name| object.stock.get(name)).copied().unwrap_or(1);
        let economy = self.config.economy;
        let factor = self.price_factor();
        let is_on = |kind| self.perturbations.is_on(kind);
        match affordance {
            _ if affordance.object_kind() != object.kind => Some("wrong_object"),
            _ if !holds => Some("not_held"),
            Affordance::UseShower if is_on(PerturbationKind::Outage) => Some("no_water"),
            Affordance::CookMeal if is_on(PerturbationKind::Blackout) => Some("no_power"),
            Affordance::CookMeal if stock == 0 => Some("no_stock"),
            Affordance::CookMeal if agent.wallet < economy.ingredients_cost * factor => Some("no_money"),
            Affordance::EatMeal if agent.inventory.meals > 0 => None,
            Affordance::EatMeal if stock == 0 => Some("no_stock"),
            Affordance::EatMeal if agent.wallet < economy.meal_cost * factor => Some("no_money"),
            _ => None,
        }
    }

    /// Starts an affordance. What it uses up is taken and paid for at once.
    pub(super) fn start(
        &mut self,
        id: &str,
        object_id: &str,
        affordance_id: Affordance,
        record: &mut TickRecord,
    ) {
        if let Some(reason) = self.obstacle(id, object_id, affordance_id) {
            self.refuse(id, object_id, affordance_id, reason, record);
            self.let_go(id, object_id, record);
            return;
        }
        let factor = self.price_factor();
        let economy = self.config.economy;
        let Some(agent) = self.agents.get_mut(id) else { return };
        let has_meal = agent.inventory.meals > 0;
        let price = match affordance_id {
            Affordance::EatMeal if has_meal => {
                agent.inventory.meals -= 1;
                None
            }
            Affordance::EatMeal => Some(economy.meal_cost),
            Affordance::CookMeal => Some(economy.ingredients_cost),
            Affordance::UseShower | Affordance::RestSleep => None,
        };
        if let Some(price) = price {
            agent.wallet = (agent.wallet - price * factor).max(0.0);
            let object = self.objects.get_mut(object_id);
            let stock = object.and_then(|object| object.stock.get_mut(stock_name(object.kind)?));
            if let Some(stock) = stock {
                *stock = stock.saturating_sub(1);
            }
        }
        let duration = affordance_id.duration_ticks();
        let (agent_id, object) = (id.to_owned(), object_id.to_owned());
        let running = Running {
            agent_id: agent_id.clone(),
            affordance_id,
            started_tick: self.tick,
            duration_remaining: duration,
        };
        self.running.insert(object.clone(), running);
        record.add(
            self.tick,
            WorldEventKind::AffordanceStart { agent_id, object_id: object, affordance_id, duration },
        );
    }

    /// Needs fade, affordances go on, and what is done is done.
    pub(super) fn step_affordances(&mut self, record: &mut TickRecord) {
        for agent in self.agents.values_mut() {
            let decay = decay(self.config.decay, agent.personality);
            agent.needs.hunger -= decay.hunger;
            agent.needs.hygiene -= decay.hygiene;
            agent.needs.energy -= decay.energy;
        }
        let economy = self.config.economy;
        for running in self.running.values_mut() {
            running.duration_remaining -= 1;
            let Some(agent) = self.agents.get_mut(&running.agent_id) else { continue };
            let decay = decay(self.config.decay, agent.personality);
            let ticks = f64::from(running.affordance_id.duration_ticks());
            match running.affordance_id {
                Affordance::UseShower => agent.needs.hygiene += decay.hygiene + SHOWER_HYGIENE / ticks,
                Affordance::EatMeal => agent.needs.hunger += decay.hunger + MEAL_HUNGER / ticks,
                Affordance::CookMeal => {
                    agent.needs.energy -= economy.cook_energy_cost / ticks;
                    agent.needs.hygiene -= economy.cook_hygiene_cost / ticks;
                }
                Affordance::RestSleep => {
                    agent.needs.energy += decay.energy + SLEEP_ENERGY / ticks;
                    agent.needs.hunger += decay.hunger * (1.0 - SLEEP_FACTOR);
                    agent.needs.hygiene += decay.hygiene * (1.0 - SLEEP_FACTOR);
                }
            }
        }
        self.agents.values_mut().for_each(|agent| agent.needs = agent.needs.limited());
        let is_cut = |affordance| match affordance {
            Affordance::UseShower => self.perturbations.is_on(PerturbationKind::Outage).then_some("no_water"),
            Affordance::CookMeal => {
                self.perturbations.is_on(PerturbationKind::Blackout).then_some("no_power")
            }
            Affordance::EatMeal | Affordance::RestSleep => None,
        };
        let ended: Vec<(ObjectId, Option<&'static str>)> = self
            .running
            .iter()
            .map(|(object, running)| (object, running, is_cut(running.affordance_id)))
            .filter(|(_, running, cut)| running.duration_remaining == 0 || cut.is_some())
            .map(|(object, running, cut)| (object.clone(), cut.filter(|_| running.duration_remaining > 0)))
            .collect();
        for (object, cut) in ended {
            match cut {
                Some(reason) => {
                    if let Some(agent) = self.fail(&object, reason, record) {
                        self.let_go(&agent, &object, record);
                    }
                }
                None => self.finish(object, record),
            }
        }
    }

    fn finish(&mut self, object_id: ObjectId, record: &mut TickRecord) {
        let Some(running) = self.running.remove(&object_id) else { return };
        let Running { agent_id, affordance_id, .. } = running;
        if let Some(agent) = self.agents.get_mut(&agent_id) {
            match affordance_id {
                Affordance::EatMeal => agent.inventory.meals_consumed += 1,
                Affordance::CookMeal => {
                    agent.inventory.meals += MEALS_COOKED;
                    agent.inventory.meals_cooked += MEALS_COOKED;
                }
                Affordance::UseShower | Affordance::RestSleep => {}
            }
        }
        self.queues.cool_down(&object_id, &agent_id, self.tick + self.config.cooldown_ticks);
        let (agent, object) = (agent_id.clone(), object_id.clone());
        record.add(self.tick, WorldEventKind::AffordanceFinish { agent_id, object_id, affordance_id });
        self.let_go(&agent, &object, record);
    }

    /// Ends the affordance that runs at an object before its time, without its effect. Who used the object
    /// still holds it.
    pub(super) fn fail(&mut self, object_id: &str, reason: &str, record: &mut TickRecord) -> Option<AgentId> {
        let Running { agent_id, affordance_id, .. } = self.running.remove(object_id)?;
        let agent = agent_id.clone();
        let (object_id, reason) = (object_id.to_owned(), reason.to_owned());
        record.add(self.tick, WorldEventKind::AffordanceFail { agent_id, object_id, affordance_id, reason });
        Some(agent)
    }

    /// Fridges and stoves are filled up.
    pub(super) fn replenish(&mut self, record: &mut TickRecord) {
        if !self.tick.is_multiple_of(self.config.replenish_ticks) {
            return;
        }
        let ingredients = self.config.economy.stove_stock_replenish.round() as u32;
        for (object_id, object) in &mut self.objects {
            let (most, more) = match object.kind {
                ObjectKind::Fridge => (FRIDGE_MEALS, MEALS_REPLENISHED),
                ObjectKind::Stove => (STOVE_INGREDIENTS, ingredients),
                ObjectKind::Shower | ObjectKind::Bed | ObjectKind::Workplace => continue,
            };
            let Some(name) = stock_name(object.kind) else { continue };
            let stock = object.stock.entry(name.to_owned()).or_insert(0);
            let amount = more.min(most.saturating_sub(*stock));
            if amount > 0 {
                *stock += amount;
                let (object_id, stock) = (object_id.clone(), name.to_owned());
                let kind = WorldEventKind::StockReplenish { object_id, kind: object.kind, stock, amount };
                record.add(self.tick, kind);
            }
        }
    }
}
