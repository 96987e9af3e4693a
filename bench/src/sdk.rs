//! What recording costs a Python training loop: the SDK's own measurement, run against the same binary.

use std::process::Command;

use serde::Deserialize;

use crate::outcome::Outcome;
use crate::report::Report;
use crate::rig::binary;

/// One line of what it prints.
#[derive(Debug, Deserialize)]
struct Line {
    name: String,
    value: f64,
    unit: String,
    floor: Option<f64>,
    target: Option<f64>,
}

/// Measures it, and adds it to the report.
pub(crate) fn overhead(report: &mut Report) -> Outcome<()> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/python.sh");
    let out = Command::new(script)
        .args(["run", "python", "bench/overhead.py"])
        .env("GAUNTLET_BIN", binary()?)
        .stderr(std::process::Stdio::inherit())
        .output()?;
    if !out.status.success() {
        return Err(format!("sdk/python/bench/overhead.py ended with {}", out.status).into());
    }
    let text = String::from_utf8(out.stdout)?;
    for line in text.lines().filter(|line| line.starts_with('{')) {
        let line: Line = serde_json::from_str(line)?;
        report.add(&line.name, line.value, line.unit, line.floor, line.target);
    }
    Ok(())
}
