//! The keys of the page. Text fields keep all keys; controls keep space and enter.

use gauntlet_film::Film;
use gauntlet_scene::Geometry;
use leptos::ev::keydown;
use leptos::prelude::*;

use super::motion::next_speed;
use super::panels::Panels;
use super::session::Session;
use crate::ui::{in_text_field, on_control};

/// The keys and their functions, for the help.
pub(super) const KEYS: [(&str, &str); 13] = [
    ("Space", "play or hold"),
    ("← →", "one step back or on; ten with shift"),
    ("P N", "previous or next failure"),
    ("Home End", "first or newest step"),
    ("L", "follow the newest step"),
    (", .", "slower or faster"),
    ("1 2 3", "linear, wormhole, sphere"),
    ("W A S D + -", "turn and zoom, with the stage focused"),
    ("F 0", "the whole run or the agent, likewise"),
    ("[ ]", "fold the steps or the diagnostics"),
    ("/", "search the steps"),
    ("Page ↑ ↓", "a tenth of the run back or on"),
    ("?", "this list"),
];

/// Listens until the page is left.
pub(super) fn listen(session: Session, panels: Panels) {
    Effect::new(move || {
        let listener = window_event_listener(keydown, move |event| {
            let is_taken =
                event.ctrl_key() || event.meta_key() || event.alt_key() || event.default_prevented();
            if !is_taken && !in_text_field(&event) && pressed(session, panels, &event) {
                event.prevent_default();
            }
        });
        on_cleanup(move || listener.remove());
    });
}

/// Handles a key; returns whether it has a function.
fn pressed(session: Session, panels: Panels, event: &web_sys::KeyboardEvent) -> bool {
    let many = if event.shift_key() { 10 } else { 1 };
    let last = || session.film(Film::len).saturating_sub(1);
    let tenth = || isize::try_from(last() / 10).unwrap_or(isize::MAX).max(1);
    let key = event.key();
    // Keys of one letter can be turned off (WCAG 2.1.4): speech input may produce them.
    if panels.has_no_letters.get_untracked() && key.chars().count() == 1 && key != " " {
        return false;
    }
    match key.as_str() {
        " " if on_control(event) => return false,
        " " => session.play_or_pause(),
        "ArrowLeft" => session.step_by(-many),
        "ArrowRight" => session.step_by(many),
        "Home" => session.select(0),
        "End" => session.select(last()),
        "n" => session.next_failure(),
        "p" => session.previous_failure(),
        "l" => session.jump_to_live(),
        "," => session.speed.update(|s| *s = next_speed(*s, -1)),
        "." => session.speed.update(|s| *s = next_speed(*s, 1)),
        "1" => session.choose_geometry(Some(Geometry::Linear)),
        "2" => session.choose_geometry(Some(Geometry::Wormhole)),
        "3" => session.choose_geometry(Some(Geometry::Sphere)),
        "PageUp" => session.step_by(-tenth()),
        "PageDown" => session.step_by(tenth()),
        "?" => panels.shows_keys.update(|open| *open = !*open),
        "[" => panels.steps.is_open.update(|o| *o = !*o),
        "]" => panels.diagnostics.is_open.update(|o| *o = !*o),
        _ => return false,
    }
    true
}
