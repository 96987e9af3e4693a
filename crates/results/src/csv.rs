//! Tables as text: CSV (RFC 4180) and its kin with tabs or semicolons, in and out.

use std::io::{self, Read, Write};
use std::rc::Rc;

use ::csv::{ErrorKind, ReaderBuilder, StringRecord, WriterBuilder};
use gauntlet_model::{Body, Event, Timestamp};
use serde_json::Value;

use crate::error::ImportError;
use crate::rows::{Budget, Record, Rows, unreadable};
use crate::table::{Cell, Columns, Layout};

/// The separator, where the head of a file is that of a table: its first line names a column of scores, or the
/// name says so.
pub(crate) fn looks_like_table(name: &str, head: &str) -> Option<u8> {
    let first = head.trim_start();
    if first.starts_with(['{', '[']) {
        return None;
    }
    let line = first.lines().next()?;
    let separator = [b'\t', b',', b';']
        .into_iter()
        .max_by_key(|separator| line.bytes().filter(|b| b == separator).count())
        .unwrap_or(b',');
    let lower = name.to_ascii_lowercase();
    let named = [".csv", ".tsv"].iter().any(|ending| lower.ends_with(ending));
    let columns: Vec<&str> =
        line.split(char::from(separator)).map(|cell| cell.trim().trim_matches('"')).collect();
    let scored = columns.len() > 1 && Columns::of(columns).is_ok();
    (named || scored).then_some(separator)
}

/// The rows of a table.
pub(crate) struct Table<R> {
    reader: ::csv::Reader<R>,
    columns: Columns,
    row: StringRecord,
    budget: Rc<Budget>,
}

impl<R: Read> Table<R> {
    /// Reads the header.
    pub fn new(text: R, separator: u8, budget: Rc<Budget>) -> Result<Self, ImportError> {
        let mut reader = ReaderBuilder::new().delimiter(separator).from_reader(text);
        let columns = Columns::of(reader.headers().map_err(broken)?)?;
        budget.renew();
        Ok(Self { reader, columns, row: StringRecord::new(), budget })
    }
}

impl<R: Read> Rows for Table<R> {
    fn next(&mut self) -> Result<Option<Record<'_>>, ImportError> {
        if !self.reader.read_record(&mut self.row).map_err(broken)? {
            return Ok(None);
        }
        self.budget.renew();
        let line = self.row.position().map_or(0, ::csv::Position::line);
        let cells = self.row.iter().map(|cell| (!cell.is_empty()).then(|| Value::from(cell)));
        Ok(Some(Record::Row(self.columns.fields(cells, String::new(), line))))
    }

    fn position_bytes(&self) -> u64 {
        self.budget.total()
    }
}

/// What is wrong with the table itself, with its line.
fn broken(error: ::csv::Error) -> ImportError {
    let line = error.position().map(::csv::Position::line);
    let refused = match error.into_kind() {
        ErrorKind::Io(error) => unreadable(error),
        ErrorKind::Utf8 { err, .. } => {
            ImportError::new("", format!("is not UTF-8 text: {err}"), "a table in UTF-8")
        }
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            let message = format!("the row has {len} cells");
            ImportError::new("", message, format!("{expected_len}, as the header has"))
        }
        other => ImportError::new("", format!("is no table: {other:?}"), "a table with a header line"),
    };
    match line {
        Some(line) => refused.on_line(line),
        None => refused,
    }
}

/// Writes a run as a table, one scored snapshot a row. `events` is asked twice for the run's whole log, in order:
/// the header names every rubric path that has a score. What is no snapshot is not written.
pub fn write_csv<W, I>(out: W, mut events: impl FnMut() -> I) -> io::Result<()>
where
    W: Write,
    I: IntoIterator<Item = io::Result<Event>>,
{
    let layout = Layout::of(events())?;
    let mut table = WriterBuilder::new().from_writer(out);
    table.write_record(layout.columns().iter().map(|(name, _)| name)).map_err(io::Error::from)?;
    for event in events() {
        let event = event?;
        let Body::SnapshotScored(scored) = event.body() else { continue };
        table.write_record(layout.row(&event, scored).into_iter().map(spelled)).map_err(io::Error::from)?;
    }
    table.flush()
}

fn spelled(cell: Cell) -> String {
    match cell {
        Cell::None => String::new(),
        Cell::Text(text) => text,
        // As JSON writes it: the shortest text that reads back as the same number.
        Cell::Number(number) => Value::from(number).to_string(),
        Cell::Whole(number) => number.to_string(),
        Cell::Time(micros) => Timestamp::from_micros(micros).to_string(),
        Cell::Flag(flag) => flag.to_string(),
    }
}
