//! Backups that a server makes while it runs: by its schedule, or where somebody asks for one.
//!
//! The list of backups is in the database, so every server of it can be asked, and a restart goes on. One
//! server at a time makes them, under a lease. A backup that fails is in the list with its reason, and the
//! next one comes in its time: nothing else of the server waits for it.

mod schedule;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use gauntlet_backup::{
    ArchiveInfo, BackupError, CreateOptions, Extent, Place, Progress, Retention, Target, archives, create,
    prune, remove, verify,
};
use gauntlet_model::{Backup, BackupKind, BackupStatus};
use gauntlet_store::{Store, StoreError};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::clock::now;
use schedule::Next;

pub use schedule::notice;

/// Time between two looks at the list: another server may have been asked for a backup.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);
/// Age at which an unfinished file in the folder is known to be abandoned.
const ABANDONED_AGE: Duration = Duration::from_secs(60 * 60);
/// Who asks for the backups of the schedule.
const SCHEDULE: &str = "schedule";

/// How backups are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupSettings {
    /// The place for archives.
    pub to: Place,
    /// The name with which archives begin.
    pub name: String,
    /// Level of zstd, 1 to 22.
    pub level: i32,
    /// Time between two backups; `None`: only where somebody asks.
    pub every: Option<Duration>,
    /// Age of the last full archive at which the next one is full.
    pub full_every: Duration,
    /// Which archives stay.
    pub retention: Retention,
}

/// The backups of a server; cloning shares them.
#[derive(Clone)]
pub struct Backups(Arc<Inner>);

struct Inner {
    store: Store,
    settings: Option<BackupSettings>,
    /// The place that the settings name.
    target: Option<Arc<dyn Target>>,
    /// Somebody asked this server for a backup.
    asked: Notify,
    failures: AtomicU64,
    /// The list as it was read last.
    recent: Mutex<Vec<Backup>>,
}

impl Backups {
    /// The backups of a log, with the place that the settings name; without them none can be made.
    pub fn new(store: Store, settings: Option<(BackupSettings, Arc<dyn Target>)>) -> Self {
        let (asked, failures, recent) = (Notify::new(), AtomicU64::new(0), Mutex::default());
        let (settings, target) = settings.unzip();
        Self(Arc::new(Inner { store, settings, target, asked, failures, recent }))
    }

    /// How backups are made here; `None` where none are.
    pub fn settings(&self) -> Option<&BackupSettings> {
        self.0.settings.as_ref()
    }

    /// Backups that failed on this server since it started.
    pub fn failures(&self) -> u64 {
        self.0.failures.load(Relaxed)
    }

    /// The list as it was some seconds ago, the newest first; empty where this server makes no backups.
    pub fn recent(&self) -> Vec<Backup> {
        self.0.recent.lock().clone()
    }

