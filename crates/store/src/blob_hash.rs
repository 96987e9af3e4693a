//! Hashing of files that may have gigabytes, until nothing waits for the hash any more.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};

/// Bytes hashed at a time.
const CHUNK: usize = 64 << 10;

/// Cancels what a thread does for a future when the future is dropped.
#[derive(Default)]
pub(crate) struct CancelOnDrop(Arc<AtomicBool>);

impl CancelOnDrop {
    /// Whether the work is still wanted, for the thread that does it.
    pub(crate) fn watch(&self) -> impl Fn() -> bool + Send + use<> {
        let is_dropped = Arc::clone(&self.0);
        move || !is_dropped.load(Ordering::Relaxed)
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The SHA-256 of what follows in a file, in hexadecimal. An artifact may have gigabytes: it ends early, with
/// an error, once nothing waits for it.
pub(crate) fn hash_of(file: &mut std::fs::File, goes_on: &dyn Fn() -> bool) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        if !goes_on() {
            return Err(io::Error::other("nobody waits for the artifact any more"));
        }
        match file.read(&mut chunk)? {
            0 => return Ok(hex::encode(hash.finalize())),
            count => hash.update(chunk.get(..count).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hashing_of_an_artifact_ends_once_nothing_waits_for_it() {
        let mut file = tempfile::tempfile().unwrap();
        // Sparse: a gigabyte of zeros that takes seconds to hash.
        file.set_len(1 << 30).unwrap();
        let cancel_on_drop = CancelOnDrop::default();
        let goes_on = cancel_on_drop.watch();
        let (begins, begun) = std::sync::mpsc::sync_channel(1);
        let hashing = std::thread::spawn(move || {
            begins.send(()).unwrap();
            hash_of(&mut file, &goes_on)
        });
        begun.recv().unwrap();
        let asked = std::time::Instant::now();
        drop(cancel_on_drop);
        assert!(hashing.join().unwrap().is_err());
        assert!(asked.elapsed() < std::time::Duration::from_secs(1), "{:?}", asked.elapsed());
    }
}
