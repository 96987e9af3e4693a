//! Filling an empty database from an archive, whichever database the archive is of.

use std::collections::{BTreeMap, HashMap};

use gauntlet_model::RunId;
use gauntlet_store::{Loader, Options, Store, StoreError, Upload};
use sha2::{Digest, Sha256};

use crate::events::{RunReader, lines_below};
use crate::read::{Section, sections};
use crate::verify::{Verified, verify_chain};
use crate::{ArtifactEntry, BackupError, Progress, Target};

/// What was restored or migrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    /// Runs.
    pub runs: u64,
    /// Events.
    pub events: u64,
    /// Artifacts.
    pub artifacts: u64,
}

/// Checks an archive with those that it goes on from, loads them into an empty database, and compares what
/// can be read from it with what was in them. A restore that was killed begins again, or goes on where the
/// database is the one it wrote; until it has finished no server opens the database.
///
/// # Errors
///
/// [`BackupError::Damaged`] before anything is touched; [`StoreError::Conflict`] where the place is not
/// empty; [`BackupError::Different`] where the database does not hold what it should.
pub async fn restore(
    target: &dyn Target,
    file: &str,
    options: &Options,
    progress: &Progress,
) -> Result<Restored, BackupError> {
    let chain = verify_chain(target, file, &Progress::default()).await?;
    let last = chain.last().ok_or_else(|| BackupError::damaged(file, "it is missing"))?;
    let manifest = &last.manifest;
    progress.expect_events(manifest.runs.iter().map(|run| run.head).sum());
    let loader = Loader::open(options, manifest.schema, &last.sha256).await?;
    let artifacts = manifest.artifacts.iter().filter(|entry| !entry.damaged);
    let artifacts: HashMap<_, _> = artifacts.map(|entry| (entry.sha256.as_str(), entry)).collect();
    let count = artifacts.len() as u64;
    let mut loading = Loading { loader, artifacts, upload: None, expected: BTreeMap::new(), progress };
    for (number, archive) in chain.iter().enumerate() {
        let later = chain.get(number + 1..).unwrap_or_default();
        loading.load(target, archive, later).await?;
    }
    let Loading { mut loader, artifacts, expected, .. } = loading;
    if let Some(missing) = artifacts.keys().next() {
        return Err(BackupError::damaged(&last.file, format!("the artifact {missing} is in no archive")));
    }
    loader.remove_runs(&manifest.deleted_runs).await?;
    loader.finish(manifest.last_run_no).await?;
    let heads: Vec<_> = manifest.runs.iter().map(|run| (run.run_no, run.head)).collect();
    let store = Store::open(Options { search: false, ..options.clone() }).await?;
    let compared = compare(&store, &heads, expected).await;
    store.close().await;
    Ok(Restored { runs: heads.len() as u64, events: compared?, artifacts: count })
}

/// Compares the events of each run with the hash of the lines that were loaded; how many there are.
async fn compare(
    store: &Store,
    heads: &[(i64, u64)],
    mut expected: BTreeMap<i64, Sha256>,
) -> Result<u64, BackupError> {
    let mut events = 0;
    for (run_no, head) in heads {
        let mut reader = RunReader::new(store, *run_no, 0..*head);
        while reader.next().await?.is_some() {}
        events += reader.events;
        let expected = expected.remove(run_no).unwrap_or_default();
        if reader.sha256() != hex::encode(expected.finalize()) {
            return Err(BackupError::Different(format!("the events of the run number {run_no}")));
        }
    }
    Ok(events)
}

/// A database that is being filled.
struct Loading<'a> {
    loader: Loader,
    /// Artifacts that are still to come, by their hash.
    artifacts: HashMap<&'a str, &'a ArtifactEntry>,
    /// The artifact whose bytes come; `None` within an artifact that is not wanted.
    upload: Option<Upload>,
    /// The hash of each run's lines.
    expected: BTreeMap<i64, Sha256>,
    progress: &'a Progress,
}

impl Loading<'_> {
    /// Loads what an archive holds and no `later` one replaces.
    async fn load(
        &mut self,
        target: &dyn Target,
        archive: &Verified,
        later: &[Verified],
    ) -> Result<(), BackupError> {
        let ends = ends(archive, later);
        let mut sections = sections(target, &archive.file).await?;
        while let Some(section) = sections.recv().await {
            match section? {
                Section::Table { name, lines } if later.is_empty() => {
                    self.loader.rows(&name, &lines).await?;
                }
                Section::Events { run_no, lines } => {
                    let Some(end) = ends.get(&run_no) else { continue };
                    let lines = lines_below(&lines, *end, &archive.file)?;
                    self.expected.entry(run_no).or_default().update(lines);
                    self.loader.events(run_no, lines).await?;
                    let count = lines.iter().filter(|byte| **byte == b'\n').count();
                    self.progress.add_events(count as u64);
                    self.progress.add_bytes(lines.len());
                }
                Section::Artifact { sha256, bytes, is_last } => {
                    self.artifact(&sha256, &bytes, is_last).await?
                }
                Section::Table { .. } | Section::Manifest(_) => {}
                Section::End { sha256, .. } if sha256 == archive.sha256 => return Ok(()),
                Section::End { .. } => break,
            }
        }
        Err(BackupError::damaged(&archive.file, "it changed while it was read"))
    }

    async fn artifact(&mut self, sha256: &str, bytes: &[u8], is_last: bool) -> Result<(), BackupError> {
        if !self.artifacts.contains_key(sha256) {
            return Ok(());
        }
        let mut upload = match self.upload.take() {
            Some(upload) => upload,
            None => self.loader.blobs().begin().await?,
        };
        upload.write(bytes).await?;
        self.progress.add_bytes(bytes.len());
        if !is_last {
            self.upload = Some(upload);
            return Ok(());
        }
        let Some(entry) = self.artifacts.remove(sha256) else { return Ok(()) };
        let runs: Vec<RunId> = entry.runs.iter().filter_map(|run| RunId::new(run.as_str()).ok()).collect();
        if let Some(first) = runs.first() {
            upload.finish(first, sha256).await?;
        }
        for run in &runs {
            self.loader.refer(run, sha256)?;
        }
        self.progress.add_artifact();
        Ok(())
    }
}

/// Where to stop with each run of an archive: at the first event that a later one has. A run that the last
/// archive does not have, or has as another run, is not wanted.
fn ends(archive: &Verified, later: &[Verified]) -> HashMap<i64, u64> {
    let mut ends: HashMap<i64, (&str, u64)> = HashMap::new();
    for run in &archive.manifest.runs {
        ends.insert(run.run_no, (&run.id, u64::MAX));
    }
    for next in later {
        let begins: HashMap<_, _> = next.manifest.runs.iter().map(|run| (run.run_no, run)).collect();
        ends.retain(|run_no, (id, end)| {
            let Some(run) = begins.get(run_no).filter(|run| run.id == *id) else { return false };
            *end = run.from.min(*end);
            *end > 0
        });
    }
    ends.into_iter().map(|(run_no, (_, end))| (run_no, end)).collect()
}

/// The error of a source that should not change meanwhile: a run that is missing was deleted.
pub(crate) fn changed(error: StoreError) -> BackupError {
    match error {
        StoreError::NotFound(_) => BackupError::Different("a run was deleted meanwhile".to_owned()),
        error => error.into(),
    }
}
