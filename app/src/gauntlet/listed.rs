//! Which nodes the list of steps has, as rows: all, those that match, or the most interesting ones.

use gauntlet_film::{BLOCK, Film, MAX_INTERESTING, PathId};

use super::session::Listing;
use crate::ui::failure_word;

/// The rows after filtering.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rows {
    /// All nodes.
    All(usize),
    /// Those that match, in the order of the film.
    Matching(Matches),
    /// These nodes, the most interesting first.
    Ranked(Vec<usize>),
}

impl Rows {
    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Rows::All(count) => *count,
            Rows::Matching(matches) => matches.count,
            Rows::Ranked(list) => list.len(),
        }
    }

    /// The node a row shows.
    pub(super) fn node(&self, row: usize) -> Option<usize> {
        match self {
            Rows::All(count) => (row < *count).then_some(row),
            Rows::Matching(matches) => matches.node(row),
            Rows::Ranked(list) => list.get(row).copied(),
        }
    }

    /// The row that shows a node, or else the first row after it.
    pub(super) fn row(&self, node: usize) -> usize {
        match self {
            Rows::All(_) => node,
            Rows::Matching(matches) => matches.row(node),
            Rows::Ranked(list) => list.iter().position(|i| *i == node).unwrap_or(0),
        }
    }
}

/// A set of nodes.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Matches {
    /// For each block of nodes, how many of the set come before it, and a bit for each of its nodes.
    blocks: Vec<(usize, u64)>,
    /// How many nodes are in the set.
    count: usize,
}

// The bits of a block are one number.
const _: () = assert!(BLOCK == u64::BITS as usize);

impl Matches {
    fn of(blocks: &[u64]) -> Self {
        let mut count = 0;
        let block = |bits: &u64| {
            let before = count;
            count += bits.count_ones() as usize;
            (before, *bits)
        };
        let blocks = blocks.iter().map(block).collect();
        Self { blocks, count }
    }

    fn node(&self, row: usize) -> Option<usize> {
        if row >= self.count {
            return None;
        }
        let block = self.blocks.partition_point(|(before, _)| *before <= row).checked_sub(1)?;
        let (before, bits) = self.blocks.get(block)?;
        // Each round removes the lowest bit.
        let rest = (*before..row).fold(*bits, |bits, _| bits & bits.wrapping_sub(1));
        Some(block * BLOCK + rest.trailing_zeros() as usize)
    }

    /// How many nodes of the set come before `node`.
    fn row(&self, node: usize) -> usize {
        let Some((before, bits)) = self.blocks.get(node / BLOCK) else { return self.count };
        let below = bits & ((1u64 << (node % BLOCK)) - 1);
        before + below.count_ones() as usize
    }
}

/// What the list is asked for: all nodes, the failing ones (by the chosen rubric, if there is one), or the
/// most interesting ones; then only those whose step number begins with the words, or that fail
/// a rubric or by a failure whose name contains the words.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StepCriteria {
    pub(super) listing: Listing,
    pub(super) rubric: Option<PathId>,
    pub(super) words: String,
}

/// Finds the rows, and remembers which nodes matched: of a run that grows it reads the blocks of nodes that
/// have changed, not the run.
#[derive(Debug, Default)]
pub(super) struct Filter {
    asked: Option<StepCriteria>,
    /// The revision of the film that `blocks` are of.
    seen: u64,
    blocks: Vec<u64>,
    /// How many nodes have been read so far: a measure of the work, for tests.
    read: usize,
}

impl Filter {
    /// The rows of the film as it is now.
    pub(super) fn rows(&mut self, film: &Film, asked: StepCriteria) -> Rows {
        let asked = StepCriteria { words: asked.words.trim().to_lowercase(), ..asked };
        if asked.listing == Listing::All && asked.words.is_empty() {
            *self = Self::default();
            return Rows::All(film.len());
        }
        let words = Words::of(film, &asked.words);
        if asked.listing == Listing::Worst {
            *self = Self::default();
            let worst = film.interesting(MAX_INTERESTING).into_iter().map(|(i, _)| i);
            return Rows::Ranked(worst.filter(|i| words.are_found(film, *i)).collect());
        }
        let is_listed = |i: usize| {
            (asked.listing == Listing::All || film.failure_by(i, asked.rubric).is_some())
                && words.are_found(film, i)
        };
        if self.asked.as_ref() != Some(&asked) {
            *self = Self { read: self.read, ..Self::default() };
        }
        let known = self.blocks.len();
        self.blocks.resize(film.len().div_ceil(BLOCK), 0);
        for (block, bits) in self.blocks.iter_mut().enumerate() {
            if block >= known || film.block_revision(block) > self.seen {
                let nodes = block * BLOCK..((block + 1) * BLOCK).min(film.len());
                self.read += nodes.len();
                *bits = nodes.fold(0, |bits, i| bits | u64::from(is_listed(i)) << (i % BLOCK));
            }
        }
        self.seen = film.revision();
        self.asked = Some(asked);
        Rows::Matching(Matches::of(&self.blocks))
    }
}

