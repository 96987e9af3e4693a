//! `gauntlet backup`, `restore`, `verify` and `migrate`: the log as one file, and from one database to
//! another.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gauntlet_backup::{
    ArchiveInfo, CreateOptions, Extent, Place, Progress, Retention, Target, archives, create, migrate, prune,
    restore, verify_chain,
};
use gauntlet_engine::clock::now;
use gauntlet_model::BackupKind;
use gauntlet_server::archive_places::open_place;
use gauntlet_server::backup_settings::{check_name, parse_duration};
use gauntlet_server::config::Config;
use gauntlet_server::lock::DataLock;
use gauntlet_store::{DATABASE_FILE, DatabaseUrl, Options, Store};
use indicatif::{HumanBytes, HumanCount};
use tokio::runtime::Runtime;

use super::backup_list;
use super::client::{DataSource, Missing};
use super::reader::{close, failed};
use super::{CliError, print_error, print_line};

/// How often the terminal says how far the work has come.
const REPORT_INTERVAL: Duration = Duration::from_secs(5);

/// Writes everything that is stored into one compressed file.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gauntlet backup --to /mnt/backups                  everything
  gauntlet backup --to /mnt/backups --incremental    what the archives there do not hold yet
  gauntlet backup --to s3://lab/gauntlet             into a bucket, as AWS's own tools would find it
  gauntlet backup                                    where a server runs: it makes one now, and goes on
  gauntlet backup --list                             how the backups of the servers went

A running server writes to the place of its configuration, [backup] in gauntlet.toml, as it says there.")]
pub(super) struct Backup {
    /// The folder or s3://BUCKET/PREFIX for archives [default: that of the configuration]
    #[arg(long, value_name = "PLACE")]
    to: Option<Place>,
    /// List the backups that servers made
    #[arg(long, conflicts_with_all = ["to", "incremental"])]
    list: bool,
    /// Write only what is not in the archives there; after so many in a row a full one
    #[arg(long)]
    incremental: bool,
    /// Incremental archives after a full one, at most
    #[arg(long, value_name = "COUNT", default_value_t = 30)]
    most: usize,
    /// Level of zstd: 3 is fast, 19 is about as small as it gets [default: that of the configuration, else 3]
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(i32).range(1..=22))]
    level: Option<i32>,
    /// The name with which archives begin [default: that of the configuration, else gauntlet]
    #[arg(long, value_name = "NAME", value_parser = name)]
    name: Option<String>,
    /// Full archives that stay, each with those that go on from it; older ones are deleted afterwards
    #[arg(long, value_name = "COUNT")]
    keep: Option<NonZeroUsize>,
    /// Age at which archives are deleted, such as 30d; what belongs to the newest stays
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    keep_for: Option<Duration>,
    /// Print the archive's manifest as JSON
    #[arg(long)]
    json: bool,
}

/// Fills an empty data folder or database from an archive.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gauntlet restore /mnt/backups --data ./restored        the newest archive there
  gauntlet restore /mnt/backups/gauntlet-20270101T030000Z.tar.zst --data ./restored
  gauntlet restore s3://lab/gauntlet --data ./restored   the newest archive of a bucket
  gauntlet restore /mnt/backups --database postgres://user@host/gauntlet --data ./restored")]
pub(super) struct Restore {
    /// An archive, or a folder or s3://BUCKET/PREFIX of archives for the newest one
    #[arg(value_name = "ARCHIVE")]
    archive: String,
}

/// Checks an archive, with those that it goes on from.
#[derive(Debug, clap::Args)]
pub(super) struct Verify {
    /// An archive, or a folder or s3://BUCKET/PREFIX of archives for the newest one
    #[arg(value_name = "ARCHIVE")]
    archive: String,
}

/// Copies everything from one database into another, empty one.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gauntlet migrate --from sqlite:./data --to postgres://user@host/gauntlet --data ./data-pg
  gauntlet migrate --from postgres://user@host/gauntlet --data ./data-pg --to sqlite:./data

Artifacts are in a folder whichever the database is: that of a SQLite database is the folder that is named,
that of a PostgreSQL database is --data. Run again, a migration that was stopped goes on.")]
pub(super) struct Migrate {
    /// sqlite:DIR or postgres://...; no server may use it meanwhile
    #[arg(long, value_name = "DATABASE", value_parser = database)]
    from: Database,
    /// sqlite:DIR or postgres://...; it has to be empty
    #[arg(long, value_name = "DATABASE", value_parser = database)]
    to: Database,
}

/// A database, as the command line names it.
#[derive(Debug, Clone)]
enum Database {
    Sqlite(PathBuf),
    Postgres(DatabaseUrl),
}

