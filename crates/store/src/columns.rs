//! The columns of a list of runs: what it can show, and be sorted, filtered and grouped by.

use std::fmt;
use std::str::FromStr;

use gauntlet_model::{FieldError, Object, RunSummary};
use serde_json::Value;

/// What every run has a column for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunField {
    /// When it was created; newest first.
    Created,
    /// When its last event was received; last changed first.
    Updated,
    /// Its name, letter case ignored.
    Name,
    /// Its project, letter case ignored.
    Project,
    /// The word of its status.
    Status,
    /// Scored steps.
    Steps,
    /// The share of its scored steps that fail, 0 to 1; none without scored steps.
    Failing,
    /// The mean root score; none without one.
    Mean,
    /// The last root score; none without one.
    Last,
    /// Seconds from its creation to its last event.
    Duration,
    /// Events in its log.
    Events,
    /// Episodes begun.
    Episodes,
    /// Its id.
    Id,
    /// What sort of run.
    Kind,
    /// Its agent, if named.
    Agent,
    /// Its task, if named.
    Task,
    /// Its labels.
    Tags,
    /// People's notes.
    Notes,
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text.
    Text,
    /// A number.
    Number,
    /// An instant.
    Time,
    /// A list of labels.
    Tags,
    /// A number or a text.
    Any,
}

impl RunField {
    /// All of them.
    pub const ALL: [RunField; 18] = [
        RunField::Created,
        RunField::Updated,
        RunField::Name,
        RunField::Project,
        RunField::Status,
        RunField::Steps,
        RunField::Failing,
        RunField::Mean,
        RunField::Last,
        RunField::Duration,
        RunField::Events,
        RunField::Episodes,
        RunField::Id,
        RunField::Kind,
        RunField::Agent,
        RunField::Task,
        RunField::Tags,
        RunField::Notes,
    ];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            RunField::Created => "created",
            RunField::Updated => "updated",
            RunField::Name => "name",
            RunField::Project => "project",
            RunField::Status => "status",
            RunField::Steps => "steps",
            RunField::Failing => "failing",
            RunField::Mean => "mean",
            RunField::Last => "last",
            RunField::Duration => "duration",
            RunField::Events => "events",
            RunField::Episodes => "episodes",
            RunField::Id => "id",
            RunField::Kind => "kind",
            RunField::Agent => "agent",
            RunField::Task => "task",
            RunField::Tags => "tags",
            RunField::Notes => "notes",
        }
    }

    /// What its values are.
    pub fn kind(self) -> ColumnKind {
        match self {
            RunField::Created | RunField::Updated => ColumnKind::Time,
            RunField::Steps
            | RunField::Failing
            | RunField::Mean
            | RunField::Last
            | RunField::Duration
            | RunField::Events
            | RunField::Episodes => ColumnKind::Number,
            RunField::Tags => ColumnKind::Tags,
            _ => ColumnKind::Text,
        }
    }

    /// Its value for a run; null where there is none.
    fn of(self, run: &RunSummary) -> Value {
        match self {
            RunField::Created => run.created_at.to_string().into(),
            RunField::Updated => run.updated_at.to_string().into(),
            RunField::Name => run.name.clone().into(),
            RunField::Project => run.project.clone().into(),
            RunField::Status => run.status.as_str().into(),
            RunField::Steps => run.steps.into(),
            RunField::Failing => (run.steps > 0).then(|| run.failing as f64 / run.steps as f64).into(),
            RunField::Mean => run.mean_root.into(),
            RunField::Last => run.last_root.into(),
            RunField::Duration => {
                let micros = run.updated_at.micros().saturating_sub(run.created_at.micros());
                (micros as f64 / 1e6).into()
            }
            RunField::Events => run.head.into(),
            RunField::Episodes => run.episodes.into(),
            RunField::Id => run.id.as_str().into(),
            RunField::Kind => run.kind.clone().into(),
            RunField::Agent => run.agent.clone().into(),
            RunField::Task => run.task.clone().into(),
            RunField::Tags => run.tags.clone().into(),
            RunField::Notes => run.notes.clone().into(),
        }
    }
}

