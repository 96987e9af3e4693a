//! The parsed rule: what it reads and how it is computed.

use std::fmt;

/// The longest text of a rule, in bytes.
pub const MAX_EXPRESSION_BYTES: usize = 500;
/// The greatest window, in values.
pub const MAX_WINDOW: usize = 1_000;
/// The longest silence that a rule can ask for, in seconds (a day).
pub const MAX_SILENCE_SECS: u32 = 86_400;

/// Why a text is not a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {}, {}: {message}", position + 1, found(near))]
pub struct ExpressionError {
    /// Where, in characters from 0.
    pub position: usize,
    /// What is there; empty at the end of the text.
    pub near: String,
    /// What is wrong there.
    pub message: String,
}

fn found(near: &str) -> String {
    if near.is_empty() { "the end".to_owned() } else { format!("{near:?}") }
}

/// A rule, parsed and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    /// As it was written.
    pub(crate) text: String,
    pub(crate) condition: Condition,
    pub(crate) inputs: Vec<Input>,
}

impl Expression {
    /// The text it was parsed from.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The silence that it waits for, in seconds; `None` for a rule over values. Silence is measured by a
    /// clock, so an [`Evaluator`](crate::Evaluator) never fires for it.
    pub fn silence_secs(&self) -> Option<u32> {
        match self.condition {
            Condition::Silent(secs) => Some(secs),
            _ => None,
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What a window holds values of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The scores of a rubric path, or of `metrics.` and this path.
    Path(String),
    /// Of each scored snapshot: 1 where it fails by the rule of the run, else 0.
    Failing,
    /// Of each group of at least two rollouts: 1 where all rewards are the same, else 0.
    TiedGroups,
}

/// A window that a rule reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Input {
    pub source: Source,
    /// How many values are read at most, at least 1.
    pub length: usize,
}

/// A function of the last values of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Last,
    Mean,
    Min,
    Max,
    /// Standard deviation of the population.
    Std,
    /// How many standard deviations the last value is from the mean of the values before it.
    ZScore,
    /// Share of the values that are not 0.
    Share,
}

impl Function {
    pub(crate) const ALL: [Function; 7] = [
        Function::Last,
        Function::Mean,
        Function::Min,
        Function::Max,
        Function::Std,
        Function::ZScore,
        Function::Share,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Function::Last => "last",
            Function::Mean => "mean",
            Function::Min => "min",
            Function::Max => "max",
            Function::Std => "std",
            Function::ZScore => "zscore",
            Function::Share => "share",
        }
    }

    /// How many values it reads for a window of `length`.
    pub(crate) fn reads(self, length: usize) -> usize {
        match self {
            // The last value is compared with `length` values before it.
            Function::ZScore => length + 1,
            _ => length,
        }
    }
}

/// A number of a rule.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Number {
    Constant(f64),
    Window {
        function: Function,
        /// Which of the rule's inputs.
        input: usize,
        /// The window, in values.
        length: usize,
        /// The call as it was written, for messages.
        text: String,
    },
    Negative(Box<Number>),
    Arithmetic(Box<Number>, Operator, Box<Number>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Less,
    AtMost,
    Greater,
    AtLeast,
    Equal,
    NotEqual,
}

/// What a rule decides.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    Compare(Number, Comparison, Number),
    /// The last value of an input is not a number.
    IsNan(usize),
    /// Nobody who writes the run was heard of for so many seconds. Always the only part of its rule.
    Silent(u32),
    Not(Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
}
