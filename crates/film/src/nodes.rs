//! The nodes of a film: one for each scored step of each episode, in order.
//!
//! A node's numbers live in a row; rows are only ever appended, in order of arrival. `order` says which row
//! is at which rank, so a node that arrives late moves four bytes a node and nothing else. A step scored
//! again gets a new row; its old one is left behind.

use std::cmp::Ordering;

use gauntlet_model::{EpisodeId, FailureKind, Timestamp};

use crate::columns::Bits;
use crate::episodes::Episodes;

/// A row without its scores.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) seq: u64,
    pub(crate) at: Timestamp,
    pub(crate) is_paused: bool,
    /// The most severe failure the producer named.
    pub(crate) declared: Option<FailureKind>,
    /// The most severe failure, declared or judged.
    pub(crate) failure: Option<FailureKind>,
}

/// The node table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Nodes {
    steps: Vec<u64>,
    /// The number of the episode in `episode_table`; 0 is not an episode.
    episodes: Vec<u32>,
    seqs: Vec<u64>,
    times: Vec<i64>,
    /// Bits 0 to 2 failure, 3 to 5 declared, 6 paused.
    marks: Vec<u8>,
    order: Vec<u32>,
    failing: Bits,
    /// How many nodes fail in each way, in the order of [`FailureKind::ALL`].
    kinds: [usize; FailureKind::ALL.len()],
    pub(crate) episode_table: Episodes,
}

fn code(failure: Option<FailureKind>) -> u8 {
    failure.map_or(0, |f| FailureKind::ALL.iter().position(|k| *k == f).map_or(0, |i| i as u8 + 1))
}

fn kind(code: u8) -> Option<FailureKind> {
    FailureKind::ALL.get(usize::from(code & 7).checked_sub(1)?).copied()
}

impl Row {
    fn marks(&self) -> u8 {
        code(self.failure) | code(self.declared) << 3 | u8::from(self.is_paused) << 6
    }
}

impl Nodes {
    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// The row of the node at a rank.
    pub(crate) fn row(&self, rank: usize) -> Option<u32> {
        self.order.get(rank).copied()
    }

    /// The rows in order.
    pub(crate) fn rows(&self) -> &[u32] {
        &self.order
    }

    /// The row, without its scores.
    pub(crate) fn get(&self, row: u32) -> Option<Row> {
        let i = row as usize;
        let marks = *self.marks.get(i)?;
        Some(Row {
            seq: *self.seqs.get(i)?,
            at: Timestamp::from_micros(*self.times.get(i)?),
            is_paused: marks & 64 != 0,
            declared: kind(marks >> 3),
            failure: kind(marks),
        })
    }

    /// The failure of a row.
    pub(crate) fn failure(&self, row: u32) -> Option<FailureKind> {
        kind(*self.marks.get(row as usize)?)
    }

    /// The step of a row.
    pub(crate) fn step(&self, row: u32) -> Option<u64> {
        self.steps.get(row as usize).copied()
    }

    /// The episode of a row.
    pub(crate) fn episode(&self, row: u32) -> Option<&EpisodeId> {
        self.episode_table.id(*self.episodes.get(row as usize)?)
    }

    /// Whether the node of a row is the last one of an episode that has failed.
    pub(crate) fn ends_failed_episode(&self, row: u32) -> bool {
        let number = self.episodes.get(row as usize).zip(self.step(row));
        number.is_some_and(|(number, step)| self.episode_table.fails_at(*number, step))
    }

    /// The rank of the node of `(step, episode)`, or where it would be inserted.
    pub(crate) fn rank(&self, step: u64, episode: Option<&EpisodeId>) -> Result<usize, usize> {
        let compare = |row: &u32| match self.step(*row).cmp(&Some(step)) {
            Ordering::Equal => self.episode(*row).cmp(&episode),
            other => other,
        };
        match self.order.last().map(compare) {
            None | Some(Ordering::Less) => Err(self.order.len()),
            Some(Ordering::Equal) => Ok(self.order.len() - 1),
            Some(Ordering::Greater) => self.order.binary_search_by(compare),
        }
    }

    /// Whether the node of a row comes before that of another.
    pub(crate) fn is_before(&self, row: u32, other: u32) -> bool {
        (self.step(row), self.episode(row)) < (self.step(other), self.episode(other))
    }

    /// The rank of the node that a row is of.
    pub(crate) fn rank_of(&self, row: u32) -> usize {
        let rank = self.step(row).map(|step| self.rank(step, self.episode(row)));
        rank.map_or(0, |rank| rank.unwrap_or_else(|rank| rank))
    }

    /// The rank of the first node at `step` or later.
    pub(crate) fn first_at_least(&self, step: u64) -> usize {
        self.order.partition_point(|row| self.step(*row) < Some(step))
    }

    /// Puts a new row at a rank [`Nodes::rank`] gave: in place of the row there, or between its neighbours.
    /// `None`, changing nothing, only when 2^32 rows are in use.
    pub(crate) fn put(
        &mut self,
        place: Result<usize, usize>,
        step: u64,
        episode: Option<&EpisodeId>,
        row: Row,
    ) -> Option<u32> {
        let id = u32::try_from(self.steps.len()).ok()?;
        let number = match episode {
            Some(name) => {
                self.episode_table.register(name);
                self.episode_table.number(name)?
            }
            None => 0,
        };
        self.episode_table.record_step(number, step);
        self.steps.push(step);
        self.episodes.push(number);
        self.seqs.push(row.seq);
        self.times.push(row.at.micros());
        self.marks.push(row.marks());
        match place {
            Ok(rank) => {
                let replaced = std::mem::replace(self.order.get_mut(rank)?, id);
                self.failing.set(rank, row.failure.is_some());
                self.count(self.failure(replaced), row.failure);
            }
            Err(rank) => {
                self.order.insert(rank.min(self.order.len()), id);
                self.failing.insert(rank.min(self.order.len()), row.failure.is_some());
                self.count(None, row.failure);
            }
        }
        Some(id)
    }

    /// Changes the failure of the node at a rank.
    pub(crate) fn judge(&mut self, rank: usize, failure: Option<FailureKind>) {
        let Some(row) = self.row(rank) else { return };
        if let Some(marks) = self.marks.get_mut(row as usize) {
            let before = kind(*marks);
            *marks = *marks & !7 | code(failure);
            self.failing.set(rank, failure.is_some());
            self.count(before, failure);
        }
    }

    /// Counts a node that failed as `before` and now fails as `now`.
    fn count(&mut self, before: Option<FailureKind>, now: Option<FailureKind>) {
        let place = |failure| usize::from(code(failure)).checked_sub(1);
        if let Some(count) = place(before).and_then(|place| self.kinds.get_mut(place)) {
            *count = count.saturating_sub(1);
        }
        if let Some(count) = place(now).and_then(|place| self.kinds.get_mut(place)) {
            *count += 1;
        }
    }

    /// How many nodes fail in a way.
    pub(crate) fn failing_as(&self, kind: FailureKind) -> usize {
        FailureKind::ALL
            .iter()
            .zip(self.kinds)
            .find(|(known, _)| **known == kind)
            .map_or(0, |(_, count)| count)
    }

    /// Which nodes fail, by rank.
    pub(crate) fn failing(&self) -> &Bits {
        &self.failing
    }
}
