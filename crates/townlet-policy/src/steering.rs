//! The action that follows an intent: one step on the way to what the intent seeks, or what is done there.

use gauntlet_townlet_dto::Cell;
use gauntlet_townlet_dto::action::{Action, Affordance, Direction, Intent};
use gauntlet_townlet_dto::encoder::{distance, is_adjacent};
use gauntlet_townlet_dto::facts::{Facts, ObjectFacts};

/// Rivalry from which an agent is avoided.
pub(crate) const AVOIDED_RIVALRY: f64 = 0.7;
/// Steps that one place in a queue is worth.
const QUEUE_STEPS: u32 = 8;
/// Steps at which an agent can talk to another.
const CHAT_DISTANCE: u32 = 2;
/// Steps from the place of work at which an agent works, and from a meeting at which it attends.
const NEAR_ENOUGH: u32 = 2;

/// The action that follows an intent. An agent that is busy waits.
pub fn steer(facts: &Facts<'_>, intent: Intent) -> Action {
    if facts.running.is_some() {
        return Action::Wait {};
    }
    if let Some(affordance) = intent.affordance() {
        return use_object(facts, affordance);
    }
    // Nobody keeps an object for which there is no more use.
    if let Some(object) = facts.holds.or(facts.waits.map(|(object, _)| object)) {
        return Action::Release { object_id: object.to_owned() };
    }
    match intent {
        Intent::Work => facts.job.map_or(Action::Wait {}, |job| approach(facts, job.workplace, NEAR_ENOUGH)),
        Intent::Meet => match facts.meeting {
            Some(place) if distance(facts.position, place) > NEAR_ENOUGH => {
                approach(facts, place, NEAR_ENOUGH)
            }
            _ => chat(facts),
        },
        Intent::Chat => chat(facts),
        Intent::Avoid => flee(facts),
        Intent::Wait | Intent::Eat | Intent::Cook | Intent::Shower | Intent::Sleep => Action::Wait {},
    }
}

/// Whether an object can serve an agent soon: what it uses up is there, and no cooldown refuses it.
fn is_usable(facts: &Facts<'_>, object: &ObjectFacts<'_>, affordance: Affordance) -> bool {
    let has_stock = match affordance {
        Affordance::EatMeal => facts.meals > 0 || object.stock > 0,
        Affordance::CookMeal => object.stock > 0,
        Affordance::UseShower | Affordance::RestSleep => true,
    };
    object.kind == affordance.object_kind() && has_stock && !object.is_cooling_down
}

fn use_object(facts: &Facts<'_>, affordance: Affordance) -> Action {
    let usable = |object: &&ObjectFacts<'_>| is_usable(facts, object, affordance);
    // Whoever has a place keeps it.
    let place = facts.holds.or(facts.waits.map(|(object, _)| object));
    let current = facts.objects.iter().filter(usable).find(|object| Some(object.object_id) == place);
    let cost = |object: &&ObjectFacts<'_>| {
        let waiting = object.queue_length + u32::from(object.is_taken);
        distance(facts.position, object.position) + waiting * QUEUE_STEPS
    };
    let Some(object) = current.or_else(|| facts.objects.iter().filter(usable).min_by_key(cost)) else {
        return Action::Wait {};
    };
    let object_id = object.object_id.to_owned();
    if facts.holds == Some(object.object_id) {
        return Action::Start { object_id, affordance_id: affordance };
    }
    if is_adjacent(facts.position, object.position) {
        return Action::Request { object_id };
    }
    step_towards(facts.position, object.position)
}

/// One step nearer, along the longer way first; the caller is not there yet.
fn step_towards(from: Cell, to: Cell) -> Action {
    let direction = if from[0].abs_diff(to[0]) >= from[1].abs_diff(to[1]) {
        if to[0] > from[0] { Direction::East } else { Direction::West }
    } else if to[1] > from[1] {
        Direction::South
    } else {
        Direction::North
    };
    Action::Move { direction }
}

fn approach(facts: &Facts<'_>, place: Cell, near_enough: u32) -> Action {
    if distance(facts.position, place) <= near_enough {
        return Action::Wait {};
    }
    step_towards(facts.position, place)
}

/// Talks to the nearest who is free and no rival, or goes there.
fn chat(facts: &Facts<'_>) -> Action {
    let free = facts.others.iter().filter(|other| !other.is_busy && other.tie.rivalry < AVOIDED_RIVALRY);
    let Some(other) = free.min_by_key(|other| distance(facts.position, other.position)) else {
        return Action::Wait {};
    };
    if distance(facts.position, other.position) <= CHAT_DISTANCE {
        return Action::Chat { target: other.agent_id.to_owned() };
    }
    step_towards(facts.position, other.position)
}

/// One step away from the nearest rival.
fn flee(facts: &Facts<'_>) -> Action {
    let rivals = facts.others.iter().filter(|other| other.tie.rivalry >= AVOIDED_RIVALRY);
    let Some(rival) = rivals.min_by_key(|other| distance(facts.position, other.position)) else {
        return Action::Wait {};
    };
    let [x, y] = facts.position;
    let away = [mirror(x, rival.position[0]), mirror(y, rival.position[1])];
    if away == facts.position {
        Action::Move { direction: Direction::East }
    } else {
        step_towards([x, y], away)
    }
}

/// The coordinate on the other side of `at`, seen from `other`, within the grid.
fn mirror(at: u8, other: u8) -> u8 {
    let last = i16::from(gauntlet_townlet_dto::GRID_SIZE - 1);
    let away = (2 * i16::from(at) - i16::from(other)).clamp(0, last);
    u8::try_from(away).unwrap_or(at)
}
