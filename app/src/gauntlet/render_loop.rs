//! The one loop of the run page: apply what arrived, move the agent, compose the scene, draw it, say what it shows.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use gauntlet_film::Film;
use gauntlet_scene::{CameraMode, Lens, Orbit, Scene, SceneBuilder};
use leptos::prelude::*;

use super::easing::CameraEase;
use super::motion::{advance, ease};
use super::overlay::Overlay;
use super::session::{Session, find, nearest};
use crate::ports::{FeedState, FeedUpdate, StageView};
use crate::ui::{element_size, now_ms, pixel_ratio, prefers_reduced_motion};

/// Milliseconds between two updates of what is costly to redraw, and of the facts for tests.
const TICK_MS: f64 = 120.0;
const FACTS_MS: f64 = 90.0;
/// A selection that has stood still this long has settled, milliseconds.
const SETTLE_MS: f64 = 140.0;
/// One that never stands still, as in a live run, is taken for settled this often, milliseconds.
const GLANCE_MS: f64 = 1000.0;
/// While nothing changes but what wobbles, a frame is drawn at most this often, milliseconds.
const IDLE_FRAME_MS: f64 = 33.0;
/// A drawn frame that takes longer than this keeps the graphics busy, milliseconds.
const SLOW_FRAME_MS: f64 = 50.0;
/// The window over which the rate of steps is averaged, milliseconds.
const RATE_MS: f64 = 4000.0;
/// A frame never counts as longer than this: a page that slept does not leap.
const LONGEST_FRAME_SECS: f64 = 0.5;

/// A run that is over and has no more nodes than this is shown whole when its page opens.
const SHORT: usize = 40;
/// But from no nearer than this, world units: a few steps need not fill the stage.
const NEAR: f32 = 60.0;

/// What arrived since the last frame.
pub(super) type Inbox = Rc<RefCell<Vec<FeedUpdate>>>;

/// The loop's state.
pub(super) struct Projector {
    session: Session,
    inbox: Inbox,
    stage: Box<dyn StageView>,
    overlay: Overlay,
    frame: web_sys::Element,
    canvas: web_sys::HtmlCanvasElement,
    builder: SceneBuilder,
    camera: CameraEase,
    /// The last picture: for picking, and for turning the camera from where it is.
    pub(super) scene: Option<Scene>,
    drawn: Option<(Lens, u64)>,
    shown: f64,
    before_ms: Option<f64>,
    drawn_ms: f64,
    /// What the last drawn frame took: its own work, and all until the browser asked for the next one.
    cost_ms: f64,
    gap_ms: f64,
    ticked_ms: f64,
    told_ms: f64,
    moved_ms: f64,
    settled_ms: f64,
    moved_at: Option<usize>,
    ticked: u64,
    lengths: VecDeque<(f64, usize)>,
    is_calm: bool,
    /// Whether the camera has been aimed at the run that the page opened.
    is_aimed: bool,
    size: (f64, f64),
}

impl Projector {
    /// A loop that draws on `stage`, over `canvas`, inside `frame`.
    pub(super) fn new(
        session: Session,
        inbox: Inbox,
        stage: Box<dyn StageView>,
        overlay: Overlay,
        frame: web_sys::Element,
        canvas: web_sys::HtmlCanvasElement,
    ) -> Self {
        Self {
            session,
            inbox,
            stage,
            overlay,
            frame,
            canvas,
            builder: SceneBuilder::new(),
            camera: CameraEase::default(),
            scene: None,
            drawn: None,
            shown: 0.0,
            before_ms: None,
            drawn_ms: 0.0,
            cost_ms: 0.0,
            gap_ms: 0.0,
            ticked_ms: f64::NEG_INFINITY,
            told_ms: f64::NEG_INFINITY,
            moved_ms: 0.0,
            settled_ms: 0.0,
            moved_at: None,
            ticked: 0,
            lengths: VecDeque::new(),
            is_calm: prefers_reduced_motion(),
            is_aimed: false,
            size: (0.0, 0.0),
        }
    }

