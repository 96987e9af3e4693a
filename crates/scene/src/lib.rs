//! Gauntlet's picture of a film as plain data: what to draw where, and what is under the pointer.
//!
//! A [`Scene`] is a pure function of a [`gauntlet_film::Film`] and a [`Lens`]; it knows no GL and no DOM. The
//! same film, lens and time give the same scene on any machine, whatever the frame rate. A viewer that draws
//! frame after frame keeps a [`Composer`], which rebuilds the path only when the film changes.
//!
//! Lengths are in world units (consecutive steps of a straight path stand 3 apart), +y is up, and the
//! coordinate system is right-handed.

mod camera;
mod color;
mod compose;
mod describe;
mod effects;
mod facts;
mod geometry;
mod labels;
mod legend;
mod lens;
mod overview;
mod path;
mod pick;
mod picture;
mod ribbon;
mod stars;
mod vector;

pub use camera::Camera;
pub use color::{ACCENT, FAILED, NOT_EVALUATED, PASSED, Rgb, failure_color};
pub use compose::Composer;
pub use effects::{Effect, EffectKind};
pub use facts::SceneFacts;
pub use geometry::path_point;
pub use labels::{Label, LabelKind};
pub use legend::{LegendEntry, failure_word, legend};
pub use lens::{CameraMode, Geometry, Lens, Orbit};
pub use picture::{Agent, Fog, NodeMark, PathPicture, Ring, Scene, Segment};
pub use stars::{Sky, Star};
