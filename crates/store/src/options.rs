//! How a store is opened.

use std::path::PathBuf;

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

/// How a store is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Data directory; `gauntlet.db` lies inside. Created where it is missing.
    pub path: PathBuf,
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
            synchronous: Synchronous::Full,
            queue: 256,
            queue_bytes: 256 << 20,
            group_events: 4096,
            readers: 4,
            search: true,
        }
    }
}
