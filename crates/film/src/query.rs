//! The queries of a film.

use gauntlet_model::{EpisodeId, FailureKind, FailureRule, RuleInForce, Timestamp};

use crate::fact::ChallengeFact;
use crate::film::Film;
use crate::run_state::{Alert, Answer, Command, DroppedEvents, NodeKey, Note, RunInfo};
use crate::tree::{Path, PathId};

/// Nodes that a rank is computed from at most.
const MAX_RANKED: usize = 4096;

/// One scored step.
#[derive(Debug, Clone, PartialEq)]
pub struct Node<'a> {
    /// Which step.
    pub step: u64,
    /// Which episode.
    pub episode: Option<&'a EpisodeId>,
    /// Sequence number of its snapshot.
    pub seq: u64,
    /// When it was scored.
    pub at: Timestamp,
    /// How long the evaluation took, milliseconds.
    pub duration_ms: Option<f64>,
    /// The score of the complete rubric; `None` where it was not evaluated.
    pub root: Option<f64>,
    /// The most severe failure.
    pub failure: Option<FailureKind>,
    /// Whether it is the last node of an episode that ended with an error or by a time limit.
    pub ends_failed_episode: bool,
    /// Whether the run waited here for a person.
    pub is_paused: bool,
    /// What the person was asked.
    pub challenge: Option<&'a ChallengeFact>,
    /// What the person answered.
    pub answer: Option<&'a Answer>,
}

/// The outcome of a rubric at a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Scored, and no rule fails it.
    Passed,
    /// Scored, and a rule fails it.
    Failed,
    /// Not scored: neither good nor bad.
    NotEvaluated,
}

impl Film {
    /// One more than the highest sequence number seen; 0 before the first fact.
    pub fn head(&self) -> u64 {
        self.run_state.head()
    }

    /// Grows with every change that a query could show, and with no other.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The revision at which any of the [`BLOCK`](crate::BLOCK) nodes of a block last changed; block `k`
    /// begins at index `k * BLOCK`.
    pub fn block_revision(&self, block: usize) -> u64 {
        self.blocks.revision(block)
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no node.
    pub fn is_empty(&self) -> bool {
        self.nodes.len() == 0
    }

    /// The node at index `i`; nodes are ordered by step, then episode.
    pub fn node(&self, i: usize) -> Option<Node<'_>> {
        let id = self.nodes.row(i)?;
        let row = self.nodes.get(id)?;
        let step = self.nodes.step(id)?;
        let asked = self.challenges.get(&row.seq);
        let answer = || {
            let key: NodeKey = (step, self.nodes.episode(id).cloned());
            self.run_state.answer(&key, row.seq)
        };
        Some(Node {
            step,
            episode: self.nodes.episode(id),
            seq: row.seq,
            at: row.at,
            duration_ms: self.durations.get(id),
            root: self.root_of(Some(id)),
            failure: row.failure,
            ends_failed_episode: self.nodes.ends_failed_episode(id),
            is_paused: row.is_paused,
            challenge: asked.map(|(_, asked)| asked),
            answer: asked.is_some().then(answer).flatten(),
        })
    }

    /// The score of the complete rubric at a node: the path `root`. `None` where it was not evaluated.
    pub fn root(&self, i: usize) -> Option<f64> {
        self.root_of(self.nodes.row(i))
    }

    /// The most severe failure of a node.
    pub fn failure(&self, i: usize) -> Option<FailureKind> {
        self.nodes.failure(self.nodes.row(i)?)
    }

    /// The rubric paths in tree order: `root` first, siblings by first appearance (lowest step, then position
    /// in that snapshot), children below their parent. Parents nothing scores are there as groups.
    pub fn paths(&self) -> &[Path] {
        self.paths.paths()
    }

    /// One path.
    pub fn path_of(&self, id: PathId) -> Option<&Path> {
        self.paths.path(id)
    }

    /// The path of that text.
    pub fn find_path(&self, path: &str) -> Option<PathId> {
        self.paths.id(path).map(PathId)
    }

    /// The score of a path at a node; for a measurement that the node has not itself, that of its step.
    pub fn score(&self, i: usize, p: PathId) -> Option<f64> {
        self.score_of(self.nodes.row(i)?, p)
    }

