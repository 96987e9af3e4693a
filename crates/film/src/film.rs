//! The film: the fold of facts into nodes, and what is counted on the way.

use std::collections::{BTreeMap, BTreeSet};

use gauntlet_model::{EpisodeId, FailureKind, FailureRule, FailureRules, Scores};

use crate::columns::Column;
use crate::fact::{Asked, Fact, What};
use crate::measurements::Measurements;
use crate::nodes::{Nodes, Row};
use crate::rules::{Evidence, Verdict, conditions};
use crate::story::{NodeKey, Story};
use crate::sum::Sum;
use crate::tree::Paths;

/// What a viewer knows of a run: the fold of its facts.
///
/// A node is a scored step of an episode, ordered by step, then episode (none first). Facts may come in any order,
/// in any batches, any number of times: of two snapshots of one node the one with the higher sequence number counts,
/// and replaces the other with every score laid over it. A later score lies over its path of the snapshot; one that
/// comes before its step was ever scored waits for the step's first snapshot. A measurement that names no episode
/// belongs to its step: it is read at every node of the step, and makes none. Two films are equal when they say the
/// same; [`Film::revision`] is no part of that.
#[derive(Debug, Clone, Default)]
pub struct Film {
    pub(crate) asked: FailureRules,
    pub(crate) evidence: Evidence,
    /// The rule every node is judged by.
    pub(crate) rule: FailureRule,
    pub(crate) revision: u64,
    pub(crate) nodes: Nodes,
    pub(crate) durations: Column,
    pub(crate) paths: Paths,
    /// Scores and rules by path id; as long as `paths`.
    pub(crate) tracks: Vec<Track>,
    /// Later scores that count, or wait for their snapshot, by path.
    pub(crate) overlays: BTreeMap<NodeKey, BTreeMap<String, Later>>,
    pub(crate) measurements: Measurements,
    /// Nodes known to have more than one snapshot: what came before the one that counts no longer does.
    pub(crate) rescored: BTreeSet<NodeKey>,
    /// Questions by the sequence number of the snapshot that asks.
    pub(crate) challenges: BTreeMap<u64, (NodeKey, Asked)>,
    pub(crate) story: Story,
    pub(crate) roots: Sum,
    pub(crate) root: Option<u32>,
}

/// One path's scores by row, and what judges them.
#[derive(Debug, Clone)]
pub(crate) struct Track {
    pub(crate) scores: Column,
    pub(crate) verdict: Verdict,
}

/// A later score, and what the snapshot says where it lies.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Later {
    seq: u64,
    value: f64,
    under: Option<f64>,
}

impl Track {
    pub(crate) fn failure(&self, row: u32) -> Option<FailureKind> {
        self.scores.get(row).and_then(|value| self.verdict.judge(value))
    }
}

/// The parts of a snapshot, borrowed from its fact.
struct Snapshot<'a> {
    scores: &'a Scores,
    not_evaluated: &'a [String],
    failures: &'a [FailureKind],
    duration_ms: Option<f64>,
    is_paused: bool,
    challenge: Option<&'a Asked>,
}

impl Film {
    /// A film of nothing, judged by the rule that fits what it comes to show.
    pub fn new() -> Film {
        Film::default()
    }

    /// A film of nothing, judged as asked.
    pub fn with_rules(asked: FailureRules) -> Film {
        Film { asked, rule: Evidence::default().rule(asked), ..Film::default() }
    }

    /// Takes one fact. A fact taken before changes nothing.
    pub fn apply(&mut self, fact: &Fact) {
        let met = fact.episode.as_ref().is_some_and(|episode| self.nodes.meet(episode));
        let told = self.story.apply(fact);
        let drawn = match (&fact.what, fact.step) {
            (
                What::Scored { scores, not_evaluated, failures, duration_ms, is_paused, challenge },
                Some(step),
            ) => {
                let (duration_ms, is_paused, challenge) = (*duration_ms, *is_paused, challenge.as_ref());
                let snapshot =
                    Snapshot { scores, not_evaluated, failures, duration_ms, is_paused, challenge };
                self.scored(fact, step, &snapshot)
            }
            (What::Added { path, value }, Some(step)) => self.added(fact, step, path, value.get()),
            _ => false,
        };
        let rejudged = self.follow_evidence();
        if met | told | drawn | rejudged {
            self.revision = self.revision.wrapping_add(1);
        }
    }

    /// Judges by other rules from now on, what is there included.
    pub fn set_rules(&mut self, asked: FailureRules) {
        if self.asked != asked {
            self.asked = asked;
            self.follow_evidence();
            self.revision = self.revision.wrapping_add(1);
        }
    }

