//! Times: ISO 8601 texts, and numbers whose unit follows from their magnitude.

use gauntlet_model::Timestamp;
use serde_json::Value;

use crate::Reading;
use crate::text::is_not_evaluated;

/// From here on a number is a time in seconds since the Unix epoch: 1973-03-03.
const SECS: f64 = 1e8;
/// From here on in milliseconds.
const MILLIS: f64 = 1e11;
/// From here on in microseconds.
const MICROS: f64 = 1e14;
/// From here on in nanoseconds.
const NANOS: f64 = 1e17;
/// The first number that is not a time any more: 2286-11-20 in nanoseconds.
const END: f64 = 1e19;

/// An instant. A number from 1e8 is in seconds since the Unix epoch, from 1e11 in milliseconds, from 1e14 in
/// microseconds, from 1e17 to 1e19 in nanoseconds; the text of a number is read as the number. Any other text
/// is ISO 8601, in UTC where it names no zone. What is none of these is invalid, never clamped.
pub fn time(value: &Value) -> Reading<Timestamp> {
    match value {
        Value::Null => Reading::NotEvaluated,
        Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(integer), _) => from_integer(integer),
            (None, Some(number)) => from_number(number),
            (None, None) => Reading::Invalid,
        },
        Value::String(text) => from_text(text.trim()),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => Reading::Invalid,
    }
}

fn from_text(text: &str) -> Reading<Timestamp> {
    if is_not_evaluated(text) {
        return Reading::NotEvaluated;
    }
    if let Ok(integer) = text.parse::<u64>() {
        return from_integer(integer);
    }
    let is_number = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'+' | b'-' | b'e' | b'E'));
    if let (true, Ok(number)) = (is_number, text.parse::<f64>()) {
        return from_number(number);
    }
    // A year before the first one would be clamped, as the model knows none.
    if text.starts_with('-') {
        return Reading::Invalid;
    }
    Timestamp::parse_lenient(text).map_or(Reading::Invalid, Reading::Value)
}

/// By way of integers: a double would round nanoseconds to 256 of them.
fn from_integer(integer: u64) -> Reading<Timestamp> {
    let micros = match integer as f64 {
        n if !(SECS..END).contains(&n) => return Reading::Invalid,
        n if n < MILLIS => integer * 1_000_000,
        n if n < MICROS => integer * 1_000,
        n if n < NANOS => integer,
        _ => integer / 1_000,
    };
    i64::try_from(micros).map_or(Reading::Invalid, |micros| Reading::Value(Timestamp::from_micros(micros)))
}

fn from_number(number: f64) -> Reading<Timestamp> {
    let micros = match number {
        n if n.is_nan() || n.is_infinite() => return Reading::NotEvaluated,
        n if !(SECS..END).contains(&n) => return Reading::Invalid,
        n if n < MILLIS => n * 1e6,
        n if n < MICROS => n * 1e3,
        n if n < NANOS => n,
        n => n / 1e3,
    };
    Reading::Value(Timestamp::from_micros(micros.round() as i64))
}
