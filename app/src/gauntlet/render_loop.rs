//! The loop of the run page. Each frame applies the facts that arrived, moves the agent, builds the scene,
//! draws it, and publishes what the rest of the page shows.

use std::cell::RefCell;
use std::rc::Rc;

use gauntlet_film::Film;
use gauntlet_scene::{CameraMode, Geometry, Lens, Orbit, Scene, SceneBuilder, WarmUp};
use leptos::prelude::*;

use super::easing::CameraEase;
use super::frame_timing::FrameTiming;
use super::heights::HeightEase;
use super::inbox::Inbox;
use super::motion::{advance, ease};
use super::overlay::Overlay;
use super::published::Published;
use super::rate_meter::RateMeter;
use super::session::{Session, find, nearest};
use crate::ports::{FeedState, FeedUpdate, StageView};
use crate::ui::{element_size, now_ms, pixel_ratio, prefers_reduced_motion, query_parameter};

/// A finished run of at most this many nodes opens with all of them in view.
const SHORT_NODES: usize = 40;
/// The nearest camera distance of that view, world units: a few steps need not fill the stage.
const NEAREST_OVERVIEW: f32 = 60.0;

/// The stage is attached once the page is painted, as compiling its shaders takes long; in a browser that
/// does not report that, after so many frames.
const FRAMES_BEFORE_STAGE: u32 = 60;
/// The distance of the default camera during the warm-up, world units.
const WARM_UP_DISTANCE: f32 = 24.0;
/// The whole run is fitted to the stage again when it has grown by this share.
const REFIT_GROWTH: f32 = 1.03;

/// Makes the stage: what draws, and the canvas it draws on.
pub(super) type Attach = Box<dyn FnOnce() -> (Box<dyn StageView>, web_sys::HtmlCanvasElement)>;

/// The loop's state.
pub(super) struct RenderLoop {
    session: Session,
    inbox: Rc<RefCell<Inbox>>,
    /// Makes the stage, until it is attached.
    attach: Option<Attach>,
    pub(super) stage: Option<(Box<dyn StageView>, web_sys::HtmlCanvasElement)>,
    /// Frames so far.
    frames: u32,
    overlay: Overlay,
    frame: web_sys::Element,
    heights: HeightEase,
    /// Width and height of the stage, CSS pixels.
    size: (f64, f64),
    builder: SceneBuilder,
    camera: CameraEase,
    /// The last scene: for picking, and for turning the camera from where it is.
    pub(super) scene: Option<Scene>,
    /// The lens and the film's revision that were last drawn.
    drawn: Option<(Lens, u64)>,
    /// When the warm-up began and when the first step came, milliseconds.
    warm_up: (Option<f64>, Option<f64>),
    /// Where the agent is drawn; eases towards the session's position. A node index with a fraction.
    shown_position: f64,
    timing: FrameTiming,
    published: Published,
    rate: RateMeter,
    has_reduced_motion: bool,
    /// Whether the camera has been fitted to the run that the page opened.
    is_fitted: bool,
    /// Whether the page shows the whole run because it has opened so.
    is_opening: bool,
    /// The shape of the path, the aspect and the nodes of the film when the run was last fitted to the stage.
    overview_of: (Geometry, f32, f32),
}

impl RenderLoop {
    /// A loop that draws inside `frame`, on the stage that `attach` makes once the page is painted.
    pub(super) fn new(
        session: Session,
        inbox: Rc<RefCell<Inbox>>,
        attach: Attach,
        overlay: Overlay,
        frame: web_sys::Element,
    ) -> Self {
        Self {
            session,
            inbox,
            attach: Some(attach),
            stage: None,
            frames: 0,
            overlay,
            frame,
            heights: HeightEase::default(),
            size: (0.0, 0.0),
            builder: SceneBuilder::new(),
            camera: CameraEase::default(),
            scene: None,
            drawn: None,
            warm_up: Default::default(),
            shown_position: 0.0,
            timing: FrameTiming::default(),
            published: Published::default(),
            rate: RateMeter::default(),
            has_reduced_motion: prefers_reduced_motion(),
            is_fitted: false,
            is_opening: false,
            overview_of: Default::default(),
        }
    }

