//! A film as a 3D scene of plain data: what to draw where, and what is under the pointer.
//!
//! A [`Scene`] is a pure function of a [`gauntlet_film::Film`] and a [`Lens`]; it knows no GL and no DOM. The
//! same film, lens and time give the same scene on any machine, whatever the frame rate. A viewer that draws
//! frame after frame uses a [`SceneBuilder`], which rebuilds the path only when another part of
//! it is in sight.
//!
//! Lengths are in world units (consecutive steps of a straight path are 3 apart), +y is up, and the
//! coordinate system is right-handed.

// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod axis;
mod builder;
mod camera;
mod color;
mod describe;
mod detail;
mod effects;
mod geometry;
mod ghost;
mod ghost_path;
mod height;
mod labels;
mod legend;
mod lens;
mod marks;
mod noise;
mod numbers;
mod overview;
mod path_geometry;
mod pick;
mod picture;
mod places;
mod ribbon;
mod stars;
mod summary;
pub mod vector;
mod warm_up;

pub use builder::SceneBuilder;
pub use camera::{Camera, Fog};
pub use color::{ACCENT, FAILED, NOT_EVALUATED, PASSED, Rgb, effect_color, failure_color, to_hex};
pub use effects::Effect;
pub use geometry::path_point;
pub use ghost::Ghost;
pub use height::HeightScale;
pub use labels::{Label, LabelKind};
pub use legend::{LegendEntry, failure_word, legend, rubric_name, shape_words};
pub use lens::{CameraMode, Geometry, Lens, Orbit};
pub use marks::{NodeMark, PathGeometry, Segment};
pub use numbers::{column_score, grouped, quantity, score};
pub use picture::{Agent, LightFalloff, Ring, Scene};
pub use stars::{Sky, Star};
pub use summary::SceneSummary;
pub use warm_up::{Light, WarmUp};
