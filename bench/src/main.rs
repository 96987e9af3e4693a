//! `make bench`: measures what Gauntlet promises, each number beside a floor taken in the same run, against the real
//! binary on loopback. Prints a table and writes `target/bench.json`.

mod film;
mod ingest;
mod latency;
mod memory;
mod report;
mod rig;
mod workload;

use report::Report;

/// Any failure ends the bench with its words.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut report = Report::default();
    memory::start_and_idle(&mut report)?;
    ingest::durable(&mut report, &runtime)?;
    latency::commit_to_viewer(&mut report, &runtime)?;
    film::open_and_draw(&mut report, &runtime)?;
    film::download(&mut report)?;
    report.print();
    std::fs::create_dir_all("target")?;
    report.write(std::path::Path::new("target/bench.json"))
}
