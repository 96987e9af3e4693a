//! The lines of the table: heads of groups, and runs.

use std::collections::BTreeSet;

use crate::api::{ListGroup, ListRow};

/// A line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// The head of the group of this index.
    Group(usize),
    /// The run in the row of this index.
    Run(usize),
}

/// The lines that can be shown of the rows that were read, from the first. They end in front of the first
/// run that is not read yet, so that every line is at its place.
pub(super) fn lines(rows: &[ListRow], groups: &[ListGroup], folded: &BTreeSet<String>) -> Vec<Line> {
    if groups.is_empty() {
        return (0..rows.len()).map(Line::Run).collect();
    }
    let pinned = rows.iter().take_while(|row| row.is_pinned).count();
    let mut lines: Vec<Line> = (0..pinned).map(Line::Run).collect();
    let mut next = pinned;
    for (index, group) in groups.iter().enumerate() {
        lines.push(Line::Group(index));
        let count = rows[next..].iter().take_while(|row| row.group == group.key).count();
        let runs = next..next + count;
        next = runs.end;
        if folded.contains(&group.key) {
            continue;
        }
        lines.extend(runs.map(Line::Run));
        if (count as u64) < group.runs {
            break;
        }
    }
    lines
}

/// The number of lines of the whole list.
pub(super) fn count(total: u64, groups: &[ListGroup], folded: &BTreeSet<String>) -> usize {
    let hidden: u64 = groups.iter().filter(|it| folded.contains(&it.key)).map(|it| it.runs).sum();
    usize::try_from(total.saturating_sub(hidden)).unwrap_or(usize::MAX).saturating_add(groups.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_run::run;

    /// Rows whose groups are the letters; a capital one is pinned.
    fn rows(groups: &str) -> Vec<ListRow> {
        let row = |(index, group): (usize, char)| ListRow {
            run: run(&format!("r{index}"), 1),
            is_pinned: group.is_uppercase(),
            group: if group.is_uppercase() { String::new() } else { group.to_string() },
            cells: Vec::new(),
            sparkline: String::new(),
        };
        groups.chars().enumerate().map(row).collect()
    }

    fn check(read: &str, groups: &[(&str, u64)], folded: &str, expect: &str, total: usize) {
        let groups: Vec<ListGroup> = groups
            .iter()
            .map(|(key, runs)| ListGroup {
                key: (*key).to_owned(),
                title: String::new(),
                runs: *runs,
                means: Vec::new(),
            })
            .collect();
        let folded: BTreeSet<String> = folded.chars().map(String::from).collect();
        let rows = rows(read);
        let word = |line: &Line| match line {
            Line::Group(index) => format!("g{index}"),
            Line::Run(index) => index.to_string(),
        };
        let found: Vec<String> = lines(&rows, &groups, &folded).iter().map(word).collect();
        assert_eq!(found.join(" "), expect);
        let runs = groups.iter().map(|it| it.runs).sum::<u64>() + read.matches('P').count() as u64;
        let all = if groups.is_empty() { rows.len() as u64 } else { runs };
        assert_eq!(count(all, &groups, &folded), total);
    }

    #[test]
    fn lines_are_heads_and_runs_in_their_order() {
        check("", &[], "", "", 0);
        check("xxx", &[], "", "0 1 2", 3);
        check("aab", &[("a", 2), ("b", 1)], "", "g0 0 1 g1 2", 5);
        check("Paab", &[("a", 2), ("b", 1)], "", "0 g0 1 2 g1 3", 6);
        check("aab", &[("a", 2), ("b", 1)], "a", "g0 g1 2", 3);
        // Not all is read yet: nothing is shown after the first run that is missing.
        check("aa", &[("a", 3), ("b", 1)], "", "g0 0 1", 6);
        check("aa", &[("a", 3), ("b", 1), ("c", 2)], "a", "g0 g1", 6);
        check("aa", &[("a", 3), ("b", 1), ("c", 2)], "abc", "g0 g1 g2", 3);
    }
}
