//! `make bench`: measures what Gauntlet promises, each number beside a floor taken in the same run, against
//! the real binary on loopback. Prints a table and writes `target/bench.json`.

// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod backup;
mod browser;
mod film;
mod import;
mod ingest;
mod latency;
mod memory;
mod outcome;
mod postgresql;
mod principles;
mod report;
mod rig;
mod sdk;
mod search;
mod town;
mod workload;

use outcome::Outcome;
use report::Report;

fn main() -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut report = Report::default();
    // Names of parts leave the others out: `make bench` runs all.
    let named: Vec<String> = std::env::args().skip(1).collect();
    let is_asked = |part: &str| named.is_empty() || named.iter().any(|name| name == part);
    if is_asked("memory") {
        memory::start_and_idle(&mut report)?;
    }
    if is_asked("ingest") {
        ingest::durable(&mut report, &runtime)?;
    }
    if is_asked("postgresql") {
        postgresql::durable(&mut report, &runtime)?;
    }
    if is_asked("backup") {
        backup::under_load(&mut report)?;
    }
    if is_asked("import") {
        import::json_lines(&mut report)?;
    }
    if is_asked("latency") {
        latency::commit_to_viewer(&mut report, &runtime)?;
    }
    if is_asked("search") {
        search::search(&mut report, &runtime)?;
    }
    if is_asked("sdk") {
        sdk::overhead(&mut report)?;
    }
    if is_asked("town") {
        town::speed(&mut report)?;
    }
    if is_asked("film") {
        film::open_and_draw(&mut report, &runtime)?;
        film::first_opening(&mut report)?;
        film::download(&mut report)?;
    }
    if is_asked("principles") {
        principles::principles(&mut report)?;
    }
    if is_asked("browser") {
        browser::long_run(&mut report)?;
    }
    report.print();
    if !named.is_empty() {
        return Ok(());
    }
    std::fs::create_dir_all("target")?;
    report.write(std::path::Path::new("target/bench.json"))
}
