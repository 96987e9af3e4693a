//! Runs as tables: which column is what, on the way in and on the way out. A row is one scored snapshot; an empty
//! cell says that the rubric was not evaluated.

use gauntlet_model::{Body, Event, Object, SnapshotScored};
use serde_json::{Value, json};

use crate::error::ImportError;
use crate::fields::Fields;
use crate::piece::{Piece, Source};

/// The column of the whole rubric's score.
pub(crate) const ROOT: &str = "root";
/// What the columns of the other rubric paths begin with.
pub(crate) const SCORE: &str = "score.";

/// Columns that other programs name otherwise, and what we call them.
const ALIASES: [(&str, &str); 6] = [
    ("reward", ROOT),
    ("response", "action"),
    ("completion", "action"),
    ("prompt", "observation"),
    ("failure", "failures"),
    ("session", "session_id"),
];

/// What a column's cells become.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Role {
    /// The score of this path.
    Score(String),
    /// Scores by path, as an object or its JSON text.
    Scores,
    /// Failure kinds, separated by spaces.
    Words,
    /// JSON text.
    Json(String),
    /// A text as it stands.
    Text(String),
    /// Whatever the text looks like: a number, a truth value, else a text.
    Plain(String),
}

/// The columns of one table.
#[derive(Debug)]
pub(crate) struct Columns {
    roles: Vec<Role>,
}

impl Columns {
    /// Columns by their names. Refuses a table without a score, or with two columns of one meaning.
    pub fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Self, ImportError> {
        let names: Vec<&str> = names.into_iter().map(str::trim).collect();
        let known = |wanted: &str| names.contains(&wanted);
        let native = known("id") && known("at");
        let roles: Vec<Role> = names
            .iter()
            .map(|name| {
                let alias = ALIASES.iter().find(|(other, ours)| other == name && !known(ours));
                role(alias.map_or(*name, |(_, ours)| *ours), native)
            })
            .collect();
        let expected = "a column `root` or `reward`, columns `score.…`, one a rubric path, or a column `scores` of objects";
        if !roles.iter().any(|role| matches!(role, Role::Score(_) | Role::Scores)) {
            let found = names.iter().take(12).copied().collect::<Vec<_>>().join(", ");
            let message = format!("the table has no column of scores, only {found}");
            return Err(ImportError::new("", message, expected).on_line(1));
        }
        for (i, role) in roles.iter().enumerate() {
            if roles[..i].contains(role) {
                let message = format!("two columns mean the same: {}", names[i]);
                return Err(ImportError::new("", message, "one column of each meaning").on_line(1));
            }
        }
        Ok(Self { roles })
    }

    /// A row, as the fields of a snapshot. `place` is its path in errors, `line` its line.
    pub fn fields(
        &self,
        cells: impl IntoIterator<Item = Option<Value>>,
        place: String,
        line: u64,
    ) -> Fields<'static> {
        let mut left = Object::new();
        let (mut scores, mut whole_scores) = (Object::new(), None);
        for (role, cell) in self.roles.iter().zip(cells) {
            let Some(cell) = cell else { continue };
            match role {
                Role::Score(path) => _ = number(cell).map(|score| scores.insert(path.clone(), score)),
                Role::Scores => match parsed(cell) {
                    Value::Object(cells) => {
                        let cells = cells.into_iter().filter(|(_, cell)| !cell.is_null());
                        scores.extend(cells.filter_map(|(path, cell)| Some((path, number(cell)?))));
                    }
                    other => whole_scores = Some(other),
                },
                Role::Words => _ = left.insert("failures".to_owned(), words(cell)),
                Role::Json(name) => _ = left.insert(name.clone(), parsed(cell)),
                Role::Text(name) => _ = left.insert(name.clone(), cell),
                Role::Plain(name) => _ = left.insert(name.clone(), plain(cell)),
            }
        }
        // What is no object is left for the reader to refuse.
        left.insert("scores".to_owned(), whole_scores.unwrap_or(Value::Object(scores)));
        let source = Source { text: "", first_line: line, is_line: true };
        Fields::of_row(Piece { source, raw: "" }, place, left)
    }
}

/// Whether a row's fields are those of a whole event.
pub(crate) fn is_event(fields: &Fields<'_>) -> bool {
    fields.left.contains_key("id") && fields.left.contains_key("at")
}

fn role(name: &str, native: bool) -> Role {
    let text = || Role::Text(name.to_owned());
    match name {
        ROOT => Role::Score(ROOT.to_owned()),
        "failures" => Role::Words,
        "scores" => Role::Scores,
        "metadata" | "challenge" | "not_evaluated" => Role::Json(name.to_owned()),
        "action" | "observation" | "session_id" | "timestamp" | "id" | "at" => text(),
        // Without ids the rows are no events of ours, and an episode is whatever session the table names.
        "episode" if !native => Role::Text("session_id".to_owned()),
        "episode" => text(),
        _ => match name.strip_prefix(SCORE).or_else(|| name.strip_prefix("scores.")) {
            Some(path) => Role::Score(path.to_owned()),
            None => Role::Plain(name.to_owned()),
        },
    }
}

