//! `gauntlet import FILE...`

use std::path::{Path, PathBuf};

use tokio::runtime::Runtime;

use super::client::{Place, refusal};
use super::{CliError, say};
use crate::api::imports::{Imported, import};
use crate::config::Config;

/// Opens result files as runs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gauntlet import results.json
  gauntlet import reports/*.json --json

Every result file format opens: nested and flat reports, snapshots, JSON lines, and Gauntlet's own export.
The file goes to the server that is running; without one it goes into the data folder.")]
pub struct Import {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Answer in JSON, one line a file
    #[arg(long)]
    json: bool,
}

impl Import {
    /// Imports each file; a bad one does not keep the others out, but fails the command.
    pub fn run(self, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        let place = Place::find(config, runtime)?;
        let mut refused = 0usize;
        for path in &self.files {
            match self.one(path, &place, runtime) {
                Ok(imported) => self.report(path, &imported),
                Err(message) => {
                    refused += 1;
                    if self.json {
                        say(&serde_json::json!({ "file": path, "error": message }).to_string());
                    } else {
                        super::complain(&format!("{}: {message}", path.display()));
                    }
                }
            }
        }
        if let Place::Folder(store, _lock) = place {
            runtime.block_on(store.close());
        }
        match refused {
            0 => Ok(()),
            n => Err(CliError::Failed(format!("{n} of {} files were not imported", self.files.len()))),
        }
    }

    fn one(&self, path: &Path, place: &Place, runtime: &Runtime) -> Result<Imported, String> {
        let bytes = std::fs::read(path).map_err(|e| e.to_string())?;
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        match place {
            Place::Folder(store, _) => {
                runtime.block_on(import(store, name, bytes)).map_err(|e| e.message().to_owned())
            }
            Place::Server(url) => {
                let agent: ureq::Agent =
                    ureq::Agent::config_builder().http_status_as_error(false).build().into();
                let request = agent.post(format!("{url}/api/v1/import")).query("name", &name);
                let mut answer = request
                    .content_type("application/octet-stream")
                    .send(&bytes)
                    .map_err(|e| e.to_string())?;
                let status = answer.status().as_u16();
                let body = answer.body_mut().read_to_string().map_err(|e| e.to_string())?;
                if status != 201 {
                    return Err(refusal(status, &body));
                }
                serde_json::from_str(&body).map_err(|e| format!("the server's answer is unreadable: {e}"))
            }
        }
    }

    fn report(&self, path: &Path, imported: &Imported) {
        if self.json {
            let mut line = serde_json::to_value(imported).unwrap_or_default();
            line["file"] = path.display().to_string().into();
            return say(&line.to_string());
        }
        say(&format!("{}: {} steps as run {}", path.display(), imported.steps, imported.run));
        for warning in &imported.warnings {
            say(&format!("  note: {warning}"));
        }
    }
}