    /// Reads the stage's new size. The next frame is drawn even if nothing else changed.
    pub(super) fn resize(&mut self) {
        self.size = element_size(&self.frame);
        self.drawn = None;
    }

    /// Width over height of the stage.
    pub(super) fn aspect(&self) -> f32 {
        if self.size.1 > 0.0 { (self.size.0 / self.size.1) as f32 } else { 1.0 }
    }

    /// One animation frame at `ms` milliseconds.
    pub(super) fn frame(&mut self, ms: f64) {
        let secs = self.timing.begin(ms);
        self.frames = self.frames.saturating_add(1);
        if self.attach.is_some() && (self.frames > FRAMES_BEFORE_STAGE || is_painted()) {
            self.stage = self.attach.take().map(|attach| attach());
        }
        self.drain_feed();
        self.fit_camera();
        self.leave_opening();
        self.follow_growth();
        self.apply_deep_link();
        self.advance_agent(secs);
        self.draw(ms, secs);
        self.publish(ms);
    }

    /// Applies everything that arrived, as one change of the film.
    fn drain_feed(&mut self) {
        let arrived = self.inbox.borrow_mut().take();
        if arrived.is_empty() {
            return;
        }
        let session = self.session;
        let before = session.film(Film::revision);
        let mut state = None;
        session.change_film(|film| {
            for update in arrived {
                match update {
                    FeedUpdate::Overview(facts) | FeedUpdate::Facts(facts) => {
                        facts.iter().for_each(|fact| film.apply(fact));
                    }
                    FeedUpdate::Rules(rules) => film.set_rules(rules),
                    FeedUpdate::Effects(version) => {
                        let project = session.summary(|run| run.project.clone());
                        session.view.effects.follow(project, version);
                    }
                    FeedUpdate::State(new) => state = Some(new),
                }
            }
            if let Some(mut complete) = self.inbox.borrow_mut().take_complete(state.as_ref()) {
                complete.supersede(film);
                *film = complete;
            }
        });
        if session.film(Film::revision) != before {
            session.revision.update(|r| *r += 1);
        }
        if let Some(state) = state.filter(|s| session.feed.with_untracked(|old| old != s)) {
            session.feed.set(state);
        }
    }

    /// Opens a finished run as a whole, once all of it has arrived: its last step says little, and a short
    /// run would be a dash in the middle of the default orbit. The address can name a moment of a longer run,
    /// which is then shown. Runs once, and leaves a camera alone that the viewer has moved.
    fn fit_camera(&mut self) {
        let session = self.session;
        if self.is_fitted || self.size.0 < 1.0 || session.feed.with_untracked(|f| *f != FeedState::Live) {
            return;
        }
        self.is_fitted = true;
        let view = session.view;
        if view.is_automatic.get_untracked() && query_parameter("view").is_none() {
            session.choose_geometry(None);
        }
        let has_ended = session.film(|f| f.run().status.is_final());
        let is_default = matches!(view.camera.get_untracked(), CameraMode::Orbit(_))
            && view.orbit.get_untracked() == Orbit::default();
        let is_short = session.film(Film::len) <= SHORT_NODES;
        if !has_ended || !is_default {
            return;
        }
        if is_short {
            let overview = self.overview();
            view.orbit.set(Orbit { distance: overview.distance.max(NEAREST_OVERVIEW), ..overview });
        } else if session.motion.with_untracked(|m| m.following) {
            self.is_opening = true;
            let overview = self.overview();
            view.orbit.set(overview);
            view.overview.set(Some(overview));
        }
    }

    /// Leaves the view of the whole run that the page opened with for the agent, once the viewer has selected
    /// a step or plays: in a long run a step is too small to be seen from there.
    fn leave_opening(&mut self) {
        let view = self.session.view;
        if !self.is_opening {
            return;
        }
        // A viewer who has moved the camera decides what it shows.
        let is_shown = view.overview.get_untracked().is_some_and(|shown| view.orbit.get_untracked() == shown);
        let has_selected = self.session.motion.with_untracked(|m| !m.following);
        self.is_opening = is_shown && !has_selected;
        if is_shown && has_selected {
            view.overview.set(None);
            view.orbit.set(Orbit::default());
        }
    }

