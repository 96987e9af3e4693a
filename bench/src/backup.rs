//! A backup of a log of natural texts while somebody writes: how fast it is, how small, what memory it takes,
//! and how long a write takes meanwhile beside one without a backup.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::outcome::Outcome;
use crate::report::{Report, quantile};
use crate::rig::{Rig, agent};
use crate::workload::{lines, spoken_lines};

/// Events of the log.
const EVENTS: u64 = 300_000;
/// Events of a request.
const BATCH: u64 = 20;
/// Time between two requests of the writer.
const TICK: Duration = Duration::from_millis(10);
/// How long is written without a backup.
const ALONE: Duration = Duration::from_secs(5);

/// Measures a full backup, read back as every backup is.
pub(crate) fn under_load(report: &mut Report) -> Outcome<()> {
    let archives = tempfile::tempdir()?;
    let rig = Rig::with(&format!("[backup]\nto = {:?}\nevery = 'off'\n", archives.path().display()))?;
    rig.create("texts")?;
    let agent = agent();
    let texts = format!("{}/api/v1/runs/texts/events", rig.url);
    for from in (1..=EVENTS).step_by(5000) {
        agent.post(&texts).content_type("application/x-ndjson").send(spoken_lines(from, 5000))?;
    }
    rig.create("live")?;
    let mut next = 1;
    let begun = Instant::now();
    let mut alone = write_while(&rig, &mut next, || Ok(begun.elapsed() < ALONE))?;
    let before = rig.resident_mib()?;
    let backups = format!("{}/api/v1/backups", rig.url);
    agent.post(&backups).content_type("application/json").send(r#"{"kind":"full"}"#)?;
    let (mut most, mut made) = (before, Value::Null);
    let mut meanwhile = write_while(&rig, &mut next, || {
        most = most.max(rig.resident_mib()?);
        let list: Value = serde_json::from_reader(agent.get(&backups).call()?.body_mut().as_reader())?;
        made = list["items"][0].clone();
        Ok(made["status"] == "waiting" || made["status"] == "running")
    })?;
    if made["status"] != "completed" {
        return Err(format!("the backup is {made}").into());
    }
    let number = |name: &str| made[name].as_f64().unwrap_or_default();
    let (raw, bytes, seconds) = (number("raw_bytes"), number("bytes"), number("took_ms") / 1e3);
    report.add("backup, written and read back", raw / 1e6 / seconds, "MB/s", None, None);
    report.add("backup, saved of the events as JSON", 1.0 - bytes / raw, "ratio", None, None);
    report.add("backup, memory beside the server's", most - before, "MiB", None, Some(64.0));
    let floor = quantile(&mut alone, 0.99);
    report.add("a write during a backup, p99", quantile(&mut meanwhile, 0.99), "ms", Some(floor), None);
    Ok(())
}

/// Writes at a steady pace: milliseconds that each request took.
fn write_while(rig: &Rig, next: &mut u64, mut goes_on: impl FnMut() -> Outcome<bool>) -> Outcome<Vec<f64>> {
    /// Requests between two looks whether it goes on.
    const LOOK: u32 = 20;
    let (agent, url) = (agent(), format!("{}/api/v1/runs/live/events", rig.url));
    let mut took = Vec::new();
    while goes_on()? {
        let begun = Instant::now();
        for tick in 0..LOOK {
            std::thread::sleep((TICK * tick).saturating_sub(begun.elapsed()));
            let body = lines(*next, BATCH);
            *next += BATCH;
            let sent = Instant::now();
            agent.post(&url).content_type("application/x-ndjson").send(body)?.body_mut().read_to_vec()?;
            took.push(sent.elapsed().as_secs_f64() * 1e3);
        }
    }
    Ok(took)
}
