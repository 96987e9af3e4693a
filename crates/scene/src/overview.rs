//! The orbit that shows as much of a run as possible.

use gauntlet_film::Film;

use crate::camera::Camera;
use crate::lens::{CameraMode, Lens, Orbit};
use crate::places::Places;

/// Nodes of the run that must be in view, evenly distributed.
const SAMPLES: usize = 256;
/// Limit of the run's extent, in normalised device coordinates.
const MAX_EXTENT: f32 = 0.88;
/// Factor on the distance from one try to the next.
const NEARER: f32 = 0.94;
/// Yaw and pitch for a run that fits with the usual distance between steps, and for one that is shortened.
const SHORT_ANGLES: (f32, f32) = (-0.8, 0.34);
const LONG_ANGLES: (f32, f32) = (-0.42, 0.3);
/// Nodes of a straight path that even a narrow stage shows from [`Orbit::FARTHEST`].
const NODES_IN_VIEW: f32 = 25.0;

impl Orbit {
    /// The nearest orbit with all of a run in view: from its beginning at the left to its end at the right,
    /// farther away. It depends on the geometry, the heights, the rubric and the aspect of the lens.
    pub fn overview(film: &Film, lens: &Lens) -> Self {
        let count = film.len().min(SAMPLES);
        let index = |k: usize| (k as u128 * (film.len() as u128 - 1) / (count as u128 - 1).max(1)) as usize;
        if count == 0 {
            return Self::default();
        }
        // Whether all nodes are in view at a distance; then the orbit.
        let fits = |distance: f32| {
            let (yaw, pitch) = if distance > Self::FARTHEST { LONG_ANGLES } else { SHORT_ANGLES };
            let orbit = Self { yaw, pitch, distance, target: None };
            let places = Places::of(film, &Lens { camera: CameraMode::Orbit(orbit), ..lens.clone() });
            let points: Vec<[f32; 3]> = (0..count).map(|k| places.mark(index(k))).collect();
            let target = middle(&points).map(|center| orbit.unshortened(center, lens.geometry));
            let orbit = Self { target, ..orbit };
            let camera = Camera::of(CameraMode::Orbit(orbit), &places, lens.position_in(film.len()));
            let is_seen = |p: &[f32; 3]| {
                let ndc = camera.project(*p, lens.aspect());
                ndc.is_some_and(|[x, y, _]| x.abs() <= MAX_EXTENT && y.abs() <= MAX_EXTENT)
            };
            points.iter().all(is_seen).then_some(orbit)
        };
        let farthest = Self::farthest(film.len());
        let nearer = |distance: &f32| Some(distance * NEARER);
        let distances =
            std::iter::successors(Some(farthest), nearer).take_while(|d| *d >= 4.0 * Self::NEAREST);
        let fitting = distances.map(fits).skip_while(Option::is_none).map_while(|orbit| orbit);
        fitting.last().unwrap_or(Self {
            yaw: LONG_ANGLES.0,
            pitch: LONG_ANGLES.1,
            distance: farthest,
            target: None,
        })
    }

    /// A distance from which a run of so many nodes is small on any stage, world units.
    pub fn farthest(nodes: usize) -> f32 {
        (Self::FARTHEST * nodes as f32 / NODES_IN_VIEW).clamp(Self::FARTHEST, Self::WIDEST)
    }
}

/// The middle of the box around the points.
fn middle(points: &[[f32; 3]]) -> Option<[f32; 3]> {
    let first = *points.first()?;
    let join = |pick: fn(f32, f32) -> f32| {
        points.iter().fold(first, |all, p| std::array::from_fn(|axis| pick(all[axis], p[axis])))
    };
    let (low, high) = (join(f32::min), join(f32::max));
    Some(std::array::from_fn(|axis| (low[axis] + high[axis]) / 2.0))
}
