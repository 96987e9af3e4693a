//! The state of a run page: the film, the agent, the view. Every part of the page reads and changes this
//! state only.

use gauntlet_film::{Film, PathId};
use gauntlet_model::{EpisodeId, RunSummary, Status};
use gauntlet_scene::{CameraMode, Geometry, HeightScale, Orbit};
use leptos::prelude::*;

use super::beside::Beside;
use super::effects::Effects;
use super::motion::Motion;
use crate::ports::FeedState;
use crate::ui::{store, stored};

/// Where the browser keeps whether the shape of the path is automatic.
const SHAPE_KEY: &str = "gauntlet.shape";
/// That it is.
const AUTOMATIC: &str = "auto";

/// The view of the film.
#[derive(Clone, Copy)]
pub(super) struct View {
    /// The path's shape.
    pub(super) geometry: RwSignal<Geometry>,
    /// The camera mode; an orbit is that of [`View::orbit`].
    pub(super) camera: RwSignal<CameraMode>,
    /// The orbit, kept while another camera is used.
    pub(super) orbit: RwSignal<Orbit>,
    /// Whether the shape of the path follows from how many steps fail, when a run is opened.
    pub(super) is_automatic: RwSignal<bool>,
    /// Whether the warm-up before the first step is skipped.
    pub(super) skips_warm_up: RwSignal<bool>,
    /// How strongly effects glow, 0 to 1.
    pub(super) intensity: RwSignal<f64>,
    /// Which effect is drawn when.
    pub(super) effects: Effects,
    /// The rubric that colours the path and draws the curve; `None` is the root score, coloured by failure.
    pub(super) rubric: RwSignal<Option<PathId>>,
    /// The scores at the ends of the picture, of the curve and of its axis.
    pub(super) heights: RwSignal<HeightScale>,
    /// Whether the heights are from -50 to 50, whatever the run's scores are.
    pub(super) has_fixed_heights: RwSignal<bool>,
    /// The orbit that shows the whole run, once the viewer has asked for it: it follows a run that grows.
    pub(super) overview: RwSignal<Option<Orbit>>,
}

/// Which nodes the list of steps shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listing {
    /// All.
    All,
    /// Those that fail; where a rubric is chosen, those that fail by it.
    Failing,
    /// The most interesting ones, the most interesting first.
    Worst,
}

impl Listing {
    /// All of them, with the word in the address and the title.
    pub(super) const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::All, "all", "All"),
        (Self::Failing, "failing", "Failing"),
        (Self::Worst, "worst", "Worst 50"),
    ];
}

/// A step or episode from the address, until the film holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DeepLink {
    /// The step's number; `None` for the beginning of an episode.
    pub(super) step: Option<u64>,
    /// The episode, if any.
    pub(super) episode: Option<String>,
}

/// One run, as this page sees it.
#[derive(Clone, Copy)]
pub(super) struct Session {
    summary: RwSignal<RunSummary>,
    film: StoredValue<Film>,
    /// Increases with every change of the film: for what follows each frame.
    pub(super) revision: RwSignal<u64>,
    /// Increases at most eight times a second while the film changes: for what is costly to redraw.
    pub(super) tick: RwSignal<u64>,
    /// The connection.
    pub(super) feed: RwSignal<FeedState>,
    /// Steps per second over the last seconds, while live.
    pub(super) rate: RwSignal<f64>,
    /// Position and mode of the agent.
    pub(super) motion: RwSignal<Motion>,
    /// Factor on [`super::motion::NODES_PER_SEC`].
    pub(super) speed: RwSignal<f64>,
    /// The index of the node under the agent: the selection.
    pub(super) current: Memo<Option<usize>>,
    /// [`Session::current`] once it has not changed for a moment: for texts and the address.
    pub(super) settled: RwSignal<Option<usize>>,
    /// The error of the episode of the node with this sequence number, once its timeline is read.
    pub(super) episode_error: RwSignal<Option<(u64, String)>>,
    /// The view.
    pub(super) view: View,
    /// Another run that is shown beside this one.
    pub(super) beside: Beside,
    /// Which nodes the list shows.
    pub(super) listing: RwSignal<Listing>,
    /// The words that the list is filtered by.
    pub(super) words: RwSignal<String>,
    /// The steps that playback repeats, both included.
    pub(super) range: RwSignal<Option<(u64, u64)>>,
    /// Whether playback ends at each failing node.
    pub(super) waits_at_failures: RwSignal<bool>,
    /// The path of a rubric from the address, until the film knows it.
    pub(super) wanted_rubric: RwSignal<Option<String>>,
    /// The step that the address named, where the run has none of that number.
    pub(super) absent_step: RwSignal<Option<u64>>,
    /// The step that the address names, until it is selected.
    pub(super) deep_link: RwSignal<Option<DeepLink>>,
}

