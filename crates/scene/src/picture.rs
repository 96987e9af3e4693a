//! What a stage draws, as plain data. Everything here is finite, whatever the scores were.

use std::sync::Arc;

use crate::camera::{Camera, Fog};
use crate::color::Rgb;
use crate::labels::Label;
use crate::lens::{CameraMode, Geometry};
use crate::marks::PathGeometry;
use crate::stars::{Sky, Star};

/// One picture: the path, and everything that moves over it.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// The path with its nodes and effects; shared between frames until the film changes.
    pub path: Arc<PathGeometry>,
    /// The agent; not drawn where the film has no nodes yet (`path.nodes` is empty).
    pub agent: Agent,
    /// Texts over the picture, the most important first, at most 24, none over another.
    pub labels: Vec<Label>,
    /// Where it is seen from.
    pub camera: Camera,
    /// The star field, the same on every frame; [`Scene::sky`] says where it stands.
    pub stars: Arc<[Star]>,
    /// Where the star field stands.
    pub sky: Sky,
    /// What distance fades to.
    pub fog: Fog,
    /// How far the agent has come: parts of the path with a smaller index are bright, the rest is dim.
    pub travelled: f32,
    /// The clock of whatever wobbles and pulses, seconds, below 3600; stands still under reduced motion.
    pub time_secs: f32,
    /// How strongly effects glow, 0 to 1.
    pub intensity: f32,
    /// The mark around the selected node.
    pub selected: Option<Ring>,
    /// The index of the selected node.
    pub selected_index: Option<usize>,
    /// The colour of the travelled path.
    pub accent: Rgb,
    /// The path's shape.
    pub geometry: Geometry,
    /// The camera the lens asked for.
    pub mode: CameraMode,
}

/// The agent: the brightest thing in the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Agent {
    /// Its centre, on the ribbon.
    pub at: [f32; 3],
    /// Its radius, world units.
    pub radius: f32,
    /// Its colour.
    pub color: Rgb,
    /// Points it has just passed, the oldest first, ending at the agent; fade towards the front. Empty under
    /// reduced motion.
    pub trail: Vec<[f32; 3]>,
}

/// A mark around a node, facing the camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ring {
    /// Its centre.
    pub at: [f32; 3],
    /// Its radius, world units.
    pub radius: f32,
    /// Its colour.
    pub color: Rgb,
}
