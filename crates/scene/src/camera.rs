//! Where the picture is seen from, and what that makes of a point.

/// A perspective camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Camera {
    /// Where it stands.
    pub eye: [f32; 3],
    /// What it looks at; never where it stands.
    pub target: [f32; 3],
    /// Which way is up; never along the line of sight.
    pub up: [f32; 3],
    /// Vertical field of view, radians.
    pub fov_y_radians: f32,
    /// Nothing nearer is drawn, world units.
    pub near: f32,
    /// Nothing farther is drawn, world units.
    pub far: f32,
}
