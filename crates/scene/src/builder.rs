//! Builds scenes. The path is cached; what moves is built anew for each scene.

use std::sync::Arc;

use gauntlet_film::{Film, PathId};

use crate::camera::Camera;
use crate::color::ACCENT;
use crate::labels::LabelLayout;
use crate::lens::{Geometry, Lens};
use crate::marks::PathGeometry;
use crate::picture::{Agent, Ring, Scene};
use crate::stars::{Sky, stars};

/// The clock of decoration wraps around after this time, seconds, so that single precision suffices.
const HOUR: f64 = 3600.0;
/// Radius of the agent, world units.
const AGENT: f32 = 0.5;
/// Length of the agent's trail, nodes.
const TRAIL: f64 = 14.0;

impl Scene {
    /// The scene of a film through a lens. Builds the path anew; for frame after frame use a
    /// [`SceneBuilder`].
    pub fn of(film: &Film, lens: &Lens) -> Scene {
        SceneBuilder::new().build(film, lens)
    }
}

/// Builds scenes of one film. The path is built again only if the film, the geometry or the colouring has
/// changed; the rest of a scene costs the same whatever the film's length.
#[derive(Debug, Default)]
pub struct SceneBuilder {
    known: Option<(Key, Arc<PathGeometry>)>,
}

/// The inputs of the path. A film's revision only counts its own changes, so the key also has what differs
/// between two films.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    revision: u64,
    head: u64,
    nodes: usize,
    ends: [Option<End>; 2],
    geometry: Geometry,
    color_by: Option<PathId>,
}

/// Sequence number, time in microseconds and bits of the reward of a film's first or last node.
type End = (u64, i64, Option<u64>);

impl Key {
    fn of(film: &Film, lens: &Lens) -> Self {
        let end = |i: usize| film.node(i).map(|n| (n.seq, n.at.micros(), n.root.map(f64::to_bits)));
        Self {
            revision: film.revision(),
            head: film.head(),
            nodes: film.len(),
            ends: [end(0), film.len().checked_sub(1).and_then(end)],
            geometry: lens.geometry,
            color_by: lens.color_by,
        }
    }
}

impl SceneBuilder {
    /// A composer that remembers nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The scene of a film through a lens; the same as [`Scene::of`].
    pub fn build(&mut self, film: &Film, lens: &Lens) -> Scene {
        let path = self.path(film, lens);
        let position = lens.position_in(path.nodes.len());
        let camera = Camera::of(lens.camera, lens.geometry, &path, position);
        let layout = LabelLayout { film, path: &path, camera: &camera, aspect: lens.aspect() };
        let moving = !lens.reduced_motion && lens.time_secs.is_finite();
        Scene {
            agent: agent(&path, position, lens.reduced_motion),
            labels: layout.labels(position, lens.selected),
            stars: stars(),
            sky: Sky::of(&camera),
            fog: camera.fog(lens.geometry),
            travelled: position as f32,
            time_secs: if moving { lens.time_secs.rem_euclid(HOUR) as f32 } else { 0.0 },
            intensity: if lens.intensity.is_nan() { 0.5 } else { lens.intensity.clamp(0.0, 1.0) },
            selected_index: lens.selected.filter(|i| *i < path.nodes.len()),
            selected: lens.selected.and_then(|i| ring(&path, i)),
            accent: ACCENT,
            geometry: lens.geometry,
            mode: lens.camera,
            camera,
            path,
        }
    }

    fn path(&mut self, film: &Film, lens: &Lens) -> Arc<PathGeometry> {
        let key = Key::of(film, lens);
        if let Some((known, path)) = &self.known
            && *known == key
        {
            return Arc::clone(path);
        }
        let path = Arc::new(PathGeometry::of(film, lens.geometry, lens.color_by));
        self.known = Some((key, Arc::clone(&path)));
        path
    }
}

fn agent(path: &PathGeometry, position: f64, reduced_motion: bool) -> Agent {
    let at = crate::vector::narrow(path.at(position).unwrap_or_default());
    let mut trail = Vec::new();
    if !reduced_motion {
        let start = (position - TRAIL).max(0.0);
        trail.extend(path.at(start).map(crate::vector::narrow));
        let passed = (start.floor() as usize + 1)..(position.ceil() as usize);
        trail.extend(path.nodes.get(passed).unwrap_or_default().iter().map(|node| node.at));
        if position > start {
            trail.push(at);
        }
    }
    Agent { at, radius: AGENT, color: ACCENT, trail }
}

fn ring(path: &PathGeometry, index: usize) -> Option<Ring> {
    let node = path.nodes.get(index)?;
    Some(Ring { at: node.at, radius: 3.5 * node.radius, color: ACCENT })
}
