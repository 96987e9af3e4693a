//! Turning, zooming and moving the camera by pointer, wheel and keyboard; a click picks a node.

use std::f32::consts::FRAC_PI_2;

use gauntlet_scene::{Camera, CameraMode, Geometry, Orbit};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::session::Session;
use super::stage::Picture;

/// Radians a pixel of drag; zoom a wheel unit; what one key press turns.
const TURN: f32 = 0.005;
const WHEEL: f32 = 0.0014;
const KEY_TURN: f32 = 0.09;
/// A press that moved less than this is a click, CSS pixels.
const CLICK_PX: f64 = 5.0;
/// A click this near a node picks it, CSS pixels.
const REACH_PX: f32 = 18.0;

/// Fingers, pens and buttons that are down.
#[derive(Debug, Clone, Default)]
struct Held {
    pointers: Vec<(i32, f64, f64)>,
    travelled: f64,
}

/// The camera as the viewer holds it.
#[derive(Clone, Copy)]
pub(super) struct Turning {
    session: Session,
    picture: Picture,
    held: StoredValue<Held>,
    is_held: RwSignal<bool>,
}

impl Turning {
    /// Nothing held.
    pub(super) fn new(session: Session, picture: Picture) -> Self {
        Self { session, picture, held: StoredValue::new(Held::default()), is_held: RwSignal::new(false) }
    }

    /// Whether the viewer is turning the camera now.
    pub(super) fn is_turning(self) -> bool {
        self.is_held.get()
    }

    /// Lets the agent be what the camera turns around again.
    pub(super) fn centre(self) {
        self.session.view.orbit.update(|o| o.target = None);
    }

    /// Shows as much of the run as one picture can.
    pub(super) fn whole(self) {
        let view = self.session.view;
        let aspect = self.picture.ask(|p| Some(p.aspect())).unwrap_or(1.0);
        let position = self.session.motion.with_untracked(|m| m.position);
        let geometry = view.geometry.get_untracked();
        let orbit = self.session.film(|film| Orbit::overview(film, geometry, position, aspect));
        view.orbit.set(orbit);
        view.camera.set(CameraMode::Orbit(orbit));
    }

    /// Whether the camera turns around a place of its own.
    pub(super) fn is_off_centre(self) -> bool {
        let view = self.session.view;
        matches!(view.camera.get(), CameraMode::Orbit(_)) && view.orbit.with(|o| o.target.is_some())
    }

    /// Changes the orbit. From any other camera it starts where that one stands.
    fn change(self, change: impl FnOnce(&mut Orbit, Option<(Camera, [f32; 3])>)) {
        let view = self.session.view;
        let seen = self.picture.ask(|p| p.scene.as_ref().map(|s| (s.camera, s.agent.at)));
        let mut orbit = view.orbit.get_untracked();
        if !matches!(view.camera.get_untracked(), CameraMode::Orbit(_)) {
            if let Some((camera, agent)) = seen {
                orbit = orbit_from(&camera, agent, view.geometry.get_untracked());
            }
            view.camera.set(CameraMode::Orbit(orbit));
        }
        change(&mut orbit, seen);
        view.orbit.set(orbit.checked());
    }

    fn turn(self, dx: f64, dy: f64) {
        self.change(|o, _| {
            o.yaw -= dx as f32 * TURN;
            o.pitch += dy as f32 * TURN;
        });
    }

    fn zoom(self, factor: f32) {
        self.change(|o, _| o.distance *= factor);
    }

    /// Moves what the camera turns around by a drag in a stage `height` CSS pixels high.
    fn pan(self, dx: f64, dy: f64, height: f64) {
        self.change(|orbit, seen| {
            let Some((camera, _)) = seen else { return };
            let unit = 2.0 * orbit.distance * (camera.fov_y_radians / 2.0).tan() / height.max(1.0) as f32;
            let (right, up) = sides(&camera);
            let target = orbit.target.unwrap_or(camera.target);
            orbit.target =
                Some(std::array::from_fn(|i| target[i] + (up[i] * dy as f32 - right[i] * dx as f32) * unit));
        });
    }

    /// A finger or button went down.
    pub(super) fn down(self, event: &web_sys::PointerEvent) {
        if let Some(element) = element(event) {
            // Fails for a pointer that is already up again; then there is nothing to hold.
            let _ = element.set_pointer_capture(event.pointer_id());
        }
        self.held.update_value(|h| {
            if h.pointers.is_empty() {
                h.travelled = 0.0;
            }
            h.pointers.push((event.pointer_id(), f64::from(event.client_x()), f64::from(event.client_y())));
        });
        self.is_held.set(true);
    }

    /// It moved: one turns, one with shift or the middle button pans, two pinch and pan.
    pub(super) fn moved(self, event: &web_sys::PointerEvent) {
        let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
        let before = self.held.with_value(|h| h.pointers.clone());
        let Some(at) = before.iter().position(|p| p.0 == event.pointer_id()) else { return };
        let (dx, dy) = (x - before[at].1, y - before[at].2);
        let travelled = self.held.try_update_value(|h| {
            h.pointers[at] = (event.pointer_id(), x, y);
            h.travelled += dx.hypot(dy);
            h.travelled
        });
        if travelled.is_none_or(|t| t < CLICK_PX) {
            return;
        }
        let height = element(event).map_or(1.0, |e| f64::from(e.client_height()));
        match before.as_slice() {
            [_] if event.shift_key() || event.buttons() & 6 != 0 => self.pan(dx, dy, height),
            [_] => self.turn(dx, dy),
            [a, b, ..] => {
                let other = if at == 0 { b } else { a };
                let apart = |px: f64, py: f64| (px - other.1).hypot(py - other.2).max(1.0);
                self.zoom((apart(before[at].1, before[at].2) / apart(x, y)) as f32);
                self.pan(dx / 2.0, dy / 2.0, height);
            }
            [] => {}
        }
    }

