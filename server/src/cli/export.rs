//! `gauntlet export RUN --format F [-o FILE]`

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tokio::runtime::Runtime;

use super::CliError;
use super::client::{Place, refusal};
use crate::api::exports::{ExportFormat, find, write};
use crate::config::Config;

/// Writes a run as a file.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gauntlet export 0199... --format results -o results.json
  gauntlet export my-run --format jsonl | jq .kind
  gauntlet export my-run --format parquet -o my-run.parquet
  gauntlet export my-run --format otlp -o my-run.otlp.jsonl
  gauntlet export grpo-7 --format dpo --with sft-7 -o pairs.jsonl

Each of results, jsonl, film, parquet and csv opens again with `gauntlet import`; docs/files.md says what each keeps.")]
pub struct Export {
    /// The run's id
    #[arg(value_name = "RUN")]
    run: String,
    /// How the file is written
    #[arg(long, value_enum, default_value = "results")]
    format: ExportFormat,
    /// For dpo: prefer between this run's answers and the answers of another run
    #[arg(long, value_name = "RUN2")]
    with: Option<String>,
    /// Where to write; standard output where it is not named
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Export {
    /// Writes the run. A file appears under its name only once it is whole.
    pub fn run(self, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        let place = Place::find(config, runtime)?;
        match &self.output {
            None => self.write(&place, runtime, &mut io::stdout())?,
            Some(path) => {
                let part = part_of(path);
                let mut out = BufWriter::new(File::create(&part)?);
                let written = self.write(&place, runtime, &mut out).and_then(|()| Ok(out.flush()?));
                if let Err(error) = written {
                    let _ = std::fs::remove_file(&part);
                    return Err(error);
                }
                std::fs::rename(&part, path)?;
            }
        }
        if let Place::Folder(store, _lock) = place {
            runtime.block_on(store.close());
        }
        Ok(())
    }

    fn write(&self, place: &Place, runtime: &Runtime, out: &mut (impl Write + Send)) -> Result<(), CliError> {
        match place {
            Place::Folder(store, _) => {
                let found = runtime.block_on(find(store, &self.run, self.format, self.with.as_deref()));
                let written = found.map_err(|e| CliError::Failed(e.message().to_owned()))?;
                Ok(write(runtime.handle(), store, &written, out)?)
            }
            Place::Server(url) => {
                let agent: ureq::Agent =
                    ureq::Agent::config_builder().http_status_as_error(false).build().into();
                let path = super::client::encode(&self.run);
                let request = agent.get(format!("{url}/api/v1/runs/{path}/export"));
                let request = request.query("format", self.format.as_str());
                let request = match &self.with {
                    Some(with) => request.query("with", with),
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
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}
