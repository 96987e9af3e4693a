//! `gauntlet sql STATEMENT`: the rows that a statement finds.

use std::io::{self, Write};

use clap::ValueEnum;
use gauntlet_api::{Bounded, SqlAnswer, SqlFormat, SqlRequest};
use gauntlet_engine::films::Films;
use gauntlet_engine::memory::Memory;
use gauntlet_engine::sql::Sql as Statements;
use serde_json::Value;
use tokio::runtime::Runtime;
use unicode_width::UnicodeWidthStr;

use super::CliError;
use super::client::{DataSource, Missing, agent, refusal};
use super::find::find;
use super::reader::{Reader, close, failed};
use super::screen::{BOLD, Screen, clip, left, paint, right};
use gauntlet_server::config::Config;

/// Widest cell of a table, columns.
const MAX_CELL_COLUMNS: usize = 60;

/// Answers a SELECT over the recorded runs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gauntlet sql \"select name, steps, failing from runs order by failing desc\"
  gauntlet sql \"select path, avg(value) from scores group by path\" --run my-run
  gauntlet sql \"select * from failures\" --run grpo-7 --format csv > failing.csv

The dialect is SQLite's; `gauntlet sql \"select name, sql from sqlite_schema\"` lists the views, docs/sql.md
says what each column holds.")]
pub(super) struct Sql {
    /// One SELECT
    #[arg(value_name = "STATEMENT")]
    statement: String,
    /// Only the rows of this run; may be named several times
    #[arg(long = "run", value_name = "RUN")]
    runs: Vec<String>,
    /// Most rows
    #[arg(short = 'n', long, default_value_t = 1000, value_name = "N")]
    limit: u32,
    /// How long it may take, seconds
    #[arg(long, default_value_t = 10, value_name = "N")]
    seconds: u32,
    /// How the rows are written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// An object: columns, rows, truncated
    Json,
    /// A table as text
    Csv,
    /// A table for pandas and DuckDB
    Parquet,
}

impl Sql {
    /// Prints the rows.
    pub(super) fn run(self, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        let source = DataSource::find(config, runtime, Missing::Refuse)?;
        let printed = self.print(&source, config, runtime);
        close(source, runtime);
        printed
    }

    fn print(&self, source: &DataSource, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        let reader = Reader { source, runtime };
        let runs = self.runs.iter().map(|run| Ok(find(&reader, run)?.id));
        let request = SqlRequest {
            runs: runs.collect::<Result<_, CliError>>()?,
            limit: Bounded::new(self.limit),
            seconds: Bounded::new(self.seconds),
            format: match self.format {
                Format::Table | Format::Json => SqlFormat::Json,
                Format::Csv => SqlFormat::Csv,
                Format::Parquet => SqlFormat::Parquet,
            },
            ..SqlRequest::new(&*self.statement)
        };
        let (bytes, truncated) = ask(source, config, runtime, &request)?;
        match self.format {
            Format::Table => table(&serde_json::from_slice(&bytes).map_err(failed)?)?,
            Format::Json => Screen::stdout().line(String::from_utf8_lossy(&bytes))?,
            Format::Csv | Format::Parquet => {
                let mut out = io::stdout();
                out.write_all(&bytes).and_then(|()| out.flush())?;
            }
        }
        if truncated {
            super::print_error("there are more rows (-n)");
        }
        Ok(())
    }
}

/// The rows in the format that is asked for, and whether some are missing.
fn ask(
    source: &DataSource,
    config: &Config,
    runtime: &Runtime,
    request: &SqlRequest,
) -> Result<(Vec<u8>, bool), CliError> {
    match source {
        DataSource::Folder(store, _) => {
            let memory = Memory::new(config.limits.memory_bytes);
            let statements = Statements::new(Films::new(store.clone()), memory);
            let rows = runtime.block_on(statements.run(request)).map_err(failed)?;
            let truncated = rows.truncated;
            let mut bytes = Vec::new();
            rows.write(request.format, &mut bytes)?;
            Ok((bytes, truncated))
        }
        DataSource::Server(url) => {
            let answer = agent(None).post(format!("{url}/api/v1/sql")).send_json(request);
            let mut answer = answer.map_err(failed)?;
            let truncated = answer.headers().get("gauntlet-truncated").is_some_and(|value| value == "true");
            let bytes = answer.body_mut().with_config().limit(u64::MAX).read_to_vec().map_err(failed)?;
            match answer.status().as_u16() {
                200 => Ok((bytes, truncated)),
                status => Err(CliError::Failed(refusal(status, &String::from_utf8_lossy(&bytes)))),
            }
        }
    }
}

/// Prints rows for people: numbers on the right, what is null empty.
fn table(answer: &SqlAnswer) -> Result<(), CliError> {
    let mut screen = Screen::stdout();
    let shown = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => clip(text, MAX_CELL_COLUMNS),
        other => other.to_string(),
    };
    let cells: Vec<Vec<String>> = answer.rows.iter().map(|row| row.iter().map(shown).collect()).collect();
    let widths: Vec<usize> = (0..answer.columns.len())
        .map(|at| {
            let column = cells.iter().filter_map(|row| row.get(at)).map(|cell| cell.width());
            column.chain(answer.columns.get(at).map(|name| name.width())).max().unwrap_or(0)
        })
        .collect();
    let names = answer.columns.iter().zip(&widths).map(|(name, width)| left(name, *width));
    screen.line(paint(BOLD, names.collect::<Vec<_>>().join("  ").trim_end()))?;
    for (row, values) in cells.iter().zip(&answer.rows) {
        let aligned = row.iter().zip(values).zip(&widths).map(|((cell, value), width)| match value {
            Value::Number(_) => right(cell, *width),
            _ => left(cell, *width),
        });
        screen.line(aligned.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}
