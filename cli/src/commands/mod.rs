//! The command line.

mod backup;
mod backup_list;
mod client;
mod completions;
mod demo;
mod export;
mod find;
mod gym;
mod import;
mod keys;
mod manage;
mod mcp;
mod monitors;
mod reader;
mod runs;
mod scenario;
mod screen;
mod show;
mod sql;
mod step;
mod stream;
mod tail;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use gauntlet_server::config::{Config, ConfigError, Overrides};
use gauntlet_server::process;
use gauntlet_server::serve::{ServeError, Server, signals};
use gauntlet_store::with_causes;

/// The exit code of what Ctrl-C ended, as shells have it.
const INTERRUPTED: i32 = 130;

/// Flight recorder and X-ray of agent training.
#[derive(Debug, Parser)]
#[command(
    name = "gauntlet",
    version,
    after_help = "\
Examples:
  gauntlet serve                              serve on http://127.0.0.1:4600, data in ./data
  gauntlet demo --rate 12                     train a small policy live, 12 rollouts a second
  gauntlet import results.json                open a result file as a run
  gauntlet export RUN --format results -o r.json
  gauntlet runs                               list the runs; show RUN, tail RUN look into one

Settings also come from GAUNTLET_LISTEN, GAUNTLET_DATA, GAUNTLET_LOG and, limits included, from
gauntlet.toml."
)]
struct Cli {
    #[command(flatten)]
    over: Overrides,
    /// What to log: error, warn, info, debug, trace, or a filter such as gauntlet_server=debug [default: info
    /// for serve, else warn]
    #[arg(long, env = "GAUNTLET_LOG", global = true,
    value_name = "FILTER", value_parser = filter, help_heading = "Settings")]
    log: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the pages and the API
    #[command(after_help = "\
Examples:
  gauntlet serve
  gauntlet serve --listen 127.0.0.1:4700 --data ~/runs
  gauntlet serve --listen 127.0.0.1:0 --json    any free port; one line of JSON says which")]
    Serve {
        /// Say in JSON where it serves, one line once it is ready
        #[arg(long)]
        json: bool,
    },
    /// Train a small policy with GRPO and stream every scored rollout
    Demo(demo::Demo),
    /// Put agents through scenarios and infer what they go by
    #[command(subcommand)]
    Gym(gym::Gym),
    /// Open result files as runs
    Import(import::Import),
    /// Write a run as a file
    Export(export::Export),
    /// List runs
    Runs(runs::Runs),
    /// Show a run, or everything about one of its steps
    Show(show::Show),
    /// Answer a SELECT over the recorded runs
    Sql(sql::Sql),
    /// Answer a language model about the runs, over stdin and stdout
    Mcp(mcp::Mcp),
    /// List, save, delete and try the rules that raise alerts
    #[command(subcommand)]
    Monitors(monitors::Monitors),
    /// Create, list and revoke API keys
    #[command(subcommand)]
    Keys(keys::Keys),
    /// List, show, begin and check scenarios: documents that put an agent before a choice
    #[command(subcommand)]
    Scenario(scenario::Scenarios),
    /// Give a run another name
    Rename(manage::Rename),
    /// Add and remove tags of a run
    Tag(manage::Tag),
    /// Delete runs
    Rm(manage::Remove),
    /// Write everything that is stored into one compressed file
    Backup(backup::Backup),
    /// Fill an empty data folder or database from an archive
    Restore(backup::Restore),
    /// Check an archive, with those that it goes on from
    Verify(backup::Verify),
    /// Copy everything from one database into another, empty one
    Migrate(backup::Migrate),
    /// Follow a run live in the terminal
    Tail(tail::Tail),
    /// Make a shell complete commands and flags
    Completions(completions::Completions),
}

/// Why a command failed, as people read it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// Configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Serving.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// Nobody reads the output any more (`gauntlet runs | head -1`): the end of it, and no error.
    #[error("the output was closed")]
    Closed,
    /// Anything else, as a sentence.
    #[error("{0}")]
    Failed(String),
}

impl From<std::io::Error> for CliError {
    fn from(e: std::io::Error) -> Self {
        match e.kind() {
            std::io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Failed(e.to_string()),
        }
    }
}

