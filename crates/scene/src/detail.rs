//! Levels of detail: which nodes of a film are drawn. Where a step is smaller than the eye can tell, few
//! points stand for many nodes; what the fog hides is left out. So a picture has about as many nodes for a
//! run of a million steps as for one of a thousand.

use gauntlet_film::{BLOCK, Digest, Digests};

use crate::camera::Camera;
use crate::effects::EffectIndex;
use crate::lens::Geometry;
use crate::picture::LightFalloff;
use crate::places::Places;
use crate::vector::{length, sub, wide};

/// The most nodes of a picture, about.
pub(crate) const MAX_NODES: usize = 20_000;
/// Height of the stage that the size of a step on the screen is computed for, pixels.
const STAGE_HEIGHT_PX: f64 = 900.0;
/// Length on the screen that one point stands for, pixels.
const TOLERANCE_PX: f64 = 2.0;
/// Nodes on either side of the agent that are drawn of a sphere, at the usual distance between steps: where
/// the others recede, and where all are to be seen.
const SPHERE_REACH: (f64, f64) = (900.0, 8000.0);
/// Distance between neighbours on a shell, world units.
const SPHERE_STEP: f64 = 8.0;
/// The window moves by this many steps of the usual distance at a time, so that a path is built once for many
/// frames.
const WINDOW_STEPS: f64 = 64.0;
/// Factor between two distances of the camera that have different details.
const ZOOM: f64 = 1.3;
/// What is farther away than this many times the end of the fog is left out.
const BEYOND_FOG: f64 = 1.5;

/// Points that one mean is of.
const POINTS_OF_MEAN: usize = 4;

/// The nodes of a picture, by rising index.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    pub(crate) nodes: Vec<usize>,
    /// For each node, whether it stands for several.
    pub(crate) is_extreme: Vec<bool>,
    /// Where nodes stand for several: index and mean score of the middle of several such points.
    pub(crate) means: Vec<(f64, f64)>,
}

impl Selection {
    fn push(&mut self, node: usize, is_extreme: bool) {
        self.nodes.push(node);
        self.is_extreme.push(is_extreme);
    }
}

/// What of a path is drawn: equal windows of one film have the same nodes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Window {
    /// Indexes of the first node and past the last one.
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// The index at which there is most detail.
    pub(crate) center: usize,
    /// Distance of the eye from the centre, world units; rounded down.
    distance: f64,
}

impl Window {
    /// What a camera sees of the path around a position.
    pub(crate) fn of(places: &Places<'_>, camera: &Camera, position: f64, recede: &LightFalloff) -> Self {
        let nodes = places.len();
        let pace = (WINDOW_STEPS / places.spacing).max(WINDOW_STEPS);
        let (eye, target) = (wide(camera.eye), wide(camera.target));
        let axis = match places.geometry {
            Geometry::Linear => 0,
            Geometry::Wormhole => 2,
            Geometry::Sphere => {
                let reach = if recede.least < 1.0 { SPHERE_REACH.0 } else { SPHERE_REACH.1 };
                return Self::of_sphere(
                    position,
                    nodes,
                    reach / places.spacing,
                    pace,
                    length(sub(eye, target)),
                );
            }
        };
        let unit = places.along(1.0);
        let aside = (0..3).filter(|i| *i != axis).map(|i| eye[i] * eye[i]).sum::<f64>().sqrt();
        let distance = rounded_down(aside);
        let fog = f64::from(camera.fog(places.geometry).far);
        // From the nearest of both roundings, so that nothing in sight is left out.
        let reach = ((BEYOND_FOG * ZOOM * fog).powi(2) - distance * distance).max(0.0).sqrt() / unit;
        let center = (eye[axis] / unit / pace).round() * pace;
        Self {
            from: (center - reach - pace).max(0.0) as usize,
            to: (center + reach + pace).max(0.0) as usize,
            center: (center.max(0.0) as usize).min(nodes),
            distance,
        }
        .rounded(nodes)
    }

    fn of_sphere(position: f64, nodes: usize, reach: f64, pace: f64, distance: f64) -> Self {
        let center = (position / pace).round() * pace;
        Self {
            from: (center - reach).max(0.0) as usize,
            to: (center + reach) as usize,
            center: (center as usize).min(nodes),
            distance: rounded_down(distance),
        }
        .rounded(nodes)
    }

    /// Its ends at multiples of a block, and within the film.
    fn rounded(self, nodes: usize) -> Self {
        let to = (self.to / BLOCK).saturating_add(1).saturating_mul(BLOCK);
        Self { from: (self.from / BLOCK * BLOCK).min(nodes), to: to.min(nodes), ..self }
    }