/// What the values of a rubric or measurement came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Statistic {
    /// Mean over the rollouts of the last step.
    Last,
    /// Mean over all values.
    Mean,
    /// Lowest value.
    Low,
    /// Highest value.
    High,
}

impl Statistic {
    /// All of them.
    pub const ALL: [Statistic; 4] = [Statistic::Last, Statistic::Mean, Statistic::Low, Statistic::High];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Statistic::Last => "last",
            Statistic::Mean => "mean",
            Statistic::Low => "low",
            Statistic::High => "high",
        }
    }
}

/// A column. On the wire the word of a field, `config:` and a dotted key of the configuration, or `last:`,
/// `mean:`, `low:` or `high:` and the path of a rubric or measurement.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RunColumn {
    /// What every run has.
    Field(RunField),
    /// A value of the configuration, by the names of the nested objects and its own with dots between them.
    Config(String),
    /// What the values of a path came to.
    Value(Statistic, String),
}

impl RunColumn {
    /// What its values are.
    pub fn kind(&self) -> ColumnKind {
        match self {
            RunColumn::Field(field) => field.kind(),
            RunColumn::Config(_) => ColumnKind::Any,
            RunColumn::Value(..) => ColumnKind::Number,
        }
    }

    /// Whether runs can be brought together by its values: those of the configuration and the words of a
    /// run, not its numbers.
    pub fn can_group(&self) -> bool {
        use RunField::{Agent, Kind, Project, Status, Task};
        match self {
            RunColumn::Field(field) => matches!(field, Project | Status | Kind | Agent | Task),
            RunColumn::Config(_) => true,
            RunColumn::Value(..) => false,
        }
    }

    /// Its value for a run, null where there is none; `None` for what the run alone does not have.
    pub(crate) fn of(&self, run: &RunSummary) -> Option<Value> {
        match self {
            RunColumn::Field(field) => Some(field.of(run)),
            RunColumn::Config(key) => Some(nested(&run.config, key).cloned().unwrap_or_default()),
            RunColumn::Value(..) => None,
        }
    }

    /// Reads a list with commas between its columns; a comma or a percent sign of a key is written `%2C` or
    /// `%25`. `field` is the parameter that an error names.
    ///
    /// # Errors
    ///
    /// Where one is not a column, or is there twice.
    pub fn list(field: &str, text: &str) -> Result<Vec<RunColumn>, FieldError> {
        let mut columns: Vec<RunColumn> = Vec::new();
        for (index, word) in text.split(',').enumerate() {
            let refused = |why: String| FieldError::new(format!("{field}[{index}]"), why);
            let word = word.trim().replace("%2C", ",").replace("%2c", ",").replace("%25", "%");
            let column: RunColumn = word.parse().map_err(|error: FieldError| refused(error.message))?;
            if columns.contains(&column) {
                return Err(refused(format!("{word:?} is there twice")));
            }
            columns.push(column);
        }
        Ok(columns)
    }
}

/// A value of nested objects by its dotted key; a name may have dots itself.
fn nested<'a>(object: &'a Object, key: &str) -> Option<&'a Value> {
    if let Some(value) = object.get(key) {
        return Some(value);
    }
    let inner = |(dot, _): (usize, &str)| nested(object.get(&key[..dot])?.as_object()?, &key[dot + 1..]);
    key.match_indices('.').find_map(inner)
}

impl fmt::Display for RunColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunColumn::Field(field) => f.write_str(field.as_str()),
            RunColumn::Config(key) => write!(f, "config:{key}"),
            RunColumn::Value(statistic, path) => write!(f, "{}:{path}", statistic.as_str()),
        }
    }
}