    /// The orbit that shows the whole run.
    pub(super) fn overview(&self) -> Orbit {
        let lens = self.lens(0.0);
        self.session.film(|film| Orbit::overview(film, &lens))
    }

    /// Keeps all of the run in view as it grows and the stage changes, if the viewer asked for that and has
    /// not moved the camera since.
    fn follow_growth(&mut self) {
        let view = self.session.view;
        let Some(shown) = view.overview.get_untracked() else { return };
        let is_orbit = matches!(view.camera.get_untracked(), CameraMode::Orbit(_));
        if !is_orbit || view.orbit.get_untracked() != shown {
            return view.overview.set(None);
        }
        let nodes = self.session.film(Film::len) as f32;
        let of = (view.geometry.get_untracked(), self.aspect(), nodes);
        let is_same = (of.0, of.1) == (self.overview_of.0, self.overview_of.1);
        if is_same && nodes < REFIT_GROWTH * self.overview_of.2 && nodes * REFIT_GROWTH > self.overview_of.2 {
            return;
        }
        self.overview_of = of;
        let overview = self.overview();
        view.orbit.set(overview);
        view.overview.set(Some(overview));
    }

    /// Selects the step that the address names, as soon as the film holds it.
    fn apply_deep_link(&mut self) {
        let session = self.session;
        let Some(link) = session.deep_link.get_untracked() else { return };
        let episode = link.episode.as_deref().and_then(|e| gauntlet_model::EpisodeId::new(e).ok());
        let is_complete = session.feed.with_untracked(|f| *f == FeedState::Live);
        // The nearest node is known only once everything has arrived; until then only an exact match counts.
        let found = session.film(|film| match is_complete {
            true => nearest(film, link.step, episode.as_ref()),
            false => find(film, link.step?, episode.as_ref()),
        });
        match found {
            Some(index) => {
                session.select(index);
                self.shown_position = index as f64;
            }
            None if is_complete => {
                session.absent_step.set(link.step);
                session.jump_to_live();
            }
            None => {}
        }
    }

    /// Moves the agent by `secs` seconds.
    fn advance_agent(&mut self, secs: f64) {
        let session = self.session;
        let last = session.film(Film::len).checked_sub(1);
        let motion = session.motion.get_untracked();
        let next = advance(motion, session.speed.get_untracked(), last, secs);
        if next != motion {
            session.motion.set(next);
        }
        // While the past is loading, the newest node moves by thousands: the agent jumps with it.
        let is_live = session.feed.with_untracked(|f| matches!(f, FeedState::Live | FeedState::Lost { .. }));
        let jumps = self.has_reduced_motion || (next.following && !is_live);
        self.shown_position = match next.playing {
            true => next.position,
            false => ease(self.shown_position, next.position, secs, jumps),
        };
    }

    /// The warm-up of a live run without steps. Its first step begins to end it.
    fn warm_up(&mut self, ms: f64) -> Option<WarmUp> {
        let session = self.session;
        let (began, left) = &mut self.warm_up;
        if self.has_reduced_motion || session.view.skips_warm_up.get_untracked() {
            *began = None;
        } else if !session.film(Film::is_empty) {
            *left = left.or(Some(ms));
        } else if session.feed.with_untracked(|f| *f == FeedState::Live)
            && !untrack(|| session.status().is_final())
        {
            *began = began.or(Some(ms));
        }
        let secs = |from: f64| ((ms - from) / 1000.0) as f32;
        let warm_up = WarmUp { secs: secs((*began)?), leaving_secs: left.map(secs) };
        if warm_up.share_of_path() == 1.0 {
            *began = None;
        }
        Some(warm_up)
    }

    fn lens(&self, ms: f64) -> Lens {
        let view = self.session.view;
        let camera = match view.camera.get_untracked() {
            CameraMode::Orbit(_) => CameraMode::Orbit(view.orbit.get_untracked()),
            other => other,
        };
        Lens {
            geometry: view.geometry.get_untracked(),
            camera,
            position: self.shown_position,
            time_secs: if self.has_reduced_motion { 0.0 } else { ms / 1000.0 },
            selected: self.session.current.get_untracked(),
            rubric: view.rubric.get_untracked(),
            beside: self.session.beside.ghost(),
            heights: self.heights.shown(),
            effects: view.effects.shown.get_untracked(),
            intensity: view.intensity.get_untracked() as f32,
            warm_up: None,
            reduced_motion: self.has_reduced_motion,
            aspect: self.aspect(),
        }
    }

