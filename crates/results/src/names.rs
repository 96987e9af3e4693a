//! Names of columns and keys, and the fields they mean: by name (case, spaces, `-` and `_` do not
//! matter), by the aliases that trainers use, by a person's column map.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use crate::error::ImportError;

/// The column of the root score.
pub(crate) const ROOT: &str = "root";

/// The fields of a step. Each matches by its normal form.
pub(crate) const FIELDS: [&str; 16] = [
    "step",
    "root",
    "scores",
    "action",
    "observation",
    "session_id",
    "failures",
    "timestamp",
    "duration_ms",
    "is_paused",
    "metadata",
    "challenge",
    "not_evaluated",
    "failures_declared",
    "id",
    "at",
];

/// Aliases of fields in other programs; the first one that a file has counts.
const ALIASES: [(&str, &str); 14] = [
    ("reward", ROOT),
    ("response", "action"),
    ("completion", "action"),
    ("prompt", "observation"),
    ("failure", "failures"),
    ("session", "session_id"),
    ("episode", "session_id"),
    ("episode_id", "session_id"),
    ("global_step", "step"),
    ("training_step", "step"),
    ("train_step", "step"),
    ("output", "action"),
    ("input", "observation"),
    ("score", ROOT),
];

/// Aliases that count only in a file of verl, which has all three.
const VERL_ALIASES: [&str; 3] = ["input", "output", "score"];

/// Each field by its normal form.
static BY_FIELD: LazyLock<HashMap<String, &str>> =
    LazyLock::new(|| FIELDS.map(|field| (normal(field), field)).into());

/// The place in [`ALIASES`] of each alias, by its normal form.
static BY_ALIAS: LazyLock<HashMap<String, usize>> =
    LazyLock::new(|| ALIASES.iter().enumerate().map(|(place, (other, _))| (normal(other), place)).collect());

/// The names that another one can be close to, by their normal forms.
static NEAR: LazyLock<Vec<(String, &str)>> = LazyLock::new(|| {
    let aliases = ALIASES.into_iter().map(|(other, _)| other).filter(|other| !VERL_ALIASES.contains(other));
    let fields = FIELDS.into_iter().filter(|field| field.len() > 3);
    fields.chain(aliases).map(|known| (normal(known), known)).collect()
});

/// The normal form of a name: lower case without spaces, `-` and `_`.
pub(crate) fn normal(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, ' ' | '-' | '_' | '\t')).flat_map(char::to_lowercase).collect()
}

/// The trainer that wrote a file, by its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Unknown.
    Plain,
    /// TRL's completions: a prompt, a completion, an advantage.
    Trl,
    /// Results of verifiers: an example, its prompt, completion and reward.
    Verifiers,
    /// Rollouts of verl: an input, an output, a score.
    Verl,
}

impl Shape {
    /// The shape of a file with these normal names.
    pub(crate) fn detect(names: &[String]) -> Self {
        let has = |name: &str| names.iter().any(|known| known == name);
        if has("input") && has("output") && has("score") {
            return Self::Verl;
        }
        let texts = has("prompt") && has("completion");
        if texts && has("exampleid") && has("reward") {
            return Self::Verifiers;
        }
        if texts && (has("advantage") || has("advantages")) {
            return Self::Trl;
        }
        Self::Plain
    }

    /// Whether other columns of numbers are rubrics.
    pub(crate) fn has_rubrics(self) -> bool {
        self != Self::Plain
    }
}

/// Whether a column of numbers in a trainer's file is not a rubric: an id, a length, a time, or the expected
/// answer.
pub(crate) fn is_no_rubric(name: &str) -> bool {
    const NAMES: [&str; 19] = [
        "length",
        "len",
        "count",
        "id",
        "index",
        "idx",
        "epoch",
        "seed",
        "rank",
        "answer",
        "target",
        "label",
        "gts",
        "gt",
        "solution",
        "ground_truth",
        "reference",
        "expected",
        "split",
    ];
    const ENDINGS: [&str; 11] = [
        "_id", "_index", "_idx", "_ms", "_secs", "_seconds", "_tokens", "_time", "_length", "_len", "_count",
    ];
    let lower = name.trim().to_lowercase();
    NAMES.contains(&lower.as_str()) || ENDINGS.iter().any(|end| lower.ends_with(end))
}

/// Whether a column is the score of one reward function by its name, as trainers write them.
pub(crate) fn is_reward(normal: &str) -> bool {
    normal.len() > "reward".len() && normal.ends_with("reward") && !normal.starts_with("mean")
}

/// The field of an alias.
pub(crate) fn alias(normal_name: &str, shape: Shape) -> Option<&'static str> {
    if shape != Shape::Verl && VERL_ALIASES.contains(&normal_name) && normal_name != "score" {
        return None;
    }
    BY_ALIAS.get(normal_name).map(|place| ALIASES[*place].1)
}