/// Reads the command line, runs the command, and returns the exit code.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    let usual = if matches!(cli.command, Command::Serve { .. }) { "info" } else { "warn" };
    log_to_stderr(cli.log.as_deref().unwrap_or(usual));
    match run(cli) {
        Ok(()) | Err(CliError::Closed) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<(), CliError> {
    let config = Config::load(&cli.over)?;
    client::present(&config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match cli.command {
        Command::Serve { json } => {
            let served = runtime.block_on(serve(&config, json));
            // An import that is being read goes on at the next start; the end does not wait for it.
            runtime.shutdown_background();
            served
        }
        Command::Demo(demo) => demo.run(&config, &runtime),
        Command::Gym(gym) => gym.run(&config, &runtime),
        Command::Import(import) => import.run(&config, &runtime),
        Command::Export(export) => export.run(&config, &runtime),
        Command::Runs(runs) => runs.run(&config, &runtime),
        Command::Show(show) => show.run(&config, &runtime),
        Command::Sql(sql) => sql.run(&config, &runtime),
        Command::Mcp(mcp) => mcp.run(&config, &runtime),
        Command::Monitors(monitors) => monitors.run(&config, &runtime),
        Command::Keys(keys) => keys.run(&config, &runtime),
        Command::Scenario(scenario) => scenario.run(),
        Command::Rename(rename) => rename.run(&config, &runtime),
        Command::Tag(tag) => tag.run(&config, &runtime),
        Command::Rm(remove) => remove.run(&config, &runtime),
        Command::Backup(backup) => backup.run(&config, &runtime),
        Command::Restore(restore) => restore.run(&config, &runtime),
        Command::Verify(verify) => verify.run(&config, &runtime),
        Command::Migrate(migrate) => migrate.run(&config, &runtime),
        Command::Tail(tail) => tail.run(&config, &runtime),
        Command::Completions(completions) => completions.run(),
    }
}

async fn serve(config: &Config, json: bool) -> Result<(), CliError> {
    process::prepare();
    let stop = signals()?;
    // Opening a large log may take long, for which nobody who wants to stop waits: what it changes is in
    // transactions.
    let Some(server) = stop.run_until_cancelled(Server::bind(config)).await else { return Ok(()) };
    let server = server?;
    if json {
        let grpc = server.otlp_grpc().and_then(Result::ok).map(|address| address.to_string());
        let ready = serde_json::json!({
            "url": server.url(), "data": config.data, "pages": server.has_site(), "otlp_grpc": grpc,
        });
        print_line(&ready.to_string());
    } else {
        let data = match &config.database {
            Some(database) => format!("log in {database}, artifacts in {}", config.data.display()),
            None => format!("data in {}", config.data.display()),
        };
        print_line(&format!("Gauntlet is ready at {}  ({data})", server.url()));
    }
    match server.otlp_grpc() {
        Some(Ok(address)) if !json => {
            print_line(&format!(
                "OpenTelemetry is taken at {} (OTLP over HTTP) and {address} (gRPC).",
                server.url()
            ));
        }
        Some(Err(why)) => print_error(&format!(
            "OpenTelemetry is taken over HTTP only, since another program has gRPC's address ({why}); \
             --otlp-grpc ADDR takes another address, --otlp-grpc off none"
        )),
        Some(Ok(_)) | None => {}
    }
    if !server.has_site() && !json {
        print_line("The browser side is not built, so pages are static: `make run` builds it.");
    }
    server.run(stop).await?;
    Ok(())
}

fn filter(text: &str) -> Result<String, String> {
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|e| e.to_string())
}

/// People read lines at a terminal, machines read JSON.
fn log_to_stderr(filter: &str) {
    let filter = EnvFilter::new(filter);
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        log.compact().init();
    } else {
        log.json().flatten_event(true).init();
    }
}

/// Prints a line of a command's answer. A closed pipe (`gauntlet serve | head -1`) is not an error.
pub(crate) fn print_line(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints a line for people beside the answer: an error, a warning or a note.
fn print_error(line: &str) {
    let _ = writeln!(std::io::stderr(), "gauntlet: {line}");
}
