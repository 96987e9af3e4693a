//! Where the nodes of a film are for a lens, by index: any node is found without building the path.

use gauntlet_film::{FailuresOf, Film, PathId};
use gauntlet_model::FailureKind;

use crate::geometry::{STEP, point};
use crate::height::HeightScale;
use crate::lens::{Geometry, Lens};
use crate::vector::{V3, add, lerp, narrow, scale, sub};

/// The places of the nodes.
#[derive(Clone, Copy)]
pub(crate) struct Places<'a> {
    pub(crate) film: &'a Film,
    pub(crate) geometry: Geometry,
    /// Distance between steps as a share of the usual one, above 0 and at most 1.
    pub(crate) spacing: f64,
    pub(crate) heights: HeightScale,
    /// The path that gives the height.
    path: Option<PathId>,
    /// The rubric whose failures are shown; `None` for those of the nodes.
    pub(crate) chosen: Option<PathId>,
}

impl<'a> Places<'a> {
    /// The places of a film's nodes through a lens.
    pub(crate) fn of(film: &'a Film, lens: &Lens) -> Self {
        Self {
            film,
            geometry: lens.geometry,
            spacing: lens.spacing(),
            heights: lens.heights,
            path: lens.rubric.or_else(|| film.main_path()),
            chosen: lens.rubric,
        }
    }

    /// The path that gives the height.
    pub(crate) fn path(&self) -> Option<PathId> {
        self.path
    }

    /// The failure that is shown at a node: by the chosen rubric, else the most severe.
    pub(crate) fn failure(&self, i: usize) -> Option<FailureKind> {
        self.film.failure_by(i, self.chosen)
    }

    /// What counts as a failure where nodes are drawn as one point.
    pub(crate) fn failures_of(&self) -> FailuresOf {
        self.chosen.map_or(FailuresOf::Node, |_| FailuresOf::Path)
    }

    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.film.len()
    }

    /// The score that gives a node its height.
    pub(crate) fn score(&self, i: usize) -> Option<f64> {
        self.film.score(i, self.path?)
    }

    /// The place of the node at an index; one without a score is in the middle of the scale.
    fn node(&self, i: usize) -> V3 {
        self.at_height(i as f64, self.score(i))
    }

    /// The place of a score at an index.
    pub(crate) fn at_height(&self, index: f64, score: Option<f64>) -> V3 {
        point(self.geometry, index * self.spacing, score.map_or(0.0, |score| self.heights.normal(score)))
    }

    /// As a scene has it.
    pub(crate) fn mark(&self, i: usize) -> [f32; 3] {
        narrow(self.node(i))
    }

    /// Distance along a straight path's axis from its beginning to an index, world units.
    pub(crate) fn along(&self, index: f64) -> f64 {
        STEP * self.spacing * index
    }

    /// The point of the path at a position, clamped to its ends.
    pub(crate) fn at(&self, position: f64) -> Option<V3> {
        self.beyond(position.clamp(0.0, self.len().saturating_sub(1) as f64))
    }

    /// The point of the path at a position; after its end the path continues straight.
    fn beyond(&self, position: f64) -> Option<V3> {
        let last = self.len().checked_sub(1)?;
        let before = (position.max(0.0) as usize).min(last.saturating_sub(1));
        let here = self.node(before);
        let next = if before < last { self.node(before + 1) } else { here };
        let share = position - before as f64;
        if share <= 1.0 {
            return Some(lerp(here, next, share.max(0.0)));
        }
        Some(add(next, scale(sub(next, here), share - 1.0)))
    }

    /// The smoothed path: a weighted mean over `reach` nodes on either side. It is a smooth function of the
    /// position, and so is a camera that looks there. Of a path with short steps it is the axis, as the mean
    /// of many nodes is.
    pub(crate) fn smoothed(&self, position: f64, reach: f64) -> Option<V3> {
        const SAMPLES: i32 = 12;
        let (mut sum, mut weights) = ([0.0; 3], 0.0);
        for k in -SAMPLES..=SAMPLES {
            let offset = f64::from(k) / f64::from(SAMPLES + 1);
            let weight = 1.0 - offset.abs();
            sum = add(sum, scale(self.at(position + reach * offset)?, weight));
            weights += weight;
        }
        let [x, y, z] = scale(sum, 1.0 / weights);
        let off_axis = self.spacing * self.spacing;
        Some(match self.geometry {
            Geometry::Linear => [x, y * off_axis, z],
            Geometry::Wormhole => [x * off_axis, y * off_axis, z],
            Geometry::Sphere => [x, y, z],
        })
    }

    /// The next part of the path, slightly smoothed; after its end the path continues straight.
    pub(crate) fn smoothed_ahead(&self, position: f64) -> Option<V3> {
        let ahead = [0.6, 1.0, 1.4].map(|by| self.beyond(position + by));
        let sum = ahead.into_iter().try_fold([0.0; 3], |sum, p| Some(add(sum, p?)))?;
        Some(scale(sum, 1.0 / 3.0))
    }
}
