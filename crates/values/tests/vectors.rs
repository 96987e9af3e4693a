//! The table of `sdk/contract/values.json`, which the other languages run as well.

use std::path::PathBuf;

use gauntlet_values::{Decimal, Reading, flag, number, step, time};
use serde_json::{Value, json};

fn table() -> Value {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdk/contract/values.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// JSON has no number for NaN and the infinities: in a file they are the bare words, which readers take as
/// texts.
fn input(value: &Value) -> Value {
    value.get("float").cloned().unwrap_or_else(|| value.clone())
}

fn word(reading: Reading<Value>) -> Value {
    match reading {
        Reading::Value(value) => value,
        Reading::NotEvaluated => json!("not evaluated"),
        Reading::Invalid => json!("invalid"),
    }
}

/// The reading with its value as JSON.
fn as_json<T>(reading: Reading<T>, json: impl Fn(T) -> Value) -> Reading<Value> {
    match reading {
        Reading::Value(value) => Reading::Value(json(value)),
        Reading::NotEvaluated => Reading::NotEvaluated,
        Reading::Invalid => Reading::Invalid,
    }
}

fn check(section: &str, read: impl Fn(&Value) -> Reading<Value>) {
    let table = table();
    let vectors = table[section].as_array().unwrap();
    assert!(vectors.len() >= 5, "{section}");
    for vector in vectors {
        let found = word(read(&input(&vector["in"])));
        let same = match (found.as_f64(), vector["is"].as_f64()) {
            (Some(found), Some(expected)) => found == expected,
            _ => found == vector["is"],
        };
        assert!(same, "{section}: {vector} reads as {found}");
    }
}

#[test]
fn numbers() {
    check("number", |value| as_json(number(value, Decimal::Point), |n| json!(n)));
    check("number_with_decimal_comma", |value| as_json(number(value, Decimal::PointOrComma), |n| json!(n)));
}

#[test]
fn steps() {
    check("step", |value| as_json(step(value, Decimal::Point), |n| json!(n)));
}

#[test]
fn truth_values() {
    check("flag", |value| as_json(flag(value), |f| json!(f)));
}

#[test]
fn times() {
    check("time", |value| as_json(time(value), |t| json!(t)));
}
