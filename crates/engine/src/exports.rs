//! Export: a run written as a file, page by page of its log.

use std::io::Write;
use std::str::FromStr;

use gauntlet_model::{FieldError, Record, RunId, RunSummary};
use gauntlet_results::{Log, ScoredSteps, Side};
use gauntlet_store::Store;

/// Events read from the log at a time.
const PAGE: u32 = 2048;

/// A file format a run can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// The nested result file that the origin's page opens; opens again as the same run.
    Results,
    /// Native events, one a line; opens again as the same run.
    Jsonl,
    /// The same packed, with the notes: a tenth of the size.
    Film,
    /// A table of the scored steps, for pandas and DuckDB.
    Parquet,
    /// The same table as text.
    Csv,
    /// Preference pairs: one answer over another.
    Dpo,
    /// OpenTelemetry spans, one request in JSON a line; sent to `/v1/traces` they are the same run.
    Otlp,
}

impl ExportFormat {
    /// Every format, in the order of the help.
    pub const ALL: [Self; 7] =
        [Self::Results, Self::Jsonl, Self::Film, Self::Parquet, Self::Csv, Self::Dpo, Self::Otlp];

    /// The word in commands and addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Results => "results",
            Self::Jsonl => "jsonl",
            Self::Film => "film",
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Dpo => "dpo",
            Self::Otlp => "otlp",
        }
    }

    /// What a file of the format is, for people.
    pub fn about(self) -> &'static str {
        match self {
            Self::Results => {
                "The nested result file that the origin's page opens; opens again as the same run"
            }
            Self::Jsonl => "Native events, one a line; opens again as the same run",
            Self::Film => "The same packed, with the notes: a tenth of the size",
            Self::Parquet => "A table of the scored steps, for pandas and DuckDB",
            Self::Csv => "The same table as text",
            Self::Dpo => "Preference pairs: one answer over another",
            Self::Otlp => {
                "OpenTelemetry spans, one request in JSON a line; sent to `/v1/traces` they are the same run"
            }
        }
    }

    /// Refuses a second run where one is written.
    pub fn compares(self) -> Result<(), FieldError> {
        match self {
            Self::Dpo => Ok(()),
            one => {
                let why = format!("compares two runs for dpo; {} writes one", one.as_str());
                Err(FieldError::new("with", why))
            }
        }
    }
}

impl FromStr for ExportFormat {
    type Err = FieldError;

    fn from_str(word: &str) -> Result<Self, FieldError> {
        Self::ALL.into_iter().find(|format| format.as_str() == word).ok_or_else(|| {
            let all = Self::ALL.map(Self::as_str).join(", ");
            FieldError::new("format", format!("{word:?} is not one of {all}"))
        })
    }
}

/// What is to be written.
pub struct Written {
    /// The run.
    pub run: RunSummary,
    /// How.
    pub format: ExportFormat,
    /// The run its answers are compared with.
    pub with: Option<RunSummary>,
}

/// Writes a run. Runs on a thread that may block; memory stays bounded by a page of events. `check` is asked
/// before each page, and its error ends the writing.
pub fn write(
    handle: &tokio::runtime::Handle,
    store: &Store,
    written: &Written,
    check: &dyn Fn() -> std::io::Result<()>,
    out: &mut (impl Write + Send),
) -> std::io::Result<()> {
    let run = &written.run;
    let log = RunLog { handle, store, run: &run.id, check };
    let events = || log.pages().map(|record| record?.event().map_err(std::io::Error::other));
    let shown = || ScoredSteps::from_records(log.pages(), run.rules);
    match written.format {
        ExportFormat::Jsonl => gauntlet_results::write_jsonl(&mut *out, run, log.pages())?,
        ExportFormat::Film => gauntlet_results::write_film(&mut *out, run, log.pages())?,
        ExportFormat::Results => {
            gauntlet_results::write_results(&mut *out, run, &shown()?, || log.pages())?;
        }
        ExportFormat::Parquet => {
            gauntlet_results::write_parquet(&mut *out, run, &shown()?, log.pages())?;
        }
        ExportFormat::Csv => gauntlet_results::write_csv(&mut *out, &shown()?, log.pages())?,
        ExportFormat::Dpo => {
            let other = written.with.as_ref().map(|run| (run, RunLog { handle, store, run: &run.id, check }));
            let with = other.as_ref().map(|(run, log)| Side { run, log });
            gauntlet_results::write_dpo(&mut *out, Side { run, log: &log }, with)?;
        }
        ExportFormat::Otlp => gauntlet_otlp::write_otlp(&mut *out, run, events)?,
    }
    out.flush()
}

/// The log of a run that is being written.
struct RunLog<'a> {
    handle: &'a tokio::runtime::Handle,
    store: &'a Store,
    run: &'a RunId,
    check: &'a dyn Fn() -> std::io::Result<()>,
}

impl RunLog<'_> {
    fn pages(&self) -> Pages<'_> {
        Pages {
            handle: self.handle,
            store: self.store,
            run: self.run,
            check: self.check,
            after: None,
            page: Vec::new().into_iter(),
        }
    }
}

impl Log for RunLog<'_> {
    fn records(&self) -> Box<dyn Iterator<Item = std::io::Result<Record>> + '_> {
        Box::new(self.pages())
    }

    fn record(&self, seq: u64) -> std::io::Result<Record> {
        (self.check)()?;
        let page = self.handle.block_on(self.store.read(self.run, seq.checked_sub(1), 1, None));
        let page = page.map_err(|e| std::io::Error::other(e.to_string()))?;
        let record = page.records.into_iter().next();
        record.ok_or_else(|| std::io::Error::other(format!("event {seq} is gone")))
    }
}

/// A run's log, a page at a time.
struct Pages<'a> {
    handle: &'a tokio::runtime::Handle,
    store: &'a Store,
    run: &'a RunId,
    check: &'a dyn Fn() -> std::io::Result<()>,
    after: Option<u64>,
    page: std::vec::IntoIter<Record>,
}

impl Iterator for Pages<'_> {
    type Item = std::io::Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(record) = self.page.next() {
            return Some(Ok(record));
        }
        if let Err(error) = (self.check)() {
            return Some(Err(error));
        }
        match self.handle.block_on(self.store.read(self.run, self.after, PAGE, None)) {
            Ok(page) => {
                self.after = page.records.last().map(|r| r.seq).or(self.after);
                self.page = page.records.into_iter();
                self.page.next().map(Ok)
            }
            Err(error) => Some(Err(std::io::Error::other(error.to_string()))),
        }
    }
}