    /// As [`Film::score`], by row.
    pub(crate) fn score_of(&self, row: u32, p: PathId) -> Option<f64> {
        let of_node = self.tracks.get(p.0 as usize)?.scores.get(row);
        of_node.or_else(|| self.measurements.get(p.0, self.nodes.step(row)?))
    }

    /// The failure a path's score at a node is.
    pub fn path_failure(&self, i: usize, p: PathId) -> Option<FailureKind> {
        self.tracks.get(p.0 as usize)?.failure(self.nodes.row(i)?)
    }

    /// The outcome of a path at a node.
    pub fn state(&self, i: usize, p: PathId) -> State {
        match (self.score(i, p), self.path_failure(i, p)) {
            (None, _) => State::NotEvaluated,
            (Some(_), None) => State::Passed,
            (Some(_), Some(_)) => State::Failed,
        }
    }

    /// The paths that fail at a node, in tree order.
    pub fn failed_paths(&self, i: usize) -> Vec<PathId> {
        self.paths().iter().map(|p| p.id).filter(|p| self.path_failure(i, *p).is_some()).collect()
    }

    /// How many rubrics other than the root are below their own bounds at a node, whether it fails or not.
    pub fn failing_parts(&self, i: usize) -> usize {
        let parts = self.paths().iter().filter(|p| p.path != "root");
        parts.filter(|p| self.path_failure(i, p.id).is_some()).count()
    }

    /// Whether a failure of that path makes a node failing.
    pub fn is_decisive_path(&self, p: PathId) -> bool {
        self.is_decisive(p.0)
    }

    /// The paths whose scores make a node failing, in tree order: outside the medical rules the root alone.
    pub fn causes(&self, i: usize) -> Vec<PathId> {
        let mut failed = self.failed_paths(i);
        failed.retain(|path| self.is_decisive(path.0));
        failed
    }

    /// The failure of a node by a chosen path; without one, the most severe of the node.
    pub fn failure_by(&self, i: usize, chosen: Option<PathId>) -> Option<FailureKind> {
        chosen.map_or_else(|| self.failure(i), |path| self.path_failure(i, path))
    }

    /// The path that names a node's most severe failure: of those that fail in this way the deepest, which is
    /// the most specific, and of equally deep ones the first. `None` where none fails, or no score does it.
    pub fn cause(&self, i: usize) -> Option<PathId> {
        let failure = self.failure(i)?;
        let is_cause = |p: &&Path| self.is_decisive(p.id.0) && self.path_failure(i, p.id) == Some(failure);
        let deeper = |best: &'_ Path, path: &'_ Path| path.depth > best.depth || best.path == "root";
        let causes = self.paths().iter().filter(is_cause);
        causes.reduce(|best, path| if deeper(best, path) { path } else { best }).map(|path| path.id)
    }

    /// The first node of that step.
    pub fn find(&self, step: u64) -> Option<usize> {
        let rank = self.nodes.first_at_least(step);
        (self.nodes.step(self.nodes.row(rank)?)? == step).then_some(rank)
    }

    /// Where the nodes of that step begin, or would; [`Film::len`] past the last.
    pub fn position_of(&self, step: u64) -> usize {
        self.nodes.first_at_least(step)
    }

    /// The first failing node past `after`, or of all.
    pub fn next_failure(&self, after: Option<usize>) -> Option<usize> {
        self.nodes.failing().next(after.map_or(Some(0), |i| i.checked_add(1))?)
    }

    /// The last failing node before `before`.
    pub fn previous_failure(&self, before: usize) -> Option<usize> {
        self.nodes.failing().previous(before)
    }

    /// The first node past `after`, or of all, where that path fails.
    pub fn next_failure_of(&self, after: Option<usize>, p: PathId) -> Option<usize> {
        let from = after.map_or(Some(0), |i| i.checked_add(1))?;
        (from..self.len()).find(|i| self.path_failure(*i, p).is_some())
    }

    /// The last node before `before` where that path fails.
    pub fn previous_failure_of(&self, before: usize, p: PathId) -> Option<usize> {
        (0..before.min(self.len())).rev().find(|i| self.path_failure(*i, p).is_some())
    }

    /// How many nodes fail.
    pub fn failing(&self) -> usize {
        self.nodes.failing().ones()
    }

    /// How many nodes have this as their most severe failure.
    pub fn failing_as(&self, kind: FailureKind) -> usize {
        self.nodes.failing_as(kind)
    }