impl Session {
    /// A page that has just opened: no film yet, following the newest node.
    pub(super) fn new(summary: RunSummary) -> Self {
        let film = StoredValue::new(Film::with_rules(summary.rules));
        let revision = RwSignal::new(0);
        let motion = RwSignal::new(Motion { position: 0.0, playing: false, following: true });
        let current = Memo::new(move |_| {
            revision.track();
            let last = film.with_value(Film::len).checked_sub(1)?;
            Some((motion.with(|m| m.position).round().max(0.0) as usize).min(last))
        });
        Self {
            summary: RwSignal::new(summary),
            film,
            revision,
            tick: RwSignal::new(0),
            feed: RwSignal::new(FeedState::Connecting),
            rate: RwSignal::new(0.0),
            motion,
            speed: RwSignal::new(1.0),
            current,
            settled: RwSignal::new(None),
            episode_error: RwSignal::new(None),
            view: View {
                geometry: RwSignal::new(Geometry::default()),
                camera: RwSignal::new(CameraMode::default()),
                orbit: RwSignal::new(Orbit::default()),
                is_automatic: RwSignal::new(false),
                skips_warm_up: RwSignal::new(false),
                intensity: RwSignal::new(0.5),
                effects: Effects::default(),
                rubric: RwSignal::new(None),
                heights: RwSignal::new(HeightScale::default()),
                has_fixed_heights: RwSignal::new(false),
                overview: RwSignal::new(None),
            },
            beside: Beside::new(),
            listing: RwSignal::new(Listing::All),
            words: RwSignal::new(String::new()),
            range: RwSignal::new(None),
            waits_at_failures: RwSignal::new(false),
            wanted_rubric: RwSignal::new(None),
            absent_step: RwSignal::new(None),
            deep_link: RwSignal::new(None),
        }
    }

    /// The run as the server described it when the page was made.
    pub(super) fn summary<T>(self, read: impl FnOnce(&RunSummary) -> T) -> T {
        self.summary.with_untracked(read)
    }

    /// Name, tags and notes, tracked: people change them while the page is open.
    pub(super) fn described<T>(self, read: impl FnOnce(&RunSummary) -> T) -> T {
        self.summary.with(read)
    }

    /// Takes over name, tags and notes of a newer summary. Does nothing once the page is gone.
    pub(super) fn describe(self, newer: RunSummary) {
        let texts = |run: &RunSummary| (run.name.clone(), run.tags.clone(), run.notes.clone());
        if self.summary.try_with_untracked(|known| texts(known) != texts(&newer)) == Some(true) {
            self.summary.update(|known| (known.name, known.tags, known.notes) = texts(&newer));
        }
    }

    /// The rule in force, as a sentence: that of the server's summary until the film has caught up with it.
    pub(super) fn rule_text(self) -> String {
        match self.is_caught_up() {
            true => self.watch_calmly(Film::rule_in_force).text,
            false => self.summary(|s| s.failure_rule.text.clone()),
        }
    }

    /// The film, not tracked.
    pub(super) fn film<T>(self, read: impl FnOnce(&Film) -> T) -> T {
        self.film.with_value(read)
    }

    /// The film, tracked: read again with every change.
    pub(super) fn watch<T>(self, read: impl FnOnce(&Film) -> T) -> T {
        self.revision.track();
        self.film.with_value(read)
    }

    /// The film, tracked by [`Session::tick`].
    pub(super) fn watch_calmly<T>(self, read: impl FnOnce(&Film) -> T) -> T {
        self.tick.track();
        self.film.with_value(read)
    }

    /// Changes the film. The selection stays on its node, whose index changes when steps arrive late.
    pub(super) fn change_film(self, change: impl FnOnce(&mut Film)) {
        let motion = self.motion.get_untracked();
        let at = motion.position.round().max(0.0) as usize;
        let key = |film: &Film, i: usize| film.node(i).map(|n| (n.step, n.episode.cloned()));
        let before = self.film.with_value(|f| key(f, at));
        self.film.update_value(change);
        if motion.following {
            return;
        }
        let Some((step, episode)) = before else { return };
        let now = self.film.with_value(|f| {
            (key(f, at) != Some((step, episode.clone()))).then(|| find(f, step, episode.as_ref()))
        });
        if let Some(Some(now)) = now {
            self.motion.update(|m| m.position += now as f64 - at as f64);
        }
    }

