//! The world: everything that changes from tick to tick, and the order in which it does.
//!
//! Agents act in an order that rotates with the tick, so that no name is always first. Everything else is in
//! order of ids.

mod actions;
mod affordances;
pub mod commands;
mod employment;
mod lifecycle;
mod observe;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use gauntlet_townlet_dto::action::{Decision, ObjectKind};
use gauntlet_townlet_dto::event::{WorldEvent, WorldEventKind};
use gauntlet_townlet_dto::state::{Commitment, Needs, ObjectState, PerturbationKind, RivalryEvent, Running};
use gauntlet_townlet_dto::{AgentId, Cell, ObjectId, TICKS_PER_DAY};
use serde::{Deserialize, Serialize};

use crate::agent::{self, Agent};
use crate::config::{Config, InvalidConfig};
use crate::layout;
use crate::perturbations::{Change, Perturbations};
use crate::queue::{Handover, Queues};
use crate::relationships::Relationships;
use crate::streams::Streams;

pub(crate) use observe::LoopView;

use commands::{Command, Refusal};
use employment::Exits;
use lifecycle::Respawn;

/// Ticks of waiting after which a handover leaves bad blood.
const PATIENCE_TICKS: u64 = 20;

/// The world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    config: Config,
    tick: u64,
    streams: Streams,
    objects: BTreeMap<ObjectId, ObjectState>,
    agents: BTreeMap<AgentId, Agent>,
    queues: Queues,
    running: BTreeMap<ObjectId, Running>,
    relationships: Relationships,
    perturbations: Perturbations,
    exits: Exits,
    respawns: Vec<Respawn>,
    /// How often each name has come back.
    respawn_counts: BTreeMap<String, u32>,
    possessed: BTreeSet<AgentId>,
}

/// A step of the tick that found the world in a state that must not be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{class}: {message}")]
pub struct StepError {
    /// What kind of failure it is.
    pub class: &'static str,
    /// What was found.
    pub message: String,
}

/// What a tick did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TickRecord {
    /// What happened, in order.
    pub events: Vec<WorldEvent>,
    /// Conflicts that made rivalry, in order.
    pub rivalry_events: Vec<RivalryEvent>,
    /// Agent to the qualities of its chats; a failed one counts -0.25.
    pub social: BTreeMap<AgentId, f64>,
    /// Agent to the wages of the tick, without what was withheld.
    pub wages: BTreeMap<AgentId, f64>,
    /// Who worked, having come on time.
    pub punctual: BTreeSet<AgentId>,
    /// Agent to its changes of intent; those without one are missing.
    pub switches: BTreeMap<AgentId, u64>,
    /// Who is gone, and why.
    pub removed: BTreeMap<AgentId, String>,
    /// Who was there when the tick's actions began.
    pub present: BTreeSet<AgentId>,
    /// The outcome of each command, in order.
    pub commands: Vec<Result<(), Refusal>>,
    /// What those do who are driven by a person.
    pub driven: BTreeMap<AgentId, Decision>,
}

impl TickRecord {
    fn add(&mut self, tick: u64, kind: WorldEventKind) {
        self.events.push(WorldEvent { tick, kind });
    }
}

impl World {
    /// A new town.
    ///
    /// # Errors
    ///
    /// What [`Config::check`] refuses.
    pub fn new(config: Config) -> Result<Self, InvalidConfig> {
        config.check()?;
        let mut streams = Streams::new(config.seed);
        let objects = layout::build(config.agents, streams.named("layout"));
        let mut world = Self {
            config,
            tick: 0,
            streams,
            objects,
            agents: BTreeMap::new(),
            queues: Queues::default(),
            running: BTreeMap::new(),
            relationships: Relationships::default(),
            perturbations: Perturbations::default(),
            exits: Exits::default(),
            respawns: Vec::new(),
            respawn_counts: BTreeMap::new(),
            possessed: BTreeSet::new(),
        };
        for number in 0..world.config.agents {
            let name = agent::name(number);
            let agent = world.new_agent(name.clone());
            world.agents.insert(name, agent);
        }
        Ok(world)
    }

