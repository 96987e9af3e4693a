//! The lens: how a film is viewed.

use std::sync::Arc;

use gauntlet_film::PathId;
use gauntlet_model::EffectSet;

use crate::color::{Rgb, safety_color};
use crate::ghost::Ghost;
use crate::height::HeightScale;
use crate::warm_up::WarmUp;

/// The shape of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Geometry {
    /// A straight road; the reward is its height.
    #[default]
    Linear,
    /// A spiral inside a tube; the reward is its radius.
    Wormhole,
    /// Spirals on nested spheres; the reward lifts a node off its sphere.
    Sphere,
}

impl Geometry {
    /// Every geometry, in the order a page offers them.
    pub const ALL: [Geometry; 3] = [Geometry::Linear, Geometry::Wormhole, Geometry::Sphere];

    /// Its word in links.
    pub fn as_str(self) -> &'static str {
        match self {
            Geometry::Linear => "linear",
            Geometry::Wormhole => "wormhole",
            Geometry::Sphere => "sphere",
        }
    }

    /// The geometry of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|g| g.as_str() == word)
    }

    /// A point of a straight path whose length is multiplied; a sphere has its middle in the same place at
    /// any length.
    pub(crate) fn stretched(self, [x, y, z]: [f32; 3], by: f64) -> [f32; 3] {
        let stretch = |c: f32| (f64::from(c) * by) as f32;
        match self {
            Geometry::Linear => [stretch(x), y, z],
            Geometry::Wormhole => [x, y, stretch(z)],
            Geometry::Sphere => [x, y, z],
        }
    }

    /// The geometry and the colour a run's safety (share of steps without a failure, 0 to 1) suggests: a
    /// wormhole below 0.4, a sphere above 0.8, a straight road between or if unknown.
    pub fn automatic(safety: Option<f64>) -> (Self, Rgb) {
        let geometry = match safety {
            Some(share) if share < 0.4 => Geometry::Wormhole,
            Some(share) if share > 0.8 => Geometry::Sphere,
            _ => Geometry::Linear,
        };
        (geometry, safety_color(safety))
    }
}

/// A camera that turns around a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Orbit {
    /// Turn around the vertical, radians. 0 looks across the path, which runs to the right; negative turns
    /// the eye towards the path's beginning, so that the path runs away from it.
    pub yaw: f32,
    /// Height above the horizon, radians, kept within ±1.5.
    pub pitch: f32,
    /// Distance from the target, world units, kept within 5 to 1e9. Beyond 400 the eye stays at 400 and the
    /// path gets shorter instead: its length is divided, its heights stay. So a run of any length is seen
    /// whole, and zooming in leads from there to each step.
    pub distance: f32,
    /// The centre, where it would be on a path that is not shortened; `None` for the agent.
    pub target: Option<[f32; 3]>,
}

impl Default for Orbit {
    /// A three-quarter view of the agent with about seventy nodes of a straight path in sight.
    fn default() -> Self {
        Self { yaw: -0.66, pitch: 0.3, distance: 122.0, target: None }
    }
}

impl Orbit {
    /// The nearest the eye may come, world units.
    pub const NEAREST: f32 = 5.0;
    /// The farthest the eye may go, world units; from there on the path gets shorter.
    pub const FARTHEST: f32 = 400.0;
    /// The greatest distance, world units.
    pub const WIDEST: f32 = 1e9;
    /// The steepest pitch up or down, radians.
    pub const STEEPEST: f32 = 1.5;

    /// Distance between steps as a share of the usual one, above 0 and at most 1.
    pub fn spacing(self) -> f64 {
        f64::from(Self::FARTHEST / self.checked().distance).min(1.0)
    }

    /// A point of a path that is shortened as this orbit has it, where it would be on one that is not.
    pub fn unshortened(self, point: [f32; 3], geometry: Geometry) -> [f32; 3] {
        geometry.stretched(point, 1.0 / self.spacing())
    }

