//! The film: the fold of facts into nodes, and its totals.

use std::collections::{BTreeMap, btree_map};
use std::sync::OnceLock;

use gauntlet_model::{EpisodeId, FailureKind, FailureRule, FailureRules, Scores};

use crate::blocks::Blocks;
use crate::columns::Column;
use crate::fact::{ChallengeFact, Fact, FactBody};
use crate::measurements::{Entry, Measurements};
use crate::nodes::{Nodes, Row};
use crate::outline::{LATER, named};
use crate::overlay::Base;
use crate::rules::{Evidence, Verdict, conditions, is_decisive};
use crate::run_state::{NodeKey, RunState};
use crate::sum::Sum;
use crate::track::{Later, Track};
use crate::tree::Paths;

/// What a viewer knows of a run: the fold of its facts.
///
/// A node is a scored step of an episode, ordered by step, then episode (none first). Facts may come in any
/// order, in any batches, any number of times. How the snapshots and the later scores of a node add up is
/// defined by [`overlay`](crate::overlay()). The error that an episode ended with fails its last node: the
/// one of its greatest step. A measurement that names no episode belongs to its step: it is read at every
/// node of the step, and makes none. Two films are equal when every question has the same answer;
/// [`Film::revision`] is not part of that.
#[derive(Debug, Clone, Default)]
pub struct Film {
    pub(crate) asked: FailureRules,
    pub(crate) evidence: Evidence,
    /// The rule every node is judged by.
    pub(crate) rule: FailureRule,
    pub(crate) revision: u64,
    pub(crate) blocks: Blocks,
    pub(crate) nodes: Nodes,
    pub(crate) durations: Column,
    pub(crate) paths: Paths,
    /// Scores and rules by path id; as long as `paths`.
    pub(crate) tracks: Vec<Track>,
    /// The path ids, rising, whose failure makes a node failing under `rule`.
    decisive: Vec<u32>,
    /// Later scores that count, or wait for the first snapshot of their node, by path.
    pub(crate) overlays: BTreeMap<NodeKey, BTreeMap<String, Later>>,
    pub(crate) measurements: Measurements,
    /// Nodes with more than one snapshot: later scores that are older than the last one do not count there.
    pub(crate) rescored: BTreeMap<NodeKey, u64>,
    /// Questions by the sequence number of the snapshot that asks.
    pub(crate) challenges: BTreeMap<u64, (NodeKey, ChallengeFact)>,
    pub(crate) run_state: RunState,
    pub(crate) roots: Sum,
    pub(crate) root: Option<u32>,
}

/// The parts of a snapshot, borrowed from its fact.
struct Snapshot<'a> {
    scores: &'a Scores,
    not_evaluated: &'a [String],
    failures: &'a [FailureKind],
    duration_ms: Option<f64>,
    is_paused: bool,
    challenge: Option<&'a ChallengeFact>,
}

/// The scores of a snapshot by the ids of their paths; without those whose path the film does not hold.
fn scores<'a>(ids: &'a [Option<u32>], snapshot: &'a Snapshot<'a>) -> impl Iterator<Item = (u32, f64)> + 'a {
    ids.iter().zip(snapshot.scores.iter()).filter_map(|(id, (_, value))| Some(((*id)?, value)))
}

impl Film {
    /// An empty film, judged by the rule that fits its scores.
    pub fn new() -> Film {
        Film::default()
    }

    /// An empty film, judged as asked.
    pub fn with_rules(asked: FailureRules) -> Film {
        Film { asked, rule: Evidence::default().rule(asked), ..Film::default() }
    }

    /// Applies one fact. A fact that was applied before changes nothing.
    pub fn apply(&mut self, fact: &Fact) {
        let is_new_episode =
            fact.episode.as_ref().is_some_and(|episode| self.nodes.episode_table.register(episode));
        let has_state_changed = self.run_state.apply(fact);
        let has_node_changed = match (&fact.body, fact.step) {
            (
                FactBody::Scored { scores, not_evaluated, failures, duration_ms, is_paused, challenge },
                Some(step),
            ) => {
                let (duration_ms, is_paused, challenge) = (*duration_ms, *is_paused, challenge.as_ref());
                let snapshot =
                    Snapshot { scores, not_evaluated, failures, duration_ms, is_paused, challenge };
                self.scored(fact, step, &snapshot)
            }
            (FactBody::Added { path, value }, Some(step)) => self.added(fact, step, path, value.get()),
            (FactBody::EpisodeFinished { status, .. }, _) => self.ended(fact, status.is_failure()),
            _ => false,
        };
        let has_rule_changed = self.follow_evidence();
        if is_new_episode | has_state_changed | has_node_changed | has_rule_changed {
            self.revision = self.revision.wrapping_add(1);
        }
    }

