//! The tools over the stage: the path's shape, the camera, how strongly effects glow.

use gauntlet_film::Film;
use gauntlet_scene::{CameraMode, Geometry, Orbit};
use leptos::ev::{keydown, pointerdown};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::keyboard::KEYS;
use super::orbit::Turning;
use super::session::Session;
use crate::ui::{Erase, Icon, Shape};

const CAMERAS: [(&str, CameraMode, &str); 3] = [
    ("Follow", CameraMode::Follow, "Travel beside the agent"),
    ("First person", CameraMode::FirstPerson, "Look from the agent to the next step"),
    ("Bird's eye", CameraMode::BirdsEye, "Look down on the agent"),
];

/// The toolbar.
#[component]
pub(super) fn Toolbar(session: Session, turning: Turning) -> impl IntoView {
    let view = session.view;
    let geometry = move |words: &'static str, of: Geometry, key: &'static str| {
        let is_on = move || view.geometry.get() == of;
        view! {
            <button class="tool" class:is-on=is_on aria-pressed=move || is_on().to_string() title=format!("{words} path ({key})")
                on:click=move |_| view.geometry.set(of)>{words}</button>
        }
    };
    let camera = move |words: &'static str, of: CameraMode, title: &'static str| {
        let is_on = move || view.camera.get().as_str() == of.as_str();
        view! {
            <button class="tool" class:is-on=is_on aria-pressed=move || is_on().to_string() title=title
                on:click=move |_| view.camera.set(of)>{words}</button>
        }
    };
    let suggest = move |_| view.geometry.set(Geometry::automatic(session.film(Film::safety)).0);
    let glow = move |e| {
        if let Ok(value) = event_target_value(&e).parse::<f64>() {
            view.intensity.set((value / 100.0).clamp(0.0, 1.0));
        }
    };
    let aim = move |_| if turning.is_off_centre() { turning.centre() } else { turning.whole() };
    let menu = NodeRef::<html::Details>::new();
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
        on_cleanup(move || [pressed, escaped].into_iter().for_each(|heard| heard.remove()));
    });
    view! {
        <div class="tools">
            <div class="tool-group" role="group" aria-label="Path">
                {geometry("Linear", Geometry::Linear, "1")}
                {geometry("Wormhole", Geometry::Wormhole, "2")}
                {geometry("Sphere", Geometry::Sphere, "3")}
                <button class="tool" on:click=suggest
                    title="The shape that fits this run: wormhole below 40 % of steps without a failure, sphere above 80 %, linear between">
                    "Auto"
                </button>
            </div>
            <div class="tool-group" role="group" aria-label="Camera">
                {camera("Orbit", CameraMode::Orbit(Orbit::default()), "Turn by dragging, zoom by scrolling, move with shift")}
                {CAMERAS.into_iter().map(|(words, of, title)| camera(words, of, title)).collect_view()}
            </div>
            <div class="tool-group">
                {move || {
                    let (words, shape) = match turning.is_off_centre() {
                        true => ("Turn around the agent again", Shape::Centre),
                        false => ("Show the whole run", Shape::Whole),
                    };
                    view! { <button class="tool is-icon" title=words aria-label=words on:click=aim><Icon shape /></button> }
                }}
                <details class="menu" node_ref=menu>
                    <summary class="tool" title="How strongly failures glow">"Effects"</summary>
                    <div class="menu-sheet">
                        <label class="slider">
                            <span>"Glow of effects"</span>
                            <output>{move || format!("{:.0} %", view.intensity.get() * 100.0)}</output>
                            <input type="range" min="0" max="100" step="1" on:input=glow
                                style=move || format!("--share:{:.0}%", view.intensity.get() * 100.0)
                                prop:value=move || (view.intensity.get() * 100.0).to_string() value="50" />
                        </label>
                        <p>"Changes how brightly failures are lit, nothing else."</p>
                        <h3>"Keys"</h3>
                        <dl class="keys">
                            {KEYS.into_iter().map(|(key, what)| view! { <dt><kbd>{key}</kbd></dt><dd>{what}</dd> }).collect_view()}
                        </dl>
                    </div>
                </details>
            </div>
        </div>
    }
    .erase()
}
