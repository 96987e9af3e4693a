//! Writing a backup of a log.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Instant;

use gauntlet_model::Timestamp;
use gauntlet_store::{DumpMoment, DumpRun, Store, StoreError, TableRows};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::archive::ArchiveWriter;
use crate::events::RunReader;
use crate::manifest::{FORMAT, SUFFIX, manifest_file};
use crate::target::write_small;
use crate::{
    ArchiveInfo, ArtifactEntry, BackupError, Base, Manifest, Progress, RunEntry, TableEntry, Target,
    archives, chain_of,
};

/// Parts of tables that wait for the archive.
const QUEUED_PARTS: usize = 2;
/// Places of events asked for at a time.
const PAGE_EVENTS: usize = 1000;

/// How much an archive holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Everything.
    Full,
    /// What the newest archive and those before it do not hold; everything, where there is none, or where so
    /// many archives in a row would need the one before.
    Incremental {
        /// Most incremental archives after a full one.
        most: usize,
    },
}

/// How a backup is made.
#[derive(Debug, Clone)]
pub struct CreateOptions {
    /// The name of the installation, with which the names of its archives begin: letters, digits, `-`, `_`
    /// and `.`.
    pub name: String,
    /// Level of zstd, 1 to 22: 3 is fast, 19 is about as small as it gets.
    pub level: i32,
    /// How much it holds.
    pub extent: Extent,
}

impl Default for CreateOptions {
    fn default() -> Self {
        Self { name: "gauntlet".to_owned(), level: 3, extent: Extent::Full }
    }
}

/// Writes an archive of everything that was stored at this moment, while writers go on.
///
/// # Errors
///
/// Where the log or the target fails. No archive is left behind then.
pub async fn create(
    store: &Store,
    target: &dyn Target,
    options: &CreateOptions,
    now: Timestamp,
    progress: &Progress,
) -> Result<ArchiveInfo, BackupError> {
    let started = Instant::now();
    let chain = match options.extent {
        Extent::Full => Vec::new(),
        Extent::Incremental { most } => usable_chain(target, &options.name, most).await?,
    };
    let file = free_name(target, &options.name, now).await?;
    let place = format!("{}/{file}", target.label());
    let sink = target.create(&file).await.map_err(|error| BackupError::io(place.clone(), error))?;
    let mut writer = ArchiveWriter::new(sink, options.level, place)?;
    let filled = fill(store, &mut writer, options, &chain, now, progress).await;
    let written = writer.finish(filled.is_ok()).await;
    // Where the archive could not be written, that is why it could not be filled.
    let (manifest, written) = match (filled, written) {
        (Ok(manifest), written) => (manifest, written?),
        (Err(error @ BackupError::Store(_)), _) => return Err(error),
        (Err(error), Ok(_)) => return Err(error),
        (Err(_), Err(error)) => return Err(error),
    };
    let info = ArchiveInfo {
        file: file.clone(),
        bytes: written.bytes,
        sha256: written.sha256,
        millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        manifest,
    };
    let beside = serde_json::to_vec_pretty(&info).map_err(|e| BackupError::io(file.clone(), e.into()))?;
    if let Err(error) = write_small(target, &manifest_file(&file), beside).await {
        let _ = target.delete(&file).await;
        return Err(error);
    }
    Ok(info)
}

/// The newest archive and those that it goes on from, where an incremental one may follow them.
async fn usable_chain(target: &dyn Target, name: &str, most: usize) -> Result<Vec<ArchiveInfo>, BackupError> {
    let Some(newest) = archives(target, Some(name)).await?.into_iter().next() else { return Ok(Vec::new()) };
    match chain_of(target, newest).await {
        Ok(chain) if chain.len() <= most => Ok(chain),
        Ok(_) => Ok(Vec::new()),
        Err(error) => {
            tracing::warn!(%error, "the backup is a full one, since the last one has no base");
            Ok(Vec::new())
        }
    }
}

