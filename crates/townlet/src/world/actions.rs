//! What agents do: moves, requests, starts, releases and chats.

use gauntlet_townlet_dto::action::{Action, Affordance, Direction};
use gauntlet_townlet_dto::encoder::{distance, is_adjacent};
use gauntlet_townlet_dto::event::WorldEventKind;
use gauntlet_townlet_dto::{AgentId, Cell, GRID_SIZE};

use super::{TickRecord, World};
use crate::queue::Requested;

/// Steps between two agents who can talk.
const CHAT_DISTANCE: u32 = 2;
/// Ticks until an agent may talk to somebody again.
const CHAT_COOLDOWN: u64 = 20;

/// The neighbouring cell; at the edge of the grid the cell itself.
fn moved(from: Cell, direction: Direction) -> Cell {
    let [x, y] = from;
    let last = GRID_SIZE - 1;
    match direction {
        Direction::North => [x, y.saturating_sub(1)],
        Direction::South => [x, (y + 1).min(last)],
        Direction::East => [(x + 1).min(last), y],
        Direction::West => [x.saturating_sub(1), y],
    }
}

impl World {
    /// An agent that is busy with an affordance does nothing else. What cannot be done is left out.
    pub(super) fn apply(&mut self, id: &str, action: &Action, record: &mut TickRecord) {
        if self.is_busy(id) {
            return;
        }
        match action {
            Action::Wait {} => {}
            Action::Move { direction } => {
                if let Some(agent) = self.agents.get_mut(id) {
                    agent.position = moved(agent.position, *direction);
                }
            }
            Action::Request { object_id } => self.ask_for(id, object_id, record),
            Action::Start { object_id, affordance_id } => {
                self.start(id, object_id, *affordance_id, record);
            }
            Action::Release { object_id } => self.let_go(id, object_id, record),
            Action::Chat { target } => self.chat(id, target, record),
        }
    }

    pub(super) fn is_busy(&self, id: &str) -> bool {
        self.running.values().any(|running| running.agent_id == id)
    }

    /// Whether an agent reaches an object.
    fn reaches(&self, id: &str, object_id: &str) -> bool {
        let place = self.agents.get(id).zip(self.objects.get(object_id));
        place.is_some_and(|(agent, object)| is_adjacent(agent.position, object.position))
    }

    fn ask_for(&mut self, id: &str, object_id: &str, record: &mut TickRecord) {
        let Some(affordance_id) = self.objects.get(object_id).and_then(|object| object.kind.affordance())
        else {
            return;
        };
        if !self.reaches(id, object_id) {
            return;
        }
        // An agent wants one object at a time.
        if let Some(other) = self.queues.held_by(id).filter(|held| *held != object_id).cloned() {
            self.let_go(id, &other, record);
        }
        if self.queues.waited_for_by(id).is_some_and(|other| other != object_id) {
            self.queues.leave(id);
        }
        if self.queues.request(self.tick, object_id, id) == Requested::Cooling {
            self.refuse(id, object_id, affordance_id, "cooldown", record);
        }
    }

    /// Records that an agent cannot start an affordance now.
    pub(super) fn refuse(
        &self,
        id: &str,
        object_id: &str,
        affordance_id: Affordance,
        reason: &str,
        record: &mut TickRecord,
    ) {
        let (agent_id, object_id, reason) = (id.to_owned(), object_id.to_owned(), reason.to_owned());
        let event = WorldEventKind::AffordancePreconditionFail { agent_id, object_id, affordance_id, reason };
        record.add(self.tick, event);
    }

    pub(super) fn let_go(&mut self, id: &str, object_id: &str, record: &mut TickRecord) {
        if self.queues.waited_for_by(id).is_some_and(|waited| waited == object_id) {
            self.queues.leave(id);
        }
        if let Some(handover) = self.queues.release(self.tick, object_id, id) {
            self.after_handover(handover, false, record);
        }
    }

    /// Those who went away lose their places; holders that stall lose their objects.
    pub(super) fn step_queues(&mut self, record: &mut TickRecord) {
        let waiting: Vec<(AgentId, String)> = self
            .queues
            .board
            .queues
            .iter()
            .flat_map(|(object, queue)| queue.iter().map(|entry| (entry.agent_id.clone(), object.clone())))
            .collect();
        for (agent, object) in waiting {
            if !self.reaches(&agent, &object) {
                self.queues.leave(&agent);
            }
        }
        let held: Vec<(String, AgentId)> =
            self.queues.board.active.iter().map(|(object, agent)| (object.clone(), agent.clone())).collect();
        for (object, agent) in held {
            if !self.reaches(&agent, &object) {
                self.let_go(&agent, &object, record);
            }
        }
        let running = &self.running;
        let handovers =
            self.queues.step(self.tick, self.config.stall_limit, |object| running.contains_key(object));
        for handover in handovers {
            self.after_handover(handover, true, record);
        }
    }

    fn chat(&mut self, id: &str, target: &str, record: &mut TickRecord) {
        let tick = self.tick;
        let Some((speaker, listener)) = self.agents.get(id).zip(self.agents.get(target)) else { return };
        let is_too_soon = speaker.chat_from_tick > tick;
        if id == target || is_too_soon || distance(speaker.position, listener.position) > CHAT_DISTANCE {
            return;
        }
        let extroversion = (speaker.personality.extroversion + listener.personality.extroversion) / 2.0;
        let tie = self.relationships.tie(target, id);
        let liking = (0.35 + 0.4 * extroversion + 0.2 * tie.trust - 0.5 * tie.rivalry).clamp(0.05, 0.95);
        let is_listening = !self.is_busy(target);
        if let Some(speaker) = self.agents.get_mut(id) {
            speaker.chat_from_tick = tick + CHAT_COOLDOWN;
        }
        let stream = self.streams.named("chat");
        if is_listening && stream.chance(liking) {
            let quality = 0.5 * stream.unit() + 0.5 * liking;
            self.succeed_in_chat(id, target, quality, record);
            return;
        }
        let (speaker, listener) = (id.to_owned(), target.to_owned());
        let reason = if is_listening { "not_in_the_mood" } else { "busy" }.to_owned();
        self.relationships.warm(id, target, -0.02, 0.0);
        *record.social.entry(speaker.clone()).or_insert(0.0) -= 0.25;
        record.add(tick, WorldEventKind::ChatFailure { speaker, listener, reason });
    }

    /// A chat of that quality, from 0 to 1, brings two agents nearer.
    pub(super) fn succeed_in_chat(
        &mut self,
        speaker: &str,
        listener: &str,
        quality: f64,
        record: &mut TickRecord,
    ) {
        self.relationships.warm(speaker, listener, 0.04 * quality, 0.06 * quality);
        for who in [speaker, listener] {
            *record.social.entry(who.to_owned()).or_insert(0.0) += quality;
        }
        let [speaker, listener] = [speaker, listener].map(str::to_owned);
        record.add(self.tick, WorldEventKind::ChatSuccess { speaker, listener, quality });
    }
}
