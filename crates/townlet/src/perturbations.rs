//! What disturbs the town: price spikes, blackouts, outages and arranged meetings.

use gauntlet_townlet_dto::state::{Perturbation, PerturbationBoard, PerturbationKind};
use gauntlet_townlet_dto::{AgentId, Cell, GRID_SIZE, TICKS_PER_DAY};
use serde::{Deserialize, Serialize};

use crate::streams::Stream;

/// Ticks for which a target of a meeting is left alone.
const TARGET_COOLDOWN: u64 = 300;

/// How a kind of perturbation comes.
struct Spec {
    /// The probability that one is scheduled in a tick.
    chance: f64,
    /// Ticks that it lasts, at least and at most.
    ticks: [u64; 2],
    /// Ticks until the next of its kind may be scheduled.
    cooldown: u64,
}

fn spec(kind: PerturbationKind) -> Spec {
    match kind {
        PerturbationKind::PriceSpike => {
            Spec { chance: 1.0 / 1500.0, ticks: [120, 300], cooldown: TICKS_PER_DAY }
        }
        PerturbationKind::Blackout => Spec { chance: 1.0 / 2000.0, ticks: [30, 90], cooldown: TICKS_PER_DAY },
        PerturbationKind::Outage => Spec { chance: 1.0 / 2000.0, ticks: [30, 90], cooldown: TICKS_PER_DAY },
        PerturbationKind::ArrangedMeet => Spec { chance: 1.0 / 400.0, ticks: [60, 120], cooldown: 240 },
    }
}

/// What began or ended in a tick.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    Started(Perturbation),
    Ended(Perturbation),
}

/// The perturbations of a world.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Perturbations {
    pub(crate) board: PerturbationBoard,
    scheduled: u64,
}

impl Perturbations {
    /// Whether one of that kind is on.
    pub(crate) fn is_on(&self, kind: PerturbationKind) -> bool {
        self.board.active.values().any(|perturbation| perturbation.kind == kind)
    }

    /// Where an agent is asked to be.
    pub(crate) fn meeting_of(&self, agent: &str) -> Option<Cell> {
        let mut on = self.board.active.values();
        on.find(|p| p.targets.iter().any(|target| target == agent)).and_then(|p| p.location)
    }

    /// Schedules one.
    pub(crate) fn schedule(
        &mut self,
        kind: PerturbationKind,
        starts_at: u64,
        ticks: u64,
    ) -> &mut Perturbation {
        self.scheduled += 1;
        let id = format!("{}_{}", kind.name(), self.scheduled);
        let ends_at = starts_at + ticks;
        let new = Perturbation {
            id,
            kind,
            starts_at,
            ends_at,
            magnitude: 1.0,
            targets: Vec::new(),
            location: None,
        };
        self.board.pending.push(new);
        let last = self.board.pending.len() - 1;
        &mut self.board.pending[last]
    }

    /// Calls one off; `None` where there is none of that id.
    pub(crate) fn cancel(&mut self, id: &str) -> Option<Perturbation> {
        if let Some(at) = self.board.pending.iter().position(|perturbation| perturbation.id == id) {
            return Some(self.board.pending.remove(at));
        }
        self.board.active.remove(id)
    }

    /// Schedules what comes by itself.
    pub(crate) fn draw(&mut self, tick: u64, agents: &[&AgentId], stream: &mut Stream) {
        for kind in PerturbationKind::ALL {
            let spec = spec(kind);
            let is_due = stream.chance(spec.chance);
            if !is_due || self.board.cooldowns.spec.get(kind.name()).is_some_and(|until| *until > tick) {
                continue;
            }
            let ticks = spec.ticks[0] + stream.below(spec.ticks[1] - spec.ticks[0] + 1);
            let starts_at = tick + 5 + stream.below(20);
            let mut targets = Vec::new();
            if kind == PerturbationKind::ArrangedMeet {
                let cooldowns = &self.board.cooldowns.agents;
                let free = |id: &&&AgentId| cooldowns.get(**id).is_none_or(|until| *until <= tick);
                let mut free: Vec<AgentId> = agents.iter().filter(free).map(|id| (*id).clone()).collect();
                if free.len() < 2 {
                    continue;
                }
                stream.shuffle(&mut free);
                targets = free.into_iter().take(2).collect();
                targets.sort();
            }
            for target in &targets {
                self.board.cooldowns.agents.insert(target.clone(), tick + TARGET_COOLDOWN);
            }
            let around = GRID_SIZE / 2 - 6;
            let location = [0, 0].map(|_: u8| around + stream.below(12) as u8);
            let magnitude = stream.between(1.5, 2.5);
            let new = self.schedule(kind, starts_at, ticks);
            match kind {
                PerturbationKind::PriceSpike => new.magnitude = magnitude,
                PerturbationKind::ArrangedMeet => {
                    new.targets = targets;
                    new.location = Some(location);
                }
                PerturbationKind::Blackout | PerturbationKind::Outage => {}
            }
            self.board.cooldowns.spec.insert(kind.name().to_owned(), tick + spec.cooldown);
        }
    }

    /// Begins and ends what is due, in order.
    pub(crate) fn step(&mut self, tick: u64) -> Vec<Change> {
        self.board.cooldowns.spec.retain(|_, until| *until > tick);
        self.board.cooldowns.agents.retain(|_, until| *until > tick);
        let mut changes = Vec::new();
        let over = self.board.active.iter().filter(|(_, perturbation)| perturbation.ends_at <= tick);
        let over: Vec<String> = over.map(|(id, _)| id.clone()).collect();
        changes.extend(over.iter().filter_map(|id| self.board.active.remove(id)).map(Change::Ended));
        let pending = std::mem::take(&mut self.board.pending);
        let (due, later): (Vec<_>, Vec<_>) = pending.into_iter().partition(|p| p.starts_at <= tick);
        self.board.pending = later;
        for perturbation in due {
            self.board.active.insert(perturbation.id.clone(), perturbation.clone());
            changes.push(Change::Started(perturbation));
        }
        changes
    }

    /// Forgets an agent that is gone: a meeting without it is over.
    pub(crate) fn forget(&mut self, agent: &str) {
        let concerns =
            |perturbation: &Perturbation| perturbation.targets.iter().any(|target| target == agent);
        self.board.pending.retain(|perturbation| !concerns(perturbation));
        self.board.cooldowns.agents.remove(agent);
        for perturbation in self.board.active.values_mut().filter(|perturbation| concerns(perturbation)) {
            perturbation.ends_at = 0;
        }
    }
}
