//! The effects of projects, as JSON, each with a version that grows with every change.

use gauntlet_model::{EffectSet, Timestamp};

use super::connection::{Connection, Pool};
use super::fault::{TxnError, corrupt, fault};
use super::query::query;
use crate::StoreError;

/// The effects of a project; the defaults where nobody changed them.
pub(crate) async fn read(readers: &Pool, project: &str) -> Result<EffectSet, StoreError> {
    let sql = "SELECT body FROM effects WHERE project = ?1";
    let body: Option<String> = query(sql).bind(project).value(readers).await.map_err(fault)?;
    let Some(body) = body else { return Ok(EffectSet::default()) };
    EffectSet::from_json(&body).map_err(corrupt)
}

/// Stores a project's effects as the version after the one that they were made from, which must be the
/// present one. Returns them with their new version.
pub(super) async fn put(
    db: &mut Connection,
    project: &str,
    effects: &EffectSet,
    now: Timestamp,
) -> Result<EffectSet, TxnError> {
    let sql = "SELECT version FROM effects WHERE project = ?1";
    let present: Option<i64> = query(sql).bind(project).value(&mut *db).await?;
    let present = present.unwrap_or_default();
    if i64::try_from(effects.version) != Ok(present) {
        return Err(outdated(project, effects, &format!("at version {present}")));
    }
    let changed = EffectSet { version: effects.version + 1, ..effects.clone() };
    // Where another server has changed them since they were read above, no row is written.
    let written = query(
        "INSERT INTO effects (project, version, changed_at, body) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (project) DO UPDATE SET version = ?2, changed_at = ?3, body = ?4
            WHERE effects.version = ?2 - 1",
    )
    .bind(project)
    .bind(present + 1)
    .bind(now.micros())
    .bind(changed.to_json())
    .execute(db)
    .await?;
    match written {
        0 => Err(outdated(project, effects, "changed by another server")),
        _ => Ok(changed),
    }
}

/// Refuses effects that were made from others than the present ones.
fn outdated(project: &str, effects: &EffectSet, present: &str) -> TxnError {
    let asked = effects.version;
    TxnError::Refused(StoreError::Conflict(format!(
        "version: is {asked}, but the effects of project {project:?} are {present}; read them again"
    )))
}
