//! Pictures and clips of the stage as files, made by the browser from the canvas.

use js_sys::{Array, Function, Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::HtmlElement;

use super::render_loop_handle::RenderLoopHandle;
use super::session::Session;
use crate::ui::Erase;

/// Frames a second of a clip.
const FRAMES_PER_SEC: f64 = 30.0;
/// The format of a clip.
const CLIP_TYPE: &str = "video/webm";

/// A button for a picture, and one that begins and ends a clip.
#[component]
pub(super) fn Capture(session: Session, handle: RenderLoopHandle) -> impl IntoView {
    // Empty on the server, where a value of one thread must not be dropped by another.
    let recorder = RwSignal::new(None::<StoredValue<JsValue, LocalStorage>>);
    let is_recording = RwSignal::new(false);
    let problem = RwSignal::new(None::<&'static str>);
    let picture = move |_| {
        let address = handle.redraw().and_then(|canvas| canvas.to_data_url().ok());
        problem.set(address.is_none().then_some("There is no picture yet."));
        if let Some(address) = address {
            save(&address, &file_name(session, "png"));
        }
    };
    let clip = move |_| {
        if let Some(running) = recorder.get_untracked().and_then(|running| running.try_get_value()) {
            recorder.set(None);
            is_recording.set(false);
            // Fails where it has ended by itself; what was recorded is saved then as well.
            let _ = call(&running, "stop", &[]);
            return;
        }
        let started = start_clip(session, handle);
        problem.set(started.is_none().then_some("This browser records no clips of the stage."));
        is_recording.set(started.is_some());
        recorder.set(started.map(StoredValue::new_local));
    };
    view! {
        <h3>"Save as a file"</h3>
        <div class="tool-group" role="group" aria-label="Save as a file">
            <button class="tool" on:click=picture>"Picture (PNG)"</button>
            <button
                class="tool" class:is-on=move || is_recording.get() on:click=clip
                aria-pressed=move || is_recording.get().to_string()
            >
                {move || if is_recording.get() { "End the clip" } else { "Clip (WebM)" }}
            </button>
        </div>
        {move || problem.get().map(|words| view! { <p class="trouble" role="alert">{words}</p> })}
    }
    .erase()
}

/// The file of the selected step: `run-step-12.png`.
fn file_name(session: Session, extension: &str) -> String {
    let run = session.summary(|run| run.id.to_string());
    let step = untrack(|| session.current_step()).map(|step| format!("-step-{step}")).unwrap_or_default();
    format!("{run}{step}.{extension}")
}

/// Starts recording the canvas; `None` where the browser cannot. The file is saved when the recorder stops.
///
/// The recorder is called by name: its bindings would be of no use to any other page.
fn start_clip(session: Session, handle: RenderLoopHandle) -> Option<JsValue> {
    let canvas = handle.redraw()?;
    let stream = call(&canvas, "captureStream", &[FRAMES_PER_SEC.into()])?;
    let options = Object::new();
    Reflect::set(&options, &"mimeType".into(), &CLIP_TYPE.into()).ok()?;
    let make = Reflect::get(&window(), &"MediaRecorder".into()).ok()?.dyn_into::<Function>().ok()?;
    let recorder = Reflect::construct(&make, &Array::of2(&stream, &options)).ok()?;
    let name = file_name(session, "webm");
    let recorded = Closure::once_into_js(move |event: JsValue| {
        let address = Reflect::get(&event, &"data".into()).ok().and_then(|blob| {
            let url = Reflect::get(&window(), &"URL".into()).ok()?;
            call(&url, "createObjectURL", &[blob])?.as_string()
        });
        if let Some(address) = address {
            save(&address, &name);
        }
    });
    Reflect::set(&recorder, &"ondataavailable".into(), &recorded).ok()?;
    call(&recorder, "start", &[])?;
    // A picture that does not move is a frame of the clip as well.
    handle.redraw();
    Some(recorder)
}

/// Calls a method by its name; `None` where there is none, or it throws.
fn call(object: &JsValue, method: &str, arguments: &[JsValue]) -> Option<JsValue> {
    let method = Reflect::get(object, &method.into()).ok()?.dyn_into::<Function>().ok()?;
    method.apply(object, &arguments.iter().collect::<Array>()).ok()
}

/// Saves what is at an address as a file of that name.
fn save(address: &str, name: &str) {
    let link = document().create_element("a").ok().and_then(|link| link.dyn_into::<HtmlElement>().ok());
    if let Some(link) = link {
        // Fails only for names that are not attribute names.
        let _ = link.set_attribute("href", address);
        let _ = link.set_attribute("download", name);
        link.click();
    }
}
