//! One transaction of the index: texts, and how far they go.

use std::sync::{Arc, LazyLock};

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection};

use super::document::{Document, TextField};
use super::rows::stored;
use crate::StoreError;
use crate::sqlite::fault;

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

/// How far a run is indexed once the batch is written.
pub(super) struct Cursor {
    pub run_no: i64,
    pub next: u64,
    pub last_id: Option<Vec<u8>>,
    pub edits: i64,
}

/// What one transaction writes.
#[derive(Default)]
pub(super) struct Batch {
    entries: Vec<Entry>,
    pub cursors: Vec<Cursor>,
    /// Events read, with text or without.
    pub events: usize,
    /// Bytes of text.
    pub bytes: usize,
}

impl Batch {
    /// Adds the texts of an event, where it has any.
    pub fn add(&mut self, entry: Entry) {
        self.bytes += entry.document.bytes();
        if entry.replaces || !entry.document.is_empty() {
            self.entries.push(entry);
        }
    }

    /// Says how far a run is indexed. `last_id` is the id of the event before `next`; `None` where that
    /// stays.
    pub fn advance(&mut self, run_no: i64, next: u64, last_id: Option<Vec<u8>>, edits: i64) {
        self.cursors.push(Cursor { run_no, next, last_id, edits });
    }

    /// Writes everything, or nothing.
    pub async fn write(&mut self, index: &mut SqliteConnection) -> Result<(), StoreError> {
        let mut transaction = index.begin().await.map_err(fault)?;
        let (again, new): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.entries).into_iter().partition(|entry| entry.replaces);
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
        for cursor in &self.cursors {
            sqlx::query(
                "INSERT INTO cursors (run_no, next, last_id, edits) VALUES (?1, ?2, coalesce(?3, x''), ?4)
                 ON CONFLICT (run_no) DO UPDATE SET next = excluded.next, edits = excluded.edits,
                    last_id = CASE WHEN ?3 IS NULL THEN last_id ELSE ?3 END",
            )
            .bind(cursor.run_no)
            .bind(stored(cursor.next)?)
            .bind(cursor.last_id.as_deref())
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
