//! What the operating system grants the process: its memory, its files, their size, who may read them.

/// Connections at the most, whatever the system allows.
const MAX_CONNECTIONS: u64 = 16 << 10;
/// Connections where the system does not say how many files there may be.
const SOME_CONNECTIONS: u64 = 1024;

/// How the threads that run SQLite are named, as sqlx names them.
const DATABASE_THREADS: &str = "sqlx-sqlite-worker";

/// Ends the process when a thread that runs SQLite panics, such as for lack of memory. A request that waits
/// for such a thread may wait for ever: sqlx's queue keeps a request that was sent while the thread ended.
/// What was acknowledged is on the disk, and clients send the rest again, so a restart loses nothing and
/// everything else might.
pub fn exit_on_database_panic() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        usual(panic);
        let thread = std::thread::current();
        if thread.name().is_some_and(|name| name.starts_with(DATABASE_THREADS)) {
            tracing::error!(
                "a thread of the database ended, most likely for lack of memory; what was acknowledged is on \
                 the disk, and the server ends: start it again"
            );
            std::process::exit(1);
        }
    }));
}

/// Has the system give the process memory in small pages. The allocator asks for huge ones, of which each is
/// resident as a whole once a byte of it is used: a server at rest took 58 MB with them and 38 MB without.
#[cfg(target_os = "linux")]
fn use_small_pages() {
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(%error, "the server may take more memory than it needs");
    }
}

/// Other systems give small pages.
#[cfg(not(target_os = "linux"))]
fn use_small_pages() {}

/// Makes files of this process private, raises the number of files as far as the system lets it, and turns a
/// file that may not grow any more into an error instead of the end of the process.
#[cfg(unix)]
pub fn prepare() {
    use rustix::fs::Mode;
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};
    use tokio::signal::unix::{SignalKind, signal};

    exit_on_database_panic();
    use_small_pages();
    umask(Mode::RWXG | Mode::RWXO);
    let files = getrlimit(Resource::Nofile);
    if let (Some(now), Some(most)) = (files.current, files.maximum)
        && now < most
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: Some(most) })
    {
        tracing::debug!(%error, "the number of open files stays as it is");
    }
    // SIGXFSZ: once a handler is there, a write beyond the limit fails instead. The handler outlives the
    // stream.
    if let Err(error) = signal(SignalKind::from_raw(25)) {
        tracing::debug!(%error, "a limit on the size of files would end the process");
    }
}

/// Nothing more is asked of other systems.
#[cfg(not(unix))]
pub fn prepare() {
    exit_on_database_panic();
}

/// Bytes of the process that are in memory; `None` where the system does not say.
pub fn resident_bytes() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    kib.trim().strip_suffix(" kB")?.parse().ok().map(|kib: usize| kib * 1024)
}

/// How many connections leave half of the files, or 512 of them, for the log and what is read.
pub fn most_connections() -> u32 {
    let files = open_files().unwrap_or(SOME_CONNECTIONS * 2);
    let most = files.saturating_sub((files / 2).min(512)).clamp(8, MAX_CONNECTIONS);
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