    /// The list, the newest first.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub async fn list(&self) -> Result<Vec<Backup>, Error> {
        Ok(self.refresh().await?)
    }

    /// Asks for a backup on behalf of `by`, of that kind or of the one that the schedule would choose.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] where there is no place for backups, or one is waiting or going on.
    pub async fn ask(&self, kind: Option<BackupKind>, by: &str) -> Result<Backup, Error> {
        if self.0.settings.is_none() {
            let message = "no place for backups is configured here: [backup] to = \"DIR\" in gauntlet.toml";
            return Err(Error::Conflict(message.to_owned()));
        }
        let id = self.0.store.ask_backup(kind, by, now()).await?;
        self.0.asked.notify_one();
        tracing::info!(target: "audit", backup = id, by, "backup asked for");
        let asked = self.refresh().await?.into_iter().find(|backup| backup.id == id);
        asked.ok_or_else(|| Error::NotFound(format!("there is no backup {id}")))
    }

    /// Makes backups until the server stops, where it is the one of its database that does.
    pub async fn run(self, stopping: CancellationToken) {
        let (Some(settings), Some(target)) = (&self.0.settings, &self.0.target) else { return };
        let leases = self.0.store.leases();
        let making = leases.while_held("backups", &stopping, || self.make_on(settings, &**target));
        // A server that makes none shows how those of the others went.
        let watching = stopping.run_until_cancelled(async {
            loop {
                let _ = self.refresh().await;
                tokio::time::sleep(CHECK_INTERVAL).await;
            }
        });
        tokio::join!(making, watching);
    }

    async fn refresh(&self) -> Result<Vec<Backup>, StoreError> {
        let list = self.0.store.backups().await?;
        self.0.recent.lock().clone_from(&list);
        Ok(list)
    }

    /// Makes one backup after the other. Dropped at any await point, it leaves no archive that is half
    /// written: a sink that is dropped deletes its file.
    async fn make_on(&self, settings: &BackupSettings, target: &dyn Target) {
        loop {
            if let Err(error) = self.make_next(settings, target).await {
                tracing::warn!(%error, "the list of backups cannot be read or written; trying again");
                tokio::time::sleep(CHECK_INTERVAL).await;
            }
        }
    }

    async fn make_next(&self, settings: &BackupSettings, target: &dyn Target) -> Result<(), StoreError> {
        let store = &self.0.store;
        match schedule::next(&self.refresh().await?, settings.every, now()) {
            Next::Make(backup) => self.make(settings, target, *backup).await,
            Next::Interrupt => store.interrupt_backup(now()).await,
            Next::Ask => match store.ask_backup(None, SCHEDULE, now()).await {
                // Another request came first.
                Err(StoreError::Conflict(_)) | Ok(_) => Ok(()),
                Err(error) => Err(error),
            },
            Next::Wait => {
                tokio::select! {
                    () = tokio::time::sleep(CHECK_INTERVAL) => {}
                    () = self.0.asked.notified() => {}
                }
                Ok(())
            }
        }
    }

    async fn make(
        &self,
        settings: &BackupSettings,
        target: &dyn Target,
        mut backup: Backup,
    ) -> Result<(), StoreError> {
        let (store, started) = (&self.0.store, Instant::now());
        (backup.status, backup.started_at) = (BackupStatus::Running, Some(now()));
        store.put_backup(backup.clone()).await?;
        let made = archive(store, target, settings, backup.kind).await;
        backup.took_ms = Some(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
        let is_made = made.is_ok();
        match made {
            Ok(info) => {
                tracing::info!(file = info.file, bytes = info.bytes, took_ms = backup.took_ms, "backup made");
                complete(&mut backup, info);
            }
            Err(error) => {
                self.0.failures.fetch_add(1, Relaxed);
                tracing::error!(%error, backup = backup.id, "the backup failed");
                (backup.status, backup.error) = (BackupStatus::Failed, Some(error.to_string()));
            }
        }
        store.put_backup(backup).await?;
        if is_made {
            self.remove_old(settings, target).await?;
        }
        self.refresh().await.map(drop)
    }

    async fn remove_old(&self, settings: &BackupSettings, target: &dyn Target) -> Result<(), StoreError> {
        match prune(target, &settings.name, settings.retention, now()).await {
            Ok(removed) => {
                for file in removed {
                    tracing::info!(file, "an old backup was deleted");
                    self.0.store.note_removed_backup(&file, now()).await?;
                }
            }
            Err(error) => tracing::error!(%error, "old backups cannot be deleted; trying after the next one"),
        }
        Ok(())
    }
}

/// Writes an archive and reads it back. One that does not hold what it should is deleted: no other one may go
/// on from it.
async fn archive(
    store: &Store,
    target: &dyn Target,
    settings: &BackupSettings,
    kind: Option<BackupKind>,
) -> Result<ArchiveInfo, BackupError> {
    match target.delete_unfinished(&settings.name, ABANDONED_AGE).await {
        Ok(0) => {}
        Ok(files) => tracing::info!(files, "files of backups that were interrupted are deleted"),
        Err(error) => tracing::warn!(%error, "files of interrupted backups cannot be deleted"),
    }
    let extent = extent(target, settings, kind).await?;
    let options = CreateOptions { name: settings.name.clone(), level: settings.level, extent };
    let info = create(store, target, &options, now(), &Progress::default()).await?;
    if let Err(error) = verify(target, &info.file, &Progress::default()).await {
        if let Err(error) = remove(target, &info.file).await {
            tracing::error!(%error, "a damaged backup cannot be deleted");
        }
        return Err(error);
    }
    Ok(info)
}

/// How much the next archive holds.
async fn extent(
    target: &dyn Target,
    settings: &BackupSettings,
    kind: Option<BackupKind>,
) -> Result<Extent, BackupError> {
    let incremental = Extent::Incremental { most: usize::MAX };
    match kind {
        Some(BackupKind::Full) => return Ok(Extent::Full),
        Some(BackupKind::Incremental) => return Ok(incremental),
        None => {}
    }
    let all = archives(target, Some(&settings.name)).await?;
    let full = all.iter().find(|info| info.manifest.base.is_none());
    let created = full.and_then(|info| info.manifest.created_at.parse().ok());
    let is_full = created.is_none_or(|created| schedule::is_over(created, settings.full_every, now()));
    Ok(if is_full { Extent::Full } else { incremental })
}

fn complete(backup: &mut Backup, info: ArchiveInfo) {
    let kind = match info.manifest.base {
        None => BackupKind::Full,
        Some(_) => BackupKind::Incremental,
    };
    *backup = Backup {
        status: BackupStatus::Completed,
        kind: Some(kind),
        file: Some(info.file),
        bytes: Some(info.bytes),
        raw_bytes: Some(info.manifest.raw_bytes),
        events: Some(info.manifest.events),
        sha256: Some(info.sha256),
        verified: true,
        ..backup.clone()
    };
}
