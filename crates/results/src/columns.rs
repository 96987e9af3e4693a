//! The columns of a table, or the keys of a line: what the cells of each become in a step.

use std::collections::{HashMap, HashSet};

use gauntlet_model::Object;
use gauntlet_values::{Decimal, Reading, number};
use serde_json::{Value, json};

use crate::cells::{integral, parsed, plain, words};
use crate::distinct::{FreeNames, RepeatedColumns, RepeatedKeys, read_json};
use crate::error::ImportError;
use crate::fields::{Fields, insert_unique};
use crate::json_span::JsonSpan;
use crate::messages::{conversation_text, is_conversation};
use crate::names::{self, ColumnMap, ROOT, Shape, normal};
use crate::tally::{self, Tally};

/// The prefix of columns with scores of other rubric paths.
pub(crate) const SCORE: &str = "score.";
/// The column of declared failures in tables that Gauntlet writes.
pub(crate) const DECLARED: &str = "failures_declared";
/// The path of an advantage: a measurement.
const ADVANTAGE: &str = "metrics.advantage";

/// What a column's cells become.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Role {
    /// The score of this path.
    Score(String),
    /// The score of the path named like the column where the cell is a number, else metadata.
    Rubric,
    /// A measurement, and metadata.
    Advantage,
    /// Scores by path, as an object or its JSON text.
    Scores,
    /// Failure kinds, separated by spaces, or a truth value.
    Words(&'static str),
    /// JSON, or its text.
    Json(&'static str),
    /// A text.
    Text(&'static str),
    /// A value of another field.
    Field(&'static str),
    /// Metadata.
    Plain,
}

/// What the cells of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cells {
    /// Texts; a text that looks like a number is one.
    Texts,
    /// Values of the column's type. Integers in a column with gaps are floats.
    Typed,
    /// JSON values.
    Json,
}

/// The columns of one table.
#[derive(Debug)]
pub(crate) struct Columns {
    /// Their names in the file.
    headers: Vec<String>,
    /// The names that their values are kept under; those that are kept under a name differ.
    names: Vec<String>,
    roles: Vec<Role>,
    /// Whether each column is the score of one reward function, by its name.
    is_reward: Vec<bool>,
    /// The column of the example's id in a file of verifiers.
    example: Option<String>,
    shape: Shape,
    /// The decimal mark of numbers.
    decimal: Decimal,
    cells: Cells,
    /// Whether each row is an event of Gauntlet, with its id and time.
    pub is_native: bool,
    /// Whether a column has the root score.
    has_root: bool,
    /// Whether a column has the declared failures.
    has_declared: bool,
    /// Unknown names that are close to a known one, with that one.
    near: Vec<(String, &'static str)>,
    /// Columns that mean a field which another column has, with that field.
    duplicates: Vec<(String, &'static str)>,
    /// Columns that were renamed, as their names repeat.
    repeats: RepeatedColumns,
    /// Normalised names of the columns that the person mapped.
    mapped: Vec<String>,
}

/// The names of all columns, as each of them is judged by.
struct Known<'n> {
    /// Their normal forms.
    names: HashSet<&'n str>,
    /// Of each field that aliases stand for, the one that counts: the first in the table of aliases. The
    /// others are metadata.
    best: HashMap<&'static str, &'n str>,
}

impl<'n> Known<'n> {
    fn new(normals: &'n [String], shape: Shape) -> Self {
        let mut best: HashMap<&'static str, &'n str> = HashMap::new();
        for name in normals {
            if let Some(field) = names::alias(name, shape) {
                let first = best.entry(field).or_insert(name);
                if names::rank(name) < names::rank(first) {
                    *first = name;
                }
            }
        }
        Self { names: normals.iter().map(String::as_str).collect(), best }
    }

    fn has(&self, wanted: &str) -> bool {
        self.names.contains(normal(wanted).as_str())
    }

    /// The field that a column is read as: the one it is mapped to, else named by, else an alias of.
    fn field_of(
        &self,
        normal_name: &str,
        map: &ColumnMap,
        shape: Shape,
        is_native: bool,
    ) -> Option<&'static str> {
        if let Some(field) = map.field(normal_name) {
            return Some(field);
        }
        names::field(normal_name)
            .filter(|field| !map.maps_to(field))
            .filter(|field| is_native || !matches!(*field, "id" | "at"))
            .or_else(|| {
                let field = names::alias(normal_name, shape)?;
                let is_free = !self.has(field) && !map.maps_to(field);
                (is_free && self.best.get(field) == Some(&normal_name)).then_some(field)
            })
    }
}

/// Refuses two columns with the same meaning.
fn check_roles(names: &[String], roles: &[Role]) -> Result<(), ImportError> {
    let mut seen = HashSet::new();
    for (name, role) in names.iter().zip(roles) {
        let is_one = !matches!(role, Role::Plain | Role::Rubric | Role::Advantage);
        if is_one && !seen.insert(role) {
            let message = format!("two columns mean the same: {name}");
            return Err(ImportError::new("", message, "one column of each meaning").on_line(1));
        }
    }
    Ok(())
}

/// Of several columns of advantages the first counts.
fn only_advantage(names: &[String], roles: &mut [Role], duplicates: &mut Vec<(String, &'static str)>) {
    let columns = names.iter().zip(roles).filter(|(_, role)| **role == Role::Advantage);
    for (name, role) in columns.skip(1) {
        *role = Role::Plain;
        duplicates.push((name.clone(), tally::ADVANTAGE));
    }
}

/// The names that the values of columns are kept under: a name that another column has, or that a field of
/// the row has, gets a number.
fn distinct(headers: &[String], roles: &[Role]) -> (Vec<String>, RepeatedColumns) {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    headers.iter().for_each(|name| *counts.entry(name).or_default() += 1);
    let mut taken = HashSet::from(["scores"]);
    let mut paths = HashSet::new();
    for role in roles {
        match role {
            Role::Score(path) => _ = paths.insert(path.as_str()),
            Role::Words(_) => _ = taken.insert("failures"),
            Role::Json(field) | Role::Text(field) | Role::Field(field) => _ = taken.insert(field),
            Role::Rubric | Role::Advantage | Role::Scores | Role::Plain => {}
        }
    }
    let mut free = FreeNames::new(headers.iter().map(String::as_str).chain(paths.iter().copied()));
    let mut repeats = RepeatedColumns::default();
    let names = headers.iter().zip(roles).map(|(name, role)| {
        let is_named = matches!(role, Role::Plain | Role::Rubric | Role::Advantage);
        let is_path = *role == Role::Rubric && paths.contains(name.as_str());
        if !is_named || !is_path && taken.insert(name) {
            return name.clone();
        }
        let new = free.after(name);
        repeats.rename(name, &new, counts.get(name.as_str()).copied().unwrap_or(1));
        new
    });
    (names.collect(), repeats)
}

impl Columns {
    /// Columns by their names.
    ///
    /// # Errors
    /// Two columns with the same meaning.
    pub(crate) fn new<'n>(
        names: impl IntoIterator<Item = &'n str>,
        map: &ColumnMap,
        decimal: Decimal,
        cells: Cells,
    ) -> Result<Self, ImportError> {
        let names: Vec<String> = names.into_iter().map(|name| name.trim().to_owned()).collect();
        let normals: Vec<String> = names.iter().map(|name| normal(name)).collect();
        let shape = Shape::detect(&normals);
        let known = Known::new(&normals, shape);
        let is_native = known.has("id") && known.has("at");
        let (mut near, mut duplicates) = (Vec::new(), Vec::new());
        let mut roles = Vec::with_capacity(names.len());
        for (name, normal_name) in names.iter().zip(&normals) {
            let field = known.field_of(normal_name, map, shape, is_native);
            let role = role(name, normal_name, field, shape, is_native);
            if role == Role::Plain {
                let meant = names::field(normal_name).or_else(|| names::alias(normal_name, shape));
                match (meant, names::near(normal_name)) {
                    // Lines and tables may name themselves `id` and `at` as they like.
                    (Some("id" | "at"), _) => {}
                    (Some(field), _) => duplicates.push((name.clone(), field)),
                    (None, Some(close)) if !known.has(close) => near.push((name.clone(), close)),
                    (None, _) => {}
                }
            }
            roles.push(role);
        }
        check_roles(&names, &roles)?;
        only_advantage(&names, &mut roles, &mut duplicates);
        let (headers, (names, repeats)) = (names.clone(), distinct(&names, &roles));
        let has_root =
            roles.iter().any(|role| matches!(role, Role::Scores) || *role == Role::Score(ROOT.into()));
        let mapped = normals.iter().filter(|name| map.field(name).is_some()).cloned().collect();
        let has_declared = roles.contains(&Role::Words(DECLARED));
        let is_reward = normals.iter().map(|name| names::is_reward(name)).collect();
        let example = normals.iter().position(|name| name == "exampleid").map(|place| names[place].clone());
        Ok(Self {
            headers,
            names,
            roles,
            is_reward,
            example: example.filter(|_| shape == Shape::Verifiers),
            shape,
            decimal,
            cells,
            is_native,
            has_root,
            has_declared,
            near,
            duplicates,
            repeats,
            mapped,
        })
    }

    /// Whether these are the columns of those names.
    pub(crate) fn are<'n>(&self, names: impl ExactSizeIterator<Item = &'n str>) -> bool {
        names.len() == self.headers.len() && names.zip(&self.headers).all(|(a, b)| a.trim() == b)
    }

    /// Whether any column holds scores.
    pub(crate) fn has_scores(&self) -> bool {
        let is_score = |role: &Role| matches!(role, Role::Score(_) | Role::Scores) || *role == Role::Rubric;
        self.roles.iter().any(is_score)
    }

    /// Refuses columns without a score. The error names columns that are close to known ones, and `--map`.
    pub(crate) fn require_scores(&self) -> Result<(), ImportError> {
        if self.has_scores() {
            return Ok(());
        }
        let expected = "a column `root` or `reward`, columns `score.…`, one a rubric path, or a column \
                        `scores` of objects; `--map root=COLUMN` names another one";
        let found = self.headers.iter().take(12).map(String::as_str).collect::<Vec<_>>().join(", ");
        let close: Vec<_> =
            self.near.iter().map(|(n, close)| format!("`{n}` is close to `{close}`")).collect();
        let close = if close.is_empty() { String::new() } else { format!(" ({})", close.join(", ")) };
        let message = format!("the table has no column of scores, only {found}{close}");
        Err(ImportError::new("", message, expected).on_line(1))
    }

    /// A row, as the fields of a step. `prefix` is its path in errors.
    pub(crate) fn fields<'a>(
        &self,
        cells: impl IntoIterator<Item = Option<Value>>,
        span: JsonSpan<'a>,
        prefix: String,
    ) -> Fields<'a> {
        let mut row = Row { left: Object::new(), scores: Object::new(), other_scores: None, sum: None };
        let mut tally = Tally::default();
        let columns = self.names.iter().zip(&self.roles).zip(&self.is_reward);
        for (((name, role), is_reward), cell) in columns.zip(cells) {
            if let (Role::Score(_), true, Some(cell)) = (role, is_reward, &cell) {
                row.add(cell, self.decimal);
            }
            self.cell(name, role, cell, &mut row, &mut tally);
        }
        if !self.has_root
            && let Some(sum) = row.sum
        {
            row.scores.shift_insert(0, ROOT.to_owned(), json!(sum));
            tally.sums = 1;
        }
        if let Some(example) = &self.example
            && let Some(value) = row.left.get(example).cloned()
        {
            row.left.entry("task_id").or_insert_with(|| json!(conversation_text(&value)));
        }
        tally.near.extend(self.near.iter().cloned());
        tally.duplicates.extend(self.duplicates.iter().cloned());
        tally.mapped.extend(self.mapped.iter().cloned());
        match self.cells {
            Cells::Json => self.repeats.counts().for_each(|(key, values)| tally.keys.count(key, values)),
            Cells::Texts | Cells::Typed => tally.columns = self.repeats.clone(),
        }
        // A value that is not an object is refused by the reader of the fields.
        row.left.insert("scores".to_owned(), row.other_scores.unwrap_or(Value::Object(row.scores)));
        let mut fields = Fields::from_row(span, prefix, row.left);
        fields.decimal = self.decimal;
        fields.tally = tally;
        fields
    }

    fn cell(&self, name: &str, role: &Role, cell: Option<Value>, row: &mut Row, tally: &mut Tally) {
        let Some(cell) = cell else {
            // An empty cell means "not evaluated". Tables that Gauntlet writes have a column for every path
            // of the run, so an empty cell there means nothing.
            if let (Role::Score(path), false) = (role, self.is_native) {
                row.scores.entry(path.as_str()).or_insert(Value::Null);
            }
            return;
        };
        match role {
            Role::Score(path) => {
                if row.scores.contains_key(path) {
                    insert_unique(&mut row.left, name, cell);
                } else {
                    row.scores.insert(path.clone(), cell);
                }
            }
            Role::Advantage => {
                if self.is_number(&cell) {
                    row.scores.insert(ADVANTAGE.to_owned(), cell.clone());
                }
                insert_unique(&mut row.left, name, self.plain(cell));
            }
            Role::Rubric if self.is_number(&cell) => {
                if self.shape == Shape::Trl {
                    row.add(&cell, self.decimal);
                }
                tally.rubrics.insert(name.to_owned());
                if let Some(before) = row.scores.insert(name.to_owned(), cell) {
                    insert_unique(&mut row.left, name, before);
                }
            }
            Role::Scores => match parsed(cell, "scores", &mut tally.keys) {
                // A root column takes precedence over the root inside of `scores`.
                Value::Object(cells) => {
                    for (path, cell) in cells {
                        let before = row.scores.insert(path.clone(), cell);
                        if let Some(before) = before.filter(|before| !before.is_null()) {
                            insert_unique(&mut row.left, &path, before);
                        }
                    }
                }
                other => row.other_scores = Some(other),
            },
            // Tables that Gauntlet writes have the declared failures in a column of their own.
            Role::Words("failures") if self.has_declared => {}
            Role::Words(_) => _ = row.left.insert("failures".to_owned(), words(cell)),
            Role::Json(field) => {
                let value = parsed(cell, field, &mut tally.keys);
                row.left.insert((*field).to_owned(), value);
            }
            Role::Text(field) => row.text(field, name, cell, &mut tally.keys),
            Role::Field(field) => _ = row.left.insert((*field).to_owned(), cell),
            Role::Plain | Role::Rubric => insert_unique(&mut row.left, name, self.plain(cell)),
        }
    }

    /// Whether a cell is a number or a truth value, by its type or, in a table of texts, by its spelling.
    fn is_number(&self, cell: &Value) -> bool {
        match cell {
            Value::Number(_) | Value::Bool(_) => true,
            Value::String(_) if self.cells != Cells::Texts => false,
            cell => matches!(number(cell, self.decimal), Reading::Value(_)),
        }
    }

    /// A cell of metadata: in a table of texts, a number or a truth value where it looks like one.
    fn plain(&self, cell: Value) -> Value {
        match self.cells {
            Cells::Texts => plain(cell),
            Cells::Typed => integral(cell),
            Cells::Json => cell,
        }
    }
}