    /// Sets other rules, and judges all nodes by them.
    pub fn set_rules(&mut self, asked: FailureRules) {
        if self.asked != asked {
            self.asked = asked;
            self.follow_evidence();
            self.revision = self.revision.wrapping_add(1);
        }
    }

    /// Sets the rule that the complete log put in force. A film of a part of the log may lack the scores that
    /// decide it.
    pub fn assume(&mut self, rule: FailureRule) {
        self.evidence = self.evidence.join(Evidence::of_rule(rule));
        if self.follow_evidence() {
            self.revision = self.revision.wrapping_add(1);
        }
    }

    /// Takes the place of another film for those who keep what they computed of it: the revision goes on from
    /// that of `other`, and every node counts as changed.
    pub fn supersede(&mut self, other: &Film) {
        self.revision = self.revision.max(other.revision).wrapping_add(1);
        self.blocks.touch_from(0, self.revision);
    }

    /// Notes that the node at a rank changes with the next revision.
    fn touch(&mut self, rank: usize) {
        self.blocks.touch(rank, self.revision.wrapping_add(1));
    }

    /// Judges every node again if the evidence now puts another rule in force; returns whether it did.
    fn follow_evidence(&mut self) -> bool {
        let rule = self.evidence.rule(self.asked);
        if self.rule == rule {
            return false;
        }
        self.rule = rule;
        self.decisive.clear();
        for (id, track) in (0u32..).zip(&mut self.tracks) {
            let path = self.paths.text(id).unwrap_or_default();
            track.verdict = Verdict(conditions(rule, path));
            track.totals.take();
            if is_decisive(rule, path) {
                self.decisive.push(id);
            }
        }
        for rank in 0..self.nodes.len() {
            self.judge(rank);
        }
        true
    }

    /// Whether a rubric's own failure makes the step failing.
    pub(crate) fn is_decisive(&self, path: u32) -> bool {
        self.decisive.binary_search(&path).is_ok()
    }

    /// Records that a snapshot of `step` has a path at a position; returns its id and whether the tree
    /// changed.
    fn path(&mut self, path: &str, step: u64, position: usize) -> Option<(u32, bool)> {
        let noted = self.paths.note(path, step, position);
        // The parents of a new path are new too.
        while self.tracks.len() < self.paths.len() {
            let id = self.tracks.len() as u32;
            let text = self.paths.text(id).unwrap_or_default();
            let verdict = Verdict(conditions(self.rule, text));
            self.tracks.push(Track { scores: Column::default(), verdict, totals: OnceLock::new() });
            if is_decisive(self.rule, text) {
                self.decisive.push(id);
            }
        }
        if self.root.is_none() && path == "root" {
            self.root = noted.map(|(id, _)| id);
        }
        if noted.is_some_and(|(_, is_new)| is_new) {
            self.evidence.see_path(path);
        }
        noted
    }

    /// Records the paths of a snapshot; returns the ids of those with a score, and whether the tree changed.
    fn learn_paths(&mut self, step: u64, snapshot: &Snapshot) -> (Vec<Option<u32>>, bool) {
        let mut changed = false;
        let mut ids = Vec::with_capacity(snapshot.scores.len());
        for (position, path) in named(snapshot.scores, snapshot.not_evaluated) {
            let noted = self.path(path, step, position);
            changed |= noted.is_some_and(|(_, new)| new);
            if position < snapshot.scores.len() {
                ids.push(noted.map(|(id, _)| id));
            }
        }
        (ids, changed)
    }