    /// Mean of the root scores there are; the same to the last bit whatever order facts came in.
    pub fn mean_root(&self) -> Option<f64> {
        self.roots.mean()
    }

    /// Share of nodes without failure, 0 to 1.
    pub fn safety(&self) -> Option<f64> {
        let (all, failing) = (self.len() as f64, self.failing() as f64);
        (!self.is_empty()).then(|| (all - failing) / all)
    }

    /// How a node's score of a path ranks: the percentage, above 0 and up to 100, of its scores at or below.
    /// Of a film with more than 4,096 nodes, as many evenly distributed ones are read.
    pub fn percentile(&self, i: usize, path: PathId) -> Option<f64> {
        let score = self.score(i, path)?;
        let (mut below, mut all) = (1, 1);
        let others = self.sample(MAX_RANKED).filter(|other| *other != i);
        for other in others.filter_map(|other| self.score(other, path)) {
            all += 1;
            below += usize::from(other <= score);
        }
        Some(100.0 * below as f64 / all as f64)
    }

    /// How many distinct episodes any fact named.
    pub fn episodes(&self) -> u64 {
        self.nodes.episode_table.ids().len() as u64
    }

    /// What is known of the run itself.
    pub fn run(&self) -> &RunInfo {
        &self.run_state.run
    }

    /// People's notes, in log order.
    pub fn notes(&self) -> impl ExactSizeIterator<Item = &Note> + DoubleEndedIterator {
        self.run_state.notes.values()
    }

    /// Alerts, in log order.
    pub fn alerts(&self) -> impl ExactSizeIterator<Item = &Alert> + DoubleEndedIterator {
        self.run_state.alerts.values()
    }

    /// People's commands, in log order, with their results.
    pub fn commands(&self) -> impl ExactSizeIterator<Item = &Command> + DoubleEndedIterator {
        self.run_state.commands.values()
    }

    /// How many events never reached the log, and the reports of it in log order.
    pub fn gaps(&self) -> (u64, impl ExactSizeIterator<Item = &DroppedEvents> + DoubleEndedIterator) {
        let gaps = self.run_state.gaps.values();
        (gaps.clone().fold(0u64, |sum, gap| sum.saturating_add(gap.lost)), gaps)
    }

    /// The node whose question still waits for a person, and the question; the latest where several do. A
    /// question waits until it is answered, or a resume, answer or stop is issued, a command is applied, or
    /// the run's status becomes running or final, after it.
    pub fn pending_challenge(&self) -> Option<(usize, &ChallengeFact)> {
        self.challenges.iter().rev().take_while(|(seq, _)| !self.run_state.has_released(**seq)).find_map(
            |(seq, (key, asked))| {
                let rank = self.nodes.rank(key.0, key.1.as_ref()).ok()?;
                let waits = self.nodes.get(self.nodes.row(rank)?)?.is_paused;
                (waits && self.run_state.answer(key, *seq).is_none()).then_some((rank, asked))
            },
        )
    }

    /// The rule nodes are judged by now.
    pub fn rule(&self) -> FailureRule {
        self.rule
    }

    /// That rule, as a sentence too.
    pub fn rule_in_force(&self) -> RuleInForce {
        RuleInForce::of(self.asked, self.rule)
    }
}

impl PartialEq for Film {
    fn eq(&self, other: &Self) -> bool {
        // Path ids are given in order of arrival, so paths are compared by text.
        let paths = |film: &Film| film.paths().iter().map(|p| p.path.clone()).collect::<Vec<_>>();
        let same_scores = |i: usize| {
            let mut pairs = self.paths().iter().zip(other.paths());
            pairs.all(|(a, b)| self.score(i, a.id) == other.score(i, b.id))
        };
        let declared = |film: &Film, i: usize| film.nodes.get(film.nodes.row(i)?)?.declared;
        (self.asked, self.rule) == (other.asked, other.rule)
            && self.run_state == other.run_state
            && self.overlays == other.overlays
            && self.rescored == other.rescored
            && self.challenges == other.challenges
            && self.len() == other.len()
            && self.nodes.episode_table.is_same(&other.nodes.episode_table)
            && self.measures_the_same(other)
            && paths(self) == paths(other)
            && (0..self.len()).all(|i| {
                self.node(i) == other.node(i) && declared(self, i) == declared(other, i) && same_scores(i)
            })
    }
}