/// A name that no file has: the moment, and a number where two are of one second.
async fn free_name(target: &dyn Target, name: &str, now: Timestamp) -> Result<String, BackupError> {
    let files = target.list().await.map_err(|error| BackupError::io(target.label(), error))?;
    let moment: String = now.to_string().chars().take(19).filter(|c| c.is_ascii_alphanumeric()).collect();
    let names = (0_u32..).map(|number| match number {
        0 => format!("{name}-{moment}Z{SUFFIX}"),
        number => format!("{name}-{moment}Z-{number}{SUFFIX}"),
    });
    let mut free = names.filter(|name| !files.contains(name));
    free.next().ok_or_else(|| BackupError::io(target.label(), std::io::Error::other("no name is free")))
}

async fn fill(
    store: &Store,
    writer: &mut ArchiveWriter,
    options: &CreateOptions,
    chain: &[ArchiveInfo],
    now: Timestamp,
    progress: &Progress,
) -> Result<Manifest, BackupError> {
    let (moment, tables) = add_tables(store, writer, progress).await?;
    let mut manifest = Manifest {
        format: FORMAT,
        written_by: env!("CARGO_PKG_VERSION").to_owned(),
        name: options.name.clone(),
        created_at: now.to_string(),
        schema: moment.schema,
        base: chain.last().map(|base| Base { file: base.file.clone(), sha256: base.sha256.clone() }),
        last_run_no: moment.last_run_no,
        tables,
        runs: Vec::new(),
        deleted_runs: Vec::new(),
        artifacts: Vec::new(),
        events: 0,
        missing_events: 0,
        raw_bytes: 0,
    };
    let starts = starts(store, &moment.runs, chain.last()).await?;
    progress.expect_events(moment.runs.iter().zip(&starts).map(|(run, start)| run.head - start.from).sum());
    for (run, start) in moment.runs.iter().zip(starts) {
        let Some((entry, missing)) = add_run(store, writer, run, start, progress).await? else {
            manifest.deleted_runs.push(run.run_no);
            continue;
        };
        manifest.events += entry.events;
        manifest.missing_events += missing;
        manifest.runs.push(entry);
    }
    manifest.artifacts = add_artifacts(store, writer, chain, progress).await?;
    manifest.raw_bytes = progress.counts().raw_bytes;
    let last = serde_json::to_vec(&manifest).map_err(|error| BackupError::io("manifest", error.into()))?;
    writer.add("manifest.json".to_owned(), last).await?;
    Ok(manifest)
}

/// Adds the rows of every table, as they are at one moment.
async fn add_tables(
    store: &Store,
    writer: &mut ArchiveWriter,
    progress: &Progress,
) -> Result<(DumpMoment, BTreeMap<String, TableEntry>), BackupError> {
    let (sink, mut parts) = mpsc::channel::<TableRows>(QUEUED_PARTS);
    let mut tables = BTreeMap::<&str, (u64, u64, Sha256)>::new();
    let adding = async {
        while let Some(part) = parts.recv().await {
            let (number, rows, hash) = tables.entry(part.table).or_default();
            hash.update(&part.lines);
            *rows += part.rows;
            progress.add_bytes(part.lines.len());
            writer.add(format!("tables/{}/{number:06}.ndjson", part.table), part.lines).await?;
            *number += 1;
        }
        Ok::<_, BackupError>(())
    };
    // The adding is asked first: where it fails, the reading only learns that nobody takes its rows.
    let (moment, added) = tokio::join!(store.dump_tables(sink), adding);
    added?;
    let entry = |(table, (_, rows, hash)): (&str, (u64, u64, Sha256))| {
        (table.to_owned(), TableEntry { rows, sha256: hex::encode(hash.finalize()) })
    };
    Ok((moment?, tables.into_iter().map(entry).collect()))
}

/// Where to begin with a run.
#[derive(Default)]
struct Start {
    from: u64,
    /// The id of the event before it, in hexadecimal.
    last_id: Option<String>,
}

