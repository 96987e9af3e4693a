//! Logs with something of everything, and what is compared of two of them.

use std::sync::atomic::{AtomicU64, Ordering};

use gauntlet_backup::{
    BackupError, CreateOptions, Extent, FolderTarget, Progress, Restored, create, restore,
};
use gauntlet_film::{Fact, Film};
use gauntlet_model::{
    ArtifactAdded, EpisodeFinished, EpisodeId, Event, EventId, FailureRules, ListView, Record, RunId,
    RunPatch, RunSpec, RunSummary, Scores, SnapshotScored, Status, Timestamp,
};
use gauntlet_store::{Options, RunQuery, Store};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

#[path = "../../../store/tests/postgres_server/mod.rs"]
mod postgres_server;

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

/// A place for a log, gone with this.
pub(crate) struct Place {
    pub options: Options,
    pub folder: TempDir,
}

impl Place {
    /// An empty one.
    pub(crate) async fn new(backend: Backend) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(postgres_server::database().await.parse().unwrap()),
        };
        Self { options: Options { search: false, database, ..Options::new(folder.path()) }, folder }
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(self.options.clone()).await.unwrap()
    }
}

/// A moment, `n` seconds into the story.
pub(crate) fn at(n: i64) -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000 + n * 1_000_000)
}

pub(crate) fn run_id(name: &str) -> RunId {
    RunId::new(name).unwrap()
}

/// A scored rollout, identified by its run and step.
pub(crate) fn rollout(step: u64) -> Event {
    let root = if step.is_multiple_of(7) { -1.5 } else { step as f64 / 3.0 };
    let body = SnapshotScored {
        scores: Scores::new([("root", root), ("safety.grounding", 0.1 * step as f64)]).unwrap(),
        action: format!(
            "the agent's answer at step {step}: \"quoted\", é, \u{1F6E1}, {}",
            "word ".repeat(40)
        ),
        ..SnapshotScored::default()
    };
    let episode = EpisodeId::new(format!("episode-{}", step % 5)).unwrap();
    Event::new(EventId::from_u128(u128::from(step) + 1), at(1), Some(episode), Some(step), body).unwrap()
}

/// Adds rollouts to a run, which is created where it is missing.
pub(crate) async fn log_rollouts(store: &Store, run: &str, steps: std::ops::Range<u64>) {
    let spec = RunSpec {
        rules: FailureRules::Dipg,
        config: serde_json::from_str(r#"{"lr": 0.5, "nested": {"seed": 7, "model": "small"}}"#).unwrap(),
        ..RunSpec::named(run)
    };
    let run = run_id(run);
    if store.head(&run).await.unwrap().is_none() {
        store.create_run(spec, run.clone(), at(0)).await.unwrap();
    }
    let steps: Vec<u64> = steps.collect();
    for some in steps.chunks(500) {
        let events = some.iter().map(|step| rollout(*step)).collect();
        store.append(&run, events, at(2)).await.unwrap();
    }
}

/// Stores bytes as an artifact of a run, with its event.
pub(crate) async fn put_artifact(store: &Store, run: &str, bytes: &[u8]) -> String {
    let (run, sha256) = (run_id(run), hex::encode(Sha256::digest(bytes)));
    let mut upload = store.blobs().begin().await.unwrap();
    upload.write(bytes).await.unwrap();
    upload.finish(&run, &sha256).await.unwrap();
    let body = ArtifactAdded {
        name: "weights.bin".to_owned(),
        mime_type: "application/octet-stream".to_owned(),
        size_bytes: bytes.len() as u64,
        sha256: sha256.clone(),
        role: "output".to_owned(),
    };
    let id = EventId::from_u128(u128::from_str_radix(&sha256[..16], 16).unwrap());
    store.append(&run, vec![Event::new(id, at(3), None, None, body).unwrap()], at(3)).await.unwrap();
    sha256
}

/// Fills a log with two runs, a deleted one, an artifact that two runs share, and what people wrote.
pub(crate) async fn fill(store: &Store) {
    log_rollouts(store, "alpha", 0..300).await;
    log_rollouts(store, "beta", 0..40).await;
    log_rollouts(store, "gone", 0..10).await;
    store.delete_run(&run_id("gone"), at(4)).await.unwrap();
    let status = Status::Failed;
    let failed = EpisodeFinished { status, return_: None, latency_ms: None, cost: None, error: None };
    let episode = EpisodeId::new("episode-1").unwrap();
    let end = Event::new(EventId::from_u128(90_001), at(4), Some(episode), None, failed).unwrap();
    store.append(&run_id("beta"), vec![end], at(4)).await.unwrap();
    put_artifact(store, "alpha", b"the bytes of a file").await;
    put_artifact(store, "beta", b"the bytes of a file").await;
    let large: Vec<u8> = (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    put_artifact(store, "beta", &large).await;
    let patch = RunPatch {
        notes: Some("compare with the one before".to_owned()),
        tags: Some(vec!["good".to_owned(), "sweep".to_owned()]),
        ..RunPatch::default()
    };
    store.patch_run(&run_id("alpha"), patch, at(5)).await.unwrap();
    let view = ListView { name: "mine".to_owned(), query: "sort=-created_at".to_owned(), saved_at: at(6) };
    store.put_list_view("", view).await.unwrap();
}

/// Every event of a run.
pub(crate) async fn full_log(store: &Store, run: &RunId) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    loop {
        let after = records.last().map(|record| record.seq);
        let slice = store.read(run, after, 10_000, None).await.unwrap();
        let is_end = slice.next_after.is_none_or(|next| next + 1 >= slice.head);
        records.extend(slice.records);
        if is_end {
            return records;
        }
    }
}

/// Everything that people see of a log.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    runs: Vec<RunSummary>,
    logs: Vec<Vec<Record>>,
    films: Vec<Film>,
    artifacts: Vec<gauntlet_store::DumpArtifact>,
    views: Vec<ListView>,
    steps: Vec<Vec<String>>,
    by_setting: Vec<RunId>,
}