    /// Ticks that have been finished.
    pub fn tick(&self) -> u64 {
        self.tick
    }

    /// How well everybody is.
    pub(crate) fn needs(&self) -> BTreeMap<AgentId, Needs> {
        self.agents.iter().map(|(id, agent)| (id.clone(), agent.needs)).collect()
    }

    /// What the town was made with; commands change some of it.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The ids of the agents, in order.
    pub fn agent_ids(&self) -> impl Iterator<Item = &AgentId> {
        self.agents.keys()
    }

    /// A tick. An agent without a decision waits; one for an agent that is gone is left out. Whoever is
    /// driven by a person does what a command of this tick says, and else waits. A command that cannot be
    /// done is refused in the record and changes nothing. After an error the world is in an undefined state:
    /// whoever calls this goes back to a copy.
    ///
    /// # Errors
    ///
    /// A [`StepError`] where a step found a state that must not be.
    pub fn step(
        &mut self,
        commands: Vec<Command>,
        decisions: &BTreeMap<AgentId, Decision>,
    ) -> Result<TickRecord, StepError> {
        self.tick += 1;
        let mut record = TickRecord::default();
        self.respawn(&mut record);
        for command in commands {
            let done = self.command(command, &mut record);
            record.commands.push(done);
        }
        self.disturb(&mut record);
        record.present = self.agents.keys().cloned().collect();
        self.act(decisions, &mut record);
        self.step_queues(&mut record);
        self.step_affordances(&mut record);
        self.step_employment(&mut record);
        self.relationships.step(self.tick);
        self.replenish(&mut record);
        self.end_of_day(&mut record);
        self.remove_fainted(&mut record);
        self.check()?;
        Ok(record)
    }

    /// The tick of the day, from 0 to 1439.
    fn tick_of_day(&self) -> u64 {
        self.tick % TICKS_PER_DAY
    }

    fn workplaces(&self) -> Vec<Cell> {
        self.cells_of(ObjectKind::Workplace)
    }

    fn cells_of(&self, kind: ObjectKind) -> Vec<Cell> {
        self.objects.values().filter(|object| object.kind == kind).map(|object| object.position).collect()
    }

    /// A new agent beside a bed.
    fn new_agent(&mut self, name: String) -> Agent {
        let workplaces = self.workplaces();
        let beds = self.cells_of(ObjectKind::Bed);
        let stream = self.streams.named("agents");
        let position = stream.choose(&beds).copied().unwrap_or_default();
        Agent::new(name, position, &workplaces, stream)
    }

    /// Begins, ends and schedules perturbations.
    fn disturb(&mut self, record: &mut TickRecord) {
        for change in self.perturbations.step(self.tick) {
            match change {
                Change::Ended(p) => {
                    record.add(self.tick, WorldEventKind::PerturbationEnded { id: p.id, kind: p.kind });
                }
                Change::Started(p) => {
                    let (id, kind, ends_at) = (p.id.clone(), p.kind, p.ends_at);
                    record.add(self.tick, WorldEventKind::PerturbationStarted { id, kind, ends_at });
                    let id = p.id;
                    let kind = match p.kind {
                        PerturbationKind::PriceSpike => {
                            WorldEventKind::PerturbationPriceSpike { id, magnitude: p.magnitude }
                        }
                        PerturbationKind::Blackout => WorldEventKind::PerturbationBlackout { id },
                        PerturbationKind::Outage => WorldEventKind::PerturbationOutage { id },
                        PerturbationKind::ArrangedMeet => WorldEventKind::PerturbationArrangedMeet {
                            id,
                            targets: p.targets,
                            location: p.location.unwrap_or_default(),
                        },
                    };
                    record.add(self.tick, kind);
                }
            }
        }
        if self.config.perturbations {
            let agents: Vec<&AgentId> = self.agents.keys().collect();
            self.perturbations.draw(self.tick, &agents, self.streams.named("perturbations"));
        }
    }

