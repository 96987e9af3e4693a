//! What every drawable knows about the moment being drawn; mirrors `frame.glsl`, word for word.

use gauntlet_scene::Scene;

use super::surface::Size;

/// Numbers in the uniform block: a matrix and seven vectors.
pub(super) const WORDS: usize = 16 + 7 * 4;

/// One moment: the camera, the clock, the fog, the size of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    /// The uniform block, in std140 order.
    pub(super) words: [f32; WORDS],
    /// Width of the picture, device pixels.
    pub(super) width: u32,
    /// Height of the picture, device pixels.
    pub(super) height: u32,
}

impl Frame {
    /// The moment a scene shows, at this size.
    pub(super) fn of(scene: &Scene, size: Size) -> Self {
        let (width, height) = (size.width as f32, size.height as f32);
        let camera = &scene.camera;
        let ahead = normal(minus(camera.target, camera.eye), [0.0, 0.0, -1.0]);
        let right = normal(cross(ahead, camera.up), [1.0, 0.0, 0.0]);
        let up = cross(right, ahead);
        let px_per_unit = height * 0.5 / (camera.fov_y_radians * 0.5).tan().max(1e-3);
        let sky = scene.sky;

        let mut words = [0.0; WORDS];
        let (matrix, vectors) = words.split_at_mut(16);
        matrix.copy_from_slice(camera.view_projection(width / height).as_flattened());
        let rows = [
            with(camera.eye, scene.time_secs),
            with(right, scene.travelled),
            with(up, scene.intensity.clamp(0.0, 1.0)),
            [scene.fog.near, scene.fog.far.max(scene.fog.near + 1e-3), px_per_unit, size.ratio],
            [width, height, 0.0, 0.0],
            with(sky.center, sky.scale),
            with(sky.drift, 0.0),
        ];
        vectors.copy_from_slice(rows.as_flattened());
        Self { words, width: size.width, height: size.height }
    }
}

/// A point or a colour, and one number more: an attribute of four.
pub(super) fn with([x, y, z]: [f32; 3], w: f32) -> [f32; 4] {
    [x, y, z, w]
}

fn minus(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    std::array::from_fn(|i| a[i] - b[i])
}

fn cross(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// A vector of length one; `otherwise` where it has no direction.
fn normal(v: [f32; 3], otherwise: [f32; 3]) -> [f32; 3] {
    let length = v.iter().map(|c| c * c).sum::<f32>().sqrt();
    if length > 1e-6 { v.map(|c| c / length) } else { otherwise }
}
