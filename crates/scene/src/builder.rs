//! Builds scenes. The part of the path that is in sight is cached; what moves is rebuilt for each scene.

use std::sync::Arc;

use gauntlet_film::{Digests, Film, PathId};
use gauntlet_model::{EffectKind, EffectSet};

use crate::axis::Axis;
use crate::camera::Camera;
use crate::color::ACCENT;
use crate::detail::Window;
use crate::effects::{EffectIndex, Effects};
use crate::ghost::Ghost;
use crate::height::HeightScale;
use crate::labels::LabelLayout;
use crate::lens::{Geometry, Lens};
use crate::marks::PathGeometry;
use crate::path_geometry::{FAILING, NODE};
use crate::picture::{Agent, LightFalloff, Ring, Scene};
use crate::places::Places;
use crate::stars::{Sky, stars};
use crate::warm_up::{WarmUp, lights};

/// The clock of decoration wraps around after this time, seconds, so that single precision suffices.
const CLOCK_WRAP_SECS: f64 = 3600.0;
/// Radius of the agent, world units.
const AGENT: f32 = 0.5;
/// Length of the agent's trail, nodes.
const TRAIL: f64 = 14.0;

impl Scene {
    /// The scene of a film through a lens. Rebuilds the path; for frame after frame use a
    /// [`SceneBuilder`].
    pub fn of(film: &Film, lens: &Lens) -> Scene {
        SceneBuilder::new().build(film, lens)
    }
}

/// Builds scenes of one film. The path is built again only if the film, the shape, the colouring or the part
/// in sight has changed; every scene costs about the same whatever the film's length.
#[derive(Debug, Default)]
pub struct SceneBuilder {
    known: Option<Known>,
    digests: Digests,
    index: EffectIndex,
}

/// A path, with what it was built from.
#[derive(Debug)]
struct Known {
    key: Key,
    path: Arc<PathGeometry>,
    effects: Effects,
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
    spacing: f64,
    heights: HeightScale,
    rubric: Option<PathId>,
    beside: Option<Ghost>,
    effects: Arc<EffectSet>,
    window: Window,
}

/// Sequence number, time in microseconds and bits of the reward of a film's first or last node.
type End = (u64, i64, Option<u64>);

impl Key {
    fn of(film: &Film, lens: &Lens, window: Window) -> Self {
        let end = |i: usize| film.node(i).map(|n| (n.seq, n.at.micros(), n.root.map(f64::to_bits)));
        Self {
            revision: film.revision(),
            head: film.head(),
            nodes: film.len(),
            ends: [end(0), film.len().checked_sub(1).and_then(end)],
            geometry: lens.geometry,
            spacing: lens.spacing(),
            heights: lens.heights,
            rubric: lens.rubric,
            beside: lens.beside.clone(),
            effects: Arc::clone(&lens.effects),
            window,
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
        let places = Places::of(film, lens);
        let recede = LightFalloff::of(lens);
        let position = lens.position_in(film.len());
        let camera = Camera::of(lens.camera, &places, position);
        let path = self.path(&places, lens, Window::of(&places, &camera, position, &recede));
        let axis = Axis::of(&places, &camera, position);
        let layout = LabelLayout { places, camera: &camera, aspect: lens.aspect() };
        let selected = lens.selected.filter(|i| *i < film.len());
        let named = selected.or_else(|| film.len().checked_sub(1).map(|last| (position as usize).min(last)));
        let intensity = if lens.intensity.is_nan() { 0.5 } else { lens.intensity.clamp(0.0, 1.0) };
        let moving = !lens.reduced_motion && lens.time_secs.is_finite();
        Scene {
            agent: agent(&places, position, lens.reduced_motion),
            labels: layout.labels(position, selected, axis.labels(&places, &camera, lens.aspect())),
            axis: axis.segments(),
            recede,
            nodes: film.len(),
            stars: stars(),
            sky: Sky::of(&camera),
            fog: camera.fog(lens.geometry),
            travelled: position as f32,
            time_secs: if moving { lens.time_secs.rem_euclid(CLOCK_WRAP_SECS) as f32 } else { 0.0 },
            intensity: lens.warm_up.map_or(1.0, WarmUp::share_of_path) * intensity,
            lights: lens.warm_up.map(lights).unwrap_or_default(),
            selected_index: selected,
            selected: selected.map(|i| ring(&places, i)),
            failure: named.and_then(|i| places.failure(i)),
            effect: named.and_then(|i| self.effect(film, i)),
            accent: ACCENT,
            geometry: lens.geometry,
            mode: lens.camera,
            camera,
            path,
        }
    }

    fn path(&mut self, places: &Places<'_>, lens: &Lens, window: Window) -> Arc<PathGeometry> {
        let key = Key::of(places.film, lens, window);
        if let Some(known) = self.known.as_ref().filter(|known| known.key == key) {
            return Arc::clone(&known.path);
        }
        let effects = Effects::of(places.film, &lens.effects, places.chosen);
        let caches = (&effects, &mut self.digests, &mut self.index);
        let path = Arc::new(PathGeometry::of(places, &window, lens, caches));
        self.known = Some(Known { key, path: Arc::clone(&path), effects });
        path
    }

    /// The shape at a node, by the effects of the path that was built last.
    fn effect(&self, film: &Film, node: usize) -> Option<EffectKind> {
        let effects = &self.known.as_ref()?.effects;
        effects.look(effects.place(film, node)?).map(|(kind, _)| kind)
    }
}

fn agent(path: &Places<'_>, position: f64, reduced_motion: bool) -> Agent {
    let at = crate::vector::narrow(path.at(position).unwrap_or_default());
    let mut trail = Vec::new();
    if !reduced_motion {
        let start = (position - TRAIL).max(0.0);
        trail.extend(path.at(start).map(crate::vector::narrow));
        let passed = (start.floor() as usize + 1)..(position.ceil() as usize);
        trail.extend(passed.map(|i| path.mark(i)));
        if position > start {
            trail.push(at);
        }
    }
    Agent { at, radius: AGENT, color: ACCENT, trail }
}

fn ring(path: &Places<'_>, index: usize) -> Ring {
    let radius = if path.failure(index).is_some() { FAILING } else { NODE };
    Ring { at: path.mark(index), radius: 3.5 * radius, color: ACCENT }
}
