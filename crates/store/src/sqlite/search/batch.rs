//! One transaction of the index: texts, and how far they go.

use std::sync::{Arc, LazyLock};

use gauntlet_follow::Cursor;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection};

use crate::StoreError;
use crate::database::fault::{corrupt, fault};
use crate::search::{Document, TextField};

/// Rows a statement, the most first: any count is a sum of these, so only these shapes are ever prepared.
const SIZES: [usize; 3] = [50, 10, 1];
static INSERT: LazyLock<[Arc<str>; 3]> = LazyLock::new(|| SIZES.map(|rows| insert("INSERT", rows)));
static REPLACE: LazyLock<Arc<str>> = LazyLock::new(|| insert("INSERT OR REPLACE", 1));

fn insert(verb: &str, rows: usize) -> Arc<str> {
    let columns: Vec<&str> = TextField::ALL.iter().map(|f| f.as_str()).collect();
    let row = format!("(?{})", ", ?".repeat(columns.len()));
    let columns = columns.join(", ");
    Arc::from(format!("{verb} INTO texts (rowid, {columns}) VALUES {}", vec![row; rows].join(", ")))
}

/// The texts of one event.
pub(super) struct Entry {
    pub place: i64,
    pub document: Document,
    /// Whether the event was indexed before, with other texts.
    pub replaces: bool,
}

/// What one transaction writes.
#[derive(Default)]
pub(super) struct Batch {
    entries: Vec<Entry>,
    cursors: Vec<(i64, Cursor)>,
}

impl Batch {
    /// Adds the texts of an event, where it has any.
    pub(super) fn add(&mut self, entry: Entry) {
        if entry.replaces || !entry.document.is_empty() {
            self.entries.push(entry);
        }
    }

    /// Notes how far a run is indexed with this batch.
    pub(super) fn advance(&mut self, run_no: i64, cursor: Cursor) {
        self.cursors.push((run_no, cursor));
    }

    /// Writes everything, or nothing.
    pub(super) async fn write(self, index: &mut SqliteConnection) -> Result<(), StoreError> {
        let mut transaction = index.begin().await.map_err(fault)?;
        let (again, new): (Vec<_>, Vec<_>) = self.entries.into_iter().partition(|entry| entry.replaces);
        for entry in again {
            let statement = sqlx::query(AssertSqlSafe(Arc::clone(&REPLACE)));
            bind(statement, entry).execute(&mut *transaction).await.map_err(fault)?;
        }
        let mut new = new.into_iter();
        for (size, sql) in SIZES.into_iter().zip(INSERT.iter()) {
            while new.len() >= size {
                let statement = sqlx::query(AssertSqlSafe(Arc::clone(sql)));
                let statement = new.by_ref().take(size).fold(statement, bind);
                statement.execute(&mut *transaction).await.map_err(fault)?;
            }
        }
        for (run_no, cursor) in self.cursors {
            sqlx::query(
                "INSERT OR REPLACE INTO cursors (run_no, next, last_id, edits) VALUES (?1, ?2, ?3, ?4)",
            )
            .bind(run_no)
            // A number that SQLite cannot hold is a sign of damage, not of size.
            .bind(i64::try_from(cursor.next).map_err(corrupt)?)
            .bind(cursor.last_id.map_or_else(Vec::new, |id| id.to_vec()))
            .bind(cursor.edits)
            .execute(&mut *transaction)
            .await
            .map_err(fault)?;
        }
        transaction.commit().await.map_err(fault)
    }
}

type Bound<'q> = sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

fn bind(statement: Bound<'static>, entry: Entry) -> Bound<'static> {
    let statement = statement.bind(entry.place);
    entry.document.into_words().into_iter().fold(statement, |statement, text| statement.bind(text))
}
