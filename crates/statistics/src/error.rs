//! Why a statistic cannot be computed.

use thiserror::Error;

/// Why a statistic cannot be computed: what the sample lacks, or which argument is out of range.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum StatisticsError {
    /// The sample is too small.
    #[error("{needed} or more values are needed, there are {found}")]
    TooFew {
        /// The least number of values.
        needed: usize,
        /// The number of values there are.
        found: usize,
    },
    /// A value is not a finite number.
    #[error("value {index} is {value}, not a finite number")]
    NotFinite {
        /// Its index, from 0.
        index: usize,
        /// The value.
        value: f64,
    },
    /// Paired samples have different lengths.
    #[error("paired samples have the same length; these have {a} and {b} values")]
    NotPaired {
        /// The length of the first.
        a: usize,
        /// The length of the second.
        b: usize,
    },
    /// The statistic divides by a spread that is 0.
    #[error("the values do not vary, so that a difference has no scale")]
    NoSpread,
    /// An argument is out of its range.
    #[error("{name} is {value}, not {range}")]
    OutOfRange {
        /// The argument.
        name: &'static str,
        /// Its value.
        value: f64,
        /// Its range, in words.
        range: &'static str,
    },
}
