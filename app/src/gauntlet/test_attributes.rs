//! What the stage shows, as data attributes of its element: browser tests read them instead of pixels.

use gauntlet_film::Film;
use gauntlet_scene::Scene;
use leptos::prelude::*;

use super::session::Session;
use crate::ports::FeedState;

/// The word for the state of the connection.
pub(super) fn feed_word(state: &FeedState) -> &'static str {
    match state {
        FeedState::Connecting => "connecting",
        FeedState::CatchingUp { .. } => "catching-up",
        FeedState::Live => "live",
        FeedState::Lost { .. } => "lost",
        FeedState::Missing => "missing",
    }
}

/// Writes the attributes for the scene that was drawn last.
pub(super) fn write(frame: &web_sys::Element, session: Session, scene: &Scene) {
    let summary = scene.summary();
    let at = session.current.get_untracked();
    let step = at.and_then(|i| session.film(|f| f.node(i).map(|n| n.step)));
    let counts = |of: &std::collections::BTreeMap<&str, u64>| {
        let counts: Vec<String> = of.iter().map(|(kind, count)| format!("\"{kind}\":{count}")).collect();
        format!("{{{}}}", counts.join(","))
    };
    let set = |name: &str, value: &str| {
        if frame.get_attribute(name).as_deref() != Some(value) {
            // Fails only for names that are not attribute names.
            let _ = frame.set_attribute(name, value);
        }
    };
    set("data-nodes", &summary.nodes.to_string());
    set("data-drawn", &summary.drawn.to_string());
    set("data-step", &step.map(|s| s.to_string()).unwrap_or_default());
    set("data-geometry", summary.geometry);
    set("data-camera", summary.camera);
    set("data-failure", summary.selected_failure.unwrap_or(""));
    set("data-effect", summary.selected_effect.unwrap_or(""));
    set("data-effects", &counts(&summary.effects));
    set("data-shapes", &counts(&summary.shapes));
    set("data-jagged", &summary.jagged.to_string());
    set("data-lights", &scene.lights.len().to_string());
    set("data-beside", &summary.beside.to_string());
    set("data-head", &session.film(Film::head).to_string());
    set("data-feed", session.feed.with_untracked(feed_word));
    set("data-playing", if session.motion.with_untracked(|m| m.playing) { "true" } else { "false" });
    set("data-following", if session.motion.with_untracked(|m| m.following) { "true" } else { "false" });
    set("data-ready", "true");
}
