//! Numbers, steps and truth values.

use gauntlet_model::MAX_STEP;
use serde_json::Value;

use crate::Reading;
use crate::text::is_not_evaluated;

/// Which mark separates the fraction of a number in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Decimal {
    /// A point, and nothing else: a comma would be guessed.
    #[default]
    Point,
    /// A comma or a point: a table whose cells are separated by semicolons uses commas in its numbers.
    PointOrComma,
}

/// A number: a JSON number, a truth value (1 or 0), or the text of either. Never NaN, never infinite.
pub fn number(value: &Value, decimal: Decimal) -> Reading<f64> {
    match value {
        Value::Null => Reading::NotEvaluated,
        Value::Bool(flag) => Reading::Value(f64::from(u8::from(*flag))),
        Value::Number(number) => match number.as_f64() {
            Some(number) => finite(number),
            None => Reading::Invalid,
        },
        Value::String(text) => number_from_text(text, decimal),
        Value::Array(_) | Value::Object(_) => Reading::Invalid,
    }
}

/// A step: an integer from 0 to [`MAX_STEP`], written as any [`number`] may be.
pub fn step(value: &Value, decimal: Decimal) -> Reading<u64> {
    // An integer is read as one: a double would round what is too large to a step that is not.
    let exact = match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse::<u64>().ok(),
        _ => None,
    };
    let max = MAX_STEP;
    let is_step = |step: &u64| *step <= max;
    match exact {
        Some(exact) => Reading::Value(exact).and_then(|step| Some(step).filter(is_step)),
        None => number(value, decimal).and_then(|number| {
            let is_integral = number.fract() == 0.0 && (0.0..=max as f64).contains(&number);
            is_integral.then_some(number as u64).filter(is_step)
        }),
    }
}

/// A truth value: `true`, `false`, 1, 0, or the text of one.
pub fn flag(value: &Value) -> Reading<bool> {
    number(value, Decimal::Point).and_then(|number| match number {
        0.0 => Some(false),
        1.0 => Some(true),
        _ => None,
    })
}

fn finite(number: f64) -> Reading<f64> {
    if number.is_finite() { Reading::Value(number) } else { Reading::NotEvaluated }
}

fn number_from_text(text: &str, decimal: Decimal) -> Reading<f64> {
    let text = text.trim();
    if is_not_evaluated(text) {
        return Reading::NotEvaluated;
    }
    if text.eq_ignore_ascii_case("true") {
        return Reading::Value(1.0);
    }
    if text.eq_ignore_ascii_case("false") {
        return Reading::Value(0.0);
    }
    match parse(text, decimal) {
        Some(number) => finite(number),
        None => Reading::Invalid,
    }
}

/// The number a text spells. `1.234,5` and `1,234.5` are none: which mark groups thousands would be guessed.
fn parse(text: &str, decimal: Decimal) -> Option<f64> {
    if text.chars().any(|c| c.is_ascii_alphabetic() && !matches!(c, 'e' | 'E')) {
        return None;
    }
    match (decimal, text.matches(',').count()) {
        (_, 0) => text.parse().ok(),
        (Decimal::PointOrComma, 1) if !text.contains('.') => text.replacen(',', ".", 1).parse().ok(),
        _ => None,
    }
}
