//! The orbit that shows as much of a run as possible.

use gauntlet_film::Film;

use crate::camera::Camera;
use crate::geometry::path_point;
use crate::lens::{CameraMode, Geometry, Orbit, usable_aspect};
use crate::marks::PathGeometry;

/// Nodes of the run that must be in view, evenly distributed.
const SAMPLES: usize = 256;
/// Limit of the run's extent, in normalised device coordinates.
const MARGIN: f32 = 0.88;
/// Factor on the distance from one try to the next.
const NEARER: f32 = 0.94;

impl Orbit {
    /// The nearest orbit with the run in view: from its beginning at the lower left to its end at the upper
    /// right, far away. A longer run is viewed from behind the agent along the path, several hundred nodes
    /// deep. `position` is where the agent is; `aspect` is the stage's width over its height.
    pub fn overview(film: &Film, geometry: Geometry, position: f64, aspect: f32) -> Self {
        let count = film.len().min(SAMPLES);
        let index = |k: usize| (k as u128 * (film.len() as u128 - 1) / (count as u128 - 1).max(1)) as usize;
        let point = |i: usize| path_point(geometry, i as f64, film.root(i).unwrap_or(0.0));
        let points: Vec<[f32; 3]> = (0..count).map(|k| point(index(k))).collect();
        let Some(center) = middle(&points) else { return Self::default() };
        let aspect = usable_aspect(aspect);

        let farthest = Self { yaw: -0.8, pitch: 0.34, distance: Self::FARTHEST, target: Some(center) };
        let empty = PathGeometry::default();
        let shows_all = |orbit: &Self| {
            let camera = Camera::of(CameraMode::Orbit(*orbit), geometry, &empty, position);
            points.iter().all(|p| {
                let ndc = camera.project(*p, aspect);
                ndc.is_some_and(|[x, y, _]| x.abs() <= MARGIN && y.abs() <= MARGIN)
            })
        };
        let nearer = |orbit: &Self| Some(Self { distance: orbit.distance * NEARER, ..*orbit });
        let mut fitting = std::iter::successors(Some(farthest), nearer)
            .take_while(|orbit| orbit.distance >= 4.0 * Self::NEAREST && shows_all(orbit));
        match (fitting.next(), geometry) {
            (Some(first), _) => fitting.last().unwrap_or(first),
            (None, Geometry::Sphere) => farthest,
            (None, _) => Self { yaw: -1.22, pitch: 0.26, distance: 260.0, target: None },
        }
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
