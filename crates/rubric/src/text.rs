//! Rubrics over plain text, used beside a task's own: they hold back answers that ramble or loop.

use std::collections::BTreeSet;

use crate::node::Call;
use crate::parameter::Parameter;
use crate::{Rubric, RubricError};

/// A penalty for an answer above a number of words; 0 otherwise.
pub struct LengthPenalty {
    max_words: Parameter,
    penalty: Parameter,
}

impl LengthPenalty {
    /// `penalty` (usually negative) above `max_words` whitespace-separated words.
    pub fn new(max_words: u32, penalty: f64) -> Self {
        let words = Parameter::within("max_words", f64::from(max_words), 0.0..=f64::from(u32::MAX));
        Self { max_words: words, penalty: Parameter::number("penalty", penalty) }
    }
}

impl Default for LengthPenalty {
    /// More than 450 words: -10.
    fn default() -> Self {
        Self::new(450, -10.0)
    }
}

impl<A: AsRef<str> + ?Sized, O: ?Sized> Rubric<A, O> for LengthPenalty {
    fn forward(&self, call: &Call<'_, A, O>) -> Result<f64, RubricError> {
        let words = call.action().as_ref().split_whitespace().count() as f64;
        Ok(if words > self.max_words.get() { self.penalty.get() } else { 0.0 })
    }
    fn parameters(&self) -> Vec<&Parameter> {
        vec![&self.max_words, &self.penalty]
    }
}

/// A penalty for an answer that repeats a line longer than a minimum; 0 otherwise.
pub struct RepetitionPenalty {
    min_line_length: Parameter,
    penalty: Parameter,
}

impl RepetitionPenalty {
    /// `penalty` (usually negative) where a trimmed line of more than `min_line_length` characters stands
    /// twice.
    pub fn new(min_line_length: u32, penalty: f64) -> Self {
        let length =
            Parameter::within("min_line_length", f64::from(min_line_length), 0.0..=f64::from(u32::MAX));
        Self { min_line_length: length, penalty: Parameter::number("penalty", penalty) }
    }
}

impl Default for RepetitionPenalty {
    /// A line of more than 15 characters, twice: -5.
    fn default() -> Self {
        Self::new(15, -5.0)
    }
}

impl<A: AsRef<str> + ?Sized, O: ?Sized> Rubric<A, O> for RepetitionPenalty {
    fn forward(&self, call: &Call<'_, A, O>) -> Result<f64, RubricError> {
        let long = |line: &&str| line.chars().count() as f64 > self.min_line_length.get();
        let mut seen = BTreeSet::new();
        let repeats =
            call.action().as_ref().split('\n').map(str::trim).filter(long).any(|line| !seen.insert(line));
        Ok(if repeats { self.penalty.get() } else { 0.0 })
    }
    fn parameters(&self) -> Vec<&Parameter> {
        vec![&self.min_line_length, &self.penalty]
    }
}
