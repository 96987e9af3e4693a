//! The answer of a statement, as JSON and as files.

use std::collections::HashSet;
use std::io::{self, Write};

use gauntlet_api::{SqlAnswer, SqlFormat};
use gauntlet_results::{Cell, write_csv_table, write_parquet_table};
use gauntlet_store::{SqlRows, SqlValue};
use serde_json::Value;

use crate::memory::Share;

/// The rows that a statement found. They hold their share of the memory.
#[derive(Debug)]
pub struct Rows {
    /// The names of the columns, each once.
    pub columns: Vec<String>,
    /// Whether there are more rows.
    pub truncated: bool,
    rows: Vec<Vec<SqlValue>>,
    _share: Share,
}

impl Rows {
    pub(super) fn new(found: SqlRows, share: Share) -> Self {
        let columns = unique(found.columns);
        Self { columns, truncated: found.truncated, rows: found.rows, _share: share }
    }

    /// Writes them in that format.
    ///
    /// # Errors
    ///
    /// What `out` refuses.
    pub fn write(self, format: SqlFormat, out: &mut (impl Write + Send)) -> io::Result<()> {
        let Self { columns, truncated, rows, _share } = self;
        match format {
            SqlFormat::Json => {
                let rows = rows.into_iter().map(|row| row.into_iter().map(json).collect());
                let answer = SqlAnswer { columns, rows: rows.collect(), truncated };
                serde_json::to_writer(&mut *out, &answer)?;
            }
            SqlFormat::Csv => write_csv_table(&mut *out, &columns, cells(rows))?,
            SqlFormat::Parquet => {
                let rows: Vec<Vec<Cell>> = cells(rows).collect();
                write_parquet_table(&mut *out, columns, rows)?;
            }
        }
        out.flush()
    }
}

/// Makes names that are there twice differ, as tables of other programs need it.
fn unique(names: Vec<String>) -> Vec<String> {
    let mut taken = HashSet::new();
    let numbered = |name: String| {
        let more = (2..).map(|number| format!("{name}_{number}"));
        let found = std::iter::once(name.clone()).chain(more).find(|it| !taken.contains(it));
        let found = found.unwrap_or(name);
        taken.insert(found.clone());
        found
    };
    names.into_iter().map(numbered).collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

fn json(value: SqlValue) -> Value {
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Integer(number) => Value::from(number),
        // Infinite ones become null.
        SqlValue::Real(number) => Value::from(number),
        SqlValue::Text(text) => Value::from(text),
        SqlValue::Bytes(bytes) => Value::from(hexadecimal(&bytes)),
    }
}

fn cells(rows: Vec<Vec<SqlValue>>) -> impl Iterator<Item = Vec<Cell>> {
    rows.into_iter().map(|row| row.into_iter().map(cell).collect())
}

fn cell(value: SqlValue) -> Cell {
    match value {
        SqlValue::Real(number) if number.is_finite() => Cell::Number(number),
        SqlValue::Null | SqlValue::Real(_) => Cell::None,
        SqlValue::Integer(number) => Cell::Integer(number),
        SqlValue::Text(text) => Cell::Text(text),
        SqlValue::Bytes(bytes) => Cell::Text(hexadecimal(&bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_there_twice_are_numbered() {
        let names = |list: &[&str]| unique(list.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(names(&["a", "a", "b", "a_2", "a"]), ["a", "a_2", "b", "a_2_2", "a_3"]);
    }
}
