//! The toolbar over the stage: shape of the path, camera, strength of effects.

use gauntlet_scene::{CameraMode, Geometry, Orbit};
use leptos::ev::{keydown, pointerdown};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::capture::Capture;
use super::keyboard::KEYS;
use super::orbit::OrbitControls;
use super::panels::Panels;
use super::render_loop_handle::RenderLoopHandle;
use super::session::Session;
use crate::ui::{Erase, Icon, Shape, number};

/// The cameras that travel with the agent: label, mode, hint.
const CAMERAS: [(&str, CameraMode, &str); 3] = [
    ("Follow", CameraMode::Follow, "Travel beside the agent"),
    ("First person", CameraMode::FirstPerson, "Look from the agent to the next step"),
    ("Bird's eye", CameraMode::BirdsEye, "Look down on the agent"),
];

/// The toolbar.
#[component]
pub(super) fn Toolbar(session: Session, controls: OrbitControls) -> impl IntoView {
    let is_automatic = session.view.is_automatic;
    Effect::new(move || session.read_shape());
    view! {
        <div class="tools">
            <div class="tool-group" role="group" aria-label="Path">
                <GeometryButton session words="Linear" geometry=Geometry::Linear key="1" />
                <GeometryButton session words="Wormhole" geometry=Geometry::Wormhole key="2" />
                <GeometryButton session words="Sphere" geometry=Geometry::Sphere key="3" />
                <button
                    class="tool" class:is-on=is_automatic aria-pressed=move || is_automatic.get().to_string()
                    on:click=move |_| session.choose_geometry(None)
                    title="The shape that fits each run when it is opened: wormhole below 40 % of steps \
                    without a failure, sphere above 80 %, linear between"
                >
                    "Auto"
                </button>
            </div>
            <div class="tool-group" role="group" aria-label="Camera">
                <CameraButton session words="Orbit" camera=CameraMode::Orbit(Orbit::default())
                    title="Turn by dragging, zoom by scrolling, move with shift" />
                {CAMERAS.into_iter().map(|(words, camera, title)| {
                    view! { <CameraButton session words camera title /> }
                }).collect_view()}
            </div>
            <div class="tool-group">
                <FitButton controls />
                <EffectsMenu session handle=controls.render_loop() />
            </div>
        </div>
    }
    .erase()
}

/// Chooses the shape of the path.
#[component]
fn GeometryButton(
    session: Session,
    words: &'static str,
    geometry: Geometry,
    key: &'static str,
) -> impl IntoView {
    let chosen = session.view.geometry;
    let is_on = move || chosen.get() == geometry;
    view! {
        <button
            class="tool" class:is-on=is_on aria-pressed=move || is_on().to_string()
            title=format!("{words} path ({key})")
            on:click=move |_| session.choose_geometry(Some(geometry))
        >
            {words}
        </button>
    }
}

/// Chooses the camera.
#[component]
fn CameraButton(
    session: Session,
    words: &'static str,
    camera: CameraMode,
    title: &'static str,
) -> impl IntoView {
    let chosen = session.view.camera;
    let is_on = move || chosen.get().as_str() == camera.as_str();
    view! {
        <button class="tool" class:is-on=is_on aria-pressed=move || is_on().to_string() title=title
            on:click=move |_| chosen.set(camera)>{words}</button>
    }
}

/// Shows the whole run, or makes the camera turn around the agent again.
#[component]
fn FitButton(controls: OrbitControls) -> impl IntoView {
    let fit = move |_| if controls.is_off_centre() { controls.follow_agent() } else { controls.show_all() };
    move || {
        let (words, shape) = match controls.is_off_centre() {
            true => ("Turn around the agent again", Shape::Centre),
            false => ("Show the whole run", Shape::Overview),
        };
        view! {
            <button class="tool is-icon" title=words aria-label=words on:click=fit><Icon shape /></button>
        }
    }
}

/// The menu with the strength of effects and the list of keys.
#[component]
fn EffectsMenu(session: Session, handle: RenderLoopHandle) -> impl IntoView {
    let intensity = session.view.intensity;
    let menu = NodeRef::<html::Details>::new();
    close_from_outside(menu);
    let panels = use_context::<Panels>();
    Effect::new(move || {
        let shows_keys = panels.is_some_and(|panels| panels.shows_keys.get());
        if let Some(menu) = menu.get().filter(|menu| menu.open() != shows_keys) {
            menu.set_open(shows_keys);
        }
    });
    let toggled = move |_| {
        if let (Some(panels), Some(menu)) = (panels, menu.get_untracked()) {
            panels.shows_keys.set(menu.open());
        }
    };
    let set_intensity = move |e| {
        if let Some(percent) = number(&event_target_value(&e)) {
            intensity.set((percent / 100.0).clamp(0.0, 1.0));
        }
    };
    view! {
        <details class="menu" node_ref=menu on:toggle=toggled>
            <summary class="tool" title="How strongly failures glow, and the keys (?)">"Effects"</summary>
            <div class="menu-sheet">
                <label class="slider">
                    <span>"Glow of effects"</span>
                    <output>{move || format!("{:.0} %", intensity.get() * 100.0)}</output>
                    <input type="range" min="0" max="100" step="1" on:input=set_intensity
                        style=move || format!("--share:{:.0}%", intensity.get() * 100.0)
                        prop:value=move || (intensity.get() * 100.0).to_string() value="50" />
                </label>
                <p>"Changes how brightly failures are lit, nothing else."</p>
                <button class="tool" on:click=move |_| {
                    if let Some(menu) = menu.get_untracked() {
                        menu.set_open(false);
                    }
                    if let Some(panels) = panels {
                        panels.edits_effects.set(true);
                    }
                }>"Edit effects"</button>
                <Capture session handle />
                <h3>"Keys"</h3>
                {keys(session, panels)}
            </div>
        </details>
    }
    .erase()
}

/// What is chosen about keys and playback, and the list of keys.
fn keys(session: Session, panels: Option<Panels>) -> impl IntoView {
    let has_no_letters = move || panels.is_some_and(|panels| panels.has_no_letters.get());
    let set_letters = move |e| {
        if let Some(panels) = panels {
            panels.has_no_letters.set(event_target_checked(&e));
        }
    };
    view! {
        <label class="keys-off">
            <input type="checkbox" prop:checked=move || session.waits_at_failures.get()
                on:change=move |e| session.waits_at_failures.set(event_target_checked(&e)) />
            "Playback waits at each failure"
        </label>
        <label class="keys-off">
            <input type="checkbox" prop:checked=has_no_letters on:change=set_letters />
            "Ignore keys of one letter or sign"
        </label>
        <dl class="keys">
            {KEYS.into_iter()
                .map(|(key, what)| view! { <dt><kbd>{key}</kbd></dt><dd>{what}</dd> })
                .collect_view()}
        </dl>
    }
}

/// Closes a menu on a press outside of it, and on Escape.
pub(super) fn close_from_outside(menu: NodeRef<html::Details>) {
    Effect::new(move || {
        let close = move || {
            if let Some(menu) = menu.get_untracked() {
                menu.set_open(false);
            }
        };
        let pressed = window_event_listener(pointerdown, move |e| {
            let target = e.target().and_then(|t| t.dyn_into::<web_sys::Node>().ok());
            if !menu.get_untracked().is_some_and(|menu| menu.contains(target.as_ref())) {
                close();
            }
        });
        let escaped = window_event_listener(keydown, move |e| {
            if e.key() == "Escape" {
                close();
            }
        });
        on_cleanup(move || [pressed, escaped].into_iter().for_each(|listener| listener.remove()));
    });
}
