//! The columns of the list and what is in them, as text. Only the server makes it: the browser shows it.

use std::fmt::Write as _;

use serde_json::Value;

use crate::api::ListColumn;
use crate::ui::{capital, duration, grouped, percent, quantity, score};

/// The columns of a list for which none were chosen, after the name.
pub const DEFAULT: [&str; 6] = ["project", "status", "steps", "failing", "mean", "updated"];
/// Columns that the browser formats by itself.
const IN_BROWSER: [&str; 7] = ["project", "status", "steps", "failing", "mean", "updated", "created"];
/// Width and height of a sparkline.
const SPARKLINE: (f64, f64) = (60.0, 16.0);

/// A column by its name in the address.
pub fn column(name: &str, is_number: bool) -> ListColumn {
    let title = match name.split_once(':') {
        Some(("config", key)) => key.to_owned(),
        Some((statistic, path)) => format!("{} {statistic}", path.trim_start_matches("metrics.")),
        None if name == "mean" => "Mean reward".to_owned(),
        None if name == "last" => "Last reward".to_owned(),
        None => capital(name),
    };
    ListColumn { name: name.to_owned(), title, is_number, is_right: is_number }
}

/// What is in a column.
pub fn text(column: &str, value: &Value) -> String {
    if IN_BROWSER.contains(&column) {
        return String::new();
    }
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) if column == "tags" => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        Value::Number(number) => number_text(column, number.as_f64().unwrap_or_default(), number),
        other => other.to_string(),
    }
}

/// The title of the runs with a value in the column that groups the list.
pub fn group_title(column: &str, value: &Value) -> String {
    let key = column.strip_prefix("config:").unwrap_or(column);
    let value = match value {
        Value::Null => "not set".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number_text(column, number.as_f64().unwrap_or_default(), number),
        other => other.to_string(),
    };
    format!("{key} {value}")
}

/// The mean of a column over the runs of a group.
pub fn mean_text(column: &str, mean: Option<f64>) -> String {
    let Some(mean) = mean else { return String::new() };
    match column {
        // Counts, as those of the runs below: without fractions.
        "steps" | "events" | "episodes" => grouped(mean.round().max(0.0) as u64),
        "duration" => duration(mean * 1e3),
        "failing" => percent(mean),
        _ if column.contains(":metrics.") => quantity(mean),
        _ => score(mean),
    }
}

fn number_text(column: &str, value: f64, exact: &serde_json::Number) -> String {
    match column {
        "duration" => duration(value * 1e3),
        "failing" => percent(value),
        "events" | "episodes" => grouped(exact.as_u64().unwrap_or_default()),
        "last" => score(value),
        // A small setting, such as a learning rate, as it is written in code.
        _ if column.starts_with("config:") && value != 0.0 && value.abs() < 1e-3 => format!("{value:e}"),
        _ if column.starts_with("config:") => exact.to_string(),
        _ if column.contains(":metrics.") => quantity(value),
        _ => score(value),
    }
}

/// The points of a line over values, in the range of all but the few that would flatten the rest.
pub fn sparkline(values: &[f64]) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    let (Some(low), Some(high)) = (sorted.get(last / 50), sorted.get(last - last / 50)) else {
        return String::new();
    };
    if values.len() < 2 {
        return String::new();
    }
    let (width, height) = SPARKLINE;
    let mut points = String::new();
    for (index, value) in values.iter().enumerate() {
        // Halves, because the difference of two finite numbers may be infinite.
        let share = (value.clamp(*low, *high) / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
        let share = if share.is_finite() { share } else { 0.5 };
        let x = index as f64 / last as f64 * width;
        _ = write!(points, "{x:.1},{:.1} ", (height - 2.0) * (1.0 - share) + 1.0);
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_short_texts() {
        let check = |column: &str, value: Value, expect: &str| assert_eq!(text(column, &value), expect);
        check("config:lr", 1e-5.into(), "1e-5");
        check("config:beta", 2.5e-4.into(), "2.5e-4");
        check("config:gamma", 0.99.into(), "0.99");
        check("config:batch", 64.into(), "64");
        check("config:bias", 0.0.into(), "0.0");
        check("config:use_kl", true.into(), "true");
        check("config:lr", Value::Null, "");
        check("mean:root", 0.5.into(), "+0.5");
        check("low:metrics.loss", 0.25.into(), "0.250");
        check("duration", 75.0.into(), "1 min 15 s");
        check("tags", vec!["a", "b"].into(), "a, b");
        check("created", "2026-11-30T12:00:00.000000Z".into(), "");
        check("steps", 5.into(), "");
        assert_eq!(group_title("config:lr", &1e-5.into()), "lr 1e-5");
        assert_eq!(group_title("config:opt.name", &"adam".into()), "opt.name adam");
        assert_eq!(group_title("task", &Value::Null), "task not set");
        assert_eq!(mean_text("steps", Some(1234.4)), "1,234");
        assert_eq!(mean_text("failing", Some(0.25)), "25 %");
        assert_eq!(mean_text("mean", Some(0.5)), "+0.5");
        assert_eq!(mean_text("mean", None), "");
        assert_eq!(column("high:metrics.loss", true).title, "loss high");
        assert_eq!(column("config:opt.lr", false).title, "opt.lr");
    }

    #[test]
    fn one_outlier_does_not_flatten_a_sparkline() {
        let mut values: Vec<f64> = (0..60).map(f64::from).collect();
        values[30] = 1e9;
        let points = sparkline(&values);
        let second = points.split_whitespace().nth(29).unwrap();
        let y: f64 = second.split_once(',').unwrap().1.parse().unwrap();
        assert!((5.0..11.0).contains(&y), "{points}");
        assert_eq!(sparkline(&[1.0]), "");
        assert_eq!(sparkline(&[]), "");
        assert_eq!(sparkline(&[2.0, 2.0]), "0.0,8.0 60.0,8.0 ");
        assert!(!sparkline(&[f64::MAX, f64::MIN]).contains("NaN"));
    }
}
