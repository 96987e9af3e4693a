//! The numbers, as a table for people and as JSON for machines.

use std::path::Path;

use serde::Serialize;

use crate::outcome::Outcome;

/// One measurement.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    /// What was measured.
    pub name: String,
    /// The measurement.
    pub value: f64,
    /// Its unit.
    pub unit: String,
    /// The same without Gauntlet, where there is such a thing.
    pub floor: Option<f64>,
    /// `value / floor`.
    pub ratio: Option<f64>,
    /// What the value (or the ratio, where the name says so) should reach or stay under.
    pub target: Option<f64>,
}

/// All measurements of one run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

impl Report {
    /// Adds a measurement and prints it, so that a long run shows progress.
    #[allow(clippy::print_stdout, reason = "the bench is a command-line tool")]
    pub(crate) fn add(
        &mut self,
        name: &str,
        value: f64,
        unit: impl Into<String>,
        floor: Option<f64>,
        target: Option<f64>,
    ) {
        let unit = unit.into();
        println!("{name}: {value:.3} {unit}");
        let ratio = floor.filter(|f| *f > 0.0).map(|f| value / f);
        self.rows.push(Row { name: name.to_owned(), value, unit, floor, ratio, target });
    }

    /// The table.
    #[allow(clippy::print_stdout, reason = "the bench is a command-line tool")]
    pub(crate) fn print(&self) {
        let number = |v: Option<f64>| v.map_or_else(|| "-".to_owned(), |v| format!("{v:.3}"));
        println!(
            "\n{:<44} {:>14} {:<9} {:>14} {:>8} {:>12}",
            "what", "value", "unit", "floor", "ratio", "target"
        );
        for row in &self.rows {
            println!(
                "{:<44} {:>14.3} {:<9} {:>14} {:>8} {:>12}",
                row.name,
                row.value,
                row.unit,
                number(row.floor),
                number(row.ratio),
                number(row.target)
            );
        }
    }

    /// The JSON list.
    pub(crate) fn write(&self, path: &Path) -> Outcome<()> {
        Ok(std::fs::write(path, serde_json::to_vec_pretty(&self.rows)?)?)
    }
}

/// The value below which that share of the samples is; 0 where there are none. Sorts the samples.
pub(crate) fn quantile(samples: &mut [f64], share: f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    let last = samples.len().saturating_sub(1);
    samples.get((last as f64 * share).round() as usize).copied().unwrap_or_default()
}