impl FromStr for RunColumn {
    type Err = FieldError;
    fn from_str(word: &str) -> Result<Self, FieldError> {
        let field = RunField::ALL.into_iter().find(|field| field.as_str() == word).map(RunColumn::Field);
        let statistic = |prefix: &str| Statistic::ALL.into_iter().find(|it| it.as_str() == prefix);
        let prefixed = || match word.split_once(':') {
            Some((_, "")) | None => None,
            Some(("config", key)) => Some(RunColumn::Config(key.to_owned())),
            Some((prefix, path)) => Some(RunColumn::Value(statistic(prefix)?, path.to_owned())),
        };
        field.or_else(prefixed).ok_or_else(|| {
            let all = RunField::ALL.map(RunField::as_str).join(", ");
            let message = format!(
                "{word:?} is not a column: it must be one of {all}, or config:KEY, last:PATH, mean:PATH, \
                 low:PATH or high:PATH"
            );
            FieldError::new("column", message)
        })
    }
}

impl From<RunField> for RunColumn {
    fn from(field: RunField) -> Self {
        RunColumn::Field(field)
    }
}

/// How a list of runs is ordered. On the wire a column, with `-` in front where it is reversed. Texts and
/// values of the configuration begin with the first, numbers and times with the greatest. Runs without a
/// value are last in both directions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What it is ordered by.
    pub column: RunColumn,
    /// Whether the order of the column is reversed.
    pub is_reversed: bool,
}

impl Order {
    /// Whether the greatest value is first.
    pub(crate) fn is_descending(&self) -> bool {
        matches!(self.column.kind(), ColumnKind::Number | ColumnKind::Time) != self.is_reversed
    }
}

impl Default for Order {
    fn default() -> Self {
        RunField::Created.into()
    }
}

impl From<RunField> for Order {
    fn from(field: RunField) -> Self {
        Self { column: field.into(), is_reversed: false }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.is_reversed { "-" } else { "" }, self.column)
    }
}

impl FromStr for Order {
    type Err = FieldError;
    fn from_str(word: &str) -> Result<Self, FieldError> {
        let (is_reversed, name) = word.strip_prefix('-').map_or((false, word), |name| (true, name));
        let column = name.parse().map_err(|error: FieldError| {
            FieldError::new("sort", format!("{}; - in front reverses the order", error.message))
        })?;
        Ok(Self { column, is_reversed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_comes_back_as_it_went() {
        for word in ["name", "mean", "config:lr", "config:a.b", "mean:root", "high:metrics.loss", "low:a:b"] {
            assert_eq!(word.parse::<RunColumn>().unwrap().to_string(), word);
            let order: Order = format!("-{word}").parse().unwrap();
            assert_eq!(order.to_string(), format!("-{word}"));
        }
        for word in ["", "lr", "config:", "best:root", "mean:", "Name"] {
            assert!(word.parse::<RunColumn>().is_err(), "{word:?}");
        }
    }

    #[test]
    fn a_list_names_the_entry_that_is_wrong() {
        let columns = RunColumn::list("columns", "name, config:a%2Cb,config:50%25").unwrap();
        let expect =
            [RunField::Name.into(), RunColumn::Config("a,b".into()), RunColumn::Config("50%".into())];
        assert_eq!(columns, expect);
        let refused = |text: &str| RunColumn::list("columns", text).unwrap_err();
        assert_eq!(refused("name,nmae").field, "columns[1]");
        assert_eq!(refused("name,name").to_string(), "columns[1]: \"name\" is there twice");
        assert_eq!(refused("").field, "columns[0]");
    }

    #[test]
    fn nested_keys_are_found_whatever_their_names() {
        let object = serde_json::json!({ "a": { "b": 1, "c.d": 2 }, "e.f": { "g": 3 }, "x.y": 4 });
        let object = object.as_object().unwrap();
        for (key, value) in [("a.b", 1), ("a.c.d", 2), ("e.f.g", 3), ("x.y", 4)] {
            assert_eq!(nested(object, key), Some(&value.into()), "{key}");
        }
        assert_eq!(nested(object, "a.x"), None);
    }
}
