//! One task before and after training: the steps that two runs have in common, and what each gained.

use std::ops::Range;

use gauntlet_api::{Evolution, EvolutionOrder, EvolutionSide, EvolutionStep};
use gauntlet_film::{Film, mean};
use gauntlet_model::RunId;

use crate::Error;
use crate::films::Films;

/// A node of a film, as far as pairs are ordered by it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct PairedNode {
    index: usize,
    step: u64,
    seq: u64,
    root: Option<f64>,
    is_failing: bool,
}

/// Pairs the nodes of the same step: where a step has several, the first with the first, and so on. Of the
/// pairs in that order those of `part` are described.
///
/// # Errors
///
/// [`Error::NotFound`] for a run that is not there.
pub async fn read(
    films: &Films,
    (before, after): (&RunId, &RunId),
    order: EvolutionOrder,
    part: Range<usize>,
) -> Result<Evolution, Error> {
    let (mine, others) = (films.look(before, places).await?, films.look(after, places).await?);
    let mut pairs = paired(&mine, &others);
    let gains = || pairs.iter().filter_map(gain);
    let (gained, lost) = (gains().filter(|g| *g > 0.0).count(), gains().filter(|g| *g < 0.0).count());
    let mean_gain = mean(&gains().collect::<Vec<_>>());
    // A step without a gain comes last. The sort is stable, so that equal ones stay in order.
    match order {
        EvolutionOrder::Step => {}
        EvolutionOrder::Lost => pairs.sort_by(|a, b| value(a, 1.0).total_cmp(&value(b, 1.0))),
        EvolutionOrder::Gained => pairs.sort_by(|a, b| value(a, -1.0).total_cmp(&value(b, -1.0))),
    }
    let shared = pairs.len() as u64;
    let chosen: Vec<[PairedNode; 2]> = pairs.into_iter().skip(part.start).take(part.len()).collect();
    let of = |side: usize| chosen.iter().map(|pair| pair[side]).collect::<Vec<_>>();
    let (mine, others) = (of(0), of(1));
    let mine = films.look(before, move |film| mine.into_iter().map(|p| side(film, p)).collect::<Vec<_>>());
    let mine = mine.await?;
    let others = films.look(after, move |film| others.into_iter().map(|p| side(film, p)).collect::<Vec<_>>());
    let sides = mine.into_iter().zip(others.await?);
    let steps = chosen
        .iter()
        .zip(sides)
        .map(|(pair, sides)| EvolutionStep { step: pair[0].step, sides: [sides.0, sides.1] });
    Ok(Evolution {
        runs: [before.clone(), after.clone()],
        shared,
        gained: gained as u64,
        lost: lost as u64,
        mean: mean_gain,
        steps: steps.collect(),
    })
}

fn places(film: &Film) -> Vec<PairedNode> {
    let place = |index: usize| {
        let node = film.node(index)?;
        let is_failing = film.failure(index).is_some();
        Some(PairedNode { index, step: node.step, seq: node.seq, root: node.root, is_failing })
    };
    (0..film.len()).filter_map(place).collect()
}

/// Pairs the nodes of two lists, both ordered by step.
fn paired(mine: &[PairedNode], others: &[PairedNode]) -> Vec<[PairedNode; 2]> {
    let mut others = others.iter().copied().peekable();
    let counterpart = |place: &PairedNode| {
        while others.next_if(|other| other.step < place.step).is_some() {}
        Some([*place, others.next_if(|other| other.step == place.step)?])
    };
    mine.iter().filter_map(counterpart).collect()
}

fn gain([before, after]: &[PairedNode; 2]) -> Option<f64> {
    // Two of the greatest floats may be further apart than the greatest.
    Some((after.root? - before.root?).clamp(f64::MIN, f64::MAX))
}

/// What a pair is sorted by: its gain times `sign`; a pair without a gain comes last.
fn value(pair: &[PairedNode; 2], sign: f64) -> f64 {
    gain(pair).map_or(f64::INFINITY, |gain| gain * sign)
}

/// The film may have grown since the place was read; then the node may be elsewhere, without its episode.
fn side(film: &Film, place: PairedNode) -> EvolutionSide {
    let node = film.node(place.index).filter(|node| node.seq == place.seq);
    EvolutionSide {
        seq: place.seq,
        episode: node.and_then(|node| node.episode.map(ToString::to_string)),
        root: place.root,
        is_failing: place.is_failing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rollouts_of_one_step_are_paired_in_order() {
        let of = |steps: &[u64]| -> Vec<PairedNode> {
            let place = |(index, step): (usize, &u64)| PairedNode {
                index,
                step: *step,
                seq: index as u64,
                root: None,
                is_failing: false,
            };
            steps.iter().enumerate().map(place).collect()
        };
        let pairs = |mine: &[u64], others: &[u64]| -> Vec<(u64, u64, u64)> {
            let pairs = paired(&of(mine), &of(others));
            pairs.iter().map(|[a, b]| (a.step, a.seq, b.seq)).collect()
        };
        assert_eq!(pairs(&[0, 1, 1, 1, 4], &[1, 1, 2, 4, 4, 9]), [(1, 1, 0), (1, 2, 1), (4, 4, 3)]);
        assert_eq!(pairs(&[], &[1]), []);
        assert_eq!(pairs(&[5], &[1]), []);
    }
}
