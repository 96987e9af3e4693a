//! How a store is opened.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::StoreError;

/// Name of the log's database in a data directory. Where it is missing, the directory holds no runs.
pub const DATABASE_FILE: &str = "gauntlet.db";

/// When a commit counts as durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Synchronous {
    /// Once it is on the disk: survives loss of power.
    #[default]
    Full,
    /// Once the operating system has it: survives a crash of the process; loss of power may take the last
    /// commits.
    Normal,
}

/// The address of a PostgreSQL database, such as `postgres://user:password@host/database`. Shown without the
/// password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The address, password included.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DatabaseUrl {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        match text.split_once("://") {
            Some(("postgres" | "postgresql", _)) => Ok(Self(text.to_owned())),
            _ => Err(StoreError::invalid(
                "database",
                "is not the address of a PostgreSQL database, such as postgres://user@localhost/gauntlet",
            )),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("postgres", ""));
        // Options may hold a password as well.
        let rest = rest.split('?').next().unwrap_or_default();
        let shown = rest.rsplit_once('@').map_or(rest.to_owned(), |(user, at)| {
            format!("{}@{at}", user.split(':').next().unwrap_or_default())
        });
        write!(f, "{scheme}://{shown}")
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How a store is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Data directory, with the artifacts and, where the log is in SQLite, `gauntlet.db`. Created where it is
    /// missing.
    pub path: PathBuf,
    /// The PostgreSQL database that holds the log; `None`: a SQLite database in the data directory.
    pub database: Option<DatabaseUrl>,
    /// The folder of the artifacts, which servers of one database share; `None`: one in the data directory.
    pub artifacts: Option<PathBuf>,
    /// When a commit counts as durable.
    pub synchronous: Synchronous,
    /// Most requests waiting for the writer; one more is [`Busy`](crate::StoreError::Busy). At least 1.
    pub queue: usize,
    /// Most bytes of event bodies waiting for the writer. A request larger than this enters an empty queue.
    pub queue_bytes: usize,
    /// Events after which a group is committed without waiting for more. At least 1.
    pub group_events: usize,
    /// Connections that read. At least 1.
    pub readers: u32,
    /// Whether texts are indexed for [`search`](crate::Store::search), in the background.
    pub search: bool,
}

impl Options {
    /// The defaults for a data directory: full durability, 256 requests and 256 MiB in the queue, 4096 events
    /// a commit, 4 readers, texts indexed.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            database: None,
            artifacts: None,
            synchronous: Synchronous::Full,
            queue: 256,
            queue_bytes: 256 << 20,
            group_events: 4096,
            readers: 4,
            search: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        for (address, shown) in [
            ("postgres://ada:secret@host:5432/runs?password=x", "postgres://ada@host:5432/runs"),
            ("postgresql:///runs?host=/tmp", "postgresql:///runs"),
        ] {
            let url: DatabaseUrl = address.parse().unwrap();
            assert_eq!((url.to_string(), format!("{url:?}")), (shown.to_owned(), shown.to_owned()));
        }
        let refused = "mysql://ada:secret@host/runs".parse::<DatabaseUrl>().unwrap_err().to_string();
        assert!(refused.starts_with("database: ") && !refused.contains("secret"), "{refused}");
    }
}
