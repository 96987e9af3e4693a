//! The camera by pointer, wheel and keyboard; a click picks a node.

use std::f32::consts::FRAC_PI_2;

use gauntlet_film::Film;
use gauntlet_scene::vector::{V3, add, cross, length, narrow, scale, sub, unit, wide};
use gauntlet_scene::{Camera, CameraMode, Geometry, Orbit};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::render_loop_handle::RenderLoopHandle;
use super::session::Session;

/// Turn per CSS pixel of drag, radians.
const TURN: f32 = 0.005;
/// Natural logarithm of the zoom factor per unit of the wheel.
const WHEEL: f32 = 0.0014;
/// Turn per key press, radians.
const KEY_TURN: f32 = 0.09;
/// A press that moves less than this is a click, CSS pixels.
const CLICK_PX: f64 = 5.0;
/// The greatest distance from a node at which a click picks it, CSS pixels.
const REACH_PX: f32 = 18.0;

/// Pointers that are down: fingers, pens, mouse buttons.
#[derive(Debug, Clone, Default)]
struct Held {
    pointers: Vec<(i32, f64, f64)>,
    travelled_px: f64,
}

/// Turns, zooms and pans the camera by pointer, wheel and key.
#[derive(Clone, Copy)]
pub(super) struct OrbitControls {
    session: Session,
    handle: RenderLoopHandle,
    held: StoredValue<Held>,
    is_held: RwSignal<bool>,
}

impl OrbitControls {
    /// Controls without a pointer down.
    pub(super) fn new(session: Session, handle: RenderLoopHandle) -> Self {
        Self { session, handle, held: StoredValue::new(Held::default()), is_held: RwSignal::new(false) }
    }

    /// The loop that draws what the controls turn.
    pub(super) fn render_loop(self) -> RenderLoopHandle {
        self.handle
    }

    /// Whether a pointer is down.
    pub(super) fn is_turning(self) -> bool {
        self.is_held.get()
    }

    /// Makes the camera turn around the agent again.
    pub(super) fn follow_agent(self) {
        self.session.view.orbit.update(|o| o.target = None);
    }

    /// Shows the whole run.
    pub(super) fn show_all(self) {
        let view = self.session.view;
        let Some(orbit) = self.handle.read(|p| Some(p.overview())) else { return };
        view.orbit.set(orbit);
        view.overview.set(Some(orbit));
        view.camera.set(CameraMode::Orbit(orbit));
    }

    /// Whether the camera turns around another point than the agent.
    pub(super) fn is_off_centre(self) -> bool {
        let view = self.session.view;
        matches!(view.camera.get(), CameraMode::Orbit(_)) && view.orbit.with(|o| o.target.is_some())
    }

    /// Changes the orbit. From any other camera, the orbit starts at that camera's position.
    fn change(self, change: impl FnOnce(&mut Orbit, Option<(Camera, [f32; 3])>)) {
        let view = self.session.view;
        let seen = self.handle.read(|p| p.scene.as_ref().map(|s| (s.camera, s.agent.at)));
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
        let farthest = Orbit::farthest(self.session.film(Film::len));
        self.change(|o, _| o.distance = (o.distance * factor).min(farthest));
    }

    /// Moves the target of the orbit by a drag on a stage that is `height` CSS pixels high.
    fn pan(self, dx: f64, dy: f64, height: f64) {
        let geometry = self.session.view.geometry.get_untracked();
        self.change(|orbit, seen| {
            let Some((camera, _)) = seen else { return };
            // World units of a CSS pixel at the target's distance.
            let distance = f64::from(orbit.distance.min(Orbit::FARTHEST));
            let unit = 2.0 * distance * camera.half_height() / height.max(1.0);
            let (right, up) = sides(&camera);
            let drag = add(scale(up, dy * unit), scale(right, -dx * unit));
            let usual = |point| orbit.unshortened(point, geometry);
            let target = orbit.target.unwrap_or_else(|| usual(camera.target));
            orbit.target = Some(narrow(add(wide(target), wide(usual(narrow(drag))))));
        });
    }

    /// A pointer went down.
    pub(super) fn on_down(self, event: &web_sys::PointerEvent) {
        if let Some(element) = element(event) {
            // Fails for a pointer that is already up again; then there is nothing to hold.
            let _ = element.set_pointer_capture(event.pointer_id());
        }
        self.held.update_value(|h| {
            if h.pointers.is_empty() {
                h.travelled_px = 0.0;
            }
            h.pointers.push((event.pointer_id(), f64::from(event.client_x()), f64::from(event.client_y())));
        });
        self.is_held.set(true);
    }

