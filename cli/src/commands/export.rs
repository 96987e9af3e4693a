//! `gauntlet export RUN --format F [-o FILE]`

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use gauntlet_engine::exports::{ExportFormat, Written, write};
use gauntlet_model::RunSummary;
use tokio::runtime::Runtime;

use super::client::{DataSource, Missing, agent, refusal};
use super::find::find;
use super::reader::{Reader, close, failed};
use super::{CliError, print_line};
use gauntlet_server::config::Config;

/// Writes a run as a file.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gauntlet export 0199... --format results -o results.json
  gauntlet export my-run --format jsonl | jq .kind
  gauntlet export my-run --format parquet -o my-run.parquet
  gauntlet export my-run --format otlp -o my-run.otlp.jsonl
  gauntlet export grpo-7 --format dpo --with sft-7 -o pairs.jsonl

Each of results, jsonl, film, parquet and csv opens again with `gauntlet import`; docs/files.md says what each
keeps.")]
pub(super) struct Export {
    /// The run: its id, the beginning of one, or its name
    #[arg(value_name = "RUN")]
    run: String,
    /// How the file is written
    #[arg(long, default_value = "results", value_parser = formats())]
    format: ExportFormat,
    /// For dpo: prefer between this run's answers and the answers of another run
    #[arg(long, value_name = "RUN2")]
    with: Option<String>,
    /// Where to write; standard output where it is not named
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Say in JSON what was written
    #[arg(long, requires = "output")]
    json: bool,
}

/// Reads the word of a format; a shell can complete them.
fn formats() -> impl TypedValueParser<Value = ExportFormat> {
    let words = ExportFormat::ALL.map(|format| PossibleValue::new(format.as_str()).help(format.about()));
    PossibleValuesParser::new(words).try_map(|word| word.parse::<ExportFormat>())
}

impl Export {
    /// Writes the run. A file appears under its name only once it is whole.
    pub(super) fn run(self, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        let source = DataSource::find(config, runtime, Missing::Refuse)?;
        let written = {
            let reader = Reader { source: &source, runtime };
            let with = match &self.with {
                Some(with) => {
                    self.format.compares().map_err(failed)?;
                    Some(find(&reader, with)?)
                }
                None => None,
            };
            Written { run: find(&reader, &self.run)?, format: self.format, with }
        };
        match &self.output {
            None => save(&written, &source, runtime, &mut io::stdout())?,
            Some(path) => {
                let bytes = saved(&written, &source, runtime, path).map_err(|error| match error {
                    CliError::Failed(why) => CliError::Failed(format!("{}: {why}", path.display())),
                    other => other,
                })?;
                self.report(path, &written.run, bytes);
            }
        }
        close(source, runtime);
        Ok(())
    }

    fn report(&self, path: &Path, run: &RunSummary, bytes: u64) {
        let format = self.format.as_str();
        if self.json {
            let line = serde_json::json!({
                "run": run.id, "name": run.name, "format": format, "file": path, "bytes": bytes,
            });
            return print_line(&line.to_string());
        }
        let size = indicatif::HumanBytes(bytes);
        print_line(&format!("{}: {size} of {format}, run {} ({})", path.display(), run.id, run.name));
    }
}

/// Writes beside the file's name, then under it; answers how many bytes there are.
fn saved(written: &Written, source: &DataSource, runtime: &Runtime, path: &Path) -> Result<u64, CliError> {
    let part = part_of(path);
    let mut out = BufWriter::new(File::create(&part)?);
    let saved = save(written, source, runtime, &mut out).and_then(|()| {
        out.flush()?;
        let bytes = out.get_ref().metadata()?.len();
        std::fs::rename(&part, path)?;
        Ok(bytes)
    });
    if saved.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    saved
}

fn save(
    written: &Written,
    source: &DataSource,
    runtime: &Runtime,
    out: &mut (impl Write + Send),
) -> Result<(), CliError> {
    match source {
        DataSource::Folder(store, _) => Ok(write(runtime.handle(), store, written, &|| Ok(()), out)?),
        DataSource::Server(url) => {
            let path = super::client::encode(written.run.id.as_str());
            let request = agent(None).get(format!("{url}/api/v1/runs/{path}/export"));
            let request = request.query("format", written.format.as_str());
            let request = match &written.with {
                Some(with) => request.query("with", with.id.as_str()),
                None => request,
            };
            let mut answer = request.call().map_err(|e| CliError::Failed(e.to_string()))?;
            let status = answer.status().as_u16();
            if status != 200 {
                let body = answer.body_mut().read_to_string().unwrap_or_default();
                return Err(CliError::Failed(refusal(status, &body)));
            }
            io::copy(&mut answer.body_mut().as_reader(), out)?;
            Ok(())
        }
    }
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}
