//! Picking: the node under the pointer.

use crate::picture::Scene;

/// Nodes whose distances from the pointer differ by less are equally near it, in normalised device
/// coordinates: about a pixel.
const TIE_DISTANCE: f32 = 0.003;

impl Scene {
    /// The node nearest to a point of the stage, in normalised device coordinates (x to the right, y up, ±1
    /// at the edges), no farther than `radius` in units of y. Of equally near ones the one nearer to the
    /// camera. Scans the nodes that are drawn.
    pub fn pick(&self, ndc: [f32; 2], aspect: f32, radius: f32) -> Option<usize> {
        let aspect = crate::lens::usable_aspect(aspect);
        let near = self.path.nodes.iter().filter_map(|node| {
            let [x, y, z] = self.camera.project(node.at, aspect)?;
            let distance = ((x - ndc[0]) * aspect).hypot(y - ndc[1]);
            (distance <= radius).then_some((node.index as usize, distance, z))
        });
        let near: Vec<_> = near.collect();
        let nearest = near.iter().map(|(_, distance, _)| *distance).fold(f32::INFINITY, f32::min);
        let ties = near.into_iter().filter(|(_, distance, _)| *distance <= nearest + TIE_DISTANCE);
        ties.min_by(|a, b| a.2.total_cmp(&b.2)).map(|(i, _, _)| i)
    }
}
