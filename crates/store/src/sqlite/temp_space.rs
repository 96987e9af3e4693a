//! The disk under what a statement sorts: SQLite writes large sorts into temporary files, and no limit of its
//! bounds them. The log may be on the same disk, so a statement ends before that is full.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::disk::free_bytes;

/// Bytes that a statement leaves free.
const LEFT_FREE: u64 = 1 << 30;
/// By how many bytes the free space has to fall during the statement: a disk that was nearly full before is
/// no reason to refuse a statement that writes nothing.
const FALLEN: u64 = 64 << 20;
/// Time between two checks.
const PERIOD: Duration = Duration::from_millis(20);

/// The free space of the folder of temporary files, from a statement's beginning on.
pub(super) struct TempSpace {
    folder: PathBuf,
    /// Bytes; `None` where the system does not report it.
    at_start: Option<u64>,
    next: Instant,
}

impl TempSpace {
    pub(super) fn new() -> Self {
        let folder = folder();
        Self { at_start: free_bytes(&folder), folder, next: Instant::now() + PERIOD }
    }

    /// Whether the statement has to end. Asks the system every [`PERIOD`] only.
    pub(super) fn is_short(&mut self) -> bool {
        let now = Instant::now();
        if now < self.next {
            return false;
        }
        self.next = now + PERIOD;
        match (self.at_start, free_bytes(&self.folder)) {
            (Some(at_start), Some(free)) => is_short(at_start, free),
            _ => false,
        }
    }
}

fn is_short(at_start: u64, free: u64) -> bool {
    free < LEFT_FREE && at_start.saturating_sub(free) >= FALLEN
}

/// The folder that SQLite takes: the first of these that there is.
fn folder() -> PathBuf {
    let named = ["SQLITE_TMPDIR", "TMPDIR"].into_iter().filter_map(std::env::var_os).map(PathBuf::from);
    let usual = ["/var/tmp", "/usr/tmp", "/tmp"].into_iter().map(PathBuf::from);
    named.chain(usual).find(|folder| folder.is_dir()).unwrap_or_else(|| PathBuf::from("."))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_statement_ends_where_it_takes_the_last_of_a_disk() {
        assert!(is_short(LEFT_FREE, LEFT_FREE - FALLEN));
        assert!(is_short(10 << 30, LEFT_FREE - 1));
        assert!(!is_short(10 << 30, LEFT_FREE), "there is room");
        assert!(!is_short(LEFT_FREE - 1, LEFT_FREE - FALLEN), "nothing was written");
        assert!(!is_short(0, 1 << 20), "others freed something");
    }

    #[test]
    fn the_system_says_how_much_is_free() {
        assert!(free_bytes(&folder()).is_some());
        assert_eq!(free_bytes(Path::new("/no/such/folder")), None);
    }
}