    /// Learns which rule the whole log has put in force: a film of a part of it may lack what shows so.
    pub fn assume(&mut self, rule: FailureRule) {
        self.evidence = self.evidence.join(Evidence::behind(rule));
        if self.follow_evidence() {
            self.revision = self.revision.wrapping_add(1);
        }
    }

    /// Judges every node anew where what was seen puts another rule in force; says whether it did.
    fn follow_evidence(&mut self) -> bool {
        let rule = self.evidence.rule(self.asked);
        if self.rule == rule {
            return false;
        }
        self.rule = rule;
        for (id, track) in (0u32..).zip(&mut self.tracks) {
            track.verdict = Verdict(conditions(rule, self.paths.text(id).unwrap_or_default()));
        }
        for rank in 0..self.nodes.len() {
            self.judge(rank);
        }
        true
    }

    /// Whether a rubric's own failure makes the step failing.
    pub(crate) fn is_decisive(&self, path: u32) -> bool {
        self.rule == FailureRule::Dipg || self.root == Some(path)
    }

    /// Learns that a path stands at a position of a snapshot of `step`; says its id and whether the tree changed.
    fn path(&mut self, path: &str, step: u64, position: usize) -> Option<(u32, bool)> {
        let noted = self.paths.note(path, step, position);
        while self.tracks.len() < self.paths.len() {
            let text = self.paths.text(self.tracks.len() as u32).unwrap_or_default();
            let verdict = Verdict(conditions(self.rule, text));
            self.tracks.push(Track { scores: Column::default(), verdict });
        }
        if self.root.is_none() && path == "root" {
            self.root = noted.map(|(id, _)| id);
        }
        if noted.is_some_and(|(_, is_new)| is_new) {
            self.evidence.see_path(path);
        }
        noted
    }

    fn scored(&mut self, fact: &Fact, step: u64, snapshot: &Snapshot) -> bool {
        let episode = fact.episode.as_ref();
        let place = self.nodes.rank(step, episode);
        let old = place.ok().and_then(|rank| self.nodes.row(rank));
        let old_seq = old.and_then(|row| self.nodes.get(row)).map(|row| row.seq);
        let counts = old_seq.is_none_or(|seq| seq < fact.seq);
        let is_new_rescore =
            old_seq.is_some_and(|seq| seq != fact.seq) && self.rescored.insert((step, fact.episode.clone()));

        // Paths are learnt from snapshots that no longer count too: their order must not depend on arrival.
        let mut changed = false;
        let mut ids = Vec::with_capacity(snapshot.scores.len());
        for (position, (path, _)) in snapshot.scores.iter().enumerate() {
            let noted = self.path(path, step, position);
            changed |= noted.is_some_and(|(_, new)| new);
            ids.push(noted.map(|(id, _)| id));
        }
        for (position, path) in (snapshot.scores.len()..).zip(snapshot.not_evaluated) {
            changed |= self.path(path, step, position).is_some_and(|(_, new)| new);
        }
        snapshot.scores.root().into_iter().for_each(|root| self.evidence.see_root(root));
        if !counts {
            return (is_new_rescore && place.is_ok_and(|rank| self.uncover(step, episode, rank))) | changed;
        }

        let scores =
            || ids.iter().zip(snapshot.scores.iter()).filter_map(|(id, (_, value))| Some(((*id)?, value)));
        let verdict = |id: u32| self.tracks.get(id as usize).map(|track| &track.verdict);
        let decisive = scores().filter(|(id, _)| self.is_decisive(*id));
        let judged = decisive.filter_map(|(id, value)| verdict(id)?.judge(value));
        let declared = snapshot.failures.iter().copied().min();
        let failure = judged.chain(declared).min();
        let row = Row { seq: fact.seq, at: fact.at, is_paused: snapshot.is_paused, declared, failure };
        let old_root = self.root_of(old);
        let Some(row) = self.nodes.put(place, step, episode, row) else { return changed };
        for (id, value) in scores() {
            if let Some(track) = self.tracks.get_mut(id as usize) {
                track.scores.set(row, value);
            }
        }
        if let Some(duration) = snapshot.duration_ms {
            self.durations.set(row, duration);
        }
        if let Some(seq) = old_seq {
            self.challenges.remove(&seq);
        }
        if let Some(asked) = snapshot.challenge {
            self.challenges.insert(fact.seq, ((step, fact.episode.clone()), asked.clone()));
        }
        let is_overlaid = self.overlay(step, episode, fact.seq, row);
        self.count_root(old_root, self.root_of(Some(row)));
        if is_overlaid {
            self.judge(place.unwrap_or_else(|rank| rank));
        }
        true
    }

