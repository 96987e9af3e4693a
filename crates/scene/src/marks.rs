//! The path as plain data: its nodes, its ribbon and the effects at its nodes.

use crate::color::Rgb;
use crate::effects::Effect;

/// The part of the path in sight: what changes only when the film, the shape, the colouring or that part
/// does.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PathGeometry {
    /// A fingerprint of everything below: equal exactly when the content is, so a stage uploads only when it
    /// differs from what it holds.
    pub revision: u64,
    /// One mark a drawn node, by index. Where steps are smaller than can be distinguished, the highest, the
    /// lowest and the most severe failing one stay of several nodes.
    pub nodes: Vec<NodeMark>,
    /// The path as straight pieces, ordered along the path: one between two drawn nodes, or several where it
    /// is jagged.
    pub ribbon: Vec<Segment>,
    /// The line of the means where nodes stand for several; there the ribbon is dim and shows their range.
    pub means: Vec<Segment>,
    /// The path of another run, dim, and bars from the nodes to it; empty without another run.
    pub beside: Vec<Segment>,
    /// One effect at a node at most, ordered by index; the nearest ones where they are too many.
    pub effects: Vec<Effect>,
    /// Lines that help the eye: the wormhole's tube, the sphere's core. Always dim.
    pub guide: Vec<Segment>,
    /// How many steps of the ribbon are broken into a jagged line.
    pub jagged: u64,
}

impl PathGeometry {
    /// The lines along the path: the ribbon, the means, the other run.
    pub fn lines(&self) -> impl Iterator<Item = &Segment> {
        self.ribbon.iter().chain(&self.means).chain(&self.beside)
    }
}

/// A node of the path: a sphere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NodeMark {
    /// Its centre.
    pub at: [f32; 3],
    /// Its radius, world units.
    pub radius: f32,
    /// Its colour when travelled.
    pub color: Rgb,
    /// Its index; compare with `Scene::travelled`.
    pub index: f32,
    /// Whether any rubric failed there.
    pub failed: bool,
}

/// A straight segment of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// Where it begins.
    pub from: [f32; 3],
    /// Where it ends.
    pub to: [f32; 3],
    /// Position along the path where it begins; compare with `Scene::travelled`.
    pub from_index: f32,
    /// Position along the path where it ends.
    pub to_index: f32,
    /// Its colour when travelled.
    pub color: Rgb,
    /// Its width, world units.
    pub width: f32,
}
