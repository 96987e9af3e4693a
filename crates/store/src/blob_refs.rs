//! Which runs refer to which blob: one small file a reference, in a folder a blob.
//!
//! `refs/<sha256>/<hash of the run's id>` holds the run's id. A reference is written before what it points
//! for (a blob that is moved to its place, an event that is appended), so that a kill in between leaves a
//! reference too many, which the next sweep removes, and never one too few.

use std::io;
use std::path::{Path, PathBuf};

use gauntlet_model::RunId;
use sha2::{Digest, Sha256};

use crate::private;

/// The folder of references. The caller has checked that a hash is one.
#[derive(Debug)]
pub(crate) struct Refs {
    folder: PathBuf,
}

impl Refs {
    /// The references beside these blobs.
    pub(crate) fn new(blobs: &Path) -> Self {
        Self { folder: blobs.join("refs") }
    }

    /// Whether the run refers to the blob.
    pub(crate) fn has(&self, run: &RunId, sha256: &str) -> bool {
        self.file(run, sha256).exists()
    }

    /// Adds a reference.
    pub(crate) fn add(&self, run: &RunId, sha256: &str) -> io::Result<()> {
        let file = self.file(run, sha256);
        if file.exists() {
            return Ok(());
        }
        private::folder(&self.folder.join(sha256))?;
        private::write(&file, run.as_str().as_bytes())
    }

    /// Removes a reference, and the blob's folder with the last one.
    pub(crate) fn remove(&self, run: &RunId, sha256: &str) {
        let _ = std::fs::remove_file(self.file(run, sha256));
        // Fails where other runs refer to the blob, which is meant.
        let _ = std::fs::remove_dir(self.folder.join(sha256));
    }

    /// Removes the run's references. Returns the blobs that no run refers to any more.
    pub(crate) fn remove_run(&self, run: &RunId) -> Vec<String> {
        let name = name_of(run);
        let mut unreferred = Vec::new();
        for blob in std::fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if std::fs::remove_file(blob.path().join(&name)).is_ok()
                && std::fs::remove_dir(blob.path()).is_ok()
            {
                unreferred.extend(blob.file_name().into_string());
            }
        }
        unreferred
    }

    /// The runs that refer to the blob.
    pub(crate) fn runs(&self, sha256: &str) -> Vec<RunId> {
        let found = std::fs::read_dir(self.folder.join(sha256)).into_iter().flatten().flatten();
        let texts = found.filter_map(|file| std::fs::read_to_string(file.path()).ok());
        texts.filter_map(|text| RunId::new(text).ok()).collect()
    }

    /// Whether all references of the log are here.
    pub(crate) fn are_complete(&self) -> bool {
        self.folder.join(".complete").exists()
    }

    /// Notes that all references of the log are here.
    pub(crate) fn complete(&self) -> io::Result<()> {
        private::folder(&self.folder)?;
        private::write(&self.folder.join(".complete"), b"")
    }

    fn file(&self, run: &RunId, sha256: &str) -> PathBuf {
        self.folder.join(sha256).join(name_of(run))
    }
}

/// The run's id as the name of a file: ids may hold what names of files may not.
fn name_of(run: &RunId) -> String {
    hex::encode(Sha256::digest(run.as_str()).get(..16).unwrap_or_default())
}