fn database(text: &str) -> Result<Database, String> {
    match text.strip_prefix("sqlite:") {
        Some("") => Err("names no folder; sqlite:DIR is expected".to_owned()),
        Some(folder) => Ok(Database::Sqlite(folder.into())),
        None => text
            .parse()
            .map(Database::Postgres)
            .map_err(|error: gauntlet_store::StoreError| format!("{error}; sqlite:DIR is the other choice")),
    }
}

fn name(text: &str) -> Result<String, String> {
    check_name(text).map(|()| text.to_owned())
}

impl Database {
    /// How it is opened. The artifacts of a PostgreSQL database are in the configured data folder.
    fn options(&self, config: &Config) -> Options {
        match self {
            Self::Sqlite(folder) => Options { search: false, ..Options::new(folder) },
            Self::Postgres(url) => {
                let database = Some(url.clone());
                let artifacts = config.artifacts.clone();
                Options { search: false, database, artifacts, ..Options::new(&config.data) }
            }
        }
    }

    fn label(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.display()),
            Self::Postgres(url) => url.to_string(),
        }
    }
}

impl Backup {
    /// Writes the archive, has a server write it, or lists those of the servers.
    pub(super) fn run(self, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        let source = DataSource::find(config, runtime, Missing::Refuse)?;
        let done = match &source {
            source if self.list => backup_list::print(source, runtime, self.json),
            DataSource::Folder(store, _) => self.write(store, config, runtime),
            DataSource::Server(url) => self.ask(url),
        };
        close(source, runtime);
        done
    }

    /// Has a server write the archive.
    fn ask(&self, url: &str) -> Result<(), CliError> {
        let is_plain = self.to.is_none() && self.level.is_none() && self.name.is_none();
        if !(is_plain && self.keep.is_none() && self.keep_for.is_none()) {
            return Err(CliError::Failed(format!(
                "the server at {url} has the data open. It makes a backup as its configuration says: leave \
                 out --to, --name, --level, --keep and --keep-for, or stop it first"
            )));
        }
        let kind = if self.incremental { BackupKind::Incremental } else { BackupKind::Full };
        backup_list::make(url, kind, self.json)
    }

    /// Writes the archive of a log that no server has open.
    fn write(&self, store: &Store, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        let settings = config.backup.as_ref();
        let to = self.to.as_ref().or_else(|| settings.map(|settings| &settings.to));
        let to = to.ok_or_else(|| {
            CliError::Failed("no place is named: --to DIR, or [backup] to in gauntlet.toml".to_owned())
        })?;
        let extent = match self.incremental {
            true => Extent::Incremental { most: self.most },
            false => Extent::Full,
        };
        let name = self.name.as_ref().or_else(|| settings.map(|settings| &settings.name));
        let level = self.level.or_else(|| settings.map(|settings| settings.level));
        let usual = CreateOptions::default();
        let options = CreateOptions {
            name: name.cloned().unwrap_or(usual.name),
            level: level.unwrap_or(usual.level),
            extent,
        };
        let to = with_settings(to.clone(), config);
        let target = runtime.block_on(open_place(&to)).map_err(CliError::Failed)?;
        let progress = Progress::default();
        let made = create(store, &*target, &options, now(), &progress);
        let info = runtime.block_on(watched(made, &progress)).map_err(failed)?;
        let retention = Retention { count: self.keep, age: self.keep_for };
        let removed = prune(&*target, &options.name, retention, now());
        for file in runtime.block_on(removed).map_err(failed)? {
            print_error(&format!("deleted {to}/{file}, which is old"));
        }
        self.report(&info, &to)
    }

    fn report(&self, info: &ArchiveInfo, to: &Place) -> Result<(), CliError> {
        if self.json {
            print_line(&serde_json::to_string(info).map_err(failed)?);
            return Ok(());
        }
        let manifest = &info.manifest;
        print_line(&format!(
            "wrote {to}/{} ({} from {}; {} events of {} runs, {} artifacts{})",
            info.file,
            HumanBytes(info.bytes),
            HumanBytes(manifest.raw_bytes),
            HumanCount(manifest.events),
            HumanCount(manifest.runs.len() as u64),
            HumanCount(manifest.artifacts.iter().filter(|artifact| artifact.stored).count() as u64),
            manifest.base.as_ref().map_or_else(String::new, |base| format!("; goes on from {}", base.file)),
        ));
        if manifest.missing_events > 0 {
            print_error(&format!(
                "{} events cannot be read any more: the database is damaged",
                HumanCount(manifest.missing_events)
            ));
        }
        Ok(())
    }
}

