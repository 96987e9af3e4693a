//! The list of backups, in a table.

use gauntlet_model::{Backup, BackupKind, BackupStatus, Timestamp};
use sqlx::AssertSqlSafe;

use super::columns::DbRow;
use super::connection::Pool;
use super::fault::{TxnError, fault};
use super::group::Group;
use super::query::query;
use crate::StoreError;
use crate::backup_change::{BackupChange, MAX_BACKUPS};

/// Columns of a backup.
const COLUMNS: &str = "backup_no, status, kind, asked_by, asked_at, started_at, took_ms, file, bytes,
    raw_bytes, events, sha256, verified, error, removed_at";

impl Group<'_> {
    /// Changes the list of backups; the number of the backup that was asked for, else 0.
    pub(super) async fn change_backups(&mut self, change: &BackupChange) -> Result<u64, TxnError> {
        match change {
            BackupChange::Ask { kind, by, at } => return self.ask_backup(*kind, by, *at).await,
            BackupChange::Put(backup) => self.put_backup(backup).await?,
            BackupChange::Interrupt { at } => {
                // A clock that went back makes no negative time.
                let sql = "UPDATE backups SET status = 'interrupted', open = NULL,
                    took_ms = CASE WHEN started_at < ?1 THEN (?1 - started_at) / 1000 ELSE 0 END
                    WHERE status = 'running'";
                query(sql).bind(at.micros()).execute(&mut *self.db).await?;
            }
            BackupChange::Remove { file, at } => {
                let sql = "UPDATE backups SET removed_at = ?2 WHERE file = ?1";
                query(sql).bind(file.clone()).bind(at.micros()).execute(&mut *self.db).await?;
            }
        }
        Ok(0)
    }

    async fn ask_backup(
        &mut self,
        kind: Option<BackupKind>,
        by: &str,
        at: Timestamp,
    ) -> Result<u64, TxnError> {
        // Of those that have not ended there is one at most, whichever server asks.
        let asked: Option<i64> = query(
            "INSERT INTO backups (status, open, kind, asked_by, asked_at, verified)
             VALUES ('waiting', 1, ?1, ?2, ?3, 0) ON CONFLICT (open) DO NOTHING RETURNING backup_no",
        )
        .bind(kind.map(BackupKind::as_str))
        .bind(by.to_owned())
        .bind(at.micros())
        .value(&mut *self.db)
        .await?;
        let Some(number) = asked else {
            let message = "a backup is waiting or going on already".to_owned();
            return Err(TxnError::Refused(StoreError::Conflict(message)));
        };
        let oldest = "DELETE FROM backups WHERE backup_no <=
            (SELECT backup_no FROM backups ORDER BY backup_no DESC LIMIT 1 OFFSET ?1)";
        query(oldest).bind(MAX_BACKUPS).execute(&mut *self.db).await?;
        Ok(number.unsigned_abs())
    }

    async fn put_backup(&mut self, backup: &Backup) -> Result<(), TxnError> {
        // One that has ended does not begin again: another server has taken over since.
        let count = |count: Option<u64>| count.map(|count| i64::try_from(count).unwrap_or(i64::MAX));
        query(
            "UPDATE backups SET status = ?2, open = ?3, kind = ?4, started_at = ?5, took_ms = ?6, file = ?7,
                bytes = ?8, raw_bytes = ?9, events = ?10, sha256 = ?11, verified = ?12, error = ?13,
                removed_at = ?14
             WHERE backup_no = ?1 AND (open = 1 OR ?3 IS NULL)",
        )
        .bind(backup.id.cast_signed())
        .bind(backup.status.as_str())
        .bind(backup.status.is_open().then_some(1_i64))
        .bind(backup.kind.map(BackupKind::as_str))
        .bind(backup.started_at.map(Timestamp::micros))
        .bind(count(backup.took_ms))
        .bind(backup.file.clone())
        .bind(count(backup.bytes))
        .bind(count(backup.raw_bytes))
        .bind(count(backup.events))
        .bind(backup.sha256.clone())
        .bind(i64::from(backup.verified))
        .bind(backup.error.clone())
        .bind(backup.removed_at.map(Timestamp::micros))
        .execute(&mut *self.db)
        .await?;
        Ok(())
    }
}

/// Every backup of the list, the newest first.
pub(crate) async fn list(readers: &Pool) -> Result<Vec<Backup>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM backups ORDER BY backup_no DESC LIMIT ?1");
    let rows = query(AssertSqlSafe(sql)).bind(MAX_BACKUPS).all(readers).await.map_err(fault)?;
    rows.iter().map(read).collect()
}

fn read(row: &DbRow) -> Result<Backup, StoreError> {
    let text = |column: &str| row.try_get::<Option<String>, _>(column).map_err(fault);
    let number = |column: &str| row.try_get::<Option<i64>, _>(column).map_err(fault);
    let count = |column: &str| Ok::<_, StoreError>(number(column)?.map(i64::unsigned_abs));
    let time = |column: &str| Ok::<_, StoreError>(number(column)?.map(Timestamp::from_micros));
    let damaged = |column: &str| StoreError::corrupt(format!("the {column} of a backup is unreadable"));
    let kind = text("kind")?.map(|kind| BackupKind::from_name(&kind).ok_or_else(|| damaged("kind")));
    Ok(Backup {
        id: count("backup_no")?.unwrap_or_default(),
        status: text("status")?
            .and_then(|status| BackupStatus::from_name(&status))
            .ok_or_else(|| damaged("status"))?,
        kind: kind.transpose()?,
        asked_by: text("asked_by")?.unwrap_or_default(),
        asked_at: time("asked_at")?.ok_or_else(|| damaged("time"))?,
        started_at: time("started_at")?,
        took_ms: count("took_ms")?,
        file: text("file")?,
        bytes: count("bytes")?,
        raw_bytes: count("raw_bytes")?,
        events: count("events")?,
        sha256: text("sha256")?,
        verified: number("verified")? == Some(1),
        error: text("error")?,
        removed_at: time("removed_at")?,
    })
}