/// The rank of an alias among those of one field; the lowest counts.
pub(crate) fn rank(normal_name: &str) -> usize {
    BY_ALIAS.get(normal_name).copied().unwrap_or(0)
}

/// Whether a rubric path is spelled as `root` but for case and spaces, or as what means it in a table.
pub(crate) fn is_almost_root(path: &str) -> bool {
    let name = normal(path);
    path != ROOT && (name == ROOT || alias(&name, Shape::Plain) == Some(ROOT))
}

/// The field of a name.
pub(crate) fn field(normal_name: &str) -> Option<&'static str> {
    BY_FIELD.get(normal_name).copied()
}

/// The known name that is close to an unknown one: one letter added, missing, different or swapped; two in a
/// long one.
pub(crate) fn near(normal_name: &str) -> Option<&'static str> {
    if normal_name.len() < 4 {
        return None;
    }
    let most = if normal_name.len() >= 7 { 2 } else { 1 };
    let length = normal_name.chars().count();
    NEAR.iter()
        .filter(|(known, _)| known.len().abs_diff(length) <= most)
        .map(|(known, name)| (strsim::osa_distance(known, normal_name), *name))
        .filter(|(distance, _)| (1..=most).contains(distance))
        .min()
        .map(|(_, known)| known)
}

/// A person's map of columns to fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnMap {
    /// By the column's normal name: the column as it was written, and its field.
    pairs: BTreeMap<String, (String, &'static str)>,
}

impl ColumnMap {
    /// Parses `completion=answer,step=iteration`: a field and its column, in either order if only one of the
    /// two is a field. Fields are those of a step (`step`, `root`, `action`, ...) and their aliases
    /// (`reward`, `prompt`, `completion`, ...).
    ///
    /// # Errors
    /// A pair without `=`, without a field or without a column; a column that is mapped twice.
    pub fn parse(text: &str) -> Result<Self, ImportError> {
        let mut map = Self::default();
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let refuse = |message: String| {
                ImportError::new("map", message, "`field=column`, such as `completion=answer,step=iteration`")
            };
            let Some((left, right)) = pair.split_once('=').map(|(l, r)| (l.trim(), r.trim())) else {
                return Err(refuse(format!("`{pair}` has no `=`")));
            };
            let (field, column) = match (known(left), known(right)) {
                (Some(field), _) => (field, right),
                (None, Some(field)) => (field, left),
                (None, None) => {
                    return Err(refuse(format!("neither `{left}` nor `{right}` is a field of a step")));
                }
            };
            if column.is_empty() {
                return Err(refuse(format!("`{pair}` names no column")));
            }
            let before = map.pairs.insert(normal(column), (column.to_owned(), field));
            if before.is_some() {
                return Err(refuse(format!("`{column}` is mapped twice")));
            }
        }
        Ok(map)
    }

    /// The field of a mapped column.
    pub(crate) fn field(&self, normal_name: &str) -> Option<&'static str> {
        self.pairs.get(normal_name).map(|(_, field)| *field)
    }

    /// Whether some column is mapped to a field.
    pub(crate) fn maps_to(&self, field: &str) -> bool {
        self.pairs.values().any(|(_, known)| *known == field)
    }

    /// The normal name of each mapped column, and the column as it was written.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(normal, (column, _))| (normal.as_str(), column.as_str()))
    }

    /// Whether nothing is mapped.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

/// The field that a name in a map means.
fn known(word: &str) -> Option<&'static str> {
    let word = normal(word);
    field(&word).or_else(|| BY_ALIAS.get(&word).map(|place| ALIASES[*place].1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_without_regard_to_their_spelling() {
        for (name, expected) in [
            ("Step", Some("step")),
            ("session-ID", Some("session_id")),
            ("Is Paused", Some("is_paused")),
            ("stop", None),
        ] {
            assert_eq!(field(&normal(name)), expected, "{name}");
        }
        assert_eq!(near(&normal("Rewrd")), Some("reward"));
        assert_eq!(near(&normal("completoin")), Some("completion"));
        assert_eq!((near("note"), near("loss"), near("stp")), (None, None, None));
    }

    #[test]
    fn a_map_reads_in_either_order() {
        let map = ColumnMap::parse("completion=answer, iteration=step").unwrap();
        assert_eq!((map.field("answer"), map.field("iteration")), (Some("action"), Some("step")));
        for (wrong, expected) in [
            ("answer", "has no `=`"),
            ("a=b", "neither `a` nor `b`"),
            ("step=", "names no column"),
            ("step=a,root=a", "mapped twice"),
        ] {
            let error = ColumnMap::parse(wrong).unwrap_err();
            assert!(error.message.contains(expected), "{error}");
        }
    }
}