    /// A pointer moved. One turns; one with shift or the middle button pans; two zoom and pan.
    pub(super) fn on_move(self, event: &web_sys::PointerEvent) {
        let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
        let before = self.held.with_value(|h| h.pointers.clone());
        let Some(at) = before.iter().position(|p| p.0 == event.pointer_id()) else { return };
        let (dx, dy) = (x - before[at].1, y - before[at].2);
        let travelled_px = self.held.try_update_value(|h| {
            h.pointers[at] = (event.pointer_id(), x, y);
            h.travelled_px += dx.hypot(dy);
            h.travelled_px
        });
        if travelled_px.is_none_or(|t| t < CLICK_PX) {
            return;
        }
        let height = element(event).map_or(1.0, |e| f64::from(e.client_height()));
        match before.as_slice() {
            [_] if event.shift_key() || event.buttons() & 6 != 0 => self.pan(dx, dy, height),
            [_] => self.turn(dx, dy),
            [a, b, ..] => {
                let other = if at == 0 { b } else { a };
                let distance = |px: f64, py: f64| (px - other.1).hypot(py - other.2).max(1.0);
                self.zoom((distance(before[at].1, before[at].2) / distance(x, y)) as f32);
                self.pan(dx / 2.0, dy / 2.0, height);
            }
            [] => {}
        }
    }

    /// A pointer went up; without having moved, that is a click.
    pub(super) fn on_up(self, event: &web_sys::PointerEvent) {
        let is_click = self.held.with_value(|h| h.pointers.len() == 1 && h.travelled_px < CLICK_PX);
        self.on_cancel(event);
        if is_click && event.button() == 0 {
            self.pick(event);
        }
    }

    /// A pointer is gone.
    pub(super) fn on_cancel(self, event: &web_sys::PointerEvent) {
        self.held.update_value(|h| h.pointers.retain(|p| p.0 != event.pointer_id()));
        self.is_held.set(self.held.with_value(|h| !h.pointers.is_empty()));
    }

    fn pick(self, event: &web_sys::PointerEvent) {
        let Some(bounds) = element(event).map(|e| e.get_bounding_client_rect()) else { return };
        let (width, height) = (bounds.width().max(1.0), bounds.height().max(1.0));
        let x = (f64::from(event.client_x()) - bounds.left()) / width * 2.0 - 1.0;
        let y = 1.0 - (f64::from(event.client_y()) - bounds.top()) / height * 2.0;
        let reach = REACH_PX * 2.0 / height as f32;
        let found = self.handle.read(|p| p.scene.as_ref()?.pick([x as f32, y as f32], p.aspect(), reach));
        if let Some(index) = found {
            self.session.select(index);
        }
    }

    /// The wheel zooms.
    pub(super) fn on_wheel(self, event: &web_sys::WheelEvent) {
        event.prevent_default();
        // Lines and pages instead of pixels, as some mice and browsers count.
        let unit = [1.0, 16.0, 400.0][event.delta_mode().min(2) as usize];
        let pinch = if event.ctrl_key() { 6.0 } else { 1.0 };
        let way = (event.delta_y() * unit * pinch).clamp(-600.0, 600.0) as f32;
        self.zoom((way * WHEEL).exp());
    }

    /// W A S D turn, + and - zoom, F shows the run, 0 resets the orbit.
    pub(super) fn on_key(self, event: &web_sys::KeyboardEvent) {
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
            "f" => self.show_all(),
            "0" => self.session.view.orbit.set(Orbit::default()),
            _ => return,
        }
        event.prevent_default();
    }
}

/// The element with the listener.
fn element(event: &web_sys::PointerEvent) -> Option<web_sys::Element> {
    event.current_target().or_else(|| event.target())?.dyn_into().ok()
}

/// The orbit around `agent` whose eye is that of `camera`. Its yaw counts from the path's heading: +x along a
/// road or a sphere, +z in the tube.
fn orbit_from(camera: &Camera, agent: [f32; 3], geometry: Geometry) -> Orbit {
    let heading = if geometry == Geometry::Wormhole { FRAC_PI_2 } else { 0.0 };
    let offset = sub(wide(camera.eye), wide(agent));
    let distance = length(offset).max(1e-3);
    let yaw = offset[0].atan2(offset[2]) as f32 + heading;
    let pitch = (offset[1] / distance).clamp(-1.0, 1.0).asin() as f32;
    Orbit { yaw, pitch, distance: distance as f32, target: None }.checked()
}

/// The camera's right and up, unit length.
fn sides(camera: &Camera) -> (V3, V3) {
    let forward = unit(sub(wide(camera.target), wide(camera.eye)), [0.0, 0.0, -1.0]);
    let right = unit(cross(forward, wide(camera.up)), [1.0, 0.0, 0.0]);
    (right, cross(right, forward))
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
