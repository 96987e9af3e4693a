//! `gauntlet keys`: who may do what at a server that asks for keys.

use clap::ValueEnum;
use gauntlet_api::{CreatedKey, KeyRequest, Page};
use gauntlet_engine::clock::{now, random_bytes};
use gauntlet_engine::keys;
use gauntlet_model::{ApiKey, Role, Timestamp};
use gauntlet_server::config::Config;
use gauntlet_vault::Secret;
use tokio::runtime::Runtime;
use unicode_width::UnicodeWidthStr;

use super::CliError;
use super::client::{DataSource, Missing, agent, encode};
use super::manage::answered;
use super::print_line;
use super::reader::{close, failed, get, post};
use super::screen::{BAD, BOLD, GOOD, Screen, WAITS, clip, left, paint};

/// Who creates and revokes keys in the data folder itself.
const BY: &str = "command line";
/// Microseconds of a day.
const DAY_MICROS: i64 = 86_400_000_000;

/// Creates, lists and revokes API keys.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Keys {
    /// Create a key; its secret is printed once
    #[command(after_help = "\
Examples:
  gauntlet keys create ada --role admin             the first key, while the server is not running
  gauntlet keys create trainer --role recorder --project dipg --days 90")]
    Create(Create),
    /// List the keys, without their secrets
    List {
        /// Print a JSON object for each key
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key; sessions that began with it end
    Revoke {
        /// The key's id: gk_ and 8 characters, as `gauntlet keys list` has it
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Print a fresh secret that is stored nowhere, such as for GAUNTLET_ADMIN_KEY
    Generate,
}

/// A key to create.
#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// Whose it is to be: the author of what is written with it
    #[arg(value_name = "NAME")]
    name: String,
    /// What its holder may do
    #[arg(long, value_enum)]
    role: RoleName,
    /// A project that it is valid for; may be given several times [default: all]
    #[arg(long = "project", value_name = "PROJECT")]
    projects: Vec<String>,
    /// Days until it expires [default: never]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    days: Option<u16>,
    /// Print the key and its secret as JSON
    #[arg(long)]
    json: bool,
}

/// A role, as a word of the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    /// Reads and watches
    Viewer,
    /// Writes runs and events: training programs
    Recorder,
    /// Reads, issues commands, annotates
    Operator,
    /// Everything, with deletion and keys
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Viewer => Role::Viewer,
            RoleName::Recorder => Role::Recorder,
            RoleName::Operator => Role::Operator,
            RoleName::Admin => Role::Admin,
        }
    }
}

impl Keys {
    /// Does it, at the server or in the data folder.
    pub(super) fn run(self, config: &Config, runtime: &Runtime) -> Result<(), CliError> {
        if matches!(self, Self::Generate) {
            print_line(Secret::new(random_bytes()).expose());
            return Ok(());
        }
        // A server may have no data folder before its first key.
        let missing = if matches!(self, Self::Create(_)) { Missing::Create } else { Missing::Refuse };
        let source = DataSource::find(config, runtime, missing)?;
        let done = match self {
            Self::Create(create) => create.run(&source, runtime),
            Self::List { json } => list(&source, runtime, json),
            Self::Revoke { id } => revoke(&source, runtime, &id),
            Self::Generate => Ok(()),
        };
        close(source, runtime);
        done
    }
}

impl Create {
    fn run(self, source: &DataSource, runtime: &Runtime) -> Result<(), CliError> {
        let expires_at = self
            .days
            .map(|days| Timestamp::from_micros(now().micros().saturating_add(i64::from(days) * DAY_MICROS)));
        let projects = Some(self.projects).filter(|projects| !projects.is_empty());
        let asked = KeyRequest { name: self.name, role: self.role.into(), projects, expires_at };
        let created: CreatedKey = match source {
            DataSource::Folder(store, _) => {
                runtime.block_on(keys::create(store, asked, BY, now())).map_err(failed)?.0
            }
            DataSource::Server(url) => post(&format!("{url}/api/v1/keys"), &asked)?.json()?,
        };
        if self.json {
            print_line(&serde_json::to_string(&created).map_err(failed)?);
            return Ok(());
        }
        let CreatedKey { key, secret } = created;
        print_line(&secret);
        // The secret alone is on the standard output, so that a script can read it.
        super::print_error(&format!(
            "created the key {} of {:?} ({}); its secret is shown this once",
            key.id,
            key.name,
            key.role.as_str()
        ));
        Ok(())
    }
}

fn list(source: &DataSource, runtime: &Runtime, json: bool) -> Result<(), CliError> {
    let all: Vec<ApiKey> = match source {
        DataSource::Folder(store, _) => runtime.block_on(keys::list(store)).map_err(failed)?,
        DataSource::Server(url) => get(&format!("{url}/api/v1/keys"), &())?.json::<Page<ApiKey>>()?.items,
    };
    if json {
        for key in &all {
            print_line(&serde_json::to_string(key).map_err(failed)?);
        }
        return Ok(());
    }
    if all.is_empty() {
        print_line("there are no keys; `gauntlet keys create NAME --role admin` makes the first");
    }
    table(&all)
}

fn table(all: &[ApiKey]) -> Result<(), CliError> {
    let mut screen = Screen::stdout();
    let names = all.iter().map(|key| key.name.width()).max().unwrap_or(0).clamp(4, 40);
    let heading = [left("id", 11), left("name", names), left("role", 8), left("state", 8)];
    screen.line(paint(BOLD, format!("{}  projects", heading.join("  "))))?;
    for key in all {
        let is_over = key.expires_at.is_some_and(|at| at <= now());
        let (style, state) = match (key.revoked_at, is_over) {
            (Some(_), _) => (BAD, "revoked"),
            (None, true) => (WAITS, "expired"),
            (None, false) => (GOOD, "in force"),
        };
        let row = [
            left(&key.id, 11),
            left(&clip(&key.name, names), names),
            left(key.role.as_str(), 8),
            paint(style, left(state, 8)),
            clip(&key.projects.as_ref().map_or_else(|| "all".to_owned(), |names| names.join(", ")), 60),
        ];
        screen.line(row.join("  "))?;
    }
    Ok(())
}

fn revoke(source: &DataSource, runtime: &Runtime, id: &str) -> Result<(), CliError> {
    let key: ApiKey = match source {
        DataSource::Folder(store, _) => {
            runtime.block_on(keys::revoke(store, id, BY, now())).map_err(failed)?
        }
        DataSource::Server(url) => {
            let answer = agent(None).delete(format!("{url}/api/v1/keys/{}", encode(id))).call();
            let text = answered(answer.map_err(failed)?)?;
            serde_json::from_str(&text).map_err(failed)?
        }
    };
    print_line(&format!("revoked the key {} of {:?}", key.id, key.name));
    Ok(())
}
