//! Browser features behind small functions. Nothing here runs on the server.

use gauntlet_model::Timestamp;
use leptos::ev::keydown;
use leptos::html;
use leptos::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

/// Milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> f64 {
    js_sys::Date::now()
}

/// An instant to the second in the viewer's zone, with the zone's difference to UTC:
/// `2026-11-21 01:06:33 +01:00`.
pub(crate) fn local_time(at: Timestamp) -> String {
    let date = js_sys::Date::new(&(at.micros() as f64 / 1000.0).into());
    let minutes = -date.get_timezone_offset();
    let sign = if minutes < 0.0 { '-' } else { '+' };
    let (hours, minutes) = ((minutes.abs() / 60.0).floor(), minutes.abs() % 60.0);
    let (month, day) = (date.get_month() + 1, date.get_date());
    let time = format!("{:02}:{:02}:{:02}", date.get_hours(), date.get_minutes(), date.get_seconds());
    format!("{:04}-{month:02}-{day:02} {time} {sign}{hours:02.0}:{minutes:02.0}", date.get_full_year())
}

/// The time of day of an instant in the viewer's zone: `01:06:33`.
pub(crate) fn local_clock(at: Timestamp) -> String {
    local_time(at).chars().skip(11).take(8).collect()
}

/// Whether the viewer asked for no motion.
pub(crate) fn prefers_reduced_motion() -> bool {
    let query = window().match_media("(prefers-reduced-motion: reduce)");
    query.ok().flatten().is_some_and(|q| q.matches())
}

/// Device pixels per CSS pixel, at most 2: more costs fill rate and is not visible.
pub(crate) fn pixel_ratio() -> f64 {
    window().device_pixel_ratio().clamp(1.0, 2.0)
}

/// Width and height of an element's inside, CSS pixels.
pub(crate) fn element_size(element: &web_sys::Element) -> (f64, f64) {
    (f64::from(element.client_width()), f64::from(element.client_height()))
}

/// Whether an event comes from an element that takes text.
pub(crate) fn in_text_field(event: &web_sys::Event) -> bool {
    target(event).is_some_and(|t| {
        t.matches("input:not([type=range]), textarea, select, [contenteditable]").unwrap_or(false)
    })
}

/// Whether an event comes from a control with its own use of space and enter.
pub(crate) fn on_control(event: &web_sys::Event) -> bool {
    target(event).is_some_and(|t| t.matches("button, a, summary, input").unwrap_or(false))
}

fn target(event: &web_sys::Event) -> Option<web_sys::Element> {
    event.target()?.dyn_into().ok()
}

/// Focuses a search field when `/` is pressed outside of text fields, after calling `before`. Listens for as
/// long as the caller's component lives.
pub(crate) fn focus_on_slash(input: NodeRef<html::Input>, before: impl Fn() + Copy + 'static) {
    Effect::new(move || {
        let listener = window_event_listener(keydown, move |event| {
            let is_plain = !(event.ctrl_key() || event.meta_key() || event.alt_key());
            if event.key() == "/" && is_plain && !in_text_field(&event) {
                event.prevent_default();
                before();
                if let Some(input) = input.get_untracked() {
                    // An element that cannot take the focus stays without it.
                    let _ = input.focus();
                }
            }
        });
        on_cleanup(move || listener.remove());
    });
}

/// Gives the focus to the first element that a selector names, a frame later, once it is shown.
pub(crate) fn focus_on(selector: impl AsRef<str> + 'static) {
    request_animation_frame(move || {
        let found = document().query_selector(selector.as_ref()).ok().flatten();
        if let Some(element) = found.and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok()) {
            // An element that cannot take the focus stays without it.
            let _ = element.focus();
        }
    });
}

/// What this browser keeps under a name; `None` where it keeps nothing, or keeps nothing of this page.
pub(crate) fn stored(name: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(name).ok()?
}

/// Keeps a text in this browser, where that is allowed.
pub(crate) fn store(name: &str, text: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        // Refused where the storage is full.
        let _ = storage.set_item(name, text);
    }
}

/// The address of this page.
pub(crate) fn this_address() -> String {
    location().href().unwrap_or_default()
}

/// The path of this page's address.
pub(crate) fn this_path() -> String {
    location().pathname().unwrap_or_default()
}

/// Opens an address of this site as a document of its own: for pages that another bundle hydrates.
pub(crate) fn open_document(address: &str) {
    // Fails only for text that is not an address.
    let _ = location().set_href(address);
}

/// Stores a value for the next document of this tab. A browser that stores nothing loses it.
pub(crate) fn hand_over(key: &str, value: &impl Serialize) {
    if let (Ok(Some(storage)), Ok(text)) = (window().session_storage(), serde_json::to_string(value)) {
        let _ = storage.set_item(key, &text);
    }
}

/// The value that [`hand_over`] stored; it is removed with that.
pub(crate) fn handed_over<T: DeserializeOwned>(key: &str) -> Option<T> {
    let storage = window().session_storage().ok()??;
    let text = storage.get_item(key).ok()??;
    // Fails for no key.
    let _ = storage.remove_item(key);
    serde_json::from_str(&text).ok()
}

/// A query parameter of this page's address.
pub(crate) fn query_parameter(name: &str) -> Option<String> {
    web_sys::UrlSearchParams::new_with_str(&location().search().ok()?).ok()?.get(name)
}

/// Sets or removes query parameters of this page's address in place: no navigation, no history entry.
pub(crate) fn replace_query(parameters: &[(&str, Option<String>)]) {
    let Ok(url) = web_sys::Url::new(&this_address()) else { return };
    let query = url.search_params();
    for (name, value) in parameters {
        match value {
            Some(value) => query.set(name, value),
            None => query.delete(name),
        }
    }
    let address = url.href();
    if address == this_address() {
        return;
    }
    let Ok(history) = window().history() else { return };
    let state = history.state().unwrap_or(JsValue::NULL);
    // A browser that limits how often this may happen answers with an error; the next change catches up.
    let _ = history.replace_state_with_url(&state, "", Some(&address));
}

/// Observes the size of an element until it is dropped.
pub(crate) struct Resized {
    observer: web_sys::ResizeObserver,
    _callback: Closure<dyn FnMut()>,
}

impl Resized {
    /// Calls `then` now and whenever the element's size changes. `None` where the browser has no
    /// `ResizeObserver`.
    pub(crate) fn watch(element: &web_sys::Element, mut then: impl FnMut() + 'static) -> Option<Self> {
        then();
        let callback = Closure::<dyn FnMut()>::new(then);
        let observer = web_sys::ResizeObserver::new(callback.as_ref().unchecked_ref()).ok()?;
        observer.observe(element);
        Some(Self { observer, _callback: callback })
    }
}

impl Drop for Resized {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
