//! Named lists of runs, in a table.

use gauntlet_model::{ListView, Timestamp};
use sqlx::AssertSqlSafe;

use super::columns::DbRow;
use super::connection::Pool;
use super::fault::{TxnError, fault};
use super::group::Group;
use super::query::query;
use crate::StoreError;
use crate::view_change::{MAX_VIEWS, ViewChange};

impl Group<'_> {
    /// Changes the views of a project.
    pub(super) async fn change_view(&mut self, change: &ViewChange) -> Result<(), TxnError> {
        match change {
            ViewChange::Put { project, view } => self.put_view(project, view).await,
            ViewChange::Rename { project, name, to } => self.rename_view(project, name, to).await,
            ViewChange::Delete { project, name } => {
                let sql = "DELETE FROM list_views WHERE project = ?1 AND name = ?2";
                let deleted = query(sql).bind(project.clone()).bind(name.clone());
                one(deleted.execute(&mut *self.db).await?, project, name)
            }
        }
    }

    async fn put_view(&mut self, project: &str, view: &ListView) -> Result<(), TxnError> {
        let sql = "SELECT count(*) FROM list_views WHERE project = ?1 AND name <> ?2";
        let others: i64 =
            query(sql).bind(project.to_owned()).bind(view.name.clone()).only(&mut *self.db).await?;
        if others >= MAX_VIEWS {
            let message = format!("there are {MAX_VIEWS} views already");
            return Err(TxnError::Refused(StoreError::invalid("name", message)));
        }
        query(
            "INSERT INTO list_views (project, name, query, saved_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (project, name) DO UPDATE SET query = excluded.query, saved_at = excluded.saved_at",
        )
        .bind(project.to_owned())
        .bind(view.name.clone())
        .bind(view.query.clone())
        .bind(view.saved_at.micros())
        .execute(&mut *self.db)
        .await?;
        Ok(())
    }

    async fn rename_view(&mut self, project: &str, name: &str, to: &str) -> Result<(), TxnError> {
        let sql = "SELECT count(*) FROM list_views WHERE project = ?1 AND name = ?2";
        let taken: i64 = query(sql).bind(project.to_owned()).bind(to.to_owned()).only(&mut *self.db).await?;
        if taken > 0 && name != to {
            return Err(TxnError::Refused(StoreError::Conflict(format!("there is a view {to:?} already"))));
        }
        let renamed = query("UPDATE list_views SET name = ?3 WHERE project = ?1 AND name = ?2")
            .bind(project.to_owned())
            .bind(name.to_owned())
            .bind(to.to_owned())
            .execute(&mut *self.db)
            .await?;
        one(renamed, project, name)
    }
}

/// Refuses what found no view.
fn one(changed: u64, project: &str, name: &str) -> Result<(), TxnError> {
    let list =
        if project.is_empty() { "the list of all runs".to_owned() } else { format!("project {project:?}") };
    match changed {
        0 => Err(TxnError::Refused(StoreError::NotFound(format!("{list} has no view {name:?}")))),
        _ => Ok(()),
    }
}

/// The views of a project, by name.
pub(crate) async fn list(readers: &Pool, project: &str) -> Result<Vec<ListView>, StoreError> {
    let name = readers.dialect().ignoring_case("name");
    let sql =
        format!("SELECT name, query, saved_at FROM list_views WHERE project = ?1 ORDER BY {name}, name");
    let rows = query(AssertSqlSafe(sql)).bind(project.to_owned()).all(readers).await.map_err(fault)?;
    let view = |row: &DbRow| {
        Ok(ListView {
            name: row.try_get("name").map_err(fault)?,
            query: row.try_get("query").map_err(fault)?,
            saved_at: row.try_get("saved_at").map(Timestamp::from_micros).map_err(fault)?,
        })
    };
    rows.iter().map(view).collect()
}
