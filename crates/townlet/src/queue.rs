//! Who holds an object, who waits for it, and when it goes on to the next.
//!
//! An object has one user. Who waited longest is first in line. Whoever has used an object may not ask for it
//! again until its cooldown is over. A holder that leaves an object unused while others wait loses it (a
//! ghost step); one whose affordance runs never does.

use gauntlet_townlet_dto::state::{Cooldown, QueueBoard, QueueEntry, QueueMetrics, QueueState};
use gauntlet_townlet_dto::{AgentId, ObjectId};
use serde::{Deserialize, Serialize};

/// The outcome of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Requested {
    /// The agent holds the object.
    Granted,
    /// It waits for it.
    Waiting,
    /// It may not ask for it yet.
    Cooling,
}

/// An object that went on to the next in line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handover {
    pub(crate) object_id: ObjectId,
    pub(crate) from: AgentId,
    pub(crate) to: AgentId,
    pub(crate) waited_ticks: u64,
    /// Those who still wait.
    pub(crate) queue_length: u32,
}

/// The queues of a world.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Queues {
    pub(crate) board: QueueBoard,
    pub(crate) metrics: QueueMetrics,
}

impl Queues {
    /// The object that an agent holds.
    pub(crate) fn held_by(&self, agent: &str) -> Option<&ObjectId> {
        self.board.active.iter().find(|(_, holder)| *holder == agent).map(|(object, _)| object)
    }

    /// The object that an agent waits for.
    pub(crate) fn waited_for_by(&self, agent: &str) -> Option<&ObjectId> {
        let waits = |queue: &Vec<QueueEntry>| queue.iter().any(|entry| entry.agent_id == agent);
        self.board.queues.iter().find(|(_, queue)| waits(queue)).map(|(object, _)| object)
    }

    /// Where an agent is in a queue, after that tick.
    pub(crate) fn state_of(&self, agent: &str, tick: u64) -> Option<QueueState> {
        if let Some(object_id) = self.held_by(agent) {
            return Some(QueueState { object_id: object_id.clone(), place: 0, waited_ticks: 0 });
        }
        self.board.queues.iter().find_map(|(object_id, queue)| {
            let (place, entry) = (1..).zip(queue).find(|(_, entry)| entry.agent_id == agent)?;
            let waited_ticks = tick.saturating_sub(entry.joined_tick);
            Some(QueueState { object_id: object_id.clone(), place, waited_ticks })
        })
    }

    /// Whether an agent may not ask for an object in that tick.
    fn is_cooling(&self, object: &str, agent: &str, tick: u64) -> bool {
        let of_both = |c: &&Cooldown| c.object_id == object && c.agent_id == agent;
        self.board.cooldowns.iter().find(of_both).is_some_and(|cooldown| cooldown.until_tick > tick)
    }

    /// An agent asks for an object.
    pub(crate) fn request(&mut self, tick: u64, object: &str, agent: &str) -> Requested {
        if self.board.active.get(object).is_some_and(|holder| holder == agent) {
            return Requested::Granted;
        }
        if self.is_cooling(object, agent, tick) {
            self.metrics.cooldown_events += 1;
            return Requested::Cooling;
        }
        if !self.board.active.contains_key(object) && !self.board.queues.contains_key(object) {
            self.board.active.insert(object.to_owned(), agent.to_owned());
            return Requested::Granted;
        }
        let queue = self.board.queues.entry(object.to_owned()).or_default();
        if !queue.iter().any(|entry| entry.agent_id == agent) {
            queue.push(QueueEntry { agent_id: agent.to_owned(), joined_tick: tick });
        }
        Requested::Waiting
    }

    /// The next in line takes an object that nobody holds.
    fn hand_over(&mut self, tick: u64, object: &str, from: &str) -> Option<Handover> {
        let queue = self.board.queues.get_mut(object)?;
        let next = (!queue.is_empty()).then(|| queue.remove(0));
        let queue_length = queue.len() as u32;
        if queue.is_empty() {
            self.board.queues.remove(object);
        }
        let next = next?;
        self.board.active.insert(object.to_owned(), next.agent_id.clone());
        self.metrics.rotation_events += 1;
        Some(Handover {
            object_id: object.to_owned(),
            from: from.to_owned(),
            to: next.agent_id,
            waited_ticks: tick.saturating_sub(next.joined_tick),
            queue_length,
        })
    }

    /// A holder gives an object back; whoever is next takes it.
    pub(crate) fn release(&mut self, tick: u64, object: &str, agent: &str) -> Option<Handover> {
        if self.board.active.get(object).is_none_or(|holder| holder != agent) {
            return None;
        }
        self.board.active.remove(object);
        self.board.stall_counts.remove(object);
        self.hand_over(tick, object, agent)
    }

