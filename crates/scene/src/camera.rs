//! Cameras: their position for a lens, and the projection of points.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4};

use crate::color::Rgb;
use crate::geometry::wormhole_angle;
use crate::lens::{CameraMode, Geometry, Orbit, usable_aspect};
use crate::places::Places;
use crate::vector::{UP, V3, add, cross, dot, length, narrow, scale, sub, unit, wide};

/// Linear fog by distance from the eye.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fog {
    /// What things fade to; also the background.
    pub color: Rgb,
    /// Nothing fades nearer than this, world units.
    pub near: f32,
    /// Everything has faded at this distance, world units.
    pub far: f32,
}

/// A perspective camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Camera {
    /// Its position.
    pub eye: [f32; 3],
    /// The point it looks at; never its position.
    pub target: [f32; 3],
    /// Its up direction; never along the line of sight.
    pub up: [f32; 3],
    /// Vertical field of view, radians.
    pub fov_y_radians: f32,
    /// Distance of the near plane, world units.
    pub near: f32,
    /// Distance of the far plane, world units.
    pub far: f32,
}

/// Vertical field of view of distant cameras, and of those that travel with the agent, radians.
const FOV: (f64, f64) = (FRAC_PI_4, 1.05);
/// An orbiting camera looks at the path smoothed over one node per so many world units of distance, and over
/// this many nodes at most: close up the agent is exactly in the middle, from afar the view does not jump
/// with it.
const SMOOTHING: (f64, f64) = (25.0, 6.0);

/// The greatest distance from the agent towards a sphere's middle at which an orbiting camera looks, world
/// units.
const MAX_INWARD: f64 = 36.0;

impl Camera {
    /// The camera of a mode with the agent at a position of the path.
    pub(crate) fn of(mode: CameraMode, path: &Places<'_>, position: f64) -> Self {
        let geometry = path.geometry;
        let agent = path.at(position).unwrap_or_default();
        match mode {
            CameraMode::Orbit(orbit) => {
                let orbit = orbit.checked();
                let reach = (f64::from(orbit.distance) / SMOOTHING.0).min(SMOOTHING.1) / path.spacing;
                let smoothed = || path.smoothed(position, reach).unwrap_or(agent);
                let target = match (orbit.target, geometry) {
                    (Some(target), _) => wide(geometry.stretched(target, path.spacing)),
                    // From the agent towards the middle: all of a small sphere is in view, and of a large one
                    // the part with the agent.
                    (None, Geometry::Sphere) => {
                        let smoothed = smoothed();
                        scale(smoothed, 1.0 - (MAX_INWARD / length(smoothed).max(MAX_INWARD)).min(0.7))
                    }
                    (None, _) => smoothed(),
                };
                Self::from_to(add(target, orbit.offset(geometry)), target, FOV.0)
            }
            CameraMode::Follow => Self::from_to(add(agent, beside(geometry, position)), agent, FOV.1),
            CameraMode::FirstPerson => {
                let next = path.smoothed_ahead(position).unwrap_or([1.0, 0.0, 0.0]);
                let ahead = unit(sub(next, agent), [1.0, 0.0, 0.0]);
                // A little behind and above the agent, which would fill the view otherwise.
                let eye = add(add(agent, scale(ahead, -2.0)), [0.0, 0.8, 0.0]);
                Self::from_to(eye, add(agent, scale(ahead, 3.0)), FOV.1)
            }
            CameraMode::BirdsEye => {
                let target = path.smoothed(position, SMOOTHING.1).unwrap_or(agent);
                let offset = match geometry {
                    Geometry::Sphere => [0.0, 80.0, 0.0],
                    Geometry::Linear | Geometry::Wormhole => [20.0, 60.0, 20.0],
                };
                Self::from_to(add(target, offset), target, FOV.0)
            }
        }
    }

    fn from_to(eye: V3, target: V3, fov_y: f64) -> Self {
        let distance = length(sub(target, eye));
        let sight = unit(sub(target, eye), [0.0, 0.0, -1.0]);
        let up = if sight[1].abs() < 0.999 { UP } else { [0.0, 0.0, -1.0] };
        Self {
            eye: narrow(eye),
            target: narrow(target),
            up: narrow(up),
            fov_y_radians: fov_y as f32,
            near: (0.004 * distance).max(0.05) as f32,
            far: (1000.0 + 14.0 * distance) as f32,
        }
    }

    /// From the eye to the target, world units.
    pub(crate) fn distance(&self) -> f32 {
        length(sub(wide(self.target), wide(self.eye))) as f32
    }

    /// The fog of its view. It begins and ends farther away the farther the target is, so that a distant
    /// camera sees something. The far side of a sphere is in fog, as near and far would not be
    /// distinguishable.
    pub(crate) fn fog(&self, geometry: Geometry) -> Fog {
        let distance = self.distance();
        if geometry == Geometry::Sphere {
            return Fog { color: crate::color::BACKGROUND, near: 0.6 * distance, far: 1.6 * distance };
        }
        Fog { color: crate::color::BACKGROUND, near: 10.0 + 0.6 * distance, far: 100.0 + 12.0 * distance }
    }

    /// Right, up and backwards as the camera has them, each of length 1.
    fn axes(&self) -> (V3, V3, V3) {
        let back = unit(sub(wide(self.eye), wide(self.target)), [0.0, 0.0, 1.0]);
        let right = unit(cross(wide(self.up), back), [1.0, 0.0, 0.0]);
        (right, cross(back, right), back)
    }

