//! The simulated town: how many agents take a tick in a second on one core.

use std::time::Instant;

use gauntlet_townlet::{Config, Simulation};
use gauntlet_townlet_dto::health::NoHost;
use gauntlet_townlet_policy::Scripted;

use crate::outcome::Outcome;
use crate::report::Report;

const AGENTS: u32 = 24;
const TICKS: u32 = 720;
/// Fewest agent-ticks a second.
const TARGET: f64 = 10_000.0;

/// Half a day with everything that a tick reports, beside the same without reports.
pub(crate) fn speed(report: &mut Report) -> Outcome<()> {
    let begun = || Simulation::new(Config::with(7, AGENTS), Scripted);
    let mut silent = begun()?;
    let start = Instant::now();
    for _ in 0..TICKS {
        silent.advance()?;
    }
    let per_second = |start: Instant| f64::from(TICKS * AGENTS) / start.elapsed().as_secs_f64();
    let floor = per_second(start);
    let mut simulation = begun()?;
    let start = Instant::now();
    for _ in 0..TICKS {
        std::hint::black_box(simulation.tick(&NoHost));
    }
    let value = per_second(start);
    report.add("agent-ticks of the town a second", value, "1/s", Some(floor), Some(TARGET));
    let start = Instant::now();
    let bytes = simulation.save()?;
    report.add("snapshot of the town, saved", start.elapsed().as_secs_f64() * 1e3, "ms", None, None);
    let start = Instant::now();
    std::hint::black_box(Simulation::load(&bytes, Scripted)?);
    report.add("snapshot of the town, loaded", start.elapsed().as_secs_f64() * 1e3, "ms", None, None);
    Ok(())
}