    /// The factor of all price spikes on prices.
    fn price_factor(&self) -> f64 {
        self.perturbations.board.active.values().map(|perturbation| perturbation.magnitude).product()
    }

    /// Every agent acts, in an order that rotates.
    fn act(&mut self, decisions: &BTreeMap<AgentId, Decision>, record: &mut TickRecord) {
        let mut order: Vec<AgentId> = self.agents.keys().cloned().collect();
        let count = order.len().max(1);
        order.rotate_left((self.tick % count as u64) as usize % count);
        for id in order {
            let driven = record.driven.get(&id).cloned();
            let decided = if self.possessed.contains(&id) { driven } else { decisions.get(&id).cloned() };
            let Some(decision) = decided else { continue };
            self.follow_intent(&id, &decision, record);
            self.apply(&id, &decision.action, record);
        }
    }

    fn follow_intent(&mut self, id: &str, decision: &Decision, record: &mut TickRecord) {
        let until_tick = self.tick + self.config.option_commit_ticks;
        let Some(agent) = self.agents.get_mut(id) else { return };
        if agent.intent != decision.intent {
            record.switches.insert(id.to_owned(), 1);
        }
        if agent.intent != decision.intent || agent.commitment.is_none() {
            agent.intent = decision.intent;
            agent.commitment = Some(Commitment { intent: decision.intent, until_tick });
        }
    }

    /// What an object's going on to the next makes of the two.
    fn after_handover(&mut self, handover: Handover, is_ghost_step: bool, record: &mut TickRecord) {
        let Handover { object_id, from, to, waited_ticks, queue_length } = handover;
        if !is_ghost_step && waited_ticks <= PATIENCE_TICKS {
            self.relationships.warm(&from, &to, 0.02, 0.03);
            let variant = "handover".to_owned();
            record.add(
                self.tick,
                WorldEventKind::QueueInteraction { object_id, actor: from, rival: to, variant },
            );
            return;
        }
        let (actor, rival, reason, queue_length, intensity) = if is_ghost_step {
            let waiting = queue_length + 1;
            (from, to, "ghost_step", waiting, 1.0 + 0.5 * f64::from(waiting))
        } else {
            (to, from, "long_wait", queue_length, (0.4 + 0.15 * f64::from(queue_length)).min(1.0))
        };
        self.clash(&actor, &rival, reason, intensity, record);
        let reason = reason.to_owned();
        let kind = WorldEventKind::QueueConflict { object_id, actor, rival, reason, queue_length, intensity };
        record.add(self.tick, kind);
    }

    fn clash(&mut self, actor: &str, rival: &str, reason: &str, intensity: f64, record: &mut TickRecord) {
        let [agent_a, agent_b, reason] = [actor, rival, reason].map(str::to_owned);
        let event = RivalryEvent { tick: self.tick, agent_a, agent_b, intensity, reason };
        self.relationships.clash(&event);
        record.rivalry_events.push(event);
    }

    /// States that no rule allows.
    fn check(&self) -> Result<(), StepError> {
        let fail = |message| Err(StepError { class: "InvariantError", message });
        for (id, agent) in &self.agents {
            let needs = [agent.needs.hunger, agent.needs.hygiene, agent.needs.energy];
            if !needs.iter().all(|need| (0.0..=1.0).contains(need)) {
                return fail(format!("a need of {id} is out of 0 to 1: {:?}", agent.needs));
            }
            if !(agent.wallet.is_finite() && agent.wallet >= 0.0) {
                return fail(format!("the wallet of {id} holds {}", agent.wallet));
            }
        }
        for (object, running) in &self.running {
            if self.queues.board.active.get(object) != Some(&running.agent_id) {
                return fail(format!("{} uses {object} without holding it", running.agent_id));
            }
        }
        Ok(())
    }
}