    /// Applies a snapshot; returns whether any query has another answer now.
    fn scored(&mut self, fact: &Fact, step: u64, snapshot: &Snapshot) -> bool {
        let episode = fact.episode.as_ref();
        let place = self.nodes.rank(step, episode);
        let old = place.ok().and_then(|rank| self.nodes.row(rank));
        let old_seq = old.and_then(|row| self.nodes.get(row)).map(|row| row.seq);
        // Remembered for good: a later score that belongs to the first snapshot may arrive after the second
        // snapshot did, and must not count then.
        let is_new_rescore = match old_seq.filter(|seq| *seq != fact.seq) {
            Some(seq) => self.note_rescore((step, fact.episode.clone()), seq.min(fact.seq)),
            None => false,
        };
        // Also where this snapshot does not count: paths and evidence must not depend on the order of
        // arrival.
        let (ids, changed) = self.learn_paths(step, snapshot);
        snapshot.scores.root().into_iter().for_each(|root| self.evidence.see_root(root));
        if old_seq.is_some_and(|seq| seq >= fact.seq) {
            // Older than the snapshot that counts, or the same. The first older one means that the node was
            // scored more than once, so later scores that seemed to count may no longer do.
            return (is_new_rescore && place.is_ok_and(|rank| self.uncover(step, episode, rank))) | changed;
        }

        let declared = snapshot.failures.iter().copied().min();
        let failure = self.snapshot_failure(&ids, snapshot).into_iter().chain(declared).min();
        let row = Row { seq: fact.seq, at: fact.at, is_paused: snapshot.is_paused, declared, failure };
        let old_root = self.root_of(old);
        let old_last = episode.and_then(|episode| self.nodes.episode_table.last_step(episode));
        let appended = place == Err(self.nodes.len());
        let Some(row) = self.nodes.put(place, step, episode, row) else { return changed };
        let rank = place.unwrap_or_else(|rank| rank);
        self.touch(rank);
        if place.is_err() && !appended {
            self.blocks.touch_from(rank, self.revision.wrapping_add(1));
        }
        if let Some(row) = old {
            self.tracks.iter_mut().for_each(|track| track.leave(row));
        }
        for (id, value) in scores(&ids, snapshot) {
            if let Some(track) = self.tracks.get_mut(id as usize) {
                track.put(&self.nodes, row, Some(value));
            }
        }
        if let Some(duration) = snapshot.duration_ms {
            self.durations.set(row, duration);
        }
        self.set_challenge(old_seq, fact, step, snapshot.challenge);
        let is_overlaid = self.overlay(step, episode, fact.seq, row);
        self.count_root(old_root, self.root_of(Some(row)));
        if self.nodes.ends_failed_episode(row) {
            // The error of the episode fails this node now, and no longer the one that was last before.
            self.judge_step(old_last, episode);
            self.judge_step(Some(step), episode);
        } else if is_overlaid {
            self.judge(rank);
        }
        true
    }

    /// Replaces the question of a node: that of the snapshot at `old_seq` no longer counts.
    fn set_challenge(&mut self, old_seq: Option<u64>, fact: &Fact, step: u64, asked: Option<&ChallengeFact>) {
        if let Some(seq) = old_seq {
            self.challenges.remove(&seq);
        }
        if let Some(asked) = asked {
            self.challenges.insert(fact.seq, ((step, fact.episode.clone()), asked.clone()));
        }
    }

    /// The failure that the scores of a snapshot mean, without later scores. Only the scores of this snapshot
    /// are judged, not all columns of its row: a run may have far more paths than one snapshot has.
    fn snapshot_failure(&self, ids: &[Option<u32>], snapshot: &Snapshot) -> Option<FailureKind> {
        let judged = scores(ids, snapshot).filter(|(id, _)| self.is_decisive(*id));
        judged.filter_map(|(id, value)| self.tracks.get(id as usize)?.verdict.judge(value)).min()
    }

    /// Remembers that a node has several snapshots, one of them at `seq`; returns whether that is new.
    fn note_rescore(&mut self, key: NodeKey, seq: u64) -> bool {
        match self.rescored.entry(key) {
            btree_map::Entry::Vacant(entry) => {
                entry.insert(seq);
                true
            }
            btree_map::Entry::Occupied(mut first) => {
                *first.get_mut() = seq.min(*first.get());
                false
            }
        }
    }

    /// Place of the snapshot of a node that counts.
    pub(crate) fn shown_seq(&self, step: u64, episode: Option<&EpisodeId>) -> Option<u64> {
        let row = self.nodes.row(self.nodes.rank(step, episode).ok()?)?;
        Some(self.nodes.get(row)?.seq)
    }

    /// Which later scores count for a node whose snapshot is at `seq`.
    fn base(&self, key: &NodeKey, seq: u64) -> Base {
        Base { seq, is_only: !self.rescored.contains_key(key) }
    }