    /// The matrix from world to OpenGL clip coordinates (depth -1 to 1), column by column, for a stage whose
    /// width is `aspect` times its height.
    pub fn view_projection(&self, aspect: f32) -> [[f32; 4]; 4] {
        let (right, up, back) = self.axes();
        let eye = wide(self.eye);
        let (x, y) = self.zoom(aspect);
        let (near, far) = (f64::from(self.near), f64::from(self.far));
        let depth = ((far + near) / (near - far), 2.0 * far * near / (near - far));
        let column = |axis: usize| [x * right[axis], y * up[axis], depth.0 * back[axis], -back[axis]];
        let (a, b, c) = (-dot(right, eye), -dot(up, eye), -dot(back, eye));
        [column(0), column(1), column(2), [x * a, y * b, depth.0 * c + depth.1, -c]]
            .map(|c| c.map(|v| v as f32))
    }

    /// A point in normalised device coordinates: x to the right, y up, both ±1 at the stage's
    /// edges, z from -1 (near) to 1 (far). `None` for what is nearer than `near`, behind the camera included.
    pub fn project(&self, p: [f32; 3], aspect: f32) -> Option<[f32; 3]> {
        self.seen(p, aspect).map(|(ndc, _)| ndc)
    }

    /// As [`Camera::project`], with the depth in world units.
    pub(crate) fn seen(&self, p: [f32; 3], aspect: f32) -> Option<([f32; 3], f32)> {
        let (right, up, back) = self.axes();
        let from_eye = sub(wide(p), wide(self.eye));
        let depth = -dot(back, from_eye);
        let (near, far) = (f64::from(self.near), f64::from(self.far));
        if !depth.is_finite() || depth < near {
            return None;
        }
        let (x, y) = self.zoom(aspect);
        let z = (far + near) / (far - near) - 2.0 * far * near / ((far - near) * depth);
        let ndc = [x * dot(right, from_eye) / depth, y * dot(up, from_eye) / depth, z];
        Some((narrow(ndc), depth as f32))
    }

    /// Height of a world unit at a depth, in normalised device coordinates.
    pub(crate) fn unit_at(&self, depth: f32) -> f32 {
        self.zoom(1.0).1 as f32 / depth.max(self.near)
    }

    /// World units from the middle of the picture to its upper edge, at a distance of one unit.
    pub fn half_height(&self) -> f64 {
        (f64::from(self.fov_y_radians) / 2.0).tan()
    }

    fn zoom(&self, aspect: f32) -> (f64, f64) {
        let y = 1.0 / self.half_height();
        (y / f64::from(usable_aspect(aspect)), y)
    }
}

impl Orbit {
    /// From the target to the eye. The yaw counts from the path's heading: +x along the road, +z in the tube.
    fn offset(self, geometry: Geometry) -> V3 {
        let heading = if geometry == Geometry::Wormhole { FRAC_PI_2 } else { 0.0 };
        let (sin, cos) = (f64::from(self.yaw) - heading).sin_cos();
        let (rise, run) = f64::from(self.pitch).sin_cos();
        scale([sin * run, rise, cos * run], f64::from(self.distance.min(Self::FARTHEST)))
    }
}

/// Offset of the following camera from the agent.
fn beside(geometry: Geometry, p: f64) -> V3 {
    match geometry {
        // It drifts from behind the agent to almost beside it, and stays there on a long run.
        Geometry::Linear => [-8.0 + 0.1 * p.min(60.0), 2.0, 12.0 + 4.0 * (0.4 * p).sin()],
        Geometry::Wormhole => {
            let (sin, cos) = (wormhole_angle(p) - 0.5).sin_cos();
            [5.0 * cos, 5.0 * sin, -10.0]
        }
        Geometry::Sphere => [40.0 * (0.1 * p).cos(), 20.0, 40.0 * (0.1 * p).sin()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_and_project_agree() {
        let camera = Camera::from_to([3.0, 4.0, 50.0], [10.0, -2.0, 1.0], FOV.0);
        for p in [[0.0f32, 0.0, 0.0], [12.0, 9.0, -30.0], [10.0, -2.0, 1.0]] {
            let ndc = camera.project(p, 1.6).unwrap();
            let m = camera.view_projection(1.6);
            let clip: [f32; 4] =
                std::array::from_fn(|row| m[0][row] * p[0] + m[1][row] * p[1] + m[2][row] * p[2] + m[3][row]);
            for axis in 0..3 {
                assert!((clip[axis] / clip[3] - ndc[axis]).abs() < 1e-4, "{p:?} {ndc:?} {clip:?}");
            }
        }
        assert_eq!(
            camera.project(camera.target, 1.6).map(|[x, y, _]| (x.round(), y.round())),
            Some((0.0, 0.0))
        );
        assert_eq!(camera.project([3.0, 4.0, 60.0], 1.6), None);
    }

    #[test]
    fn straight_down_still_has_an_up() {
        let camera = Camera::from_to([0.0, 80.0, 0.0], [0.0; 3], FOV.0);
        let [_, y, _] = camera.project([0.0, 0.0, -5.0], 1.0).unwrap();
        assert!(y > 0.0);
    }
}
