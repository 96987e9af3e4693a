//! The schema, step by step. The steps are named in code rather than by sqlx's macro: the macro would build
//! SQLite a second time, for the compiler.

use sqlx::SqlStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use super::fault::fault;
use crate::StoreError;

/// The steps: each with its number, its name and its SQL.
pub(crate) fn migrator(steps: &[(i64, &'static str, &'static str)]) -> Migrator {
    let step = |&(version, description, sql): &(i64, &'static str, &'static str)| {
        Migration::new(version, description.into(), MigrationType::Simple, SqlStr::from_static(sql), false)
    };
    Migrator::with_migrations(steps.iter().map(step).collect())
}

/// Why the steps could not be taken.
pub(crate) fn migration_fault(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => fault(e),
        MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => {
            StoreError::Conflict("the database was written by a newer version".to_owned())
        }
        other => {
            tracing::error!(error = %other, "migration failed");
            StoreError::Corrupt("its schema is not one this version wrote".to_owned())
        }
    }
}