/// Where to begin with each run: after what the base has of it, if it is still the same log.
async fn starts(
    store: &Store,
    runs: &[DumpRun],
    base: Option<&ArchiveInfo>,
) -> Result<Vec<Start>, BackupError> {
    let known: HashMap<_, _> =
        base.iter().flat_map(|base| &base.manifest.runs).map(|run| (run.run_no, run)).collect();
    let mut starts = Vec::with_capacity(runs.len());
    for runs in runs.chunks(PAGE_EVENTS) {
        let known = |run: &DumpRun| {
            let known = known.get(&run.run_no)?;
            (known.id == run.id.as_str() && (1..=run.head).contains(&known.head)).then_some(*known)
        };
        let places: Vec<_> =
            runs.iter().filter_map(|run| known(run).map(|known| (run.run_no, known.head - 1))).collect();
        let mut ids = store.dump_ids(&places).await?.into_iter();
        starts.extend(runs.iter().map(|run| match known(run) {
            Some(known) if ids.next().flatten() == known.last_id => {
                Start { from: known.head, last_id: known.last_id.clone() }
            }
            _ => Start::default(),
        }));
    }
    Ok(starts)
}

/// Adds the events of a run; `None` where it was deleted meanwhile. Returns how many events were missing.
async fn add_run(
    store: &Store,
    writer: &mut ArchiveWriter,
    run: &DumpRun,
    start: Start,
    progress: &Progress,
) -> Result<Option<(RunEntry, u64)>, BackupError> {
    let mut reader = RunReader::new(store, run.run_no, start.from..run.head);
    let mut next = start.from;
    loop {
        match reader.next().await {
            Ok(Some(part)) => {
                progress.add_events(part.events);
                progress.add_bytes(part.lines.len());
                writer.add(format!("runs/{}/{next:012}.ndjson", run.run_no), part.lines).await?;
                next = part.next;
            }
            Ok(None) => break,
            Err(StoreError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
    let (events, missing) = (reader.events, reader.missing);
    let entry = RunEntry {
        run_no: run.run_no,
        id: run.id.as_str().to_owned(),
        from: start.from,
        head: run.head,
        events,
        last_id: reader.last_id.take().or(start.last_id),
        sha256: reader.sha256(),
    };
    Ok(Some((entry, missing)))
}

/// Adds the artifacts that no archive of the chain holds.
async fn add_artifacts(
    store: &Store,
    writer: &mut ArchiveWriter,
    chain: &[ArchiveInfo],
    progress: &Progress,
) -> Result<Vec<ArtifactEntry>, BackupError> {
    let stored = chain.iter().flat_map(|archive| &archive.manifest.artifacts).filter(|entry| entry.stored);
    let stored: HashMap<&str, u64> = stored.map(|entry| (entry.sha256.as_str(), entry.bytes)).collect();
    let mut entries = Vec::new();
    let mut seen = HashSet::new();
    for artifact in store.dump_artifacts().await {
        let mut entry = ArtifactEntry {
            bytes: stored.get(artifact.sha256.as_str()).copied().unwrap_or_default(),
            runs: artifact.runs.iter().map(|run| run.as_str().to_owned()).collect(),
            stored: false,
            damaged: false,
            sha256: artifact.sha256,
        };
        let Some(run) = artifact.runs.first().filter(|_| seen.insert(entry.sha256.clone())) else { continue };
        if !stored.contains_key(entry.sha256.as_str()) {
            match store.blobs().find(run, &entry.sha256).await {
                Ok(Some(blob)) => {
                    let file = blob.file.into_std().await;
                    writer.add_file(format!("artifacts/{}", entry.sha256), file, blob.size).await?;
                    progress.add_bytes(usize::try_from(blob.size).unwrap_or(usize::MAX));
                    (entry.bytes, entry.stored) = (blob.size, true);
                }
                // Deleted with its run meanwhile.
                Ok(None) => continue,
                Err(StoreError::Corrupt { .. }) => {
                    tracing::error!(sha256 = entry.sha256, "a damaged artifact is not in the backup");
                    entry.damaged = true;
                }
                Err(error) => return Err(error.into()),
            }
        }
        progress.add_artifact();
        entries.push(entry);
    }
    Ok(entries)
}
