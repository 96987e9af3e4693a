//! The colour and the dashes of each run: the same wherever the run is shown, and never the colour alone.

use gauntlet_model::RunId;
use leptos::prelude::*;

/// Colours of runs, as `--run-0` and so on in the style. Those of two runs with the same dashes, which are
/// four apart, differ for any colour vision.
const COLORS: usize = 8;
/// Patterns of dashes; the first is a solid line.
const DASHES: usize = 4;

/// How a run is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// Index of its colour.
    pub(crate) color: usize,
    /// Index of its pattern of dashes.
    pub(crate) dash: usize,
}

/// The looks of runs, in their order. A run's colour follows from its id; only where another run has it, the
/// next free one is taken. The patterns make up to 32 runs different from each other.
pub(crate) fn looks(runs: &[&RunId]) -> Vec<Look> {
    let mut by_id: Vec<usize> = (0..runs.len()).collect();
    // Not in the order of the address, so that reordering runs repaints none.
    by_id.sort_by_key(|index| runs[*index]);
    let mut used = [0_usize; COLORS];
    let mut looks = vec![Look { color: 0, dash: 0 }; runs.len()];
    for index in by_id {
        let wanted = fnv(runs[index].as_str().as_bytes()) as usize % COLORS;
        let least = used.iter().copied().min().unwrap_or(0);
        let free = (0..COLORS).map(|step| (wanted + step) % COLORS).find(|color| used[*color] == least);
        let color = free.unwrap_or(wanted);
        // A line alone needs no dashes.
        let dash = if runs.len() == 1 { 0 } else { (color + used[color]) % DASHES };
        looks[index] = Look { color, dash };
        used[color] += 1;
    }
    looks
}

/// The line of a run in the charts, as a mark beside its name.
pub(crate) fn swatch(look: Look) -> impl IntoView + use<> {
    view! {
        <svg
            class=format!("run-swatch run-color-{} run-dash-{}", look.color, look.dash) viewBox="0 0 28 8"
            aria-hidden="true"
        >
            <path d="M1 4H27" />
        </svg>
    }
}

/// FNV-1a, 32 bits.
fn fnv(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(count: usize) -> Vec<RunId> {
        (0..count).map(|n| RunId::new(format!("run-{n}")).expect("an id")).collect()
    }

    #[test]
    fn runs_look_different_and_the_same_in_any_order() {
        let ids = ids(32);
        let all: Vec<&RunId> = ids.iter().collect();
        let looks_of_all = looks(&all);
        for (index, look) in looks_of_all.iter().enumerate() {
            assert!(!looks_of_all[..index].contains(look), "{index} of 32 looks like another one");
        }
        let reversed: Vec<&RunId> = ids.iter().rev().collect();
        let mut again = looks(&reversed);
        again.reverse();
        assert_eq!(again, looks_of_all);
        let eight = looks(&all[..8]);
        let mut colors: Vec<usize> = eight.iter().map(|look| look.color).collect();
        colors.sort_unstable();
        assert_eq!(colors, (0..8).collect::<Vec<_>>(), "no colour twice while there is another");
        let alone = Look { color: fnv(b"run-0") as usize % COLORS, dash: 0 };
        assert_eq!(looks(&all[..1]), [alone], "alone it is a solid line of its own colour");
    }
}
