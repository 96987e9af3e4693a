//! Encodes facts; the parent module describes the format.

use std::collections::BTreeMap;

use gauntlet_model::{FailureKind, MAX_STEP, Scores};

use super::enum_codes::{Kind, WireEnum};
use super::output::Out;
use super::{HAS_DURATION, HAS_FAILURES, HAS_ORDER, HAS_QUESTION, PAUSED};
use crate::fact::{ChallengeFact, Fact, FactBody};

/// A list of paths longer than this is no longer kept in tree order, which takes a search an insertion.
const MANY_PATHS: usize = 1024;

pub(super) fn facts(facts: &[Fact]) -> Vec<u8> {
    let mut out = Out::default();
    out.deltas(facts.iter().map(|f| f.seq as i64));
    out.deltas(facts.iter().map(|f| f.at.micros()));
    out.deltas(facts.iter().map(|f| f.step.map_or(0, |step| step.min(MAX_STEP) as i64 + 1)));
    out.runs(facts.iter().map(|f| f.episode.as_ref().map_or("", |e| e.as_str())), Out::text);
    out.runs(facts.iter().map(|f| kind(&f.body).code()), |out, code| out.number(code.into()));
    out.scored(&facts.iter().filter_map(|f| SnapshotColumns::of(&f.body)).collect::<Vec<_>>());
    facts.iter().for_each(|f| out.other(&f.body));
    out.finish(facts.len())
}

fn kind(body: &FactBody) -> Kind {
    match body {
        FactBody::Scored { .. } => Kind::Scored,
        FactBody::Added { .. } => Kind::Added,
        FactBody::RunStarted { .. } => Kind::RunStarted,
        FactBody::Status { .. } => Kind::Status,
        FactBody::EpisodeStarted { .. } => Kind::EpisodeStarted,
        FactBody::EpisodeFinished { .. } => Kind::EpisodeFinished,
        FactBody::Recorded { .. } => Kind::Recorded,
        FactBody::Command { .. } => Kind::Command,
        FactBody::Applied { .. } => Kind::Applied,
        FactBody::Answered { .. } => Kind::Answered,
        FactBody::Note { .. } => Kind::Note,
        FactBody::Artifact { .. } => Kind::Artifact,
        FactBody::Gap { .. } => Kind::Gap,
        FactBody::Alert { .. } => Kind::Alert,
        FactBody::Other => Kind::Other,
    }
}

/// A scored fact, borrowed.
struct SnapshotColumns<'a> {
    scores: &'a Scores,
    skipped: &'a [String],
    failures: &'a [FailureKind],
    duration_ms: Option<f64>,
    is_paused: bool,
    challenge: Option<&'a ChallengeFact>,
}

impl<'a> SnapshotColumns<'a> {
    fn of(body: &'a FactBody) -> Option<Self> {
        let FactBody::Scored { scores, not_evaluated, failures, duration_ms, is_paused, challenge } = body
        else {
            return None;
        };
        let (duration_ms, is_paused, challenge) = (*duration_ms, *is_paused, challenge.as_ref());
        Some(Self { scores, skipped: not_evaluated, failures, duration_ms, is_paused, challenge })
    }

    fn paths(&self) -> impl Iterator<Item = &'a str> {
        self.scores.iter().map(|(path, _)| path).chain(self.skipped.iter().map(String::as_str))
    }
}

/// Every path of the facts, so that most snapshots name theirs in this order: the fullest snapshot first,
/// each new path after the one it follows.
fn path_order<'a>(shots: &[SnapshotColumns<'a>]) -> Vec<&'a str> {
    let mut order: Vec<&str> = Vec::new();
    let mut known: BTreeMap<&str, ()> = BTreeMap::new();
    let fullest = shots.iter().max_by_key(|shot| shot.scores.len());
    for shot in fullest.into_iter().chain(shots) {
        let mut before: Option<&str> = None;
        for path in shot.paths() {
            if known.insert(path, ()).is_none() {
                let place = match before {
                    _ if order.len() >= MANY_PATHS => order.len(),
                    Some(before) => order.iter().position(|p| *p == before).map_or(order.len(), |i| i + 1),
                    None => 0,
                };
                order.insert(place, path);
            }
            before = Some(path);
        }
    }
    order
}

fn is_ascending(positions: &[u32]) -> bool {
    positions.windows(2).all(|pair| pair[0] < pair[1])
}

