//! Tables as text: CSV (RFC 4180) and its kin with tabs or semicolons, in and out.

use std::io::{self, Read, Write};
use std::rc::Rc;

use ::csv::{ByteRecord, ErrorKind, ReaderBuilder, StringRecord, WriterBuilder};
use encoding_rs::Encoding;
use gauntlet_model::Timestamp;
use gauntlet_values::Decimal;
use serde_json::Value;

use crate::columns::{Cells, Columns};
use crate::encoding;
use crate::error::ImportError;
use crate::json_span::{JsonSpan, Source};
use crate::layout::{Cell, Layout};
use crate::names::ColumnMap;
use crate::options::Options;
use crate::rows::{About, Budget, Record, Rows, unreadable};
use crate::scored_steps::ScoredSteps;

/// The separator, if the head of a file is that of a table: its first line names a column of scores, or the
/// file's name ends like one.
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
    let read = || Columns::new(columns.iter().copied(), &ColumnMap::default(), Decimal::Point, Cells::Texts);
    let scored = columns.len() > 1 && read().is_ok_and(|columns| columns.has_scores());
    (named || scored).then_some(separator)
}

/// A line appended to the file, to detect a quotation mark that is never closed: such a cell takes in
/// everything up to the end, this line included.
const END_MARKER: &str = "\n\u{3}\n";

/// About how many times its size a row takes once it is read: its cells, their copies and its values.
const ROW_GROWTH: usize = 4;

/// The rows of a table.
pub(crate) struct Table<R> {
    reader: ::csv::Reader<io::Chain<R, &'static [u8]>>,
    columns: Columns,
    names: StringRecord,
    row: StringRecord,
    /// Cells of the header that are not UTF-8, until a row has reported them.
    guessed: Guessed,
    encoding: Option<&'static Encoding>,
    budget: Rc<Budget>,
    options: Options,
}

/// Cells that are not UTF-8 and were read as Windows-1252.
#[derive(Debug, Default)]
struct Guessed {
    cells: u64,
    /// Where the first of them is: the line of its row, its column from 1, and the byte of the cell that is
    /// not UTF-8.
    first: Option<(u64, usize, usize)>,
}

impl<R: Read> Table<R> {
    /// Reads the header. `encoding` is the one the text had, where its mark names it.
    pub(crate) fn new(
        text: R,
        encoding: Option<&'static Encoding>,
        separator: u8,
        budget: Rc<Budget>,
        options: &Options,
    ) -> Result<Self, ImportError> {
        let text = text.chain(END_MARKER.as_bytes());
        let mut reader = ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(text);
        let mut guessed = Guessed::default();
        let names = texts(reader.byte_headers().map_err(broken)?.clone(), &mut guessed);
        if is_end(&names) {
            return Err(ImportError::new("", "the file is empty", "a table with a header line"));
        }
        ensure_quotes_closed(&names)?;
        // Tables separated by semicolons may use the comma as decimal mark.
        let decimal = if separator == b';' { Decimal::PointOrComma } else { Decimal::Point };
        let columns = Columns::new(&names, &options.map, decimal, Cells::Texts)?;
        columns.require_scores()?;
        budget.renew();
        let options = options.clone();
        Ok(Self { reader, columns, names, row: StringRecord::new(), guessed, encoding, budget, options })
    }
}

impl<R: Read> Rows for Table<R> {
    fn next(&mut self) -> Result<Option<Record<'_>>, ImportError> {
        let mut row = std::mem::take(&mut self.row).into_byte_record();
        let is_there = self.reader.read_byte_record(&mut row).map_err(broken)?;
        self.options.reserve(row.as_slice().len() * ROW_GROWTH)?;
        self.row = texts(row, &mut self.guessed);
        if !is_there || is_end(&self.row) {
            return Ok(None);
        }
        ensure_quotes_closed(&self.row)?;
        self.budget.renew();
        let line = line_number(&self.row);
        if self.row.len() != self.names.len() {
            let message = format!("the row has {} cells", self.row.len());
            let expected = format!("{}, as the header has", self.names.len());
            return Err(ImportError::new("", message, expected).on_line(line));
        }
        let is_ours = self.columns.is_native;
        let cells = self.row.iter().map(|cell| {
            let cell = if is_ours { unescape_formula(cell) } else { cell };
            (!cell.is_empty()).then(|| Value::from(cell))
        });
        let span = JsonSpan { source: Source { text: "", first_line: line, is_line: true }, raw: "" };
        let mut fields = self.columns.fields(cells, span, String::new());
        let Guessed { cells, first } = std::mem::take(&mut self.guessed);
        fields.tally.guessed = cells;
        fields.tally.first_guessed = first.map(|(line, column, byte)| {
            let name = self.names.get(column - 1).unwrap_or_default();
            format!("line {line}, column {column} `{name}`, byte {byte}")
        });
        Ok(Some(Record::Row(Box::new(fields))))
    }

    fn about(&mut self, _name: &str) -> Result<About, ImportError> {
        Ok(About { encoding: self.encoding, ..About::default() })
    }

    fn position_bytes(&self) -> u64 {
        self.budget.total()
    }
}

