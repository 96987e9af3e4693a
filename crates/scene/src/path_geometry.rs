//! Builds the path: once for a film, a geometry and a colouring, shared by all frames.

use gauntlet_film::{Film, PathId, State};
use gauntlet_model::FailureKind;

use crate::color::{ACCENT, BACKGROUND, FAILED, NOT_EVALUATED, PASSED, Rgb, failure_color, mix};
use crate::effects::{Thresholds, effect};
use crate::geometry::path_point;
use crate::lens::Geometry;
use crate::marks::{NodeMark, PathGeometry};
use crate::ribbon::{guide, ribbon};
use crate::vector::{V3, add, lerp, scale, sub, wide};

/// Radius of a node, world units.
pub(crate) const NODE: f32 = 0.25;
/// Radius of a failing node, world units.
const FAILING: f32 = 0.35;

impl PathGeometry {
    /// The path of a film.
    pub(crate) fn of(film: &Film, geometry: Geometry, color_by: Option<PathId>) -> Self {
        let thresholds = Thresholds::of(film);
        let coloring = color_by.map(|path| Coloring::of(film, path));
        let failures: Vec<Option<FailureKind>> = (0..film.len()).map(|i| film.failure(i)).collect();
        let mut picture = PathGeometry { nodes: Vec::with_capacity(film.len()), ..PathGeometry::default() };
        for (i, failure) in failures.iter().copied().enumerate() {
            let at = path_point(geometry, i as f64, film.root(i).unwrap_or(0.0));
            let color = match &coloring {
                Some(coloring) => coloring.color(film, i),
                None => failure.map_or(ACCENT, failure_color),
            };
            let radius = if failure.is_some() { FAILING } else { NODE };
            picture.nodes.push(NodeMark { at, radius, color, index: i as f32, failed: failure.is_some() });
            picture.effects.extend(failure.map(|failure| effect(film, &thresholds, i, at, failure)));
        }
        (picture.ribbon, picture.jagged) = ribbon(&picture.nodes, &failures, coloring.is_some());
        picture.guide = guide(geometry, film.len());
        picture.revision = picture.fingerprint(geometry, coloring.is_some());
        picture
    }

    /// The point of the path at a position, clamped to its ends.
    pub(crate) fn at(&self, position: f64) -> Option<V3> {
        self.beyond(position.clamp(0.0, self.nodes.len().saturating_sub(1) as f64))
    }

    /// The point of the path at a position; after its end the path continues straight.
    pub(crate) fn beyond(&self, position: f64) -> Option<V3> {
        let before = (position.max(0.0) as usize).min(self.nodes.len().saturating_sub(2));
        let here = wide(self.nodes.get(before)?.at);
        let next = self.nodes.get(before + 1).map_or(here, |node| wide(node.at));
        let share = position - before as f64;
        if share <= 1.0 {
            return Some(lerp(here, next, share.max(0.0)));
        }
        Some(add(next, scale(sub(next, here), share - 1.0)))
    }

    /// The smoothed path: a weighted mean over `reach` nodes on either side. It is a smooth function of the
    /// position, and so is a camera that looks there.
    pub(crate) fn smoothed(&self, position: f64, reach: f64) -> Option<V3> {
        const SAMPLES: i32 = 12;
        let (mut sum, mut weights) = ([0.0; 3], 0.0);
        for k in -SAMPLES..=SAMPLES {
            let offset = f64::from(k) / f64::from(SAMPLES + 1);
            let weight = 1.0 - offset.abs();
            sum = add(sum, scale(self.at(position + reach * offset)?, weight));
            weights += weight;
        }
        Some(scale(sum, 1.0 / weights))
    }

    /// The next part of the path, slightly smoothed; after its end the path continues straight.
    pub(crate) fn smoothed_ahead(&self, position: f64) -> Option<V3> {
        let ahead = [0.6, 1.0, 1.4].map(|by| self.beyond(position + by));
        let sum = ahead.into_iter().try_fold([0.0; 3], |sum, p| Some(add(sum, p?)))?;
        Some(scale(sum, 1.0 / 3.0))
    }

    /// A hash of the content. The ribbon depends on nodes and effects, the guide on the geometry and the
    /// number of nodes.
    fn fingerprint(&self, geometry: Geometry, by_path: bool) -> u64 {
        let mut hash = Hash(0xcbf2_9ce4_8422_2325);
        hash.word(geometry as u64 | u64::from(by_path) << 8);
        hash.word(self.nodes.len() as u64);
        for node in &self.nodes {
            node.at.iter().chain(&node.color).for_each(|c| hash.word(u64::from(c.to_bits())));
        }
        for effect in &self.effects {
            hash.word(u64::from(effect.size.to_bits()) << 32 | u64::from(effect.index.to_bits()));
            hash.word(effect.failure as u64);
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

/// Colours by one rubric path: green for passed, red for failed, dim for not evaluated; darker with the
/// distance from the path's best score.
struct Coloring {
    path: PathId,
    lowest: f64,
    highest: f64,
}

impl Coloring {
    fn of(film: &Film, path: PathId) -> Self {
        let scores = || (0..film.len()).filter_map(|i| film.score(i, path));
        let lowest = scores().fold(f64::INFINITY, f64::min);
        let highest = scores().fold(f64::NEG_INFINITY, f64::max);
        Self { path, lowest, highest }
    }

    fn color(&self, film: &Film, node: usize) -> Rgb {
        let full = match film.state(node, self.path) {
            State::Passed => PASSED,
            State::Failed => FAILED,
            State::NotEvaluated => return NOT_EVALUATED,
        };
        // Halved first: the difference of two finite scores may be infinite.
        let range = self.highest / 2.0 - self.lowest / 2.0;
        let above = film.score(node, self.path).unwrap_or(self.highest) / 2.0 - self.lowest / 2.0;
        let share = if range > 0.0 { (above / range).clamp(0.0, 1.0) as f32 } else { 1.0 };
        mix(BACKGROUND, full, 0.6 + 0.4 * share)
    }
}
