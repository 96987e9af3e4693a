//! What a stage draws, as plain data. Everything here is finite, whatever the scores were.

use std::sync::Arc;

use gauntlet_model::{EffectKind, FailureKind};

use crate::camera::{Camera, Fog};
use crate::color::Rgb;
use crate::labels::Label;
use crate::lens::{CameraMode, Geometry, Lens};
use crate::marks::{PathGeometry, Segment};
use crate::stars::{Sky, Star};
use crate::warm_up::Light;

/// One picture: the path, and everything that moves over it.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// The part of the path in sight, with its nodes and effects; shared between frames until it changes.
    pub path: Arc<PathGeometry>,
    /// Nodes of the film, of which the path has those that can be distinguished.
    pub nodes: usize,
    /// The agent; not drawn where the film has no nodes yet.
    pub agent: Agent,
    /// The lights of the warm-up, where there is one.
    pub lights: Vec<Light>,
    /// Texts over the picture, the most important first, at most 24, none over another.
    pub labels: Vec<Label>,
    /// Lines of the axis of heights, always dim.
    pub axis: Vec<Segment>,
    /// How what is not near the agent recedes.
    pub recede: LightFalloff,
    /// Where it is seen from.
    pub camera: Camera,
    /// The star field, the same on every frame; [`Scene::sky`] is its position.
    pub stars: Arc<[Star]>,
    /// Where the star field is.
    pub sky: Sky,
    /// What distance fades to.
    pub fog: Fog,
    /// How far the agent has come: parts of the path with a smaller index are bright, the rest is dim.
    pub travelled: f32,
    /// The clock of whatever wobbles and pulses, seconds, below 3600; fixed under reduced motion.
    pub time_secs: f32,
    /// How strongly effects glow, 0 to 1.
    pub intensity: f32,
    /// The mark around the selected node.
    pub selected: Option<Ring>,
    /// The index of the selected node.
    pub selected_index: Option<usize>,
    /// The failure of the selected node, or else of the one the agent is at.
    pub failure: Option<FailureKind>,
    /// The shape of the effect at that node.
    pub effect: Option<EffectKind>,
    /// The colour of the travelled path.
    pub accent: Rgb,
    /// The path's shape.
    pub geometry: Geometry,
    /// The camera the lens asked for.
    pub mode: CameraMode,
}

/// How light falls off along the path with the distance from the agent: to a share of `1/e` of what is above
/// `least` within so many nodes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LightFalloff {
    /// Nodes behind the agent.
    pub behind: f32,
    /// Nodes ahead of the agent; infinite where what is ahead does not recede.
    pub ahead: f32,
    /// The share of light that stays at any distance.
    pub least: f32,
}

/// Nodes behind the agent in which a straight path recedes, and the light that stays.
const STRAIGHT: (f64, f32) = (450.0, 0.12);
/// The same on a sphere, on either side: shells are over one another, and only what is near can be followed.
const SHELLS: (f64, f32) = (30.0, 0.04);

impl LightFalloff {
    pub(crate) fn of(lens: &Lens) -> Self {
        let spacing = lens.spacing();
        let is_overview = matches!(lens.camera, CameraMode::Orbit(orbit) if orbit.target.is_some());
        match lens.geometry {
            // The whole run is what the viewer wants to see.
            _ if is_overview => Self { behind: f32::INFINITY, ahead: f32::INFINITY, least: 1.0 },
            Geometry::Sphere => {
                let nodes = (SHELLS.0 / spacing) as f32;
                Self { behind: nodes, ahead: nodes, least: SHELLS.1 }
            }
            Geometry::Linear | Geometry::Wormhole => {
                Self { behind: (STRAIGHT.0 / spacing) as f32, ahead: f32::INFINITY, least: STRAIGHT.1 }
            }
        }
    }

    /// The share of light at an index, for an agent at `travelled`.
    pub fn light(&self, index: f32, travelled: f32) -> f32 {
        let away = index - travelled;
        let lengths = if away < 0.0 { -away / self.behind } else { away / self.ahead };
        self.least + (1.0 - self.least) * (-lengths).exp()
    }
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
