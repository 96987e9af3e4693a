//! Functions of windows, and the decision of a rule. What cannot be decided yet, because a window is not
//! full, is `None`; `and` and `or` decide without it where the other side is enough.

use std::collections::VecDeque;

use gauntlet_film::mean;
use serde::{Deserialize, Serialize};

use crate::expression::{Comparison, Condition, Function, Number, Operator};

/// The last values of an input.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Window {
    /// Those that were evaluated, the newest at the end.
    values: VecDeque<f64>,
    /// Whether the newest one was not evaluated; `None` before the first.
    is_nan: Option<bool>,
}

impl Window {
    /// Adds a value, `None` for one that was not evaluated, and keeps the last `length`.
    pub(crate) fn push(&mut self, value: Option<f64>, length: usize) {
        self.is_nan = Some(value.is_none());
        self.values.extend(value);
        while self.values.len() > length {
            self.values.pop_front();
        }
    }
}

/// Whether a condition holds.
pub(crate) fn decide(condition: &Condition, windows: &[Window]) -> Option<bool> {
    match condition {
        Condition::Compare(left, comparison, right) => {
            let (left, right) = (number(left, windows)?, number(right, windows)?);
            Some(match comparison {
                Comparison::Less => left < right,
                Comparison::AtMost => left <= right,
                Comparison::Greater => left > right,
                Comparison::AtLeast => left >= right,
                Comparison::Equal => left == right,
                Comparison::NotEqual => left != right,
            })
        }
        Condition::IsNan(input) => windows.get(*input)?.is_nan,
        Condition::Silent(_) => None,
        Condition::Not(inner) => decide(inner, windows).map(|holds| !holds),
        Condition::And(left, right) => match (decide(left, windows), decide(right, windows)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (left, right) => Some(left? && right?),
        },
        Condition::Or(left, right) => match (decide(left, windows), decide(right, windows)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (left, right) => Some(left? || right?),
        },
    }
}

/// A number; `None` until its window is full, and where arithmetic has no result (0 / 0).
pub(crate) fn number(of: &Number, windows: &[Window]) -> Option<f64> {
    let value = match of {
        Number::Constant(value) => *value,
        Number::Window { function, input, length, .. } => compute(*function, windows.get(*input)?, *length)?,
        Number::Negative(inner) => -number(inner, windows)?,
        Number::Arithmetic(left, operator, right) => {
            let (left, right) = (number(left, windows)?, number(right, windows)?);
            match operator {
                Operator::Add => left + right,
                Operator::Subtract => left - right,
                Operator::Multiply => left * right,
                Operator::Divide => left / right,
            }
        }
    };
    (!value.is_nan()).then_some(value)
}

/// A function of the last `length` values that were evaluated, and of one more for a z-score.
fn compute(function: Function, window: &Window, length: usize) -> Option<f64> {
    let needed = function.reads(length);
    let mut values: Vec<f64> = window.values.iter().rev().copied().take(needed).collect();
    if values.len() < needed {
        return None;
    }
    let count = length as f64;
    match function {
        Function::Last => values.first().copied(),
        // Rounded once: three ones of ten are 0.3 to the last bit, which is not above 0.3.
        Function::Mean => mean(&values),
        Function::Min => values.iter().copied().reduce(f64::min),
        Function::Max => values.iter().copied().reduce(f64::max),
        Function::Std => Some(std(&values, mean(&values)?)),
        Function::Share => Some(values.iter().filter(|value| **value != 0.0).count() as f64 / count),
        Function::ZScore => {
            let last = values.remove(0);
            let mean = mean(&values)?;
            let std = std(&values, mean);
            // Where nothing has varied yet, any other value is infinitely far away.
            Some(if last == mean { 0.0 } else { (last - mean) / std })
        }
    }
}

/// The standard deviation of the population with this mean.
fn std(values: &[f64], mean: f64) -> f64 {
    let count = values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2) / count).sum();
    squares.sqrt()
}

/// What the functions of a rule computed, as `mean(loss, 20) = 3.2, last(kl) = 0.1`.
pub(crate) fn describe(condition: &Condition, windows: &[Window]) -> String {
    let mut found = Vec::new();
    in_condition(condition, windows, &mut found);
    found.join(", ")
}

fn in_condition(condition: &Condition, windows: &[Window], found: &mut Vec<String>) {
    match condition {
        Condition::Compare(left, _, right) => {
            in_number(left, windows, found);
            in_number(right, windows, found);
        }
        Condition::Not(inner) => in_condition(inner, windows, found),
        Condition::And(left, right) | Condition::Or(left, right) => {
            in_condition(left, windows, found);
            in_condition(right, windows, found);
        }
        Condition::IsNan(_) | Condition::Silent(_) => {}
    }
}

fn in_number(of: &Number, windows: &[Window], found: &mut Vec<String>) {
    match of {
        Number::Constant(_) => {}
        Number::Window { text, .. } => {
            let shown = match number(of, windows) {
                Some(value) => format!("{text} = {}", rounded(value)),
                None => format!("{text} has too few values"),
            };
            if !found.contains(&shown) {
                found.push(shown);
            }
        }
        Number::Negative(inner) => in_number(inner, windows, found),
        Number::Arithmetic(left, _, right) => {
            in_number(left, windows, found);
            in_number(right, windows, found);
        }
    }
}

/// Four digits are enough for a message.
fn rounded(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "infinity" } else { "-infinity" }.to_owned();
    }
    match value.abs() {
        0.0 => "0".to_owned(),
        1e-3..1e6 => {
            let decimals = (3 - value.abs().log10().floor() as i32).clamp(0, 6) as usize;
            let text = format!("{value:.decimals$}");
            if text.contains('.') {
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            } else {
                text
            }
        }
        _ => format!("{value:.3e}"),
    }
}