    /// An agent may not ask for an object again before that tick.
    pub(crate) fn cool_down(&mut self, object: &str, agent: &str, until_tick: u64) {
        let key = |cooldown: &Cooldown| (cooldown.object_id.clone(), cooldown.agent_id.clone());
        let cooldown = Cooldown { object_id: object.to_owned(), agent_id: agent.to_owned(), until_tick };
        match self.board.cooldowns.binary_search_by_key(&key(&cooldown), key) {
            Ok(at) => self.board.cooldowns[at] = cooldown,
            Err(at) => self.board.cooldowns.insert(at, cooldown),
        }
    }

    /// An agent leaves the queue that it waits in.
    pub(crate) fn leave(&mut self, agent: &str) {
        self.board.queues.retain(|_, queue| {
            queue.retain(|entry| entry.agent_id != agent);
            !queue.is_empty()
        });
    }

    /// Forgets an agent that is gone.
    pub(crate) fn forget(&mut self, tick: u64, agent: &str) -> Option<Handover> {
        self.leave(agent);
        self.board.cooldowns.retain(|cooldown| cooldown.agent_id != agent);
        let held = self.held_by(agent).cloned()?;
        self.release(tick, &held, agent)
    }

    /// Counts the tick for every holder that keeps others waiting, and hands over what has stalled for too
    /// long. `is_running` are the objects in use: they never stall.
    pub(crate) fn step(
        &mut self,
        tick: u64,
        stall_limit: u32,
        is_running: impl Fn(&str) -> bool,
    ) -> Vec<Handover> {
        self.board.cooldowns.retain(|cooldown| cooldown.until_tick > tick);
        let mut handovers = Vec::new();
        let waited_for: Vec<ObjectId> = self.board.queues.keys().cloned().collect();
        self.board.stall_counts.retain(|object, _| waited_for.contains(object) && !is_running(object));
        for object in waited_for {
            // Whoever gives an object back hands it over, so that one with a queue always has a holder.
            let Some(holder) = self.board.active.get(&object).cloned() else { continue };
            if is_running(&object) {
                continue;
            }
            let stalls = self.board.stall_counts.entry(object.clone()).or_insert(0);
            *stalls += 1;
            if *stalls > stall_limit {
                self.metrics.ghost_step_events += 1;
                handovers.extend(self.release(tick, &object, &holder));
                self.board
                    .queues
                    .entry(object)
                    .or_default()
                    .push(QueueEntry { agent_id: holder, joined_tick: tick });
            }
        }
        handovers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_that_waited_longest_is_next() {
        let mut queues = Queues::default();
        assert_eq!(queues.request(1, "bed_1", "a"), Requested::Granted);
        assert_eq!(queues.request(2, "bed_1", "c"), Requested::Waiting);
        assert_eq!(queues.request(3, "bed_1", "b"), Requested::Waiting);
        let handover = queues.release(9, "bed_1", "a").unwrap();
        assert_eq!((handover.to.as_str(), handover.waited_ticks, handover.queue_length), ("c", 7, 1));
        assert_eq!(queues.release(9, "bed_1", "a"), None, "it does not hold it any more");
        assert_eq!(queues.release(10, "bed_1", "c").unwrap().to, "b");
    }

    #[test]
    fn a_cooldown_refuses_until_it_is_over() {
        let mut queues = Queues::default();
        queues.cool_down("bed_1", "a", 60);
        assert_eq!(queues.request(59, "bed_1", "a"), Requested::Cooling);
        assert_eq!(queues.metrics.cooldown_events, 1);
        assert_eq!(queues.request(60, "bed_1", "a"), Requested::Granted);
    }

    #[test]
    fn a_holder_that_stalls_loses_the_object_and_one_that_uses_it_does_not() {
        let mut queues = Queues::default();
        queues.request(1, "bed_1", "a");
        queues.request(1, "bed_1", "b");
        for tick in 2..20 {
            assert!(queues.step(tick, 3, |_| true).is_empty(), "a running affordance is never evicted");
        }
        for tick in 20..23 {
            assert!(queues.step(tick, 3, |_| false).is_empty());
        }
        let handovers = queues.step(23, 3, |_| false);
        assert_eq!((handovers[0].from.as_str(), handovers[0].to.as_str()), ("a", "b"));
        assert_eq!(queues.board.queues["bed_1"][0].agent_id, "a", "it waits for another turn");
        assert_eq!(queues.metrics.ghost_step_events, 1);
    }
}
