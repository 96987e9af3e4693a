//! What filming costs the loop: one `log` of nine scores beside building such an event alone, without and
//! with a server.
//!
//! `cargo run --release -p gauntlet-sdk --example overhead`

#![allow(clippy::print_stdout, reason = "it is what this program is for")]

use std::time::{Duration, Instant};

use gauntlet_sdk::model::{Event, Scores, SnapshotScored};
use gauntlet_sdk::telemetry::{Clock, SystemClock};
use gauntlet_sdk::{Mode, ObservabilityProvider};

const CALLS: u64 = 200_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paths = [
        "root",
        "format",
        "abstention",
        "conflict",
        "refusal",
        "grounding",
        "proof",
        "confidence",
        "synthesis",
    ];
    let scores = || paths.map(|path| (path, -20.0));
    let clock = SystemClock::new();
    let floor = nanos(|step| {
        let body = SnapshotScored { scores: Scores::new(scores())?, ..SnapshotScored::default() };
        std::hint::black_box(Event::new(clock.new_id(), clock.now(), None, Some(step), body)?);
        Ok(())
    })?;
    println!("building the event: {floor:.0} ns");
    for mode in [Mode::Disabled, Mode::Offline, Mode::Online] {
        let spool = std::env::temp_dir().join("gauntlet-overhead");
        let run = ObservabilityProvider::builder()?.mode(mode).spool(&spool, 1 << 30).start()?;
        let took = nanos(|step| Ok(run.log(scores(), step)?))?;
        let ratio = took / floor;
        println!("log, {mode:?}: {took:.0} ns, {ratio:.1} times that");
        println!("  {}", run.flush(Duration::from_secs(60)).unwrap_or_else(|late| late.0));
        drop(run);
        std::fs::remove_dir_all(&spool).or_else(|e| if spool.exists() { Err(e) } else { Ok(()) })?;
    }
    Ok(())
}

fn nanos(
    mut call: impl FnMut(u64) -> Result<(), Box<dyn std::error::Error>>,
) -> Result<f64, Box<dyn std::error::Error>> {
    let began = Instant::now();
    for step in 0..CALLS {
        call(step)?;
    }
    Ok(began.elapsed().as_nanos() as f64 / CALLS as f64)
}