    /// The same orbit within its ranges; NaN becomes the default.
    pub fn checked(self) -> Self {
        let known = Self::default();
        let finite = |value: f32, default: f32| if value.is_finite() { value } else { default };
        Self {
            yaw: finite(self.yaw, known.yaw),
            pitch: finite(self.pitch, known.pitch).clamp(-Self::STEEPEST, Self::STEEPEST),
            distance: finite(self.distance, known.distance).clamp(Self::NEAREST, Self::WIDEST),
            target: self.target.filter(|t| t.iter().all(|c| c.is_finite())),
        }
    }
}

/// The mode of the camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CameraMode {
    /// Turned by the viewer.
    Orbit(Orbit),
    /// Travels beside the agent.
    Follow,
    /// Looks from the agent to the next node.
    FirstPerson,
    /// Looks down on the agent from above.
    BirdsEye,
}

impl Default for CameraMode {
    fn default() -> Self {
        CameraMode::Orbit(Orbit::default())
    }
}

impl CameraMode {
    /// Its word in links.
    pub fn as_str(self) -> &'static str {
        match self {
            CameraMode::Orbit(_) => "orbit",
            CameraMode::Follow => "follow",
            CameraMode::FirstPerson => "first_person",
            CameraMode::BirdsEye => "birds_eye",
        }
    }

    /// The camera of that word; an orbit starts at its default.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::default(), CameraMode::Follow, CameraMode::FirstPerson, CameraMode::BirdsEye]
            .into_iter()
            .find(|mode| mode.as_str() == word)
    }
}

/// How a film is viewed at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Lens {
    /// The path's shape.
    pub geometry: Geometry,
    /// The camera.
    pub camera: CameraMode,
    /// Position of the agent: a node's index, with a fraction between two nodes. Clamped to the film.
    pub position: f64,
    /// The clock of decoration, seconds from any origin.
    pub time_secs: f64,
    /// The index of the selected node.
    pub selected: Option<usize>,
    /// The rubric or measurement that the path shows: by its height, its colours and its labels. `None` is
    /// the path that the film is drawn by ([`gauntlet_film::Film::main_path`]), coloured by failure.
    pub rubric: Option<PathId>,
    /// The scores of another run that is drawn beside the path, which then is coloured by the difference.
    pub beside: Option<Ghost>,
    /// The scores at the lower and at the upper end of the picture.
    pub heights: HeightScale,
    /// Which effect is drawn when; checked before.
    pub effects: Arc<EffectSet>,
    /// How strongly effects glow, 0 to 1.
    pub intensity: f32,
    /// The warm-up before the first step; `None` where there is none.
    pub warm_up: Option<WarmUp>,
    /// Whether decoration must not move, and the agent has no trail.
    pub reduced_motion: bool,
    /// Width of the stage over its height.
    pub aspect: f32,
}

impl Default for Lens {
    fn default() -> Self {
        Self {
            geometry: Geometry::default(),
            camera: CameraMode::default(),
            position: 0.0,
            time_secs: 0.0,
            selected: None,
            rubric: None,
            beside: None,
            heights: HeightScale::default(),
            effects: Arc::default(),
            intensity: 0.5,
            warm_up: None,
            reduced_motion: false,
            aspect: 16.0 / 9.0,
        }
    }
}

impl Lens {
    /// The position within a film of `nodes` nodes; NaN is the beginning.
    pub(crate) fn position_in(&self, nodes: usize) -> f64 {
        let last = nodes.saturating_sub(1) as f64;
        if self.position.is_nan() { 0.0 } else { self.position.clamp(0.0, last) }
    }

    /// Distance between steps as a share of the usual one, above 0 and at most 1.
    pub(crate) fn spacing(&self) -> f64 {
        match self.camera {
            CameraMode::Orbit(orbit) => orbit.spacing(),
            CameraMode::Follow | CameraMode::FirstPerson | CameraMode::BirdsEye => 1.0,
        }
    }

    /// The aspect within its range.
    pub(crate) fn aspect(&self) -> f32 {
        usable_aspect(self.aspect)
    }
}

/// An aspect within its range; 1 if it is not a positive number.
pub(crate) fn usable_aspect(aspect: f32) -> f32 {
    if aspect.is_finite() && aspect > 0.0 { aspect.clamp(0.05, 20.0) } else { 1.0 }
}
