//! Why a tree could not be built, or a call could not give a score.

/// Why a text is not one that a parameter takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidText(pub String);

impl From<String> for InvalidText {
    fn from(why: String) -> Self {
        Self(why)
    }
}

/// What went wrong in a rubric tree. Building reports the offending name or number; a call reports the first
/// error of the rubric that failed, unchanged, to the caller of the root.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RubricError {
    /// A child's name is empty, holds a dot or a control character, is `root`, or is taken by a sibling.
    #[error("{name:?} cannot name a child: {reason}")]
    Name {
        /// The name as given.
        name: String,
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// Weights and rubrics do not pair up, or the weights do not sum to 1.
    #[error("weights {weights:?}: {reason}")]
    Weights {
        /// The weights as given.
        weights: Vec<f64>,
        /// Which rule they break, with the numbers.
        reason: String,
    },
    /// A number is outside its range.
    #[error("{name} is {value}; it must be {expected}")]
    Range {
        /// Parameter.
        name: &'static str,
        /// The value as given.
        value: f64,
        /// The range as text.
        expected: &'static str,
    },
    /// No rubric lives at that path.
    #[error("rubric path not found: {path:?}")]
    NotFound {
        /// The path as asked for.
        path: String,
    },
    /// A list or dictionary of rubrics has no score of its own; a parent calls its members.
    #[error("a {container} defines no score of its own; a parent calls its members")]
    NotCallable {
        /// Which container.
        container: &'static str,
    },
    /// A judge's template is malformed.
    #[error("template: {0}")]
    Template(InvalidText),
    /// A rubric's own failure: a judge that could not be reached, input it cannot read.
    #[error("{0}")]
    Failed(String),
}
