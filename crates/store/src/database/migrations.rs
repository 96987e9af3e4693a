//! The schema, step by step. The steps are named in code rather than by sqlx's macro: the macro would build
//! SQLite a second time, for the compiler.

use std::sync::Arc;

use sqlx::SqlStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use super::connection::Connection;
use super::fault::fault;
use crate::StoreError;

/// A step: its number, its name and its SQL.
pub(crate) type Step = (i64, &'static str, &'static str);

/// The steps, as the driver takes them.
pub(crate) fn migrator(steps: &[Step]) -> Migrator {
    let step = |&(version, description, sql): &Step| {
        Migration::new(version, description.into(), MigrationType::Simple, SqlStr::from_static(sql), false)
    };
    Migrator::with_migrations(steps.iter().map(step).collect())
}

/// Takes the steps that were not taken.
pub(crate) async fn migrate(connection: &mut Connection, steps: &[Step]) -> Result<(), StoreError> {
    let steps = migrator(steps);
    let taken = match connection {
        Connection::Sqlite(connection) => steps.run(connection).await,
        Connection::Postgres(connection) => steps.run(connection).await,
    };
    taken.map_err(migration_fault)
}

/// Why the steps could not be taken.
pub(crate) fn migration_fault(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => fault(e),
        MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => {
            StoreError::Conflict("the database was written by a newer version".to_owned())
        }
        other => StoreError::Corrupt {
            message: "its schema is not one this version wrote".to_owned(),
            source: Some(Arc::new(other)),
        },
    }
}