    /// It went up: without having moved, that is a click.
    pub(super) fn up(self, event: &web_sys::PointerEvent) {
        let is_click = self.held.with_value(|h| h.pointers.len() == 1 && h.travelled < CLICK_PX);
        self.cancel(event);
        if is_click && event.button() == 0 {
            self.pick(event);
        }
    }

    /// It is gone.
    pub(super) fn cancel(self, event: &web_sys::PointerEvent) {
        self.held.update_value(|h| h.pointers.retain(|p| p.0 != event.pointer_id()));
        self.is_held.set(self.held.with_value(|h| !h.pointers.is_empty()));
    }

    fn pick(self, event: &web_sys::PointerEvent) {
        let Some(bounds) = element(event).map(|e| e.get_bounding_client_rect()) else { return };
        let (width, height) = (bounds.width().max(1.0), bounds.height().max(1.0));
        let x = (f64::from(event.client_x()) - bounds.left()) / width * 2.0 - 1.0;
        let y = 1.0 - (f64::from(event.client_y()) - bounds.top()) / height * 2.0;
        let reach = REACH_PX * 2.0 / height as f32;
        let found = self.picture.ask(|p| p.scene.as_ref()?.pick([x as f32, y as f32], p.aspect(), reach));
        if let Some(index) = found {
            self.session.select(index);
        }
    }

    /// Zooms.
    pub(super) fn wheel(self, event: &web_sys::WheelEvent) {
        event.prevent_default();
        // Lines and pages instead of pixels, as some mice and browsers count.
        let unit = [1.0, 16.0, 400.0][event.delta_mode().min(2) as usize];
        let pinch = if event.ctrl_key() { 6.0 } else { 1.0 };
        let way = (event.delta_y() * unit * pinch).clamp(-600.0, 600.0) as f32;
        self.zoom((way * WHEEL).exp());
    }

    /// Turns with W A S D, zooms with + and -, shows the whole run with F, comes back to the agent with 0.
    pub(super) fn key(self, event: &web_sys::KeyboardEvent) {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let turn = |yaw: f32, pitch: f32| {
            self.change(|o, _| {
                o.yaw += yaw;
                o.pitch += pitch;
            });
        };
        match event.key().as_str() {
            "a" => turn(-KEY_TURN, 0.0),
            "d" => turn(KEY_TURN, 0.0),
            "w" => turn(0.0, KEY_TURN),
            "s" => turn(0.0, -KEY_TURN),
            "+" | "=" => self.zoom(0.85),
            "-" => self.zoom(1.0 / 0.85),
            "f" => self.whole(),
            "0" => self.session.view.orbit.set(Orbit::default()),
            _ => return,
        }
        event.prevent_default();
    }
}

/// The element that listens.
fn element(event: &web_sys::PointerEvent) -> Option<web_sys::Element> {
    event.current_target().or_else(|| event.target())?.dyn_into().ok()
}

/// The orbit around `agent` that stands where `camera` stands. Its yaw counts from the path's heading: +x along a
/// road or a sphere, +z in the tube.
fn orbit_from(camera: &Camera, agent: [f32; 3], geometry: Geometry) -> Orbit {
    let heading = if geometry == Geometry::Wormhole { FRAC_PI_2 } else { 0.0 };
    let [x, y, z]: [f32; 3] = std::array::from_fn(|i| camera.eye[i] - agent[i]);
    let distance = (x * x + y * y + z * z).sqrt().max(1e-3);
    Orbit { yaw: x.atan2(z) + heading, pitch: (y / distance).clamp(-1.0, 1.0).asin(), distance, target: None }
        .checked()
}

/// The camera's right and up, unit length.
fn sides(camera: &Camera) -> ([f32; 3], [f32; 3]) {
    let forward = unit(std::array::from_fn(|i| camera.target[i] - camera.eye[i]));
    let right = unit(cross(forward, camera.up));
    (right, cross(right, forward))
}

fn cross(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn unit(v: [f32; 3]) -> [f32; 3] {
    let length = v.iter().map(|c| c * c).sum::<f32>().sqrt().max(1e-6);
    v.map(|c| c / length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_orbit_starts_where_the_camera_was() {
        let camera = Camera {
            eye: [0.0, 10.0, 10.0],
            target: [0.0; 3],
            up: [0.0, 1.0, 0.0],
            fov_y_radians: 0.8,
            near: 0.1,
            far: 9.0,
        };
        let orbit = orbit_from(&camera, [0.0; 3], Geometry::Linear);
        assert!((orbit.pitch - std::f32::consts::FRAC_PI_4).abs() < 1e-5 && orbit.yaw.abs() < 1e-5);
        assert!((orbit.distance - 200.0_f32.sqrt()).abs() < 1e-3);
        let (right, up) = sides(&camera);
        assert!((right[0] - 1.0).abs() < 1e-5 && up[1] > 0.7);
    }
}
