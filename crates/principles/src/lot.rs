//! Drawing by lot without randomness: the same place gives the same lot on every machine.

use gauntlet_model::fnv1a_128;

/// The bytes that follow the place, so that its last letters reach all bits of the hash.
const MIXING: [u8; 16] = [0; 16];

/// A number below `count` that the place decides; 0 where the count is 0.
pub(crate) fn draw(place: &str, count: usize) -> usize {
    let hash = fnv1a_128(place.bytes().chain(MIXING)) >> 64;
    (hash % count.max(1) as u128) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lots_are_spread_evenly() {
        for count in 2..8 {
            let mut drawn = vec![0_u32; count];
            (0..1000 * count).for_each(|place| drawn[draw(&format!("agent/{place}"), count)] += 1);
            assert!(drawn.iter().all(|times| (800..1200).contains(times)), "{drawn:?}");
        }
        assert_eq!(draw("agent", 0), 0);
    }
}
