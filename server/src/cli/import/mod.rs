//! `gauntlet import FILE...`

mod bar;
mod upload;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::client::Place;
use super::{CliError, say};
use crate::api::imports::Imported;
use crate::config::Config;
use crate::imports::{Imports, Phase, Source, View, name_of};
use bar::Bar;

/// Opens result files as runs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gauntlet import results.json
  gauntlet import reports/*.json --json
  gauntlet import rollouts.jsonl table.csv table.parquet run.film
  zcat rollouts.jsonl.gz | gauntlet import - --name rollouts

Every result file format opens: nested and flat reports, snapshots, JSON Lines, CSV, Parquet, and Gauntlet's own
exports; docs/files.md shows each. Lines and tables may be of any size. A file with a mistake leaves nothing behind;
one that was interrupted goes on where it was when it is imported again.
The file goes to the server that is running; without one it goes into the data folder.")]
pub struct Import {
    /// The files; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Answer in JSON, one line a file
    #[arg(long)]
    json: bool,
    /// What standard input is called
    #[arg(long, value_name = "NAME", default_value = "stdin.jsonl")]
    name: String,
}

impl Import {
    /// Imports each file; a bad one does not keep the others out, but fails the command.
    pub fn run(self, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        let place = Place::find(config, runtime)?;
        let mut refused = 0usize;
        for path in &self.files {
            match self.one(path, &place, runtime, config) {
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

    fn one(
        &self,
        path: &Path,
        place: &Place,
        runtime: &Runtime,
        config: &Config,
    ) -> Result<Imported, String> {
        let stdin = path == Path::new("-");
        let name = if stdin { self.name.clone() } else { name_of(path) };
        let mut bar = Bar::new(&name, self.json);
        let view = match place {
            Place::Server(url) => {
                let upload = upload::Upload::new(url);
                let sent = if stdin {
                    upload.stream(&name, &mut std::io::stdin(), &mut bar)
                } else {
                    upload.file(path, &mut bar)
                };
                sent?
            }
            Place::Folder(store, _) => {
                let imports =
                    Imports::new(store.clone(), config.limits.import_bytes, CancellationToken::new());
                let source = match stdin {
                    true => Source::Path(upload::spooled(&config.data, &mut std::io::stdin(), &mut bar)?),
                    false => Source::Path(path.canonicalize().map_err(|e| e.to_string())?),
                };
                let spool = match &source {
                    Source::Path(path) if stdin => Some(path.clone()),
                    _ => None,
                };
                let done = runtime.block_on(here(&imports, name, source, &mut bar));
                if let Some(spool) = spool {
                    let _ = std::fs::remove_file(spool);
                }
                done?
            }
        };
        bar.clear();
        Imported::of(&view).ok_or_else(|| why(&view))
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

/// Imports into the folder, in this process.
async fn here(imports: &Imports, name: String, source: Source, bar: &mut Bar) -> Result<View, String> {
    let begun = imports.begin(name, source).await.map_err(|e| e.message().to_owned())?;
    loop {
        let view = imports.view(&begun.id).map_err(|e| e.message().to_owned())?;
        bar.show(&view);
        let stuck = view.phase.is_working() && view.error.is_some();
        if stuck || matches!(view.phase, Phase::Done | Phase::Failed) {
            if !stuck {
                // Told now; the next import of the same file is another one.
                imports.remove(&view.id).await.map_err(|e| e.message().to_owned())?;
            }
            return Ok(view);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Why a file did not become a run, in the server's words.
fn why(view: &View) -> String {
    let said = view.error.as_ref().and_then(|error| error.get("message")?.as_str().map(str::to_owned));
    said.unwrap_or_else(|| "the import was given up".to_owned())
}
