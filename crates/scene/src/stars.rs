//! The star field: depth behind the path, the same on every machine.

use std::sync::{Arc, OnceLock};

use crate::camera::Camera;
use crate::noise::random;
use crate::vector::{length, sub, wide};

/// How many stars there are.
const STARS: usize = 4000;
/// Half the side of the cube they fill, world units.
const HALF_SIDE: f32 = 200.0;

/// A star.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Star {
    /// Its place in the cube of ±200.
    pub at: [f32; 3],
    /// 0.2 to 1.
    pub brightness: f32,
}

/// Where the star field is. A star is drawn at `center + scale * wrap(star.at - drift)`, where `wrap`
/// brings each coordinate back into ±200; see [`Sky::place`]. A stage that leaves out `drift` only loses the
/// parallax.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sky {
    /// The middle of the cube: the camera's target.
    pub center: [f32; 3],
    /// How far the stars have slid, each within ±200: they follow the camera a little less than fully.
    pub drift: [f32; 3],
    /// Factor on the cube, at least 1, so that a far camera still has stars behind its picture.
    pub scale: f32,
}

/// How much of the camera's way the stars slide: slight parallax.
const PARALLAX: f64 = 0.08;
/// Up to this distance from its target a camera sees the cube at its own size, world units.
const FULL_SIZE_DISTANCE: f32 = 100.0;
/// The field's seed.
const SEED: u64 = 0x6761_756e_746c_6574;

/// The star field; made once.
pub(crate) fn stars() -> Arc<[Star]> {
    static FIELD: OnceLock<Arc<[Star]>> = OnceLock::new();
    let star = |i: u64| {
        let dice = |n: u64| random(SEED.wrapping_add(4 * i + n)) as f32;
        let at = [dice(0), dice(1), dice(2)].map(|c| (2.0 * c - 1.0) * HALF_SIDE);
        // Squared: many faint stars, few bright ones.
        Star { at, brightness: 0.2 + 0.8 * dice(3) * dice(3) }
    };
    Arc::clone(FIELD.get_or_init(|| (0..STARS as u64).map(star).collect()))
}

impl Sky {
    /// The sky behind a camera's picture.
    pub(crate) fn of(camera: &Camera) -> Self {
        let drift = |c: f32| wrap((f64::from(c) * PARALLAX).rem_euclid(f64::from(2.0 * HALF_SIDE)) as f32);
        let distance = length(sub(wide(camera.eye), wide(camera.target))) as f32;
        Self {
            center: camera.target,
            drift: camera.target.map(drift),
            scale: (distance / FULL_SIZE_DISTANCE).max(1.0),
        }
    }

    /// Where a star is drawn, world units.
    pub fn place(&self, star: &Star) -> [f32; 3] {
        std::array::from_fn(|i| self.center[i] + self.scale * wrap(star.at[i] - self.drift[i]))
    }
}

/// A coordinate brought back into the cube.
fn wrap(c: f32) -> f32 {
    (c + HALF_SIDE).rem_euclid(2.0 * HALF_SIDE) - HALF_SIDE
}