    /// Writes the later scores that count into a new row, and removes those that no longer count. Returns
    /// whether there was any.
    fn overlay(&mut self, step: u64, episode: Option<&EpisodeId>, seq: u64, row: u32) -> bool {
        if self.overlays.is_empty() {
            return false;
        }
        let key = (step, episode.cloned());
        let base = self.base(&key, seq);
        let Some(later) = self.overlays.get_mut(&key) else { return false };
        later.retain(|_, later| base.takes(later.seq));
        for (path, later) in later.iter_mut() {
            let id = self.paths.id(path);
            if let Some(track) = id.and_then(|id| self.tracks.get_mut(id as usize)) {
                // Needed for `uncover`: an older snapshot may still arrive, and this score no longer count.
                later.under = track.scores.get(row);
                track.put(&self.nodes, row, Some(later.value));
            }
        }
        if later.is_empty() {
            self.overlays.remove(&key);
        }
        true
    }

    /// Removes the later scores that are older than the snapshot that counts, after an older snapshot
    /// arrived: they counted only as long as the node seemed to have one snapshot (rule 3 of
    /// [`crate::overlay()`]). Returns whether there was any.
    fn uncover(&mut self, step: u64, episode: Option<&EpisodeId>, rank: usize) -> bool {
        let key = (step, episode.cloned());
        let Some(row) = self.nodes.row(rank) else { return false };
        let Some(seq) = self.nodes.get(row).map(|row| row.seq) else { return false };
        let base = self.base(&key, seq);
        let Some(later) = self.overlays.get_mut(&key) else { return false };
        let mut removed = Vec::new();
        later.retain(|path, later| {
            let stays = base.takes(later.seq);
            if !stays {
                removed.extend(self.paths.id(path).map(|id| (id, later.under)));
            }
            stays
        });
        if later.is_empty() {
            self.overlays.remove(&key);
        }
        let old_root = self.root_of(Some(row));
        for (id, under) in &removed {
            if let Some(track) = self.tracks.get_mut(*id as usize) {
                track.put(&self.nodes, row, *under);
            }
        }
        self.count_root(old_root, self.root_of(Some(row)));
        self.judge(rank);
        !removed.is_empty()
    }

    /// Applies a later score of a step, or a measurement; returns whether any query has another answer now.
    fn added(&mut self, fact: &Fact, step: u64, path: &str, value: f64) -> bool {
        let Some((id, new_path)) = self.path(path, step, LATER) else { return false };
        if fact.measurement().is_some() {
            let is_new = self.measurements.set(id, Entry { step, seq: fact.seq, at: fact.at, value });
            if is_new {
                let end = self.nodes.first_at_least(step.saturating_add(1));
                (self.nodes.first_at_least(step)..end).for_each(|rank| self.touch(rank));
            }
            return is_new | new_path;
        }
        if path == "root" {
            self.evidence.see_root(value);
        }
        let rank = self.nodes.rank(step, fact.episode.as_ref()).ok();
        let row = rank.and_then(|rank| self.nodes.row(rank));
        let key = (step, fact.episode.clone());
        let shown_seq = row.and_then(|row| self.nodes.get(row)).map(|row| row.seq);
        if shown_seq.is_some_and(|seq| !self.base(&key, seq).takes(fact.seq)) {
            return new_path;
        }
        // Also stored where the node does not exist yet: its first snapshot will apply it.
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
            track.put(&self.nodes, row, Some(value));
        }
        self.count_root(old_root, self.root_of(Some(row)));
        self.judge(rank);
        true
    }

    /// Applies the end of an episode; returns whether the failure of its last node may have changed.
    fn ended(&mut self, fact: &Fact, has_failed: bool) -> bool {
        let Some(episode) = &fact.episode else { return false };
        let has_changed = self.nodes.episode_table.end(episode, fact.seq, has_failed);
        if has_changed {
            self.judge_step(self.nodes.episode_table.last_step(episode), Some(episode));
        }
        has_changed
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

    /// Finds the most severe failure of the node of a step.
    fn judge_step(&mut self, step: Option<u64>, episode: Option<&EpisodeId>) {
        if let Some(Ok(rank)) = step.map(|step| self.nodes.rank(step, episode)) {
            self.judge(rank);
        }
    }

    /// Finds the most severe failure of the node at a rank: as [`failure_of`](crate::failure_of) does, from
    /// the columns.
    fn judge(&mut self, rank: usize) {
        let Some(row) = self.nodes.row(rank) else { return };
        self.touch(rank);
        let declared = self.nodes.get(row).and_then(|row| row.declared);
        let raised = self.nodes.ends_failed_episode(row).then_some(FailureKind::Generic);
        let judged = self.decisive.iter().filter_map(|id| self.tracks.get(*id as usize)?.failure(row));
        let worst = judged.chain(declared).chain(raised).min();
        self.nodes.judge(rank, worst);
    }
}