/// A row while its cells are read.
struct Row {
    left: Object,
    scores: Object,
    /// The value of a column of scores that is not an object.
    other_scores: Option<Value>,
    /// The sum of the reward columns.
    sum: Option<f64>,
}

impl Row {
    fn add(&mut self, cell: &Value, decimal: Decimal) {
        if let Reading::Value(value) = number(cell, decimal) {
            self.sum = Some(self.sum.unwrap_or(0.0) + value);
        }
    }

    /// Sets a text. A conversation is set as text; its JSON becomes metadata under the name of the column.
    fn text(&mut self, field: &'static str, name: &str, cell: Value, keys: &mut RepeatedKeys) {
        let conversation = match &cell {
            Value::String(text) if text.trim_start().starts_with('[') => {
                let mut repeats = RepeatedKeys::default();
                let read = read_json(text, None, &mut repeats).ok().filter(is_conversation);
                read.inspect(|_| keys.add(repeats))
            }
            other => Some(other.clone()).filter(is_conversation),
        };
        match conversation {
            Some(messages) => {
                self.left.insert(field.to_owned(), json!(conversation_text(&messages)));
                let name = if name == field { "messages" } else { name };
                insert_unique(&mut self.left, name, messages);
            }
            None => _ = self.left.insert(field.to_owned(), cell),
        }
    }
}

/// The role of a column: by its field, by its name, or metadata.
fn role(name: &str, normal_name: &str, field: Option<&'static str>, shape: Shape, is_native: bool) -> Role {
    if let Some(field) = field {
        return match field {
            ROOT => Role::Score(ROOT.to_owned()),
            "failures" | DECLARED => Role::Words(field),
            "scores" => Role::Scores,
            "metadata" | "challenge" | "not_evaluated" => Role::Json(field),
            "action" | "observation" => Role::Text(field),
            // The rows are events of Gauntlet: an episode is that of the event.
            "session_id" if is_native => Role::Field("episode"),
            _ => Role::Field(field),
        };
    }
    let lower = name.to_lowercase();
    if let Some(start) = [SCORE, "scores."].into_iter().find(|start| lower.starts_with(start))
        && let Some(path) = name.get(start.len()..).filter(|path| !path.is_empty())
    {
        return Role::Score(path.to_owned());
    }
    if matches!(normal_name, "advantage" | "advantages") {
        return Role::Advantage;
    }
    if names::is_reward(normal_name) {
        return Role::Score(name.to_owned());
    }
    if shape.has_rubrics() && !names::is_no_rubric(name) {
        return Role::Rubric;
    }
    Role::Plain
}