    /// Lays the later scores that still count over a new row, and forgets those that no longer do. Says whether any
    /// was waiting.
    fn overlay(&mut self, step: u64, episode: Option<&EpisodeId>, seq: u64, row: u32) -> bool {
        if self.overlays.is_empty() {
            return false;
        }
        let key = (step, episode.cloned());
        let Some(later) = self.overlays.get_mut(&key) else { return false };
        if self.rescored.contains(&key) {
            later.retain(|_, later| later.seq > seq);
        }
        for (path, later) in later.iter_mut() {
            let id = self.paths.id(path);
            if let Some(track) = id.and_then(|id| self.tracks.get_mut(id as usize)) {
                later.under = track.scores.get(row);
                track.scores.set(row, later.value);
            }
        }
        if later.is_empty() {
            self.overlays.remove(&key);
        }
        true
    }

    /// Takes what came before the snapshot off a node that turns out to have had an earlier one. Says whether
    /// anything lay there.
    fn uncover(&mut self, step: u64, episode: Option<&EpisodeId>, rank: usize) -> bool {
        let key = (step, episode.cloned());
        let (Some(row), Some(later)) = (self.nodes.row(rank), self.overlays.get_mut(&key)) else {
            return false;
        };
        let Some(seq) = self.nodes.get(row).map(|row| row.seq) else { return false };
        let mut taken = Vec::new();
        later.retain(|path, later| {
            let stays = later.seq > seq;
            if !stays {
                taken.extend(self.paths.id(path).map(|id| (id, later.under)));
            }
            stays
        });
        if later.is_empty() {
            self.overlays.remove(&key);
        }
        let old_root = self.root_of(Some(row));
        for (id, under) in &taken {
            if let Some(track) = self.tracks.get_mut(*id as usize) {
                match under {
                    Some(value) => track.scores.set(row, *value),
                    None => track.scores.clear(row),
                }
            }
        }
        self.count_root(old_root, self.root_of(Some(row)));
        self.judge(rank);
        !taken.is_empty()
    }

    fn added(&mut self, fact: &Fact, step: u64, path: &str, value: f64) -> bool {
        let Some((id, new_path)) = self.path(path, step, usize::MAX) else { return false };
        if fact.measurement().is_some() {
            return self.measurements.set(id, step, fact.seq, value) | new_path;
        }
        if path == "root" {
            self.evidence.see_root(value);
        }
        let rank = self.nodes.rank(step, fact.episode.as_ref()).ok();
        let row = rank.and_then(|rank| self.nodes.row(rank));
        let key = (step, fact.episode.clone());
        let is_earlier = row.and_then(|row| self.nodes.get(row)).is_some_and(|row| row.seq >= fact.seq);
        if is_earlier && self.rescored.contains(&key) {
            return new_path;
        }
        let later = self.overlays.entry(key).or_default();
        let under = || self.tracks.get(id as usize)?.scores.get(row?);
        match later.get_mut(path) {
            Some(known) if known.seq >= fact.seq => return new_path,
            Some(known) => (known.seq, known.value) = (fact.seq, value),
            None => drop(later.insert(path.to_owned(), Later { seq: fact.seq, value, under: under() })),
        }
        let (Some(rank), Some(row)) = (rank, row) else { return new_path };
        let old_root = self.root_of(Some(row));
        if let Some(track) = self.tracks.get_mut(id as usize) {
            track.scores.set(row, value);
        }
        self.count_root(old_root, self.root_of(Some(row)));
        self.judge(rank);
        true
    }

    /// The root score in a row.
    pub(crate) fn root_of(&self, row: Option<u32>) -> Option<f64> {
        self.tracks.get(self.root? as usize)?.scores.get(row?)
    }

    fn count_root(&mut self, old: Option<f64>, new: Option<f64>) {
        if old == new {
            return;
        }
        old.into_iter().for_each(|value| self.roots.remove(value));
        new.into_iter().for_each(|value| self.roots.add(value));
    }

    /// Finds the gravest failure of the node at a rank.
    fn judge(&mut self, rank: usize) {
        let Some(row) = self.nodes.row(rank) else { return };
        let declared = self.nodes.get(row).and_then(|row| row.declared);
        let judged = match self.rule {
            FailureRule::Dipg => self.tracks.iter().filter_map(|track| track.failure(row)).min(),
            FailureRule::RootBelow(_) => {
                self.root.and_then(|root| self.tracks.get(root as usize)?.failure(row))
            }
        };
        let gravest = judged.into_iter().chain(declared).min();
        self.nodes.judge(rank, gravest);
    }
}