    /// Whether everything the server had when the page was made has arrived.
    pub(super) fn is_caught_up(self) -> bool {
        self.watch_calmly(Film::head) >= self.summary(|s| s.head)
    }

    /// The run's status: that of the film, once it has caught up.
    pub(super) fn status(self) -> Status {
        match self.is_caught_up() {
            true => self.watch_calmly(|f| f.run().status),
            false => self.summary(|s| s.status),
        }
    }

    /// Chooses the shape of the path; `None` lets it follow from how many steps fail, for this run and for
    /// those that this browser opens later.
    pub(super) fn choose_geometry(self, geometry: Option<Geometry>) {
        store(SHAPE_KEY, if geometry.is_none() { AUTOMATIC } else { "" });
        self.view.is_automatic.set(geometry.is_none());
        self.view.geometry.set(geometry.unwrap_or_else(|| Geometry::automatic(self.film(Film::safety)).0));
    }

    /// Reads whether the shape of the path is automatic in this browser.
    pub(super) fn read_shape(self) {
        self.view.is_automatic.set(stored(SHAPE_KEY).as_deref() == Some(AUTOMATIC));
    }

    /// Selects a node: the agent stops there.
    pub(super) fn select(self, index: usize) {
        self.deep_link.set(None);
        self.motion.set(Motion { position: index as f64, playing: false, following: false });
    }

    /// Moves the selection by `by` nodes.
    pub(super) fn step_by(self, by: isize) {
        let last = self.film(Film::len).saturating_sub(1);
        if let Some(at) = self.current.get_untracked() {
            self.select(at.saturating_add_signed(by).min(last));
        }
    }

    /// Selects the next failing node, if any; where a rubric is chosen, the next that fails by it.
    pub(super) fn next_failure(self) {
        let (at, rubric) = (self.current.get_untracked(), self.view.rubric.get_untracked());
        let found = self.film(|film| match rubric {
            Some(rubric) => film.next_failure_of(at, rubric),
            None => film.next_failure(at),
        });
        if let Some(index) = found {
            self.select(index);
        }
    }

    /// Selects the failing node before this one, if any; where a rubric is chosen, the one that fails by it.
    pub(super) fn previous_failure(self) {
        let Some(at) = self.current.get_untracked() else { return };
        let rubric = self.view.rubric.get_untracked();
        let found = self.film(|film| match rubric {
            Some(rubric) => film.previous_failure_of(at, rubric),
            None => film.previous_failure(at),
        });
        if let Some(index) = found {
            self.select(index);
        }
    }

    /// The chosen rubric's path; `None` for the root.
    pub(super) fn chosen_path(self) -> Option<String> {
        let rubric = self.view.rubric.get()?;
        self.watch_calmly(|film| film.path_of(rubric).map(|path| path.path.clone()))
    }

    /// The first and last node of the range that playback repeats.
    pub(super) fn range_nodes(self) -> Option<(usize, usize)> {
        let (from, to) = self.range.get()?;
        self.watch_calmly(|film| {
            let last = film.position_of(to.saturating_add(1)).checked_sub(1)?;
            let first = film.position_of(from);
            (first <= last).then_some((first, last))
        })
    }

    /// Starts or stops playing. At the end of a finished run, starts from the beginning.
    pub(super) fn play_or_pause(self) {
        let last = self.film(Film::len).saturating_sub(1) as f64;
        let is_over = untrack(|| self.status().is_final());
        self.deep_link.set(None);
        self.motion.update(|m| {
            let moves = m.playing || (m.following && !is_over);
            *m = match moves {
                true => Motion { playing: false, following: false, ..*m },
                false if m.position >= last => Motion { position: 0.0, playing: true, following: false },
                false => Motion { playing: true, following: false, ..*m },
            };
        });
    }

    /// Follows the newest node from now on.
    pub(super) fn jump_to_live(self) {
        self.deep_link.set(None);
        self.motion.update(|m| *m = Motion { playing: false, following: true, ..*m });
    }

    /// Whether the agent moves by itself: a replay, or a live run that is being followed.
    pub(super) fn is_moving(self) -> bool {
        let motion = self.motion.get();
        motion.playing || (motion.following && !self.status().is_final())
    }

    /// The rubric in view, as the film names it: the chosen one, or the root.
    pub(super) fn rubric(self) -> Option<PathId> {
        self.view.rubric.get().or_else(|| self.watch_calmly(root_path))
    }

