//! Counts what was unusual in a file, for the notes of the import.

use std::collections::{BTreeMap, BTreeSet};

use encoding_rs::Encoding;

use crate::distinct::{RepeatedColumns, RepeatedKeys};
use crate::encoding;

/// The most columns and values that a note names.
const MAX_NAMED: usize = 8;
/// The advantage, which is no field that a column can be mapped to.
pub(crate) const ADVANTAGE: &str = "advantage";

/// Counts of what was read differently from how it was written.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Tally {
    /// Scores that were null, empty, NaN or infinite.
    pub not_evaluated: u64,
    /// Invalid times, which are in the metadata.
    pub no_times: u64,
    /// The first of them.
    pub first_no_time: Option<String>,
    /// Texts that were repaired with U+FFFD.
    pub repaired: u64,
    /// Cells of a table that are not UTF-8, read as Windows-1252.
    pub guessed: u64,
    /// Where the first of them is.
    pub first_guessed: Option<String>,
    /// The encoding of the file, where its byte order mark names another one than UTF-8.
    pub encoding: Option<&'static Encoding>,
    /// Columns in the metadata whose name is close to a known one, with that one.
    pub near: BTreeMap<String, &'static str>,
    /// Columns in the metadata that mean a field which another column has, with that field.
    pub duplicates: BTreeMap<String, &'static str>,
    /// Columns that were renamed, as their names repeat.
    pub columns: RepeatedColumns,
    /// Keys that occur again in one object.
    pub keys: RepeatedKeys,
    /// Rubric paths that are spelled almost as `root`, or mean it in a table.
    pub almost_roots: BTreeSet<String>,
    /// Columns of numbers that were read as rubrics because of the file's shape.
    pub rubrics: BTreeSet<String>,
    /// Normal names of the columns that the person mapped.
    pub mapped: BTreeSet<String>,
    /// Steps whose root is the sum of these columns.
    pub sums: u64,
    /// Records that were skipped.
    pub left_out: u64,
    /// The first reasons, in the order of the file.
    pub reasons: Vec<String>,
}

impl Tally {
    /// Adds the counts of one record.
    pub(crate) fn add(&mut self, other: Self) {
        self.not_evaluated += other.not_evaluated;
        self.no_times += other.no_times;
        if self.first_no_time.is_none() {
            self.first_no_time = other.first_no_time;
        }
        self.repaired += other.repaired;
        self.guessed += other.guessed;
        if self.first_guessed.is_none() {
            self.first_guessed = other.first_guessed;
        }
        self.encoding = self.encoding.or(other.encoding);
        self.sums += other.sums;
        self.columns.add(other.columns);
        self.keys.add(other.keys);
        for (column, close) in other.near {
            if self.near.len() < MAX_NAMED {
                self.near.insert(column, close);
            }
        }
        for (column, field) in other.duplicates {
            if self.duplicates.len() < MAX_NAMED {
                self.duplicates.insert(column, field);
            }
        }
        insert_some(&mut self.almost_roots, other.almost_roots);
        insert_some(&mut self.rubrics, other.rubrics);
        self.mapped.extend(other.mapped);
        self.left_out += other.left_out;
        self.reasons.extend(other.reasons);
        self.reasons.truncate(MAX_NAMED);
    }

    /// Counts a skipped record.
    pub(crate) fn leave_out(&mut self, reason: String) {
        self.left_out += 1;
        if self.reasons.len() < MAX_NAMED {
            self.reasons.push(reason);
        }
    }

    /// The notes, as sentences.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        notes.extend(self.value_notes());
        notes.extend(self.encoding_notes());
        for (column, close) in &self.near {
            notes.push(format!(
                "column `{column}` was kept as metadata; it is close to `{close}`, and \
                 `--map {close}={column}` reads it"
            ));
        }
        for (column, field) in &self.duplicates {
            if *field == ADVANTAGE {
                notes
                    .push(format!("column `{column}` was kept as metadata: another column is the advantage"));
                continue;
            }
            notes.push(format!(
                "column `{column}` was kept as metadata: another column is read as `{field}`, and \
                 `--map {field}={column}` reads this one"
            ));
        }
        notes.extend(self.columns.notes());
        notes.extend(self.keys.notes());
        for path in &self.almost_roots {
            notes.push(format!(
                "the score `{path}` is a rubric of its own; the score of a whole step is `root`"
            ));
        }
        if !self.rubrics.is_empty() {
            let names: Vec<_> = self.rubrics.iter().map(|name| format!("`{name}`")).collect();
            notes.push(format!("columns of numbers were read as rubrics: {}", names.join(", ")));
        }
        if self.sums > 0 {
            notes.push(format!(
                "the file has no column `reward`: the root of {} steps is the sum of their reward columns",
                self.sums
            ));
        }
        notes
    }

    /// Notes on records and values that could not be read.
    fn value_notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.left_out > 0 {
            let shown = self.reasons.join("; ");
            let more = self.left_out - self.reasons.len() as u64;
            let more = if more > 0 { format!("; and {more} more") } else { String::new() };
            notes.push(format!("{} left out: {shown}{more}", records(self.left_out)));
        }
        if self.not_evaluated > 0 {
            let n = self.not_evaluated;
            notes.push(format!(
                "{n} {} not evaluated: null, empty, NaN or infinite in the file",
                if n == 1 { "score is" } else { "scores are" }
            ));
        }
        if self.no_times > 0 {
            let first = self.first_no_time.as_deref().unwrap_or_default();
            notes.push(match self.no_times {
                1 => format!("1 `timestamp` is not a time: {first}; it is in the step's metadata"),
                n => format!(
                    "{n} values of `timestamp` are not times, such as {first}; they are in the metadata"
                ),
            });
        }
        notes
    }

    /// Notes on bytes that are not the text they should be.
    fn encoding_notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.repaired > 0 {
            let texts = if self.repaired == 1 {
                "1 text was".to_owned()
            } else {
                format!("{} texts were", self.repaired)
            };
            notes.push(format!("{texts} repaired: U+FFFD replaces what could not be read"));
        }
        notes.extend(self.encoding.map(encoding::note));
        if let Some(first) = &self.first_guessed {
            let cells = if self.guessed == 1 { "1 cell is" } else { &format!("{} cells are", self.guessed) };
            notes.push(format!(
                "{cells} not UTF-8 and read as Windows-1252, which is a guess (first: {first}); where \
                 letters look wrong, save the table as UTF-8 and import it again"
            ));
        }
        notes
    }
}

/// Adds names up to as many as a note names.
fn insert_some(names: &mut BTreeSet<String>, others: BTreeSet<String>) {
    let room = MAX_NAMED.saturating_sub(names.len());
    names.extend(others.into_iter().take(room));
}

fn records(n: u64) -> String {
    if n == 1 { "1 record was".to_owned() } else { format!("{n} records were") }
}
