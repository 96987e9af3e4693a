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

/// Read behind the file as a line of its own, to tell a table that is complete from one whose last quotation mark is
/// never closed: that cell would take in everything up to the end, and this line with it.
const END: &str = "\n\u{3}\n";

/// The rows of a table.
pub(crate) struct Table<R> {
    reader: ::csv::Reader<io::Chain<R, &'static [u8]>>,
    columns: Columns,
    names: StringRecord,
    row: StringRecord,
    budget: Rc<Budget>,
}

impl<R: Read> Table<R> {
    /// Reads the header.
    pub fn new(text: R, separator: u8, budget: Rc<Budget>) -> Result<Self, ImportError> {
        let text = text.chain(END.as_bytes());
        let mut reader = ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(text);
        let names = reader.headers().map_err(|e| broken(e, &StringRecord::new()))?.clone();
        if is_end(&names) {
            return Err(ImportError::new("", "the file is empty", "a table with a header line"));
        }
        whole(&names)?;
        let columns = Columns::of(&names)?;
        budget.renew();
        Ok(Self { reader, columns, names, row: StringRecord::new(), budget })
    }
}

impl<R: Read> Rows for Table<R> {
    fn next(&mut self) -> Result<Option<Record<'_>>, ImportError> {
        let is_there = self.reader.read_record(&mut self.row).map_err(|e| broken(e, &self.names))?;
        if !is_there || is_end(&self.row) {
            return Ok(None);
        }
        whole(&self.row)?;
        self.budget.renew();
        let line = line_of(&self.row);
        if self.row.len() != self.names.len() {
            let message = format!("the row has {} cells", self.row.len());
            let expected = format!("{}, as the header has", self.names.len());
            return Err(ImportError::new("", message, expected).on_line(line));
        }
        let cells = self.row.iter().map(|cell| (!cell.is_empty()).then(|| Value::from(cell)));
        Ok(Some(Record::Row(self.columns.fields(cells, String::new(), line))))
    }

    fn position_bytes(&self) -> u64 {
        self.budget.total()
    }
}

fn is_end(row: &StringRecord) -> bool {
    row.len() == 1 && row.get(0) == Some(END.trim_matches('\n'))
}

fn line_of(row: &StringRecord) -> u64 {
    row.position().map_or(0, ::csv::Position::line)
}

/// Refuses a row that goes on to the end of the file for want of a quotation mark.
fn whole(row: &StringRecord) -> Result<(), ImportError> {
    match row.iter().next_back().is_some_and(|cell| cell.ends_with(END)) {
        true => {
            let message = "a quotation mark in this row is never closed";
            Err(ImportError::new("", message, "a mark on both sides of a text, doubled inside it")
                .on_line(line_of(row)))
        }
        false => Ok(()),
    }
}

/// What is wrong with the table itself, with its line. `names` are its columns.
fn broken(error: ::csv::Error, names: &StringRecord) -> ImportError {
    let line = error.position().map(::csv::Position::line);
    let refused = match error.into_kind() {
        ErrorKind::Io(error) => unreadable(error),
        ErrorKind::Utf8 { err, .. } => {
            let column = names.get(err.field()).unwrap_or_default();
            let message = format!("is not UTF-8 text: byte {} of the cell cannot be read", err.valid_up_to());
            ImportError::new(column, message, "a table in UTF-8")
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