impl Restore {
    /// Fills the configured database.
    pub(super) fn run(self, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        let (target, file) = runtime.block_on(find_archive(&self.archive, config))?;
        let _lock = DataLock::take(&config.data).map_err(failed)?;
        let (database, artifacts) = (config.database.clone(), config.artifacts.clone());
        let options = Options { search: false, database, artifacts, ..Options::new(&config.data) };
        let progress = Progress::default();
        let restored = restore(&*target, &file, &options, &progress);
        let restored = runtime.block_on(watched(restored, &progress)).map_err(failed)?;
        print_line(&format!(
            "restored {} runs with {} events and {} artifacts from {file}; all are as they were",
            HumanCount(restored.runs),
            HumanCount(restored.events),
            HumanCount(restored.artifacts)
        ));
        Ok(())
    }
}

impl Verify {
    /// Reads the archive to its end.
    pub(super) fn run(self, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        let (target, file) = runtime.block_on(find_archive(&self.archive, config))?;
        let progress = Progress::default();
        let chain = runtime.block_on(watched(verify_chain(&*target, &file, &progress), &progress));
        for archive in chain.map_err(failed)? {
            let manifest = &archive.manifest;
            print_line(&format!(
                "{} is as it was written: {} events of {} runs, {} artifacts, {}",
                archive.file,
                HumanCount(manifest.events),
                HumanCount(manifest.runs.len() as u64),
                HumanCount(manifest.artifacts.iter().filter(|artifact| artifact.stored).count() as u64),
                HumanBytes(archive.bytes),
            ));
        }
        Ok(())
    }
}

impl Migrate {
    /// Copies the one into the other.
    pub(super) fn run(self, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        let (from, to) = (self.from.options(config), self.to.options(config));
        if from.path == to.path && from.database.is_some() == to.database.is_some() {
            return Err(CliError::Failed("--from and --to are the same".to_owned()));
        }
        let is_there = from.database.is_some() || from.path.join(DATABASE_FILE).exists();
        if !is_there {
            return Err(CliError::Failed(format!("{} holds no runs", self.from.label())));
        }
        let _from = DataLock::take(&from.path).map_err(failed)?;
        let _to = match from.path == to.path {
            true => None,
            false => Some(DataLock::take(&to.path).map_err(failed)?),
        };
        let progress = Progress::default();
        let migrated = runtime.block_on(async {
            let source = Store::open(from).await.map_err(failed)?;
            let migrated = watched(migrate(&source, &self.from.label(), &to, &progress), &progress).await;
            source.close().await;
            migrated.map_err(failed)
        });
        let migrated = migrated?;
        print_line(&format!(
            "copied {} runs with {} events and {} artifacts to {}; all are the same",
            HumanCount(migrated.runs),
            HumanCount(migrated.events),
            HumanCount(migrated.artifacts),
            self.to.label(),
        ));
        Ok(())
    }
}

/// A bucket at the server that the configuration names for its own; a folder as it is.
fn with_settings(place: Place, config: &Config) -> Place {
    match (place, config.backup.as_ref().map(|settings| &settings.to)) {
        (Place::S3(mut bucket), Some(Place::S3(configured))) => {
            bucket.endpoint = bucket.endpoint.or_else(|| configured.endpoint.clone());
            bucket.region = bucket.region.or_else(|| configured.region.clone());
            Place::S3(bucket)
        }
        (place, _) => place,
    }
}

/// The archive that a text names: itself, or the newest of a place.
async fn find_archive(text: &str, config: &Config) -> Result<(Arc<dyn Target>, String), CliError> {
    let (place, file) = Place::with_archive(text).map_err(CliError::Failed)?;
    let target = open_place(&with_settings(place, config)).await.map_err(CliError::Failed)?;
    if let Some(file) = file {
        return Ok((target, file));
    }
    let newest = archives(&*target, None).await.map_err(failed)?.into_iter().next();
    match newest {
        Some(newest) => Ok((target, newest.file)),
        None => Err(CliError::Failed(format!("there is no finished archive in {}", target.label()))),
    }
}

/// Prints at intervals how far the work has come.
async fn watched<T>(work: impl Future<Output = T>, progress: &Progress) -> T {
    let started = Instant::now();
    let mut work = std::pin::pin!(work);
    loop {
        match tokio::time::timeout(REPORT_INTERVAL, &mut work).await {
            Ok(done) => return done,
            Err(_) => {
                let counts = progress.counts();
                let of = match counts.all_events {
                    0 => String::new(),
                    all => format!(" of {}", HumanCount(all)),
                };
                print_error(&format!(
                    "{}{of} events, {} artifacts, {} after {} s",
                    HumanCount(counts.events),
                    HumanCount(counts.artifacts),
                    HumanBytes(counts.raw_bytes),
                    started.elapsed().as_secs()
                ));
            }
        }
    }
}
