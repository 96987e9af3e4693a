//! The page's address names the selected step and the view: read when the page opens, updated while the
//! selection moves.

use std::time::Duration;

use gauntlet_scene::{CameraMode, Geometry};
use leptos::prelude::*;

use super::session::{DeepLink, Session};
use crate::ui::{query_parameter, replace_query, this_address};

/// The least time between two changes of the address. Browsers refuse more than about three a second.
const PACE: Duration = Duration::from_millis(350);

/// Reads the address once, then keeps it at the selected step. While the newest node is followed it has no
/// step, so that the link opens live.
pub(super) fn keep(session: Session) {
    Effect::new(move |opened: Option<bool>| {
        if opened.is_none() {
            read(session);
        }
        true
    });
    let is_waiting = StoredValue::new(false);
    Effect::new(move || {
        session.settled.track();
        session.current.track();
        session.motion.with(|m| m.following);
        if is_waiting.try_update_value(|w| std::mem::replace(w, true)) == Some(false) {
            set_timeout(
                move || {
                    is_waiting.try_set_value(false);
                    write(session);
                },
                PACE,
            );
        }
    });
}

fn read(session: Session) {
    let view = session.view;
    if let Some(geometry) = query_parameter("view").as_deref().and_then(Geometry::from_word) {
        view.geometry.set(geometry);
    }
    if let Some(camera) = query_parameter("camera").as_deref().and_then(CameraMode::from_word) {
        view.camera.set(camera);
    }
    let step = query_parameter("step").and_then(|s| s.parse().ok());
    let episode = query_parameter("episode");
    if step.is_some() || episode.is_some() {
        session.deep_link.set(Some(DeepLink { step, episode }));
        session.motion.update(|m| m.following = false);
    }
}

/// The selected step and, where several nodes share its number, its episode.
fn moment(session: Session) -> Option<(u64, Option<String>)> {
    let at = session.current.try_get_untracked()??;
    session.film(|film| {
        let node = film.node(at)?;
        let is_first = film.find(node.step) == Some(at);
        Some((node.step, node.episode.filter(|_| !is_first).map(ToString::to_string)))
    })
}

fn write(session: Session) {
    // Until the film holds the step that the address names, the address stays.
    let Some(is_open) = session.deep_link.try_with_untracked(Option::is_none) else { return };
    let Some(motion) = session.motion.try_get_untracked().filter(|_| is_open) else { return };
    let moment = moment(session).filter(|_| !motion.following);
    let (step, episode) = moment.map_or((None, None), |(step, episode)| (Some(step.to_string()), episode));
    replace_query(&[("step", step), ("episode", episode)]);
}

/// A link to the selected step with the current view.
pub(super) fn link(session: Session) -> String {
    let Ok(url) = web_sys::Url::new(&this_address()) else { return this_address() };
    let query = url.search_params();
    let set = |name: &str, value: Option<&str>| match value {
        Some(value) => query.set(name, value),
        None => query.delete(name),
    };
    let moment = moment(session);
    set("step", moment.as_ref().map(|(step, _)| step.to_string()).as_deref());
    set("episode", moment.as_ref().and_then(|(_, episode)| episode.as_deref()));
    let geometry = session.view.geometry.get_untracked();
    set("view", (geometry != Geometry::default()).then(|| geometry.as_str()));
    let camera = session.view.camera.get_untracked();
    set("camera", (!matches!(camera, CameraMode::Orbit(_))).then(|| camera.as_str()));
    url.href()
}