/// Reads everything that people see of a log.
pub(crate) async fn see(store: &Store) -> Seen {
    let mut runs = store.runs(RunQuery { limit: 100, ..RunQuery::default() }).await.unwrap().items;
    runs.sort_by(|a, b| a.id.cmp(&b.id));
    let (mut logs, mut films, mut steps) = (Vec::new(), Vec::new(), Vec::new());
    for run in &runs {
        let records = full_log(store, &run.id).await;
        assert_eq!(records.len() as u64, run.head);
        let mut film = Film::with_rules(run.rules);
        records.iter().for_each(|record| film.apply(&Fact::of_record(record).unwrap()));
        let rows = store
            .steps(
                &run.id,
                None,
                u32::MAX,
                gauntlet_store::SnapshotFilter::AnyOrNone,
                gauntlet_store::InEpisode::Any,
            )
            .await
            .unwrap();
        steps.push(rows.iter().map(|row| format!("{row:?}")).collect());
        logs.push(records);
        films.push(film);
    }
    let filter = "config.nested.seed = 7".parse().unwrap();
    let found = store.runs(RunQuery { limit: 100, filter, ..RunQuery::default() }).await.unwrap().items;
    let mut by_setting: Vec<RunId> = found.into_iter().map(|run| run.id).collect();
    by_setting.sort();
    let artifacts = store.dump_artifacts().await;
    for artifact in &artifacts {
        for run in &artifact.runs {
            assert!(store.blobs().find(run, &artifact.sha256).await.unwrap().is_some());
        }
    }
    let views = store.list_views("").await.unwrap();
    Seen { runs, logs, films, artifacts, views, steps, by_setting }
}

/// Writes an archive; the name of its file.
pub(crate) async fn archive(store: &Store, target: &FolderTarget, extent: Extent) -> String {
    static MOMENT: AtomicU64 = AtomicU64::new(0);
    let options = CreateOptions { extent, ..CreateOptions::default() };
    let now = at(1000 + MOMENT.fetch_add(1, Ordering::Relaxed) as i64);
    create(store, target, &options, now, &Progress::default()).await.unwrap().file
}

/// Restores an archive into an empty place.
pub(crate) async fn restored(
    target: &FolderTarget,
    file: &str,
    place: &Place,
) -> Result<Restored, BackupError> {
    restore(target, file, &place.options, &Progress::default()).await
}