/// A row as texts. What is not UTF-8 is read as Windows-1252, cell by cell: rows of several programs meet in
/// one file.
fn texts(row: ByteRecord, guessed: &mut Guessed) -> StringRecord {
    let row = match StringRecord::from_byte_record(row) {
        Ok(row) => return row,
        Err(error) => error.into_byte_record(),
    };
    let line = row.position().map_or(0, ::csv::Position::line);
    let mut texts = StringRecord::with_capacity(row.as_slice().len(), row.len());
    for (index, cell) in row.iter().enumerate() {
        match std::str::from_utf8(cell) {
            Ok(text) => texts.push_field(text),
            Err(error) => {
                guessed.cells += 1;
                guessed.first.get_or_insert((line, index + 1, error.valid_up_to() + 1));
                texts.push_field(&encoding::guessed(cell));
            }
        }
    }
    texts.set_position(row.position().cloned());
    texts
}

fn is_end(row: &StringRecord) -> bool {
    row.len() == 1 && row.get(0) == Some(END_MARKER.trim_matches('\n'))
}

fn line_number(row: &StringRecord) -> u64 {
    row.position().map_or(0, ::csv::Position::line)
}

/// Refuses a row that extends to the end of the file because a quotation mark is never closed.
fn ensure_quotes_closed(row: &StringRecord) -> Result<(), ImportError> {
    match row.iter().next_back().is_some_and(|cell| cell.ends_with(END_MARKER)) {
        true => {
            let message = "a quotation mark in this row is never closed";
            Err(ImportError::new("", message, "a mark on both sides of a text, doubled inside it")
                .on_line(line_number(row))
                .at_end())
        }
        false => Ok(()),
    }
}

/// An error of the table itself, with its line.
fn broken(error: ::csv::Error) -> ImportError {
    let line = error.position().map(::csv::Position::line);
    let refused = match error.into_kind() {
        ErrorKind::Io(error) => unreadable(error),
        other => ImportError::new("", format!("is not a table: {other:?}"), "a table with a header line"),
    };
    match line {
        Some(line) => refused.on_line(line),
        None => refused,
    }
}

/// Writes a run as a table, one scored step a row, as `steps` has them. `records` is the run's complete log,
/// in order. Only scored steps are written. Texts that a spreadsheet would run as formulas get a leading
/// apostrophe, which an import of the table removes.
pub fn write_csv<W: Write>(
    out: W,
    steps: &ScoredSteps,
    records: impl IntoIterator<Item = io::Result<gauntlet_model::Record>>,
) -> io::Result<()> {
    let layout = Layout::new(steps);
    let mut table = WriterBuilder::new().from_writer(out);
    table.write_record(layout.columns().iter().map(|(name, _)| name)).map_err(io::Error::from)?;
    for record in records {
        if let Some(row) = layout.row_for(record?)? {
            table.write_record(row.into_iter().map(cell_text)).map_err(io::Error::from)?;
        }
    }
    table.flush()
}

/// Writes a table: its header, then its rows, each as long as the header. Texts are guarded as in
/// [`write_csv`].
///
/// # Errors
///
/// What `out` refuses.
pub fn write_csv_table<W: Write>(
    out: W,
    columns: &[String],
    rows: impl IntoIterator<Item = Vec<Cell>>,
) -> io::Result<()> {
    let mut table = WriterBuilder::new().from_writer(out);
    table.write_record(columns).map_err(io::Error::from)?;
    for row in rows {
        table.write_record(row.into_iter().map(cell_text)).map_err(io::Error::from)?;
    }
    table.flush()
}

/// Characters that begin a formula in a spreadsheet.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Whether a spreadsheet would run a cell as a formula, ignoring leading apostrophes.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA)
}

/// A text as a cell that no spreadsheet runs.
fn escape_formula(text: String) -> String {
    if is_formula(&text) { format!("'{text}") } else { text }
}

/// The inverse of [`escape_formula`].
fn unescape_formula(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(cell)
}

fn cell_text(cell: Cell) -> String {
    match cell {
        Cell::None => String::new(),
        Cell::Text(text) => escape_formula(text),
        // As JSON writes it: the shortest text that reads back as the same number.
        Cell::Number(number) => Value::from(number).to_string(),
        Cell::Integer(number) => number.to_string(),
        Cell::Time(micros) => Timestamp::from_micros(micros).to_string(),
        Cell::Flag(flag) => flag.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guarded_cell_comes_back() {
        for text in
            ["=cmd|' /C calc'!A0", "+1", "-2+3", "@SUM(A1)", "\tx", "'=x", "''-1", "it's", "'quoted'", ""]
        {
            let cell = escape_formula(text.to_owned());
            assert!(!cell.starts_with(FORMULA), "{cell}");
            assert_eq!(unescape_formula(&cell), text);
        }
        assert_eq!(escape_formula("plain".to_owned()), "plain");
    }
}
