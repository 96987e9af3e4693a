//! What one agent knows, in the form in which policies and the encoder read it.
//!
//! Facts are made from an envelope here, and from the world itself by the world; both must be equal, which
//! shows that an envelope is enough.

use std::collections::BTreeSet;

use crate::Cell;
use crate::action::{Affordance, Intent, ObjectKind};
use crate::envelope::Envelope;
use crate::state::{Commitment, Needs, Personality, Tie};

/// What an agent knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts<'a> {
    /// The tick that was last finished.
    pub tick: u64,
    /// The agent.
    pub agent_id: &'a str,
    /// Where it is.
    pub position: Cell,
    /// How far its hunger, hygiene and energy are met.
    pub needs: Needs,
    /// Its money.
    pub wallet: f64,
    /// Meals that it carries.
    pub meals: u32,
    /// Its job.
    pub job: Option<JobFacts>,
    /// Its traits.
    pub personality: Personality,
    /// The goal that it follows.
    pub intent: Intent,
    /// The intent that it is committed to, and until when.
    pub commitment: Option<Commitment>,
    /// The object that it holds.
    pub holds: Option<&'a str>,
    /// The object that it waits for, and its place from 1.
    pub waits: Option<(&'a str, u32)>,
    /// The affordance that it uses now.
    pub running: Option<Affordance>,
    /// The place of the meeting that it is asked to.
    pub meeting: Option<Cell>,
    /// The other agents, in order of their ids.
    pub others: Vec<OtherFacts<'a>>,
    /// The objects, in order of their ids.
    pub objects: Vec<ObjectFacts<'a>>,
    /// Whether there is power.
    pub power: bool,
    /// Whether there is water.
    pub water: bool,
    /// The price of a meal now.
    pub meal_price: f64,
    /// The price of ingredients now.
    pub ingredients_price: f64,
}

/// What an agent knows of its job.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JobFacts {
    /// The place of work.
    pub workplace: Cell,
    /// Tick of the day at which the shift begins.
    pub start_tick: u64,
    /// Tick of the day at which it ends.
    pub end_tick: u64,
    /// Whether it works now.
    pub on_shift: bool,
}

/// What an agent knows of another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OtherFacts<'a> {
    /// The other.
    pub agent_id: &'a str,
    /// Where it is.
    pub position: Cell,
    /// Whether it is busy with an affordance.
    pub is_busy: bool,
    /// What the agent feels for it.
    pub tie: Tie,
}

/// What an agent knows of an object.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ObjectFacts<'a> {
    /// The object.
    pub object_id: &'a str,
    /// What it is.
    pub kind: ObjectKind,
    /// Where it is.
    pub position: Cell,
    /// What it holds of what its affordance uses up; 0 where that needs nothing.
    pub stock: u32,
    /// Whether somebody else holds it.
    pub is_taken: bool,
    /// How many wait for it.
    pub queue_length: u32,
    /// Whether the agent may not ask for it yet.
    pub is_cooling_down: bool,
}

/// The stock that an object's affordance uses up.
pub fn stock_name(kind: ObjectKind) -> Option<&'static str> {
    match kind {
        ObjectKind::Fridge => Some("meals"),
        ObjectKind::Stove => Some("raw_ingredients"),
        ObjectKind::Shower | ObjectKind::Bed | ObjectKind::Workplace => None,
    }
}

/// The other agents of an envelope whose position is shown, as the agent sees them.
fn others<'a>(envelope: &'a Envelope, id: &str) -> Vec<OtherFacts<'a>> {
    let global = &envelope.global;
    let busy: BTreeSet<&str> =
        global.running_affordances.values().map(|running| running.agent_id.as_str()).collect();
    let ties = global.relationship_snapshot.get(id);
    let others = envelope.agents.iter().filter(|other| other.agent_id != id).filter_map(|other| {
        Some(OtherFacts {
            agent_id: &other.agent_id,
            position: other.position?,
            is_busy: busy.contains(other.agent_id.as_str()),
            tie: ties.and_then(|ties| ties.get(&other.agent_id)).copied().unwrap_or_default(),
        })
    });
    others.collect()
}

/// The objects of an envelope, as the agent sees them.
fn objects<'a>(envelope: &'a Envelope, id: &str) -> Vec<ObjectFacts<'a>> {
    let global = &envelope.global;
    // The facts are those of the decision for the next tick.
    let cooldowns = global.queues.cooldowns.iter();
    let cooling: BTreeSet<&str> = cooldowns
        .filter(|cooldown| cooldown.agent_id == id && cooldown.until_tick > envelope.tick + 1)
        .map(|cooldown| cooldown.object_id.as_str())
        .collect();
    let objects = global.objects.iter().map(|(object_id, object)| ObjectFacts {
        object_id,
        kind: object.kind,
        position: object.position,
        stock: stock_name(object.kind).and_then(|name| object.stock.get(name)).copied().unwrap_or(0),
        is_taken: object.occupied_by.as_ref().is_some_and(|holder| holder != id),
        queue_length: global.queues.queues.get(object_id).map_or(0, |queue| queue.len() as u32),
        is_cooling_down: cooling.contains(object_id.as_str()),
    });
    objects.collect()
}

impl<'a> Facts<'a> {
    /// The facts of an agent of an envelope; `None` where it is not in it or its state is not shown.
    pub fn of(envelope: &'a Envelope, id: &str) -> Option<Self> {
        let me = envelope.agent(id)?;
        let id = me.agent_id.as_str();
        let global = &envelope.global;
        let queue = me.queue_state.as_ref();
        let meetings = global.perturbations.active.values();
        let meeting =
            meetings.filter(|p| p.targets.iter().any(|target| target == id)).find_map(|p| p.location);
        let economy = &global.economy_snapshot;
        let factor: f64 = economy.active_price_spikes.values().product();
        Some(Self {
            tick: envelope.tick,
            agent_id: id,
            position: me.position?,
            needs: me.needs?,
            wallet: me.wallet?,
            meals: me.inventory?.meals,
            job: me.job.as_ref().map(|job| JobFacts {
                workplace: job.workplace,
                start_tick: job.start_tick,
                end_tick: job.end_tick,
                on_shift: job.on_shift,
            }),
            personality: me.personality?,
            intent: me.pending_intent.unwrap_or_default(),
            commitment: global.anneal_context.commit_state.get(id).copied(),
            holds: queue.filter(|queue| queue.place == 0).map(|queue| queue.object_id.as_str()),
            waits: queue.filter(|queue| queue.place > 0).map(|queue| (queue.object_id.as_str(), queue.place)),
            running: global.running_affordances.values().find(|r| r.agent_id == id).map(|r| r.affordance_id),
            meeting,
            others: others(envelope, id),
            objects: objects(envelope, id),
            power: economy.utility_snapshot.power,
            water: economy.utility_snapshot.water,
            meal_price: economy.settings.meal_cost * factor,
            ingredients_price: economy.settings.ingredients_cost * factor,
        })
    }

    /// The tick of the day that comes next, from 0 to 1439.
    pub fn tick_of_day(&self) -> u64 {
        (self.tick + 1) % crate::TICKS_PER_DAY
    }
}
