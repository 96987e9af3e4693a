//! What the stories of this crate share: ids in a row, a fixed time, a run to export, the folder of sample
//! files.
#![allow(dead_code, reason = "each story uses its own part")]

use std::path::PathBuf;

use gauntlet_model::{
    Body, Event, EventId, FailureRules, Record, RunId, RunSummary, SnapshotScored, Status, Timestamp,
};
use gauntlet_results::{ImportError, Imported, Options, ScoredSteps, import, write_jsonl, write_results};

/// The time of every import here.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000)
}

/// Imports with ids 1, 2, 3, ...
pub(crate) fn open(name: &str, bytes: impl AsRef<[u8]>) -> Result<Imported, ImportError> {
    open_as(name, bytes, &Options::default())
}

/// The same, as a person asks for it.
pub(crate) fn open_as(
    name: &str,
    bytes: impl AsRef<[u8]>,
    options: &Options,
) -> Result<Imported, ImportError> {
    let mut next = 0;
    import(name, bytes.as_ref(), now(), options, &mut || {
        next += 1;
        EventId::from_u128(next)
    })
}

/// The run an import became, as a store would list it.
pub(crate) fn stored(imported: &Imported) -> RunSummary {
    let started = imported.spec.clone().started();
    RunSummary {
        id: RunId::new("run-1").unwrap(),
        name: started.name,
        project: started.project,
        kind: started.kind,
        agent: started.agent,
        task: started.task,
        tags: started.tags,
        notes: imported.notes.clone(),
        config: started.config,
        metadata: started.metadata,
        status: Status::Completed,
        created_at: now(),
        updated_at: now(),
        head: imported.events.len() as u64,
        steps: imported.steps,
        episodes: imported.episodes,
        alerts: 0,
        alert_severity: None,
        last_root: None,
        mean_root: None,
        failing: 0,
        rules: started.rules,
        failure_rule: Default::default(),
        last_step: None,
        contact: None,
    }
}

/// The log of an import.
pub(crate) fn records(imported: &Imported) -> impl Iterator<Item = std::io::Result<Record>> + '_ {
    imported.events.iter().enumerate().map(|(i, e)| Ok(e.record(i as u64 + 1, now())))
}

/// Its steps as the page shows them.
pub(crate) fn shown(imported: &Imported) -> ScoredSteps {
    ScoredSteps::from_records(records(imported), FailureRules::Dipg).unwrap()
}

/// The results report of an import.
pub(crate) fn report(imported: &Imported) -> String {
    let mut out = Vec::new();
    write_results(&mut out, &stored(imported), &shown(imported), || records(imported)).unwrap();
    String::from_utf8(out).unwrap()
}

/// The log of an import, one event a line.
pub(crate) fn lines(imported: &Imported) -> String {
    let mut out = Vec::new();
    write_jsonl(&mut out, &stored(imported), records(imported)).unwrap();
    String::from_utf8(out).unwrap()
}

/// Both exports of an import open as the same run: the spec and every event, ids and order included.
pub(crate) fn comes_back(imported: &Imported) {
    for (name, text) in [("a.json", report(imported)), ("a.jsonl", lines(imported))] {
        let again = open(name, &text).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(again.spec.clone().started(), imported.spec.clone().started(), "{name}");
        assert_eq!(again.events.len(), imported.events.len(), "{name}");
        for (new, old) in again.events.iter().zip(&imported.events) {
            assert_eq!(new, old, "{name}");
        }
        assert_eq!((again.steps, again.episodes), (imported.steps, imported.episodes), "{name}");
        assert_eq!(again.warnings, Vec::<String>::new(), "{name}");
    }
}

/// The scored steps among the events.
pub(crate) fn steps(imported: &Imported) -> Vec<(&Event, &SnapshotScored)> {
    let scored = |e| match Event::body(e) {
        Body::SnapshotScored(body) => Some((e, body)),
        _ => None,
    };
    imported.events.iter().filter_map(scored).collect()
}

/// The folder with recorded result files, if this checkout has one: `GAUNTLET_DATA_SAMPLES`, else
/// `shared/data` beside any folder above.
pub(crate) fn samples() -> Option<PathBuf> {
    let named = std::env::var_os("GAUNTLET_DATA_SAMPLES").map(PathBuf::from);
    let above = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let near = above.ancestors().map(|folder| folder.join("shared/data"));
    let found = named.into_iter().chain(near).map(|data| data.join("results")).find(|folder| folder.is_dir());
    if found.is_none() {
        eprintln!("SKIPPED: no sample data; set GAUNTLET_DATA_SAMPLES to the folder that holds `results`");
    }
    found
}