/// A score, none where the text says that it is not one; any other text is left for the reader to refuse.
fn number(cell: Value) -> Option<Value> {
    match &cell {
        Value::String(text) => match text.trim().parse::<f64>() {
            Ok(number) if number.is_nan() => None,
            Ok(number) if number.is_finite() => Some(json!(number)),
            _ => Some(cell),
        },
        _ => Some(cell),
    }
}

fn words(cell: Value) -> Value {
    match &cell {
        Value::String(text) => text.split([' ', ',', ';']).filter(|word| !word.is_empty()).collect(),
        _ => cell,
    }
}

fn parsed(cell: Value) -> Value {
    match &cell {
        Value::String(text) => serde_json::from_str(text).unwrap_or(cell),
        _ => cell,
    }
}

fn plain(cell: Value) -> Value {
    match &cell {
        Value::String(text) => match text.trim() {
            "True" | "TRUE" => Value::Bool(true),
            "False" | "FALSE" => Value::Bool(false),
            trimmed => match serde_json::from_str(trimmed) {
                Ok(value @ (Value::Number(_) | Value::Bool(_))) => whole(value),
                _ => cell,
            },
        },
        _ => whole(cell),
    }
}

/// A number without a fraction as a whole number: tables with gaps turn their integers into floats.
fn whole(value: Value) -> Value {
    match value.as_f64() {
        Some(n) if value.is_f64() && n.fract() == 0.0 && (0.0..9e15).contains(&n) => json!(n as u64),
        _ => value,
    }
}

/// One cell on its way out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// Not evaluated, not said.
    None,
    /// A text, or JSON as text.
    Text(String),
    /// A number.
    Number(f64),
    /// A whole number.
    Whole(i32),
    /// Microseconds since the Unix epoch.
    Time(i64),
    /// A truth value.
    Flag(bool),
}

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Number,
    Whole,
    Time,
    Flag,
}

/// The columns a run is written with: the same for every run but for its rubric paths.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Paths besides `root`, in the order they first appear in.
    paths: Vec<String>,
}

/// Columns before the scores, and behind them.
const FRONT: [(&str, Type); 4] =
    [("id", Type::Text), ("at", Type::Time), ("episode", Type::Text), ("step", Type::Whole)];
const BACK: [(&str, Type); 9] = [
    ("failures", Type::Text),
    ("action", Type::Text),
    ("observation", Type::Text),
    ("duration_ms", Type::Number),
    ("is_paused", Type::Flag),
    ("not_evaluated", Type::Text),
    ("challenge", Type::Text),
    ("timestamp", Type::Text),
    ("metadata", Type::Text),
];

impl Layout {
    /// The columns these events need.
    pub fn of(events: impl IntoIterator<Item = std::io::Result<Event>>) -> std::io::Result<Self> {
        let mut paths = indexmap::IndexSet::new();
        for event in events {
            let event = event?;
            let Body::SnapshotScored(scored) = event.body() else { continue };
            for (path, _) in scored.scores.iter().filter(|(path, _)| *path != ROOT) {
                if !paths.contains(path) {
                    paths.insert(path.to_owned());
                }
            }
        }
        Ok(Self { paths: paths.into_iter().collect() })
    }

    /// Names and types, in order.
    pub fn columns(&self) -> Vec<(String, Type)> {
        let fixed = |columns: &[(&str, Type)]| {
            columns.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect::<Vec<_>>()
        };
        let mut all = fixed(&FRONT);
        all.push((ROOT.to_owned(), Type::Number));
        all.extend(self.paths.iter().map(|path| (format!("{SCORE}{path}"), Type::Number)));
        all.extend(fixed(&BACK));
        all
    }

    /// The cells of one snapshot, in the order of the columns.
    pub fn row(&self, event: &Event, scored: &SnapshotScored) -> Vec<Cell> {
        let text = |text: &str| if text.is_empty() { Cell::None } else { Cell::Text(text.to_owned()) };
        let number = |n: Option<f64>| n.map_or(Cell::None, Cell::Number);
        let json = |empty: bool, value: Value| if empty { Cell::None } else { Cell::Text(value.to_string()) };
        let failures = scored.failures.iter().map(|f| f.as_str()).collect::<Vec<_>>().join(" ");
        let mut row = vec![
            Cell::Text(event.id().to_string()),
            Cell::Time(event.at().micros()),
            event.episode().map_or(Cell::None, |e| text(e.as_str())),
            event.step().and_then(|s| i32::try_from(s).ok()).map_or(Cell::None, Cell::Whole),
            number(scored.scores.root()),
        ];
        row.extend(self.paths.iter().map(|path| number(scored.scores.get(path))));
        row.extend([
            text(&failures),
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