    /// The selection once it has settled; `None` while it moves, as what is shown of the node before would be
    /// read as this one's.
    pub(super) fn settled_node(self) -> Option<usize> {
        self.settled.get().filter(|at| self.current.get() == Some(*at))
    }

    /// The step that the page names as the current one: that under the agent. While a run that is followed is
    /// being read, it is the run's last one, not that of the part which has arrived.
    pub(super) fn named_step(self) -> Option<u64> {
        match self.is_caught_up() || self.motion.with(|m| !m.following) {
            true => self.current_step(),
            false => self.summary(|s| s.last_step),
        }
    }

    /// How many steps the run has: as the server counted them until all of them are here.
    pub(super) fn steps(self) -> u64 {
        match self.is_caught_up() {
            true => self.watch_calmly(|f| f.len() as u64),
            false => self.summary(|s| s.steps),
        }
    }

    /// The step under the agent.
    pub(super) fn current_step(self) -> Option<u64> {
        let at = self.current.get()?;
        self.watch(|f| f.node(at).map(|n| n.step))
    }
}

/// The index of a step, in that episode if one is named.
pub(super) fn find(film: &Film, step: u64, episode: Option<&EpisodeId>) -> Option<usize> {
    let first = film.find(step)?;
    let same = |i: &usize| film.node(*i).is_some_and(|n| n.step == step && n.episode == episode);
    let in_step = |i: &usize| film.node(*i).is_some_and(|n| n.step == step);
    match episode {
        Some(_) => (first..film.len()).take_while(in_step).find(same),
        None => Some(first),
    }
}

/// The node for a step of an episode: its own node; else the nearest of the episode, as not every step has a
/// node; else the first node of that step. Scans all nodes.
pub(super) fn nearest(film: &Film, step: Option<u64>, episode: Option<&EpisodeId>) -> Option<usize> {
    let of_episode = || {
        let nodes = (0..film.len()).filter_map(|i| Some((i, film.node(i)?)));
        let same = nodes.filter(|(_, node)| episode.is_some() && node.episode == episode);
        same.min_by_key(|(_, node)| node.step.abs_diff(step.unwrap_or_default())).map(|(i, _)| i)
    };
    let exact = step.and_then(|step| find(film, step, episode));
    exact.or_else(of_episode).or_else(|| film.find(step?))
}

/// The path of the root score, or the one that is drawn where there is none.
pub(super) fn root_path(film: &Film) -> Option<PathId> {
    film.main_path()
}

#[cfg(test)]
mod tests {
    use gauntlet_model::Scores;

    use super::*;
    use crate::gauntlet::test_film::film_of;
    use crate::test_run::run;

    #[test]
    fn a_settled_node_is_not_mixed_with_another() {
        Owner::new().with(|| {
            let session = Session::new(run("r", 3));
            session.change_film(|film| *film = film_of((0..3).map(|step| (step, None, Scores::default()))));
            session.select(2);
            assert_eq!((session.current.get(), session.settled_node()), (Some(2), None), "not settled yet");
            session.settled.set(Some(2));
            assert_eq!(session.settled_node(), Some(2));
            session.select(1);
            assert_eq!(session.settled_node(), None, "node 1 is shown, of node 2 it is known");
            session.settled.set(Some(1));
            assert_eq!(session.settled_node(), Some(1));
        });
    }

    #[test]
    fn a_step_of_an_episode_is_shown_by_its_nearest_node() {
        let episodes = ["a", "b"].map(|id| EpisodeId::new(id).unwrap());
        let nodes = [(0, 0), (1, 0), (4, 1), (9, 1)];
        let film =
            film_of(nodes.map(|(step, episode)| (step, Some(episodes[episode].clone()), Scores::default())));
        let shown = |step, episode: Option<usize>| nearest(&film, Some(step), episode.map(|e| &episodes[e]));
        assert_eq!(shown(1, Some(0)), Some(1));
        assert_eq!(shown(1, Some(1)), Some(2), "the second tool call of b: b's nearest node");
        assert_eq!(shown(7, Some(1)), Some(3));
        assert_eq!(shown(9, Some(0)), Some(1));
        assert_eq!((shown(9, None), shown(7, None)), (Some(3), None));
        let stranger = EpisodeId::new("c").unwrap();
        assert_eq!(nearest(&film, Some(4), Some(&stranger)), Some(2));
        assert_eq!(nearest(&film, None, Some(&episodes[1])), Some(2), "the beginning of b");
        assert_eq!(nearest(&film, None, Some(&stranger)), None);
    }
}
