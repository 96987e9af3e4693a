//! What the operating system grants the process: its files, their size, who may read them.

/// Connections at the most, whatever the system allows.
const MOST_CONNECTIONS: u64 = 16 << 10;
/// Connections where the system does not say how many files there may be.
const SOME_CONNECTIONS: u64 = 1024;

/// Makes files of this process private, raises the number of files as far as the system lets it, and turns a file that
/// may not grow any more into an error instead of the end of the process.
#[cfg(unix)]
pub fn prepare() {
    use rustix::fs::Mode;
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};
    use tokio::signal::unix::{SignalKind, signal};

    umask(Mode::RWXG | Mode::RWXO);
    let files = getrlimit(Resource::Nofile);
    if let (Some(now), Some(most)) = (files.current, files.maximum)
        && now < most
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: Some(most) })
    {
        tracing::debug!(%error, "the number of open files stays as it is");
    }
    // SIGXFSZ: once a handler is there, a write beyond the limit fails instead. The handler outlives the stream.
    if let Err(error) = signal(SignalKind::from_raw(25)) {
        tracing::debug!(%error, "a limit on the size of files would end the process");
    }
}

/// Nothing is asked of other systems.
#[cfg(not(unix))]
pub fn prepare() {}

/// How many connections leave half of the files, or 512 of them, for the log and what is read.
pub fn most_connections() -> u32 {
    let files = open_files().unwrap_or(SOME_CONNECTIONS * 2);
    let most = files.saturating_sub((files / 2).min(512)).clamp(8, MOST_CONNECTIONS);
    u32::try_from(most).unwrap_or(u32::MAX)
}

#[cfg(unix)]
fn open_files() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

#[cfg(not(unix))]
fn open_files() -> Option<u64> {
    None
}
