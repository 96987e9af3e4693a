//! Importing JSON Lines: how fast, compared with only parsing the same bytes, and in how much memory.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::outcome::Outcome;
use crate::report::Report;
use crate::rig::{Rig, binary, resident_mib_of};
use crate::workload;

/// Events of the small file; the large one has [`TIMES`] as many.
const EVENTS: u64 = 60_000;
const TIMES: u64 = 4;

/// One import through the command line.
struct Imported {
    seconds: f64,
    /// Most resident memory of the server and of the command, MiB.
    peak_mib: (f64, f64),
}

/// Imports a file and one four times as large, each into a server of its own.
pub(crate) fn json_lines(report: &mut Report) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let (small, large) = (folder.path().join("small.jsonl"), folder.path().join("large.jsonl"));
    write(&small, EVENTS)?;
    write(&large, EVENTS * TIMES)?;
    let megabytes = std::fs::metadata(&large)?.len() as f64 / 1e6;
    let floor = parse(&large)?;
    let (first, second) = (import(&small)?, import(&large)?);
    report.add("import of JSON Lines", megabytes / second.seconds, "MB/s", Some(megabytes / floor), None);
    let events = (EVENTS * TIMES) as f64;
    report.add("import of JSON Lines", events / second.seconds, "events/s", Some(events / floor), None);
    let memory = |name: &str, small: f64, large: f64, report: &mut Report| {
        report.add(&format!("memory of {name}, 4 x the file"), large, "MiB", Some(small), Some(1.2));
    };
    memory("the importing server", first.peak_mib.0, second.peak_mib.0, report);
    memory("the importing command", first.peak_mib.1, second.peak_mib.1, report);
    Ok(())
}

fn write(path: &Path, events: u64) -> Outcome<()> {
    let mut out = BufWriter::new(std::fs::File::create(path)?);
    for n in 1..=events {
        writeln!(out, "{}", workload::event(n))?;
    }
    Ok(out.flush()?)
}

/// Seconds to read the file and parse each line, keeping nothing.
fn parse(path: &Path) -> Outcome<f64> {
    let begun = Instant::now();
    let mut lines = BufReader::new(std::fs::File::open(path)?);
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 {
        std::hint::black_box(serde_json::from_str::<serde_json::Value>(&line)?);
        line.clear();
    }
    Ok(begun.elapsed().as_secs_f64())
}

fn import(path: &Path) -> Outcome<Imported> {
    let rig = Rig::start()?;
    let begun = Instant::now();
    let listen = rig.url.trim_start_matches("http://");
    let mut command = Command::new(binary()?)
        .args(["import", "--json", "--log", "warn", "--listen", listen])
        .arg(path)
        .stdout(Stdio::null())
        .spawn()?;
    let mut peak_mib = (0.0_f64, 0.0_f64);
    let status = loop {
        if let Some(status) = command.try_wait()? {
            break status;
        }
        peak_mib.0 = peak_mib.0.max(rig.resident_mib()?);
        // The command may have ended since.
        peak_mib.1 = peak_mib.1.max(resident_mib_of(command.id()).unwrap_or(0.0));
        std::thread::sleep(Duration::from_millis(20));
    };
    if !status.success() {
        return Err(format!("the import ended with {status}").into());
    }
    Ok(Imported { seconds: begun.elapsed().as_secs_f64(), peak_mib })
}
