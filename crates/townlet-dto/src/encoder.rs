//! An agent's facts as numbers: a map of its surroundings and a list of features.

use crate::Cell;
use crate::action::{Affordance, Intent, ObjectKind};
use crate::envelope::ViewMetadata;
use crate::facts::{Facts, ObjectFacts};

/// Which encoder this is.
pub const VARIANT: &str = "hybrid";
/// Rows and columns of the map; the agent is in the middle.
pub const MAP_SIZE: usize = 11;
/// The map's channels: how many agents, the rivalry of the strongest rival, free objects by what they are
/// (their kind's place from 1, over 5), taken objects likewise.
pub const CHANNELS: [&str; 4] = ["agents", "rivalry", "free_objects", "taken_objects"];
/// The features.
pub const FEATURES: [&str; 30] = [
    "hunger",
    "hygiene",
    "energy",
    "wallet",
    "meals",
    "extroversion",
    "forgiveness",
    "ambition",
    "day_phase",
    "daylight",
    "in_shift",
    "on_shift",
    "to_workplace",
    "is_running",
    "holds",
    "queue_place",
    "to_fridge",
    "to_stove",
    "to_shower",
    "to_bed",
    "fridge_queue",
    "stove_queue",
    "shower_queue",
    "bed_queue",
    "near_agents",
    "near_rival",
    "power",
    "water",
    "meal_price",
    "is_meeting",
];
/// Numbers that a policy reads of an agent: the features, and one for each intent that it may be following.
pub const INPUTS: usize = FEATURES.len() + Intent::ALL.len();

/// What describes the map and the features.
pub fn metadata() -> ViewMetadata {
    ViewMetadata {
        observation_variant: VARIANT.to_owned(),
        map_shape: [CHANNELS.len() as u32, MAP_SIZE as u32, MAP_SIZE as u32],
        map_channels: CHANNELS.map(str::to_owned).to_vec(),
        feature_names: FEATURES.map(str::to_owned).to_vec(),
    }
}

/// Steps from one cell to another.
pub fn distance(from: Cell, to: Cell) -> u32 {
    u32::from(from[0].abs_diff(to[0])) + u32::from(from[1].abs_diff(to[1]))
}

/// Whether an agent at `from` reaches what is at `to`: one cell away at most, corners included.
pub fn is_adjacent(from: Cell, to: Cell) -> bool {
    from[0].abs_diff(to[0]) <= 1 && from[1].abs_diff(to[1]) <= 1
}

/// 1 where something is here, towards 0 the further away it is; 0 where there is none.
fn nearness(steps: Option<u32>) -> f32 {
    steps.map_or(0.0, |steps| 1.0 / (1.0 + steps as f32 / 4.0))
}

/// The map: channel, row, column. Cells outside of the grid are 0.
pub fn map(facts: &Facts<'_>) -> Vec<Vec<Vec<f32>>> {
    let mut map = vec![vec![vec![0.0_f32; MAP_SIZE]; MAP_SIZE]; CHANNELS.len()];
    let mut set = |channel: usize, cell: Cell, merge: &dyn Fn(f32) -> f32| {
        let half = MAP_SIZE as i32 / 2;
        let column = i32::from(cell[0]) - i32::from(facts.position[0]) + half;
        let row = i32::from(cell[1]) - i32::from(facts.position[1]) + half;
        let place = usize::try_from(row).ok().zip(usize::try_from(column).ok());
        let value = place.and_then(|(row, column)| map.get_mut(channel)?.get_mut(row)?.get_mut(column));
        if let Some(value) = value {
            *value = merge(*value);
        }
    };
    for other in &facts.others {
        set(0, other.position, &|before| before + 1.0);
        set(1, other.position, &|before| before.max(other.tie.rivalry as f32));
    }
    for object in &facts.objects {
        let kind = match object.kind {
            ObjectKind::Shower => 1.0,
            ObjectKind::Fridge => 2.0,
            ObjectKind::Stove => 3.0,
            ObjectKind::Bed => 4.0,
            ObjectKind::Workplace => 5.0,
        };
        set(if object.is_taken { 3 } else { 2 }, object.position, &|_| kind / 5.0);
    }
    map
}

/// The nearest object of a kind, the free ones first; among equals the first by id.
pub fn nearest<'f, 'a>(facts: &'f Facts<'a>, kind: ObjectKind) -> Option<&'f ObjectFacts<'a>> {
    let of_kind = facts.objects.iter().filter(|object| object.kind == kind);
    of_kind.min_by_key(|object| (object.is_taken, distance(facts.position, object.position)))
}

/// The features, in the order of [`FEATURES`].
pub fn features(facts: &Facts<'_>) -> Vec<f32> {
    let day = facts.tick_of_day();
    let phase = day as f32 / crate::TICKS_PER_DAY as f32;
    let flag = |is: bool| if is { 1.0_f32 } else { 0.0 };
    let offers = [Affordance::EatMeal, Affordance::CookMeal, Affordance::UseShower, Affordance::RestSleep];
    let objects = offers.map(|affordance| nearest(facts, affordance.object_kind()));
    let steps = objects.map(|object| object.map(|object| distance(facts.position, object.position)));
    let queues = objects.map(|object| object.map_or(0, |object| object.queue_length));
    let near = facts.others.iter().filter(|other| distance(facts.position, other.position) <= 3);
    let rival = near.clone().map(|other| other.tie.rivalry).fold(0.0, f64::max);
    let job = facts.job;
    let workplace = job.map(|job| distance(facts.position, job.workplace));
    vec![
        facts.needs.hunger as f32,
        facts.needs.hygiene as f32,
        facts.needs.energy as f32,
        (facts.wallet / 10.0).min(2.0) as f32,
        (facts.meals as f32 / 4.0).min(2.0),
        facts.personality.extroversion as f32,
        facts.personality.forgiveness as f32,
        facts.personality.ambition as f32,
        phase,
        // No sine: its last bit differs between machines.
        1.0 - (2.0 * phase - 1.0).abs(),
        flag(job.is_some_and(|job| (job.start_tick..job.end_tick).contains(&day))),
        flag(job.is_some_and(|job| job.on_shift)),
        nearness(workplace),
        flag(facts.running.is_some()),
        flag(facts.holds.is_some()),
        facts.waits.map_or(0.0, |(_, place)| 1.0 / place as f32),
        nearness(steps[0]),
        nearness(steps[1]),
        nearness(steps[2]),
        nearness(steps[3]),
        queues[0] as f32 / 4.0,
        queues[1] as f32 / 4.0,
        queues[2] as f32 / 4.0,
        queues[3] as f32 / 4.0,
        (near.count() as f32 / 4.0).min(2.0),
        rival as f32,
        flag(facts.power),
        flag(facts.water),
        facts.meal_price as f32,
        flag(facts.meeting.is_some()),
    ]
}
