//! Builds the part of the path that is in sight; shared by all frames that see the same part.

use gauntlet_film::{Digests, Film, PathId, State};
use gauntlet_model::{EffectColor, EffectKind};

use crate::color::{
    ACCENT, BACKGROUND, FAILED, NOT_EVALUATED, PASSED, Rgb, effect_color, failure_color, mix,
};
use crate::detail::{Selection, Window};
use crate::effects::{EffectIndex, Effects};
use crate::height::HeightScale;
use crate::lens::Lens;
use crate::marks::{NodeMark, PathGeometry};
use crate::places::Places;
use crate::ribbon::{guide, ribbon};

/// Radius of a node, world units.
pub(crate) const NODE: f32 = 0.25;
/// Radius of a failing node, world units.
pub(crate) const FAILING: f32 = 0.35;
/// The most effects that are drawn as shapes: each is hundreds of triangles.
const MAX_SHAPES: usize = 400;

impl PathGeometry {
    /// The part of a path that a window shows.
    pub(crate) fn of(
        places: &Places<'_>,
        window: &Window,
        lens: &Lens,
        (effects, digests, index): (&Effects, &mut Digests, &mut EffectIndex),
    ) -> Self {
        let film = places.film;
        index.update(film, effects);
        let Selection { nodes: indexes, is_extreme, means } = window.nodes(places, digests, index);
        let shown: Vec<Option<usize>> = indexes.iter().map(|i| effects.place(film, *i)).collect();
        let looks: Vec<Option<(EffectKind, EffectColor)>> =
            shown.iter().map(|place| effects.look((*place)?)).collect();
        let mut picture =
            PathGeometry { nodes: Vec::with_capacity(indexes.len()), ..PathGeometry::default() };
        for (i, look) in indexes.iter().copied().zip(&looks) {
            let failure = places.failure(i);
            let color = match (lens.rubric, look) {
                (Some(path), _) => rubric_color(film, path, lens.heights, i),
                (None, Some((_, color))) => effect_color(*color),
                (None, None) => failure.map_or(ACCENT, failure_color),
            };
            let radius = if failure.is_some() { FAILING } else { NODE };
            let (at, failed) = (places.mark(i), failure.is_some());
            picture.nodes.push(NodeMark { at, radius, color, index: i as f32, failed });
        }
        for i in shaped(&indexes, &shown, window.center) {
            let Some((node, place)) = picture.nodes.get(i).zip(shown.get(i).copied().flatten()) else {
                continue;
            };
            let index = indexes.get(i).copied().unwrap_or_default();
            picture.effects.extend(effects.effect(film, place, index, node.at));
        }
        let of_difference = |i: usize| lens.beside.as_ref()?.color(places, i);
        let of_rubric = |node: &NodeMark| lens.rubric.map(|_| node.color);
        let colors: Vec<Option<Rgb>> = (indexes.iter().zip(&picture.nodes))
            .map(|(i, node)| of_difference(*i).or_else(|| of_rubric(node)))
            .collect();
        (picture.ribbon, picture.jagged) = ribbon(&picture.nodes, &looks, &is_extreme, &colors);
        if let Some(ghost) = &lens.beside {
            picture.beside = ghost.segments(places, &indexes, &is_extreme);
        }
        picture.means = crate::ribbon::means(places, &means);
        picture.guide = guide(places, window);
        picture.revision = picture.fingerprint(lens);
        picture
    }

    /// A hash of the content. The ribbon depends on nodes and effects.
    fn fingerprint(&self, lens: &Lens) -> u64 {
        let mut hash = Hash(0xcbf2_9ce4_8422_2325);
        hash.word(lens.geometry as u64 | u64::from(lens.rubric.is_some()) << 8);
        hash.word(self.guide.len() as u64);
        let ends = [self.guide.first(), self.guide.last()].into_iter().flatten();
        ends.flat_map(|line| line.from.into_iter().chain(line.to))
            .for_each(|c| hash.word(c.to_bits().into()));
        hash.word(self.nodes.len() as u64);
        for node in &self.nodes {
            node.at.iter().chain(&node.color).for_each(|c| hash.word(u64::from(c.to_bits())));
        }
        for mean in &self.means {
            hash.word(u64::from(mean.to[0].to_bits()) << 32 | u64::from(mean.to[1].to_bits()));
            hash.word(u64::from(mean.to[2].to_bits()));
        }
        hash.word(self.beside.len() as u64);
        for line in &self.beside {
            line.to.iter().for_each(|c| hash.word(u64::from(c.to_bits())));
        }
        for effect in &self.effects {
            hash.word(u64::from(effect.size.to_bits()) << 32 | u64::from(effect.index.to_bits()));
            effect.color.iter().for_each(|c| hash.word(u64::from(c.to_bits())));
            hash.word(effect.kind as u64);
        }
        hash.0
    }
}

/// An FNV-style mix, a word at a time.
struct Hash(u64);

impl Hash {
    fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }
}

/// The colour of a node by one rubric: green for passed, red for failed, dim for not evaluated; darker
/// towards the lower end of the scale.
fn rubric_color(film: &Film, path: PathId, heights: HeightScale, node: usize) -> Rgb {
    let full = match film.state(node, path) {
        State::Passed => PASSED,
        State::Failed => FAILED,
        State::NotEvaluated => return NOT_EVALUATED,
    };
    let share = film.score(node, path).map_or(1.0, |score| heights.share(score));
    mix(BACKGROUND, full, 0.6 + 0.4 * share as f32)
}

/// Places among the drawn nodes of those whose effect has a shape, rising: ones whose neighbours are drawn
/// too, where they are too many the nearest ones to the centre. The others have a colour and a glow.
fn shaped(indexes: &[usize], shown: &[Option<usize>], center: usize) -> Vec<usize> {
    let is_near =
        |a: usize, b: usize| indexes.get(a).zip(indexes.get(b)).is_none_or(|(a, b)| a.abs_diff(*b) == 1);
    let marked = (0..indexes.len()).filter(|i| shown.get(*i).is_some_and(Option::is_some));
    let mut shaped: Vec<usize> = marked
        .filter(|i| is_near(*i, i + 1) && i.checked_sub(1).is_none_or(|before| is_near(before, *i)))
        .collect();
    if shaped.len() > MAX_SHAPES {
        let away = |i: &usize| indexes.get(*i).map_or(0, |index| index.abs_diff(center));
        shaped.sort_by_key(away);
        shaped.truncate(MAX_SHAPES);
        shaped.sort_unstable();
    }
    shaped
}
