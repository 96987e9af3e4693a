//! The star field: depth behind the path, the same on every machine.

/// How many stars there are.
pub(crate) const STARS: usize = 4000;
/// Half the side of the cube they fill, world units.
pub(crate) const HALF: f32 = 200.0;

/// A star.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Star {
    /// Where it stands in the cube of ±200.
    pub at: [f32; 3],
    /// 0.2 to 1.
    pub brightness: f32,
}

/// Where the star field stands. A star is drawn at `center + scale * wrap(star.at - drift)`, where `wrap` brings
/// each coordinate back into ±200; see [`Sky::place`]. A stage that leaves out `drift` only loses the parallax.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sky {
    /// The middle of the cube: the camera's target.
    pub center: [f32; 3],
    /// How far the stars have slid, each within ±200: they follow the camera a little less than fully.
    pub drift: [f32; 3],
    /// Factor on the cube, at least 1, so that a far camera still has stars behind its picture.
    pub scale: f32,
}