    /// Builds and draws the scene if anything but the clock changed, or if decoration is due for a frame.
    fn draw(&mut self, ms: f64, secs: f64) {
        let jumps = self.has_reduced_motion || self.session.feed.with_untracked(|f| *f != FeedState::Live);
        self.heights.advance(self.session.view.heights.get_untracked(), secs, jumps);
        let mut lens = self.lens(ms);
        lens.warm_up = self.warm_up(ms);
        if let (Some(warm_up), CameraMode::Orbit(orbit)) = (lens.warm_up, &mut lens.camera)
            && *orbit == Orbit::default()
        {
            orbit.distance = WARM_UP_DISTANCE + (orbit.distance - WARM_UP_DISTANCE) * warm_up.share_of_path();
        }
        let revision = self.session.film(Film::revision);
        let is_same = self.drawn.as_ref().is_some_and(|(old, r)| {
            let (time_secs, warm_up) = (old.time_secs, lens.warm_up.and(old.warm_up));
            *r == revision && *old == Lens { time_secs, warm_up, ..lens.clone() }
        });
        let is_due = !self.has_reduced_motion && self.timing.is_idle_frame_due(ms);
        if self.size.0 < 1.0 || (is_same && !self.camera.is_moving() && !is_due) {
            self.overlay.update_card_size(self.scene.as_ref());
            return;
        }
        let Some((stage, canvas)) = &mut self.stage else { return };
        let started_ms = precise_now_ms();
        let mut scene = self.session.film(|film| self.builder.build(film, &lens));
        let view = (lens.geometry, lens.camera.as_str());
        scene.camera = self.camera.ease(scene.camera, view, secs, self.has_reduced_motion);
        let ratio = pixel_ratio();
        let (width, height) = ((self.size.0 * ratio).round() as u32, (self.size.1 * ratio).round() as u32);
        if (canvas.width(), canvas.height()) != (width, height) {
            canvas.set_width(width);
            canvas.set_height(height);
        }
        stage.draw(&scene, width, height);
        self.overlay.place(&scene, self.size, self.camera.is_moving());
        self.scene = Some(scene);
        self.drawn = Some((lens, revision));
        self.timing.end(ms, precise_now_ms() - started_ms);
    }

    /// Updates the signals that the rest of the page follows, each at its own interval.
    fn publish(&mut self, ms: f64) {
        let session = self.session;
        let current = session.current.get_untracked();
        let settled = session.settled.get_untracked();
        if self.published.has_settled(current, settled, ms) {
            session.settled.set(current);
        }
        let revision = session.revision.get_untracked();
        super::heights::fit(session, revision, ms, &mut self.published.heights);
        if self.published.is_tick_due(revision, ms) {
            session.tick.set(revision);
        }
        if self.published.are_attributes_due(ms) {
            self.publish_rate();
            if let Some(scene) = &self.scene {
                super::test_attributes::write(&self.frame, session, scene);
            }
        }
    }

    /// Steps a second over the last seconds. Loading the past does not count: the meter starts when the feed
    /// is live.
    fn publish_rate(&mut self) {
        let session = self.session;
        let rate = if session.feed.with_untracked(|f| *f == FeedState::Live) {
            self.rate.measure(now_ms(), session.film(Film::len))
        } else {
            self.rate.clear();
            0.0
        };
        if session.rate.get_untracked() != rate {
            session.rate.set(rate);
        }
    }
}

/// Whether the browser has painted anything of the page.
fn is_painted() -> bool {
    let paints = |p: web_sys::Performance| p.get_entries_by_name("first-contentful-paint").length();
    window().performance().is_some_and(|performance| paints(performance) > 0)
}

/// Milliseconds from any origin, with fractions.
fn precise_now_ms() -> f64 {
    window().performance().map_or_else(now_ms, |p| p.now())
}
