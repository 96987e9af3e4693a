//! One reading of loosely typed values, for everything that takes data as other programs write it: result
//! files, OpenTelemetry, pages. The strict events API does not use it.
//!
//! | input | number | step | truth value | time |
//! | --- | --- | --- | --- | --- |
//! | `0.8`, `"0.8"`, `" 8e-1 "` | 0.8 | invalid | invalid | invalid |
//! | `3`, `3.0`, `"3"`, `"3.0"` | 3 | 3 | invalid | invalid |
//! | `true`, `"True"` | 1 | 1 | true | invalid |
//! | `null`, `""`, `NaN`, infinities, `"None"`, `"n/a"`, `"NaT"` | not evaluated | not named | not named | not named |
//! | `"0,8"` in a table separated by semicolons | 0.8 | invalid | invalid | invalid |
//! | `1764000000`, `"1764000000123"` | the number | the number | invalid | in the unit of its magnitude |
//! | `"2026-11-21T00:06:33Z"`, without a zone too | invalid | invalid | invalid | that instant |
//!
//! Nothing is clamped: what is none of these is [`Reading::Invalid`], and the caller refuses it with the
//! value or keeps it elsewhere with a note. `sdk/contract/values.json` holds the same table as vectors that
//! every language runs.

// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod number;
mod text;
mod time;

pub use number::{Decimal, flag, number, step};
pub use text::is_not_evaluated;
pub use time::time;

/// What a value reads as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading<T> {
    /// This.
    Value(T),
    /// Nothing was evaluated or named: null, an empty text, NaN, an infinity, `None`, `n/a`.
    NotEvaluated,
    /// It is something else, for the caller to refuse or to keep elsewhere.
    Invalid,
}

impl<T> Reading<T> {
    /// The value, if there is one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::NotEvaluated | Self::Invalid => None,
        }
    }

    /// The same reading of another type; a value that `convert` has no answer for is invalid.
    fn and_then<U>(self, convert: impl FnOnce(T) -> Option<U>) -> Reading<U> {
        match self {
            Self::Value(value) => convert(value).map_or(Reading::Invalid, Reading::Value),
            Self::NotEvaluated => Reading::NotEvaluated,
            Self::Invalid => Reading::Invalid,
        }
    }
}
