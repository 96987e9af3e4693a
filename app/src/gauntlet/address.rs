//! The page's address is its view: the selected step, the shape of the path, the camera, the rubric, the
//! list's filter, the range that is repeated, the folded panels. Read when the page opens, updated while they
//! change.

use std::time::Duration;

use gauntlet_film::Film;
use gauntlet_scene::{CameraMode, Geometry, Orbit};
use leptos::prelude::*;

use super::panels::Panels;
use super::session::{DeepLink, Listing, Session};
use crate::ui::{number, query_parameter, replace_query, this_address, this_path};

/// The least time between two changes of the address. Browsers refuse more than about three a second.
const UPDATE_INTERVAL: Duration = Duration::from_millis(350);
/// The orbit that shows all of the run, in the address.
const ENTIRE_RUN: &str = "whole";
/// How another run is aligned, in the address, where it is not by step.
const BY_TASK: &str = "task";
/// The names of the panels in the address.
const FOLDED: [&str; 2] = ["steps", "diagnostics"];

/// Applies the address once, then writes each change of the view to it. While the newest node is followed it
/// has no step, so that the link opens live.
pub(super) fn sync(session: Session, panels: Panels) {
    Effect::new(move |opened: Option<bool>| {
        if opened.is_none() {
            read(session, panels);
        }
        true
    });
    // The address names a rubric by its path, which the film may not know yet.
    Effect::new(move || {
        let found = session.wanted_rubric.with(|path| {
            let path = path.as_ref()?;
            session.watch_calmly(|film: &Film| film.find_path(path))
        });
        if found.is_some() {
            session.wanted_rubric.set(None);
            session.view.rubric.set(found);
        }
    });
    // The router changes the address before it opens another run's page: until then this page must not write.
    let path = StoredValue::new(String::new());
    Effect::new(move || path.set_value(this_path()));
    let is_waiting = StoredValue::new(false);
    Effect::new(move || {
        session.settled.track();
        session.current.track();
        session.motion.with(|m| m.following);
        let view = session.view;
        view.geometry.track();
        view.camera.track();
        view.orbit.track();
        view.overview.track();
        view.rubric.track();
        session.listing.track();
        session.words.track();
        session.range.track();
        session.beside.run.track();
        session.beside.by_task.track();
        panels.steps.is_open.track();
        panels.diagnostics.is_open.track();
        if is_waiting.try_update_value(|w| std::mem::replace(w, true)) == Some(false) {
            set_timeout(
                move || {
                    is_waiting.try_set_value(false);
                    if path.try_get_value() == Some(this_path()) {
                        write(session, panels);
                    }
                },
                UPDATE_INTERVAL,
            );
        }
    });
}

fn read(session: Session, panels: Panels) {
    let view = session.view;
    if let Some(geometry) = query_parameter("view").as_deref().and_then(Geometry::from_word) {
        view.geometry.set(geometry);
    }
    if let Some(camera) = query_parameter("camera").as_deref().and_then(CameraMode::from_word) {
        view.camera.set(camera);
    }
    match query_parameter("orbit").as_deref() {
        // The loop fits an overview that equals the orbit to the stage at its next frame.
        Some(ENTIRE_RUN) => view.overview.set(Some(view.orbit.get_untracked())),
        Some(text) => read_orbit(text).into_iter().for_each(|orbit| view.orbit.set(orbit)),
        None => {}
    }
    if let Some(range) = query_parameter("loop").as_deref().and_then(read_range) {
        session.range.set(Some(range));
    }
    session.beside.run.set(query_parameter("beside").filter(|run| !run.is_empty()));
    session.beside.by_task.set(query_parameter("align").as_deref() == Some(BY_TASK));
    session.wanted_rubric.set(query_parameter("rubric"));
    session.words.set(query_parameter("filter").unwrap_or_default());
    if let Some(word) = query_parameter("list") {
        let found = Listing::ALL.into_iter().find(|(_, known, _)| *known == word);
        session.listing.set(found.map_or(Listing::All, |(listing, ..)| listing));
    }
    let folded = query_parameter("fold").unwrap_or_default();
    for (name, panel) in FOLDED.into_iter().zip([panels.steps, panels.diagnostics]) {
        if folded.split(',').any(|folded| folded == name) {
            panel.is_open.set(false);
        }
    }
    let step = query_parameter("step").and_then(|s| s.parse().ok());
    let episode = query_parameter("episode");
    if step.is_some() || episode.is_some() {
        session.deep_link.set(Some(DeepLink { step, episode }));
        session.motion.update(|m| m.following = false);
    }
}

