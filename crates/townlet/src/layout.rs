//! Where houses and places of work are.
//!
//! The grid is divided into lots of 8 x 8 cells. The lots nearest to the centre are built on, houses and
//! places of work in a random order, so that a town is compact and every seed has another one.

use std::collections::BTreeMap;

use gauntlet_townlet_dto::action::ObjectKind;
use gauntlet_townlet_dto::state::ObjectState;
use gauntlet_townlet_dto::{Cell, GRID_SIZE, ObjectId};

use crate::streams::Stream;

const LOT_SIZE: u8 = 8;
/// Agents for whom a house is built.
const AGENTS_PER_HOUSE: u32 = 4;
/// Agents for whom a place of work is built.
const AGENTS_PER_WORKPLACE: u32 = 12;
/// Most of its stock that an object holds.
pub(crate) const FRIDGE_MEALS: u32 = 8;
/// Most ingredients of a stove.
pub(crate) const STOVE_INGREDIENTS: u32 = 4;

/// Where things are in the lot of a house.
const HOUSE: [(ObjectKind, Cell); 5] = [
    (ObjectKind::Bed, [1, 1]),
    (ObjectKind::Bed, [6, 1]),
    (ObjectKind::Fridge, [1, 6]),
    (ObjectKind::Stove, [3, 6]),
    (ObjectKind::Shower, [6, 6]),
];

/// The objects of a town for so many agents.
pub(crate) fn build(agents: u32, stream: &mut Stream) -> BTreeMap<ObjectId, ObjectState> {
    let houses = agents.div_ceil(AGENTS_PER_HOUSE);
    let workplaces = agents.div_ceil(AGENTS_PER_WORKPLACE);
    let mut lots = lots_from_the_centre();
    lots.truncate((houses + workplaces) as usize);
    stream.shuffle(&mut lots);
    let mut counts: BTreeMap<ObjectKind, u32> = BTreeMap::new();
    let mut objects = BTreeMap::new();
    let mut place = |kind: ObjectKind, position: Cell| {
        let count = counts.entry(kind).or_insert(0);
        *count += 1;
        let state = ObjectState { kind, position, stock: full_stock(kind), occupied_by: None };
        objects.insert(format!("{}_{count}", kind.name()), state);
    };
    for (number, lot) in (0..).zip(&lots) {
        if number < workplaces {
            place(ObjectKind::Workplace, [lot[0] + 4, lot[1] + 4]);
            continue;
        }
        for (kind, offset) in HOUSE {
            place(kind, [lot[0] + offset[0], lot[1] + offset[1]]);
        }
    }
    objects
}

/// What an object of that kind holds when it is full.
pub(crate) fn full_stock(kind: ObjectKind) -> BTreeMap<String, u32> {
    let (name, amount) = match kind {
        ObjectKind::Fridge => ("meals", FRIDGE_MEALS),
        ObjectKind::Stove => ("raw_ingredients", STOVE_INGREDIENTS),
        ObjectKind::Shower => ("power_on", 1),
        ObjectKind::Bed => ("sleep_slots", 1),
        ObjectKind::Workplace => return BTreeMap::new(),
    };
    BTreeMap::from([(name.to_owned(), amount)])
}

/// The upper left cells of the lots, nearest to the centre first.
fn lots_from_the_centre() -> Vec<Cell> {
    let side = GRID_SIZE / LOT_SIZE;
    let lots = (0..side).flat_map(|row| (0..side).map(move |column| [column * LOT_SIZE, row * LOT_SIZE]));
    let mut lots: Vec<Cell> = lots.collect();
    let centre = (GRID_SIZE - LOT_SIZE) / 2;
    let squared = |lot: &Cell| {
        let [x, y] = lot.map(|at| u32::from(at.abs_diff(centre)));
        x * x + y * y
    };
    lots.sort_by_key(|lot| (squared(lot), *lot));
    lots
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::Streams;

    #[test]
    fn a_town_for_the_most_agents_fits_on_the_grid() {
        let objects = build(crate::config::MAX_AGENTS, Streams::new(7).named("layout"));
        assert_eq!(objects.len(), 18 * 5 + 6);
        assert!(objects.values().all(|object| object.position.iter().all(|at| *at < GRID_SIZE)));
        let mut cells: Vec<_> = objects.values().map(|object| object.position).collect();
        cells.sort_unstable();
        cells.dedup();
        assert_eq!(cells.len(), objects.len(), "two objects on one cell");
    }
}