impl<'a> Out<'a> {
    /// The snapshots of a chunk, column by column: flags, durations, then each path with where it has a
    /// score, those scores, and where it was not evaluated. Positions count the snapshots of the chunk.
    ///
    /// Paths are numbered in the order in which snapshots list them, so most snapshots need no order of their
    /// own; the others are marked `HAS_ORDER` and their two lists of path numbers follow the columns.
    fn scored(&mut self, shots: &[SnapshotColumns<'a>]) {
        let paths = path_order(shots);
        let ids: BTreeMap<&str, u32> = paths.iter().copied().zip(0u32..).collect();
        let id = |path: &str| ids.get(path).copied().unwrap_or_default();
        let mut columns: Vec<(Vec<u32>, Vec<f64>, Vec<u32>)> = vec![Default::default(); paths.len()];
        let mut marks: Vec<u8> = Vec::with_capacity(shots.len());
        let mut orders: Vec<[Vec<u32>; 2]> = Vec::new();
        for (position, shot) in (0u32..).zip(shots) {
            let order = [
                shot.scores.iter().map(|(path, _)| id(path)).collect::<Vec<_>>(),
                shot.skipped.iter().map(|path| id(path)).collect(),
            ];
            for (path, (_, value)) in order[0].iter().zip(shot.scores.iter()) {
                if let Some((places, values, _)) = columns.get_mut(*path as usize) {
                    places.push(position);
                    values.push(value);
                }
            }
            let has_order = !order.iter().all(|positions| is_ascending(positions));
            if has_order {
                orders.push(order);
            } else {
                for path in &order[1] {
                    if let Some((_, _, skipped)) = columns.get_mut(*path as usize) {
                        skipped.push(position);
                    }
                }
            }
            let marked = [
                (PAUSED, shot.is_paused),
                (HAS_DURATION, shot.duration_ms.is_some()),
                (HAS_FAILURES, !shot.failures.is_empty()),
                (HAS_QUESTION, shot.challenge.is_some()),
                (HAS_ORDER, has_order),
            ];
            marks.push(marked.iter().filter(|(_, is_set)| *is_set).map(|(mark, _)| mark).sum());
        }
        self.runs(marks.into_iter(), |out, marks| out.number(marks.into()));
        self.values(&shots.iter().filter_map(|shot| shot.duration_ms).collect::<Vec<_>>());
        self.number(paths.len() as u64);
        for (path, (scored, values, skipped)) in paths.into_iter().zip(columns) {
            self.text(path);
            self.positions(&scored, shots.len(), true);
            self.values(&values);
            self.positions(&skipped, shots.len(), false);
        }
        for positions in orders.iter().flatten() {
            self.number(positions.len() as u64);
            positions.iter().for_each(|p| self.number(u64::from(*p)));
        }
        for shot in shots.iter().filter(|shot| !shot.failures.is_empty()) {
            self.number(shot.failures.len() as u64);
            shot.failures.iter().for_each(|failure| self.variant(*failure));
        }
        shots.iter().filter_map(|shot| shot.challenge).for_each(|challenge| self.challenge(challenge));
    }

    fn challenge(&mut self, challenge: &'a ChallengeFact) {
        self.text(&challenge.kind);
        self.text(&challenge.question);
        self.number(challenge.options.len() as u64);
        challenge.options.iter().for_each(|option| self.text(option));
    }

    fn other(&mut self, body: &'a FactBody) {
        match body {
            FactBody::Scored { .. } => {}
            FactBody::Added { path, value } => {
                self.text(path);
                self.bytes.extend(value.get().to_le_bytes());
            }
            FactBody::RunStarted { name, project, kind, agent, task } => {
                [name, project, kind].into_iter().for_each(|text| self.text(text));
                self.optional(agent);
                self.optional(task);
            }
            FactBody::Status { status, reason } => {
                self.variant(*status);
                self.optional(reason);
            }
            FactBody::EpisodeStarted { task } => self.optional(task),
            FactBody::EpisodeFinished { status, return_ } => {
                self.variant(*status);
                self.number(return_.is_some().into());
                self.bytes.extend(return_.iter().flat_map(|value| value.get().to_le_bytes()));
            }
            FactBody::Recorded { kind, name, failed } => {
                self.variant(*kind);
                self.optional(name);
                self.number((*failed).into());
            }
            FactBody::Command { id, action, author } => {
                self.text(id);
                self.variant(*action);
                self.text(author);
            }
            FactBody::Applied { id: first, result: second }
            | FactBody::Answered { answer: first, author: second } => {
                self.text(first);
                self.text(second);
            }
            FactBody::Note { text, author, range } => {
                self.text(text);
                self.text(author);
                self.number(range.is_some().into());
                range.iter().flat_map(|r| [r.from, r.to]).for_each(|step| self.number(step));
            }
            FactBody::Alert { text, severity, monitor } => {
                self.text(text);
                self.variant(*severity);
                self.optional(monitor);
            }
            FactBody::Artifact { name } => self.text(name),
            FactBody::Gap { lost, reason } => {
                self.number(*lost);
                self.text(reason);
            }
            FactBody::Other => {}
        }
    }
}
