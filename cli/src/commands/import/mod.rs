//! `gauntlet import FILE...`

mod bar;
mod upload;

use std::fs::File;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::client::{DataSource, Missing};
use super::reader::{close, failed};
use super::{CliError, print_error, print_line};
use bar::Bar;
use gauntlet_api::{ImportAnnouncement, ImportPhase, ImportStatus, Imported};
use gauntlet_engine::imports::{Imports, Reading, name_of};
use gauntlet_engine::memory::Memory;
use gauntlet_server::config::Config;
use gauntlet_server::serve::signals;

/// Opens result files as runs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gauntlet import results.json
  gauntlet import reports/*.json --json
  gauntlet import rollouts.jsonl table.csv table.parquet run.film
  zcat rollouts.jsonl.gz | gauntlet import - --name rollouts
  gauntlet import answers.csv --map completion=answer --map step=iteration
  gauntlet import cut.jsonl --partial

Every result file format opens: nested and flat reports, snapshots, JSON Lines, CSV, Parquet, and Gauntlet's
own exports; docs/files.md shows each. Lines and tables may be of any size. A file with a mistake leaves
nothing behind; one that was interrupted goes on where it was when it is imported again.
The file goes to the server that is running; without one it goes into the data folder.")]
pub(super) struct Import {
    /// The files; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Answer in JSON, one line a file
    #[arg(long)]
    json: bool,
    /// What standard input is called [default: stdin.jsonl]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Read a column of the file as a field of the step, such as completion=answer
    #[arg(long, value_name = "FIELD=COLUMN", value_delimiter = ',')]
    map: Vec<String>,
    /// Import what can be read of a file that is broken or cut, and list what cannot
    #[arg(long)]
    partial: bool,
}

/// Where the bytes are.
enum Input {
    /// In a file: it can be read again, so its import can go on after an interruption.
    File,
    /// Standard input, a pipe: read once.
    Stream(Box<dyn Read>),
}

impl Input {
    fn of(path: &Path) -> Result<Self, CliError> {
        if path == Path::new("-") {
            return Ok(Self::Stream(Box::new(std::io::stdin())));
        }
        let about = std::fs::metadata(path)?;
        if about.is_dir() {
            return Err(CliError::Failed("is a folder; name the files in it".to_owned()));
        }
        if about.is_file() {
            return Ok(Self::File);
        }
        Ok(Self::Stream(Box::new(File::open(path)?)))
    }
}

impl Import {
    /// Imports each file; a bad one does not keep the others out, but fails the command.
    pub(super) fn run(self, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        let inputs: Vec<_> = self.files.iter().map(|path| (path, Input::of(path))).collect();
        let is_streamed = inputs.iter().any(|(_, input)| matches!(input, Ok(Input::Stream(_))));
        if self.name.is_some() && !is_streamed {
            return Err(CliError::Failed("--name is for standard input; a file has its own name".to_owned()));
        }
        // A stream that is cut must not pass for one that has ended, so there the signal keeps its usual
        // effect.
        if !is_streamed {
            let interrupted = runtime.block_on(async { signals() })?;
            runtime.spawn(async move {
                interrupted.cancelled().await;
                // Below the bar.
                if std::io::stderr().is_terminal() {
                    let _ = writeln!(std::io::stderr());
                }
                print_error("interrupted; import the file again to go on where it was");
                std::process::exit(super::INTERRUPTED);
            });
        }
        let source = DataSource::find(config, runtime, Missing::Create)?;
        let is_one = self.files.len() == 1 && !self.json;
        let mut refused = Vec::new();
        for (path, input) in inputs {
            match input.and_then(|input| self.one(path, input, &source, runtime, config)) {
                Ok(imported) => self.report(path, &imported),
                Err(error) => {
                    let message = error.to_string();
                    let sentence = format!("{}: {message}", path.display());
                    if self.json {
                        print_line(&serde_json::json!({ "file": path, "error": message }).to_string());
                    } else if !is_one {
                        print_error(&sentence);
                    }
                    refused.push(sentence);
                }
            }
        }
        close(source, runtime);
        match (refused.len(), refused.pop()) {
            (_, None) => Ok(()),
            (_, Some(only)) if is_one => Err(CliError::Failed(only)),
            (not, _) => {
                Err(CliError::Failed(format!("{not} of {} files were not imported", self.files.len())))
            }
        }
    }

    fn one(
        &self,
        path: &Path,
        input: Input,
        source: &DataSource,
        runtime: &Runtime,
        config: &Config,
    ) -> Result<Imported, CliError> {
        let name = match &input {
            Input::File => name_of(path),
            Input::Stream(_) => self.name.clone().unwrap_or_else(|| "stdin.jsonl".to_owned()),
        };
        let mut bar = Bar::new(&name, self.json);
        let reading = Reading { map: self.map.join(","), partial: self.partial };
        let view = match (source, input) {
            (DataSource::Server(url), Input::File) => upload::Upload::new(url, &reading).file(path, &mut bar),
            (DataSource::Server(url), Input::Stream(mut stream)) => {
                upload::Upload::new(url, &reading).stream(&name, &mut stream, &mut bar)
            }
            (DataSource::Folder(store, _), input) => {
                let memory = Memory::new(config.limits.memory_bytes);
                let stopping = CancellationToken::new();
                let imports = Imports::new(store.clone(), config.limits.import_bytes, memory, stopping);
                runtime.block_on(here(&imports, (name, reading), path, input, &mut bar))
            }
        }?;
        bar.clear();
        view.imported().ok_or_else(|| CliError::Failed(why(&view)))
    }

    fn report(&self, path: &Path, imported: &Imported) {
        if self.json {
            let mut line = serde_json::to_value(imported).unwrap_or_default();
            line["file"] = path.display().to_string().into();
            return print_line(&line.to_string());
        }
        print_line(&format!("{}: {} steps as run {}", path.display(), imported.steps, imported.run));
        for warning in &imported.warnings {
            print_line(&format!("  note: {warning}"));
        }
    }
}

/// Imports into the folder, in this process.
async fn here(
    imports: &Imports,
    (name, reading): (String, Reading),
    path: &Path,
    input: Input,
    bar: &mut Bar,
) -> Result<ImportStatus, CliError> {
    let begun = match input {
        Input::File => {
            let path = path.canonicalize()?;
            imports.begin(name, path, reading).await.map_err(failed)?
        }
        Input::Stream(mut stream) => {
            let Reading { map, partial } = reading;
            let announced = ImportAnnouncement { name, size_bytes: None, key: None, map, partial };
            let (view, _) = imports.announce(announced).await.map_err(failed)?;
            if let Err(error) = received(imports, &view.id, &mut stream, bar).await {
                // Read once, it cannot go on later. What was received is of no use.
                let _ = imports.remove(&view.id).await;
                return Err(error);
            }
            view
        }
    };
    loop {
        let view = imports.view(&begun.id).map_err(failed)?;
        bar.show(&view);
        let stuck = view.phase.is_working() && view.error.is_some();
        if stuck || matches!(view.phase, ImportPhase::Done | ImportPhase::Failed) {
            if !stuck {
                // Reported now; the next import of the same file is another one.
                imports.remove(&view.id).await.map_err(failed)?;
            }
            return Ok(view);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Saves a stream to its end in a temporary file, as an import reads it twice.
async fn received(
    imports: &Imports,
    id: &str,
    stream: &mut impl Read,
    bar: &mut Bar,
) -> Result<(), CliError> {
    let (mut slice, mut offset) = (Vec::new(), 0);
    loop {
        let last = upload::next_slice(stream, &mut slice)?;
        imports.receive(id, offset, last, &slice).await.map_err(failed)?;
        offset += slice.len() as u64;
        bar.sent(offset, None);
        if last {
            return Ok(());
        }
    }
}

/// Why a file did not become a run, in the server's words.
fn why(view: &ImportStatus) -> String {
    view.error.as_ref().map_or_else(|| "the import was given up".to_owned(), |error| error.message.clone())
}
