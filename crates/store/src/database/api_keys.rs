//! API keys, in a table.

use gauntlet_model::{ApiKey, Role, Timestamp};
use gauntlet_vault::{Digest, StoredKey};

use super::columns::DbRow;
use super::connection::Pool;
use super::fault::{TxnError, fault};
use super::group::Group;
use super::query::query;
use crate::StoreError;
use crate::key_change::{KeyChange, MAX_KEYS, unknown_key};

impl Group<'_> {
    /// Creates, revokes or uses a key.
    pub(super) async fn change_key(&mut self, change: &KeyChange) -> Result<(), TxnError> {
        let (sql, id, at) = match change {
            KeyChange::Create(key) => return self.create_key(key).await,
            KeyChange::Revoke { id, at } => {
                ("UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?2) WHERE id = ?1", id, at)
            }
            KeyChange::Use { id, at } => ("UPDATE api_keys SET last_used_at = ?2 WHERE id = ?1", id, at),
        };
        let changed = query(sql).bind(id.clone()).bind(at.micros()).execute(&mut *self.db).await?;
        match changed {
            0 => Err(TxnError::Refused(unknown_key(id))),
            _ => Ok(()),
        }
    }

    async fn create_key(&mut self, stored: &StoredKey) -> Result<(), TxnError> {
        let StoredKey { key, digest } = stored;
        let count: i64 = query("SELECT count(*) FROM api_keys").only(&mut *self.db).await?;
        if count >= MAX_KEYS {
            let full = format!("there are {MAX_KEYS} API keys already");
            return Err(TxnError::Refused(StoreError::Conflict(full)));
        }
        let sql = "SELECT count(*) FROM api_keys WHERE id = ?1";
        let taken: i64 = query(sql).bind(key.id.clone()).only(&mut *self.db).await?;
        if taken > 0 {
            let message = format!("there is an API key {:?} already", key.id);
            return Err(TxnError::Refused(StoreError::Conflict(message)));
        }
        let projects = key.projects.as_ref().map(|projects| serde_json::json!(projects).to_string());
        query(
            "INSERT INTO api_keys (id, digest, name, role, projects, created_at, created_by, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )
        .bind(key.id.clone())
        .bind(digest.to_hex())
        .bind(key.name.clone())
        .bind(key.role.as_str())
        .bind(projects)
        .bind(key.created_at.micros())
        .bind(key.created_by.clone())
        .bind(key.expires_at.map(Timestamp::micros))
        .execute(&mut *self.db)
        .await?;
        Ok(())
    }
}

/// Every key, the newest first.
pub(crate) async fn list(readers: &Pool) -> Result<Vec<StoredKey>, StoreError> {
    let sql = "SELECT id, digest, name, role, projects, created_at, created_by, expires_at, revoked_at,
        last_used_at FROM api_keys ORDER BY created_at DESC, id";
    let rows = query(sql).all(readers).await.map_err(fault)?;
    rows.iter().map(read).collect()
}

fn read(row: &DbRow) -> Result<StoredKey, StoreError> {
    let text = |column: &str| row.try_get::<String, _>(column).map_err(fault);
    let time = |column: &str| {
        let micros = row.try_get::<Option<i64>, _>(column).map_err(fault)?;
        Ok::<_, StoreError>(micros.map(Timestamp::from_micros))
    };
    let damaged = |column: &str| StoreError::corrupt(format!("the {column} of an API key is unreadable"));
    let projects = row.try_get::<Option<String>, _>("projects").map_err(fault)?;
    let projects = projects.map(|text| serde_json::from_str(&text)).transpose();
    let key = ApiKey {
        id: text("id")?,
        name: text("name")?,
        role: Role::from_name(&text("role")?).ok_or_else(|| damaged("role"))?,
        projects: projects.map_err(|_| damaged("list of projects"))?,
        created_at: row.try_get("created_at").map(Timestamp::from_micros).map_err(fault)?,
        created_by: text("created_by")?,
        expires_at: time("expires_at")?,
        revoked_at: time("revoked_at")?,
        last_used_at: time("last_used_at")?,
    };
    Ok(StoredKey { key, digest: Digest::from_hex(&text("digest")?).ok_or_else(|| damaged("digest"))? })
}
