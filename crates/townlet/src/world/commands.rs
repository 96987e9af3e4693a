//! What a person changes in the world: each command is done in full or refused.

use gauntlet_townlet_dto::action::Decision;
use gauntlet_townlet_dto::event::WorldEventKind;
use gauntlet_townlet_dto::state::{Needs, PerturbationKind, Tie};
use gauntlet_townlet_dto::{AgentId, Cell, GRID_SIZE, TICKS_PER_DAY};
use serde::{Deserialize, Serialize};

use super::{TickRecord, World};
use crate::config::MAX_AGENTS;

/// The longest name of a spawned agent, in characters.
const MAX_NAME: usize = 40;

/// What a person asks of the world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
#[allow(missing_docs, reason = "the names of the fields are their documentation, as in events")]
pub enum Command {
    /// A new agent comes.
    Spawn { agent_id: AgentId, position: Cell },
    /// An agent is moved; what it is busy with fails.
    Teleport { agent_id: AgentId, position: Cell },
    /// The needs of an agent become these.
    SetNeeds { agent_id: AgentId, needs: Needs },
    /// A price or a wage becomes this: the name of a field of the economy's settings.
    Price { setting: String, value: f64 },
    /// Two agents have a chat of that quality.
    ForceChat { speaker: AgentId, listener: AgentId, quality: f64 },
    /// What an agent feels for another becomes this.
    SetTie { owner: AgentId, other: AgentId, tie: Tie },
    /// An agent waits to be dismissed.
    EmploymentExit { agent_id: AgentId },
    /// Agents are asked to meet, from this tick on.
    ArrangeMeet { targets: Vec<AgentId>, location: Cell, ticks: u64 },
    /// A story is told.
    AnnounceStory { message: String },
    /// An agent is driven by a person, or by the policy again.
    Possess { agent_id: AgentId, is_possessed: bool },
    /// What an agent that is driven by a person does in this tick.
    Drive { agent_id: AgentId, decision: Decision },
    /// An agent is removed.
    Kill { agent_id: AgentId },
    /// Whether agents faint.
    SetMortality { is_on: bool },
    /// Most dismissals of a day.
    SetExitCap { daily_exit_cap: u64 },
    /// Ticks until an agent that is gone comes back.
    SetSpawnDelay { ticks: u64 },
    /// A perturbation begins in this tick; the magnitude counts for price spikes.
    TriggerPerturbation { kind: PerturbationKind, ticks: u64, magnitude: f64 },
    /// A perturbation is called off.
    CancelPerturbation { id: String },
}

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// What it names does not exist.
    #[error("there is no {what} {id:?}")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// The id.
        id: String,
    },
    /// An argument is out of its range.
    #[error("{field} is {value}; it must be {rule}")]
    InvalidArgs {
        /// The argument.
        field: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        rule: &'static str,
    },
    /// The world is in a state in which it cannot be done.
    #[error("{message}")]
    Conflict {
        /// Why.
        message: String,
    },
}

impl Refusal {
    /// The console's code for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::InvalidArgs { .. } => "invalid_args",
            Self::Conflict { .. } => "conflict",
        }
    }
}

fn invalid<T>(field: &'static str, value: impl ToString, rule: &'static str) -> Result<T, Refusal> {
    Err(Refusal::InvalidArgs { field, value: value.to_string(), rule })
}

fn conflict<T>(message: String) -> Result<T, Refusal> {
    Err(Refusal::Conflict { message })
}

fn within(field: &'static str, value: f64, from: f64, to: f64, rule: &'static str) -> Result<(), Refusal> {
    if (from..=to).contains(&value) { Ok(()) } else { invalid(field, value, rule) }
}

fn on_grid(position: Cell) -> Result<(), Refusal> {
    if position.iter().all(|at| *at < GRID_SIZE) {
        return Ok(());
    }
    invalid("position", format!("{position:?}"), "from 0 to 47 in both directions")
}

fn a_duration(ticks: u64) -> Result<(), Refusal> {
    if (1..=TICKS_PER_DAY).contains(&ticks) { Ok(()) } else { invalid("ticks", ticks, "from 1 to 1440") }
}

impl World {
    fn must_be_here(&self, id: &str) -> Result<(), Refusal> {
        if self.agents.contains_key(id) {
            return Ok(());
        }
        Err(Refusal::NotFound { what: "agent", id: id.to_owned() })
    }