    /// The number of nodes that one point at an index stands for: 1, 4, 16, 64, then twice as many each time.
    fn bucket(&self, places: &Places<'_>, index: usize, tolerance_px: f64) -> usize {
        let step = match places.geometry {
            Geometry::Sphere => SPHERE_STEP * places.spacing,
            Geometry::Linear | Geometry::Wormhole => places.along(1.0),
        };
        let aside = match places.geometry {
            Geometry::Sphere => 0.0,
            Geometry::Linear | Geometry::Wormhole => step * index.abs_diff(self.center) as f64,
        };
        let away = self.distance.hypot(aside);
        // Half the stage's height is as wide as the distance times the tangent of half the field of view.
        let step_px = step * STAGE_HEIGHT_PX / 2.0 / (0.41 * away);
        let most = tolerance_px / step_px;
        match most {
            most if most < 4.0 => 1,
            most if most < 16.0 => 4,
            most if most < BLOCK as f64 => 16,
            most => BLOCK << (most / BLOCK as f64).log2().min(40.0) as u32,
        }
    }

    /// The indexes of the nodes to draw, rising. Fewer where they are too many: then one point stands for a
    /// greater length on the screen.
    pub(crate) fn nodes(
        &self,
        places: &Places<'_>,
        digests: &mut Digests,
        effects: &EffectIndex,
    ) -> Selection {
        let mut tolerance_px = TOLERANCE_PX;
        while self.count(places, tolerance_px) > MAX_NODES {
            tolerance_px *= 1.5;
        }
        let mut selection = Selection::default();
        // The nodes that the next mean is of, and how many points stand for them.
        let mut joined = (0, Digest::default(), 0);
        let mut is_digested = false;
        self.each_bucket(places, tolerance_px, |from, to| {
            if to - from == 1 {
                joined.2 = 0;
                return selection.push(from, false);
            }
            let digest = if to - from < BLOCK {
                Digest::of(places.film, places.path(), places.failures_of(), from..to)
            } else {
                if !is_digested {
                    digests.update(places.film, places.path(), places.failures_of());
                    is_digested = true;
                }
                digests.between(places.film, from..to)
            };
            joined = match joined {
                (_, _, 0) => (from, digest, 1),
                (first, known, points) => (first, known.join(&digest), points + 1),
            };
            if joined.2 == POINTS_OF_MEAN {
                let middle = (joined.0 + to - 1) as f64 / 2.0;
                selection.means.extend(joined.1.mean().map(|mean| (middle, mean)));
                joined.2 = 0;
            }
            // The path begins and ends where the run does.
            let first = (from == 0).then_some(0);
            let last = (to == places.len()).then_some(to - 1);
            let mut shaping: Vec<usize> = first.into_iter().chain(digest.shaping()).chain(last).collect();
            if let Some(node) = effects.node(places.film, from..to) {
                shaping.push(node);
                shaping.sort_unstable();
            }
            shaping.dedup();
            if shaping.is_empty() {
                shaping.push(from);
            }
            shaping.into_iter().for_each(|node| selection.push(node, true));
        });
        selection
    }

    /// About how many nodes there would be.
    fn count(&self, places: &Places<'_>, tolerance_px: f64) -> usize {
        let mut count = 0usize;
        self.each_bucket(places, tolerance_px, |from, to| {
            count = count.saturating_add(if to - from == 1 { 1 } else { 3 });
        });
        count
    }

    /// Calls `each` with the ends of every bucket. A bucket begins at a multiple of its size, so that the
    /// same nodes are drawn wherever the window begins.
    fn each_bucket(&self, places: &Places<'_>, tolerance_px: f64, mut each: impl FnMut(usize, usize)) {
        let mut at = self.from;
        while at < self.to {
            // The end that is nearer to the centre decides.
            let mut size = self.bucket(places, at, tolerance_px);
            while !at.is_multiple_of(size)
                || self.bucket(places, at.saturating_add(size).min(self.center.max(at)), tolerance_px) < size
            {
                size = if size > BLOCK { size / 2 } else { size / 4 };
                if size <= 1 {
                    size = 1;
                    break;
                }
            }
            let end = at.saturating_add(size).min(self.to);
            each(at, end);
            at = end;
        }
    }
}

/// The greatest power of [`ZOOM`] that is at most the distance, and that of 5 at least.
fn rounded_down(distance: f64) -> f64 {
    ZOOM.powi(distance.max(5.0).log(ZOOM).floor() as i32)
}