/// `-0.66,0.3,122`: yaw and pitch in radians, distance in world units. Refuses what no orbit can be.
fn read_orbit(text: &str) -> Option<Orbit> {
    let numbers: Vec<f32> = text.split(',').map(|part| Some(number(part)? as f32)).collect::<Option<_>>()?;
    let [yaw, pitch, distance] = numbers[..] else { return None };
    let is_possible = yaw.is_finite()
        && pitch.abs() <= Orbit::STEEPEST
        && (Orbit::NEAREST..=Orbit::WIDEST).contains(&distance);
    is_possible.then_some(Orbit { yaw, pitch, distance, target: None })
}

/// The orbit's angles and distance; `None` for the default ones.
fn orbit_text(orbit: Orbit) -> Option<String> {
    let text = |o: Orbit| format!("{:.2},{:.2},{:.0}", o.yaw, o.pitch, o.distance);
    let is_default = text(orbit) == text(Orbit::default());
    (!is_default).then(|| text(orbit))
}

/// `120-340`: the first and the last step.
fn read_range(text: &str) -> Option<(u64, u64)> {
    let (from, to) = text.split_once('-')?;
    let range = (from.parse().ok()?, to.parse().ok()?);
    (range.0 <= range.1).then_some(range)
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

/// The parameters of the view, without the moment. A part at its default has none.
fn view_parameters(session: Session, panels: Panels) -> [(&'static str, Option<String>); 10] {
    let view = session.view;
    let geometry = view.geometry.get_untracked();
    let camera = view.camera.get_untracked();
    let is_orbit = matches!(camera, CameraMode::Orbit(_));
    let orbit = view.orbit.get_untracked();
    let orbit_word = match view.overview.get_untracked() {
        Some(_) => Some(ENTIRE_RUN.to_owned()),
        None => orbit_text(orbit).filter(|_| orbit.target.is_none()),
    };
    let rubric = untrack(|| session.chosen_path()).or_else(|| session.wanted_rubric.get_untracked());
    let listing = session.listing.get_untracked();
    let listing_word =
        Listing::ALL.into_iter().find(|(known, ..)| *known == listing).map(|(_, word, _)| word);
    let folded: Vec<_> = FOLDED
        .into_iter()
        .zip([panels.steps, panels.diagnostics])
        .filter(|(_, panel)| !panel.is_open.get_untracked())
        .map(|(name, _)| name)
        .collect();
    let words = session.words.get_untracked();
    let beside = session.beside.run.get_untracked();
    [
        ("view", (geometry != Geometry::default()).then(|| geometry.as_str().to_owned())),
        ("camera", (!is_orbit).then(|| camera.as_str().to_owned())),
        ("orbit", orbit_word.filter(|_| is_orbit)),
        ("rubric", rubric),
        ("filter", (!words.trim().is_empty()).then_some(words)),
        ("list", listing_word.filter(|_| listing != Listing::All).map(str::to_owned)),
        ("loop", session.range.get_untracked().map(|(from, to)| format!("{from}-{to}"))),
        ("beside", beside.clone()),
        ("align", beside.filter(|_| session.beside.by_task.get_untracked()).map(|_| BY_TASK.to_owned())),
        ("fold", (!folded.is_empty()).then(|| folded.join(","))),
    ]
}

fn write(session: Session, panels: Panels) {
    // Until the film holds the step that the address names, the address stays.
    let Some(is_open) = session.deep_link.try_with_untracked(Option::is_none) else { return };
    let Some(motion) = session.motion.try_get_untracked().filter(|_| is_open) else { return };
    let moment = moment(session).filter(|_| !motion.following);
    let (step, episode) = moment.map_or((None, None), |(step, episode)| (Some(step.to_string()), episode));
    replace_query(&[("step", step), ("episode", episode)]);
    replace_query(&view_parameters(session, panels));
}

/// A link to the selected step with the current view.
pub(super) fn link(session: Session, panels: Panels) -> String {
    let Ok(url) = web_sys::Url::new(&this_address()) else { return this_address() };
    let query = url.search_params();
    let moment = moment(session);
    let step = moment.as_ref().map(|(step, _)| step.to_string());
    let episode = moment.and_then(|(_, episode)| episode);
    let moment = [("step", step), ("episode", episode)];
    for (name, value) in moment.into_iter().chain(view_parameters(session, panels)) {
        match value {
            Some(value) => query.set(name, &value),
            None => query.delete(name),
        }
    }
    url.href()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_the_view_come_back_as_they_went() {
        let orbit = Orbit { yaw: -1.25, pitch: 0.5, distance: 80.0, target: None };
        assert_eq!(read_orbit(&orbit_text(orbit).unwrap()), Some(orbit));
        assert_eq!(orbit_text(Orbit::default()), None);
        for bad in ["", "1,2", "NaN,0,100", "0,1.6,100", "0,0,1", "0,0,1e10", "0,0,100,1"] {
            assert_eq!(read_orbit(bad), None, "{bad}");
        }
        assert_eq!(read_range("120-340"), Some((120, 340)));
        assert_eq!([read_range("340-120"), read_range("120"), read_range("a-b")], [None; 3]);
    }
}