    /// Does a command, in the tick that runs. Decisions of possessed agents are left to the caller.
    pub(super) fn command(&mut self, command: Command, record: &mut TickRecord) -> Result<(), Refusal> {
        match command {
            Command::Spawn { agent_id, position } => return self.spawn(agent_id, position, record),
            Command::Teleport { agent_id, position } => {
                self.must_be_here(&agent_id)?;
                on_grid(position)?;
                self.teleport(agent_id, position, record);
            }
            Command::SetNeeds { agent_id, needs } => return self.set_needs(&agent_id, needs),
            Command::Price { setting, value } => return self.set_price(&setting, value),
            Command::ForceChat { speaker, listener, quality } => {
                return self.force_chat(&speaker, listener, quality, record);
            }
            Command::SetTie { owner, other, tie } => return self.set_tie(&owner, other, tie),
            Command::EmploymentExit { agent_id } => {
                self.must_be_here(&agent_id)?;
                if !self.queue_exit(&agent_id, "command", record) {
                    return conflict(format!("the queue of dismissals is full, {agent_id} cannot join it"));
                }
            }
            Command::ArrangeMeet { targets, location, ticks } => {
                return self.arrange_meet(targets, location, ticks);
            }
            Command::AnnounceStory { message } => return self.announce(message, record),
            Command::Possess { agent_id, is_possessed } => return self.possess(agent_id, is_possessed),
            Command::Drive { agent_id, decision } => {
                self.must_be_here(&agent_id)?;
                if !self.possessed.contains(&agent_id) {
                    return conflict(format!("{agent_id} is not driven by a person"));
                }
                record.driven.insert(agent_id, decision);
            }
            Command::Kill { agent_id } => {
                self.must_be_here(&agent_id)?;
                record.add(self.tick, WorldEventKind::AgentKilled { agent_id: agent_id.clone() });
                self.remove(&agent_id, "killed", record);
            }
            Command::SetMortality { is_on } => self.config.mortality = is_on,
            Command::SetExitCap { daily_exit_cap } => return self.set_exit_cap(daily_exit_cap),
            Command::SetSpawnDelay { ticks } => {
                a_duration(ticks)?;
                self.config.respawn_delay_ticks = ticks;
            }
            Command::TriggerPerturbation { kind, ticks, magnitude } => {
                return self.trigger_perturbation(kind, ticks, magnitude);
            }
            Command::CancelPerturbation { id } => {
                let Some(cancelled) = self.perturbations.cancel(&id) else {
                    return Err(Refusal::NotFound { what: "perturbation", id });
                };
                let kind = cancelled.kind;
                record.add(self.tick, WorldEventKind::PerturbationCancelled { id, kind });
            }
        }
        Ok(())
    }

    fn set_needs(&mut self, agent_id: &str, needs: Needs) -> Result<(), Refusal> {
        for (field, value) in [("hunger", needs.hunger), ("hygiene", needs.hygiene), ("energy", needs.energy)]
        {
            within(field, value, 0.0, 1.0, "from 0 to 1")?;
        }
        self.must_be_here(agent_id)?;
        if let Some(agent) = self.agents.get_mut(agent_id) {
            agent.needs = needs;
        }
        Ok(())
    }

    fn force_chat(
        &mut self,
        speaker: &str,
        listener: AgentId,
        quality: f64,
        record: &mut TickRecord,
    ) -> Result<(), Refusal> {
        self.must_be_here(speaker)?;
        self.must_be_here(&listener)?;
        within("quality", quality, 0.0, 1.0, "from 0 to 1")?;
        if speaker == listener {
            return invalid("listener", listener, "somebody else than the speaker");
        }
        self.succeed_in_chat(speaker, &listener, quality, record);
        Ok(())
    }

    fn set_tie(&mut self, owner: &str, other: AgentId, tie: Tie) -> Result<(), Refusal> {
        self.must_be_here(owner)?;
        self.must_be_here(&other)?;
        within("trust", tie.trust, -1.0, 1.0, "from -1 to 1")?;
        within("familiarity", tie.familiarity, 0.0, 1.0, "from 0 to 1")?;
        within("rivalry", tie.rivalry, 0.0, 1.0, "from 0 to 1")?;
        if owner == other {
            return invalid("other", other, "somebody else than the owner");
        }
        self.relationships.set(owner, &other, tie);
        Ok(())
    }

    fn possess(&mut self, agent_id: AgentId, is_possessed: bool) -> Result<(), Refusal> {
        self.must_be_here(&agent_id)?;
        if is_possessed == self.possessed.contains(&agent_id) {
            let state = if is_possessed { "already" } else { "not" };
            return conflict(format!("{agent_id} is {state} driven by a person"));
        }
        if is_possessed {
            self.possessed.insert(agent_id);
        } else {
            self.possessed.remove(&agent_id);
        }
        Ok(())
    }