/// The words that the list is filtered by, as they are compared.
struct Words<'a> {
    words: &'a str,
    /// The digits of a step number.
    number: Option<String>,
    /// The rubrics whose names contain the words.
    named: Vec<PathId>,
}

impl<'a> Words<'a> {
    fn of(film: &Film, words: &'a str) -> Self {
        let is_number = words.bytes().all(|b| b.is_ascii_digit() || b == b',');
        let is_named = |path: &str| !is_number && path.to_lowercase().replace('_', " ").contains(words);
        Self {
            words,
            number: is_number.then(|| words.replace(',', "")),
            named: film.paths().iter().filter(|p| is_named(&p.path)).map(|p| p.id).collect(),
        }
    }

    fn are_found(&self, film: &Film, i: usize) -> bool {
        match &self.number {
            _ if self.words.is_empty() => true,
            Some(digits) => film.node(i).is_some_and(|n| n.step.to_string().starts_with(digits)),
            None => {
                film.failure(i).is_some_and(|f| failure_word(f).contains(self.words))
                    || self.named.iter().any(|p| film.path_failure(i, *p).is_some())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use gauntlet_film::{Fact, FactBody};
    use gauntlet_model::{Scores, Timestamp};

    use super::*;

    /// Scores a step: `root` fails at multiples of 3, `style` at multiples of 5.
    fn score(film: &mut Film, seq: u64, step: u64, root: f64) {
        let style = if step.is_multiple_of(5) { -1.0 } else { 1.0 };
        let body = FactBody::Scored {
            scores: Scores::new([("root", root), ("style", style)]).unwrap(),
            not_evaluated: Vec::new(),
            failures: Vec::new(),
            duration_ms: None,
            is_paused: false,
            challenge: None,
        };
        film.apply(&Fact { seq, at: Timestamp::from_micros(0), episode: None, step: Some(step), body });
    }

    fn root_of(step: u64) -> f64 {
        if step.is_multiple_of(3) { -1.0 } else { 1.0 }
    }

    fn listed(filter: &mut Filter, film: &Film, rubric: Option<PathId>, words: &str) -> Vec<usize> {
        let asked = StepCriteria { listing: Listing::Failing, rubric, words: words.to_owned() };
        let rows = filter.rows(film, asked);
        let nodes: Vec<usize> = (0..rows.len()).map(|row| rows.node(row).unwrap()).collect();
        assert_eq!(rows.node(rows.len()), None);
        for node in 0..film.len() {
            assert_eq!(rows.row(node), nodes.iter().filter(|listed| **listed < node).count());
        }
        nodes
    }

    #[test]
    fn a_run_that_grows_is_read_where_it_changed() {
        let mut film = Film::new();
        (0..1000).for_each(|step| score(&mut film, step, step, root_of(step)));
        let mut filter = Filter::default();
        let by_three: Vec<usize> = (0..1000).filter(|i| i % 3 == 0).collect();
        assert_eq!(listed(&mut filter, &film, None, ""), by_three);
        assert_eq!(filter.read, 1000);
        assert_eq!(listed(&mut filter, &film, None, ""), by_three);
        assert_eq!(filter.read, 1000, "nothing changed");
        score(&mut film, 1000, 1000, -1.0);
        score(&mut film, 1001, 6, 1.0);
        let changed: Vec<usize> = by_three.iter().copied().filter(|i| *i != 6).chain([1000]).collect();
        assert_eq!(listed(&mut filter, &film, None, ""), changed);
        assert!(filter.read <= 1000 + 2 * BLOCK, "{} nodes read", filter.read);
        film.set_rules(gauntlet_model::FailureRules::RootBelow(2.0));
        assert_eq!(listed(&mut filter, &film, None, "").len(), 1001, "by another rule");
    }

    #[test]
    fn another_question_has_other_rows() {
        let mut film = Film::new();
        (0..200).for_each(|step| score(&mut film, step, step, root_of(step)));
        let style = film.find_path("style");
        let mut filter = Filter::default();
        assert_eq!(listed(&mut filter, &film, None, "").len(), 67);
        let by_five: Vec<usize> = (0..200).filter(|i| i % 5 == 0).collect();
        assert_eq!(listed(&mut filter, &film, style, ""), by_five);
        assert_eq!(listed(&mut filter, &film, style, "19"), [190, 195]);
        assert_eq!(
            listed(&mut filter, &film, None, "Style"),
            [0, 15, 30, 45, 60, 75, 90, 105, 120, 135, 150, 165, 180, 195]
        );
        assert_eq!(listed(&mut filter, &Film::new(), None, ""), [0usize; 0]);
        let all = |filter: &mut Filter, listing| {
            filter.rows(&film, StepCriteria { listing, rubric: None, words: " 5 ".to_owned() })
        };
        assert_eq!(all(&mut filter, Listing::All).len(), 11);
        assert!(matches!(all(&mut filter, Listing::Worst), Rows::Ranked(worst) if worst == [51, 54, 57]));
    }
}
