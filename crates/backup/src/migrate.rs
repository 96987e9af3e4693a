//! From one database into another: what a backup and its restore do, without the archive between them.

use gauntlet_store::{Loader, Options, Store, StoreError, TableRows};
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;

use crate::events::RunReader;
use crate::restore::changed;
use crate::{BackupError, Progress, Restored};

/// Copies everything from a log into an empty database, then compares both event by event. Nobody may write
/// the source meanwhile. A migration of the same source that was stopped goes on after the events that it
/// copied; until it has finished no server opens the new database.
///
/// # Errors
///
/// Where either fails, or the new database is not empty; [`BackupError::Different`] where it does not hold
/// what the source holds.
pub async fn migrate(
    source: &Store,
    label: &str,
    options: &Options,
    progress: &Progress,
) -> Result<Restored, BackupError> {
    let mark = format!("migration of {}", hex::encode(Sha256::digest(label)));
    let mut loader = Loader::open(options, source.dump_schema().await?, &mark).await?;
    let (sink, mut parts) = mpsc::channel::<TableRows>(2);
    let loading = async {
        while let Some(part) = parts.recv().await {
            progress.add_bytes(part.lines.len());
            loader.rows(part.table, &part.lines).await?;
        }
        Ok::<_, BackupError>(())
    };
    let (moment, loaded) = tokio::join!(source.dump_tables(sink), loading);
    loaded?;
    let moment = moment?;
    progress.expect_events(moment.runs.iter().map(|run| run.head).sum());
    for run in &moment.runs {
        let next = loader.next_seq(run.run_no).await?;
        progress.add_events(next.min(run.head));
        let mut reader = RunReader::new(source, run.run_no, next..run.head.max(next));
        while let Some(part) = reader.next().await.map_err(changed)? {
            loader.events(run.run_no, &part.lines).await?;
            progress.add_events(part.events);
            progress.add_bytes(part.lines.len());
        }
    }
    let artifacts = copy_artifacts(source, &loader, progress).await?;
    loader.finish(moment.last_run_no).await?;
    let copy = Store::open(Options { search: false, ..options.clone() }).await?;
    let mut events = 0;
    for run in &moment.runs {
        let mut sums = [source, &copy].map(|store| RunReader::new(store, run.run_no, 0..run.head));
        for reader in &mut sums {
            while reader.next().await.map_err(changed)?.is_some() {}
        }
        events += sums[0].events;
        let [from, to] = sums.map(RunReader::sha256);
        if from != to {
            copy.close().await;
            return Err(BackupError::Different(format!("the events of the run {:?}", run.id.as_str())));
        }
    }
    copy.close().await;
    Ok(Restored { runs: moment.runs.len() as u64, events, artifacts })
}

/// Copies the artifacts; one whose bytes are damaged stays behind, with a word in the log. How many came.
async fn copy_artifacts(source: &Store, loader: &Loader, progress: &Progress) -> Result<u64, BackupError> {
    let mut copied = 0;
    for artifact in source.dump_artifacts().await {
        let Some(first) = artifact.runs.first() else { continue };
        if !loader.blobs().has(first, &artifact.sha256).await {
            let mut blob = match source.blobs().find(first, &artifact.sha256).await {
                Ok(Some(blob)) => blob,
                Ok(None) => continue,
                Err(StoreError::Corrupt { .. }) => {
                    tracing::error!(sha256 = artifact.sha256, "a damaged artifact is not copied");
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let mut upload = loader.blobs().begin().await?;
            let mut bytes = vec![0; 1 << 20];
            loop {
                let read = blob.file.read(&mut bytes).await;
                let count = read.map_err(|error| BackupError::io(artifact.sha256.as_str(), error))?;
                if count == 0 {
                    break;
                }
                upload.write(bytes.get(..count).unwrap_or_default()).await?;
                progress.add_bytes(count);
            }
            upload.finish(first, &artifact.sha256).await?;
        }
        for run in &artifact.runs {
            loader.refer(run, &artifact.sha256)?;
        }
        copied += 1;
        progress.add_artifact();
    }
    Ok(copied)
}