    fn trigger_perturbation(
        &mut self,
        kind: PerturbationKind,
        ticks: u64,
        magnitude: f64,
    ) -> Result<(), Refusal> {
        a_duration(ticks)?;
        within("magnitude", magnitude, 1.0, 10.0, "from 1 to 10")?;
        if kind == PerturbationKind::ArrangedMeet {
            return invalid("kind", kind.name(), "one without targets; meetings have their own command");
        }
        let new = self.perturbations.schedule(kind, self.tick, ticks);
        if kind == PerturbationKind::PriceSpike {
            new.magnitude = magnitude;
        }
        Ok(())
    }

    fn announce(&self, message: String, record: &mut TickRecord) -> Result<(), Refusal> {
        if message.trim().is_empty() {
            return invalid("message", "empty", "a text");
        }
        record.add(self.tick, WorldEventKind::StoryAnnounced { message });
        Ok(())
    }

    fn set_exit_cap(&mut self, daily_exit_cap: u64) -> Result<(), Refusal> {
        if daily_exit_cap > u64::from(MAX_AGENTS) {
            return invalid("daily_exit_cap", daily_exit_cap, "from 0 to 72");
        }
        self.config.daily_exit_cap = daily_exit_cap;
        Ok(())
    }

    fn spawn(&mut self, agent_id: AgentId, position: Cell, record: &mut TickRecord) -> Result<(), Refusal> {
        on_grid(position)?;
        // `#` begins the number of a respawn.
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if agent_id.is_empty() || agent_id.len() > MAX_NAME || !agent_id.chars().all(is_name) {
            return invalid("agent_id", agent_id, "letters, digits and `_`, 40 at most");
        }
        let is_used = self.agents.values().any(|agent| agent.name == agent_id)
            || self.respawns.iter().any(|respawn| respawn.name == agent_id)
            || self.respawn_counts.contains_key(&agent_id);
        if is_used {
            return conflict(format!("the name {agent_id} is taken"));
        }
        if self.agents.len() + self.respawns.len() >= MAX_AGENTS as usize {
            return conflict(format!("the town is full: {MAX_AGENTS} agents"));
        }
        let mut agent = self.new_agent(agent_id.clone());
        agent.position = position;
        self.agents.insert(agent_id.clone(), agent);
        record.add(self.tick, WorldEventKind::AgentSpawned { agent_id, position });
        Ok(())
    }

    fn teleport(&mut self, agent_id: AgentId, position: Cell, record: &mut TickRecord) {
        let used = self.running.iter().find(|(_, running)| running.agent_id == agent_id);
        if let Some(object) = used.map(|(object, _)| object.clone()) {
            self.fail(&object, "teleported", record);
            self.let_go(&agent_id, &object, record);
        }
        if let Some(agent) = self.agents.get_mut(&agent_id) {
            agent.position = position;
        }
        record.add(self.tick, WorldEventKind::AgentTeleported { agent_id, position });
    }

    fn set_price(&mut self, setting: &str, value: f64) -> Result<(), Refusal> {
        within("value", value, 0.0, 100.0, "from 0 to 100")?;
        let economy = &mut self.config.economy;
        let place = match setting {
            "meal_cost" => &mut economy.meal_cost,
            "ingredients_cost" => &mut economy.ingredients_cost,
            "cook_energy_cost" => &mut economy.cook_energy_cost,
            "cook_hygiene_cost" => &mut economy.cook_hygiene_cost,
            "wage_income" => &mut economy.wage_income,
            "stove_stock_replenish" => &mut economy.stove_stock_replenish,
            _ => return Err(Refusal::NotFound { what: "setting of the economy", id: setting.to_owned() }),
        };
        *place = value;
        Ok(())
    }

    fn arrange_meet(&mut self, mut targets: Vec<AgentId>, location: Cell, ticks: u64) -> Result<(), Refusal> {
        a_duration(ticks)?;
        on_grid(location)?;
        targets.sort();
        targets.dedup();
        if targets.len() < 2 {
            return invalid("targets", targets.len(), "at least 2 agents");
        }
        targets.iter().try_for_each(|id| self.must_be_here(id))?;
        let new = self.perturbations.schedule(PerturbationKind::ArrangedMeet, self.tick, ticks);
        new.targets = targets;
        new.location = Some(location);
        Ok(())
    }
}
