//! What the cells of a table become: failure kinds, JSON, and the numbers and truth values of metadata.

use gauntlet_values::{Reading, flag};
use serde_json::{Value, json};

use crate::distinct::{RepeatedKeys, read_json};

/// Failure kinds: those of a text, or the general one where a truth value says so.
pub(crate) fn words(cell: Value) -> Value {
    if !cell.is_array()
        && let Reading::Value(failed) = flag(&cell)
    {
        return if failed { json!(["generic"]) } else { json!([]) };
    }
    match &cell {
        Value::String(text) => text.split([' ', ',', ';']).filter(|word| !word.is_empty()).collect(),
        _ => cell,
    }
}

/// A cell of a field as JSON: a text that is JSON is read.
pub(crate) fn parsed(cell: Value, field: &str, keys: &mut RepeatedKeys) -> Value {
    match &cell {
        Value::String(text) => read_json(text, Some(field), keys).unwrap_or(cell),
        _ => cell,
    }
}

/// A text of metadata as the number or truth value that it looks like.
pub(crate) fn plain(cell: Value) -> Value {
    match &cell {
        Value::String(text) => match text.trim() {
            "True" | "TRUE" => Value::Bool(true),
            "False" | "FALSE" => Value::Bool(false),
            trimmed => match serde_json::from_str(trimmed) {
                Ok(value @ (Value::Number(_) | Value::Bool(_))) => integral(value),
                _ => cell,
            },
        },
        _ => integral(cell),
    }
}

/// A float without a fraction as an integer: tables with gaps turn integers into floats.
pub(crate) fn integral(value: Value) -> Value {
    match value.as_f64() {
        Some(n) if value.is_f64() && n.fract() == 0.0 && (0.0..9e15).contains(&n) => json!(n as u64),
        _ => value,
    }
}
