//! Start to ready, and memory at rest.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::outcome::Outcome;
use crate::report::{Report, quantile};
use crate::rig::{Rig, binary};

/// Median of five starts, beside a start of the same binary that only prints its version.
pub(crate) fn start_and_idle(report: &mut Report) -> Outcome<()> {
    let mut bare = Vec::new();
    let mut ready = Vec::new();
    for _ in 0..5 {
        let begun = Instant::now();
        Command::new(binary()?).arg("--version").output()?;
        bare.push(begun.elapsed().as_secs_f64() * 1e3);
        ready.push(Rig::start()?.ready.as_secs_f64() * 1e3);
    }
    let floor = quantile(&mut bare, 0.5);
    report.add("start to ready", quantile(&mut ready, 0.5), "ms", Some(floor), Some(300.0));
    let rig = Rig::start()?;
    std::thread::sleep(Duration::from_secs(1));
    report.add("memory, idle", rig.resident_mib()?, "MiB", None, Some(60.0));
    Ok(())
}