    /// The stage's size has changed: the next frame is drawn whatever else stands still.
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
        let secs =
            self.before_ms.map_or(0.0, |before| ((ms - before) / 1000.0).clamp(0.0, LONGEST_FRAME_SECS));
        if self.before_ms == Some(self.drawn_ms) {
            self.gap_ms = ms - self.drawn_ms;
        }
        self.before_ms = Some(ms);
        self.take_in();
        self.aim();
        self.honour_wish();
        self.move_on(secs);
        self.draw(ms, secs);
        self.tell(ms);
    }

    /// Applies everything that arrived, as one change.
    fn take_in(&mut self) {
        let arrived = std::mem::take(&mut *self.inbox.borrow_mut());
        if arrived.is_empty() {
            return;
        }
        let session = self.session;
        let before = session.film(Film::revision);
        let mut state = None;
        session.change_film(|film| {
            for update in arrived {
                match update {
                    FeedUpdate::Facts(facts) => facts.iter().for_each(|fact| film.apply(fact)),
                    FeedUpdate::State(new) => state = Some(new),
                }
            }
        });
        if session.film(Film::revision) != before {
            session.revision.update(|r| *r += 1);
        }
        if let Some(state) = state.filter(|s| session.feed.with_untracked(|old| old != s)) {
            session.feed.set(state);
        }
    }

    /// Shows a short run whole, once it is all here: in the usual orbit it would be a dash in the middle.
    fn aim(&mut self) {
        let session = self.session;
        if self.is_aimed || self.size.0 < 1.0 || session.feed.with_untracked(|f| *f != FeedState::Live) {
            return;
        }
        self.is_aimed = true;
        let (orbit, is_over) = (session.view.orbit, session.film(|f| f.run().status.is_final()));
        if is_over && session.film(Film::len) <= SHORT && orbit.get_untracked() == Orbit::default() {
            let geometry = session.view.geometry.get_untracked();
            let whole = session.film(|film| Orbit::overview(film, geometry, self.shown, self.aspect()));
            orbit.set(Orbit { distance: whole.distance.max(NEAR), ..whole });
        }
    }

    /// Selects the step that the address asked for, as soon as the film holds it.
    fn honour_wish(&mut self) {
        let session = self.session;
        let Some(wish) = session.wanted.get_untracked() else { return };
        let episode = wish.episode.as_deref().and_then(|e| gauntlet_model::EpisodeId::new(e).ok());
        let is_whole = session.feed.with_untracked(|f| *f == FeedState::Live);
        // What comes nearest is known only once everything is here.
        let found = session.film(|film| match is_whole {
            true => nearest(film, wish.step, episode.as_ref()),
            false => find(film, wish.step?, episode.as_ref()),
        });
        match found {
            Some(index) => {
                session.select(index);
                self.shown = index as f64;
            }
            None if is_whole => session.jump_to_live(),
            None => {}
        }
    }

    fn move_on(&mut self, secs: f64) {
        let session = self.session;
        let last = session.film(Film::len).checked_sub(1);
        let motion = session.motion.get_untracked();
        let next = advance(motion, session.speed.get_untracked(), last, secs);
        if next != motion {
            session.motion.set(next);
        }
        let is_live = session.feed.with_untracked(|f| matches!(f, FeedState::Live | FeedState::Lost { .. }));
        let jumps = self.is_calm || (next.following && !is_live);
        self.shown = if next.playing { next.position } else { ease(self.shown, next.position, secs, jumps) };
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
            position: self.shown,
            time_secs: if self.is_calm { 0.0 } else { ms / 1000.0 },
            selected: self.session.current.get_untracked(),
            color_by: view.rubric.get_untracked(),
            intensity: view.intensity.get_untracked() as f32,
            reduced_motion: self.is_calm,
            aspect: self.aspect(),
        }
    }

    /// Composes and draws, if anything but the clock changed, or if something wobbles and the last frame was
    /// cheap: what only decorates never takes more than a quarter of the time, of the processor or the graphics.
    fn draw(&mut self, ms: f64, secs: f64) {
        let lens = self.lens(ms);
        let revision = self.session.film(Film::revision);
        let is_same = self.drawn.as_ref().is_some_and(|(old, r)| {
            *r == revision && *old == Lens { time_secs: old.time_secs, ..lens.clone() }
        });
        let slow_ms = if self.gap_ms > SLOW_FRAME_MS { self.gap_ms } else { self.cost_ms };
        let is_due = ms - self.drawn_ms >= IDLE_FRAME_MS.max(4.0 * slow_ms);
        if self.size.0 < 1.0 || (is_same && !self.camera.is_moving() && (self.is_calm || !is_due)) {
            self.overlay.keep();
            return;
        }
        let begun = now_precise();
        let mut scene = self.session.film(|film| self.builder.build(film, &lens));
        scene.camera =
            self.camera.ease(scene.camera, (lens.geometry, lens.camera.as_str()), secs, self.is_calm);
        let ratio = pixel_ratio();
        let (width, height) = ((self.size.0 * ratio).round() as u32, (self.size.1 * ratio).round() as u32);
        if (self.canvas.width(), self.canvas.height()) != (width, height) {
            self.canvas.set_width(width);
            self.canvas.set_height(height);
        }
        self.stage.draw(&scene, width, height);
        self.overlay.place(&scene, self.size, self.camera.is_moving());
        self.scene = Some(scene);
        self.drawn = Some((lens, revision));
        self.drawn_ms = ms;
        self.cost_ms = now_precise() - begun;
    }

    /// Tells the rest of the page, each at its own pace.
    fn tell(&mut self, ms: f64) {
        let session = self.session;
        let current = session.current.get_untracked();
        if self.moved_at != current {
            (self.moved_at, self.moved_ms) = (current, ms);
        }
        let is_settled = ms - self.moved_ms >= SETTLE_MS || ms - self.settled_ms >= GLANCE_MS;
        if is_settled && session.settled.get_untracked() != current {
            self.settled_ms = ms;
            session.settled.set(current);
        }
        let revision = session.revision.get_untracked();
        if revision != self.ticked && ms - self.ticked_ms >= TICK_MS {
            (self.ticked, self.ticked_ms) = (revision, ms);
            session.tick.set(revision);
        }
        if ms - self.told_ms >= FACTS_MS {
            self.told_ms = ms;
            self.measure_rate();
            if let Some(scene) = &self.scene {
                super::facts::write(&self.frame, session, scene);
            }
        }
    }

    /// Steps a second over the last few seconds, while live.
    fn measure_rate(&mut self) {
        let session = self.session;
        let is_live = session.feed.with_untracked(|f| *f == FeedState::Live);
        if !is_live {
            self.lengths.clear();
        }
        let now = now_ms();
        let length = session.film(Film::len);
        self.lengths.push_back((now, length));
        while self.lengths.front().is_some_and(|(t, _)| now - t > RATE_MS) {
            self.lengths.pop_front();
        }
        let rate = match self.lengths.front() {
            Some((t, n)) if now - t > 900.0 => (length.saturating_sub(*n)) as f64 * 1000.0 / (now - t),
            _ => 0.0,
        };
        let rate = if rate < 10.0 { (rate * 10.0).round() / 10.0 } else { rate.round() };
        if session.rate.get_untracked() != rate {
            session.rate.set(rate);
        }
    }
}

/// Milliseconds from any origin, finely.
fn now_precise() -> f64 {
    window().performance().map_or_else(now_ms, |p| p.now())
}
