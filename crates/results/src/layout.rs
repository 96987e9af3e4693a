//! Runs as tables to be written: the columns, and the cells of a scored step. An empty cell means "not
//! evaluated".

use gauntlet_model::{Body, Event, FailureKind, Record, SnapshotScored};
use serde_json::{Value, json};

use crate::columns::{DECLARED, SCORE};
use crate::names::ROOT;
use crate::scored_steps::ScoredSteps;

/// A cell to be written.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Not evaluated, or unknown.
    None,
    /// A text, or JSON as text.
    Text(String),
    /// A number.
    Number(f64),
    /// An integer.
    Integer(i64),
    /// Microseconds since the Unix epoch.
    Time(i64),
    /// A truth value.
    Flag(bool),
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Number,
    Integer,
    Time,
    Flag,
}

/// The columns a run is written with: the same for every run but for its rubric paths.
#[derive(Debug)]
pub(crate) struct Layout<'s> {
    steps: &'s ScoredSteps,
}

/// Columns before the scores.
const FRONT: [(&str, Type); 4] =
    [("id", Type::Text), ("at", Type::Time), ("episode", Type::Text), ("step", Type::Integer)];
/// Columns after the scores.
const BACK: [(&str, Type); 10] = [
    ("failures", Type::Text),
    (DECLARED, Type::Text),
    ("action", Type::Text),
    ("observation", Type::Text),
    ("duration_ms", Type::Number),
    ("is_paused", Type::Flag),
    ("not_evaluated", Type::Text),
    ("challenge", Type::Text),
    ("timestamp", Type::Text),
    ("metadata", Type::Text),
];

impl<'s> Layout<'s> {
    /// The columns for these steps.
    pub(crate) fn new(steps: &'s ScoredSteps) -> Self {
        Self { steps }
    }

    /// The row of a record; `None` unless it is the current snapshot of a step.
    pub(crate) fn row_for(&self, record: Record) -> std::io::Result<Option<Vec<Cell>>> {
        let Some(node) = self.steps.node(record.seq) else { return Ok(None) };
        let event = record.event().map_err(std::io::Error::other)?;
        match event.body() {
            Body::SnapshotScored(scored) => Ok(Some(self.row(node, &event, scored))),
            _ => Ok(None),
        }
    }

    /// Names and types, in order.
    pub(crate) fn columns(&self) -> Vec<(String, Type)> {
        let fixed = |columns: &[(&str, Type)]| {
            columns.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect::<Vec<_>>()
        };
        let mut all = fixed(&FRONT);
        all.push((ROOT.to_owned(), Type::Number));
        let paths = self.steps.paths().filter(|path| *path != ROOT);
        all.extend(paths.map(|path| (format!("{SCORE}{path}"), Type::Number)));
        all.extend(fixed(&BACK));
        all
    }

    /// The cells of one snapshot, in the order of the columns.
    fn row(&self, node: usize, event: &Event, scored: &SnapshotScored) -> Vec<Cell> {
        let text = |text: &str| if text.is_empty() { Cell::None } else { Cell::Text(text.to_owned()) };
        let number = |n: Option<f64>| n.map_or(Cell::None, Cell::Number);
        let json = |empty: bool, value: Value| if empty { Cell::None } else { Cell::Text(value.to_string()) };
        let words = |failures: &[FailureKind]| {
            text(&failures.iter().map(|f| f.as_str()).collect::<Vec<_>>().join(" "))
        };
        let mut row = vec![
            Cell::Text(event.id().to_string()),
            Cell::Time(event.at().micros()),
            event.episode().map_or(Cell::None, |e| text(e.as_str())),
            event.step().and_then(|s| i64::try_from(s).ok()).map_or(Cell::None, Cell::Integer),
            number(self.steps.root(node)),
        ];
        let scores = self.steps.paths().zip(self.steps.scores(node)).filter(|(path, _)| *path != ROOT);
        row.extend(scores.map(|(_, score)| number(score)));
        row.extend([
            words(&self.steps.failures(node, scored)),
            words(&scored.failures),
            text(&scored.action),
            text(&scored.observation),
            number(scored.duration_ms),
            Cell::Flag(scored.is_paused),
            json(scored.not_evaluated.is_empty(), json!(scored.not_evaluated)),
            json(scored.challenge.is_none(), json!(scored.challenge)),
            scored.timestamp.clone().map_or(Cell::None, Cell::Text),
            json(scored.metadata.is_empty(), json!(scored.metadata)),
        ]);
        row
    }
}
