//! Checking an archive: everything in it is read, counted and hashed, and compared with its manifest.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::manifest::FORMAT;
use crate::read::{Section, sections};
use crate::target::info;
use crate::{BackupError, Manifest, Progress, Target};

/// An archive that is what was written.
#[derive(Debug, Clone)]
pub struct Verified {
    /// Its file's name.
    pub file: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// What is in it.
    pub manifest: Manifest,
}

/// Reads an archive to its end.
///
/// # Errors
///
/// [`BackupError::Damaged`] says what is not as its manifest has it.
pub async fn verify(target: &dyn Target, file: &str, progress: &Progress) -> Result<Verified, BackupError> {
    let beside = info(target, file).await?;
    let mut sections = sections(target, file).await?;
    let (mut found, mut manifest) = (Found::default(), None);
    while let Some(section) = sections.recv().await {
        match section? {
            Section::End { sha256, bytes } => {
                let manifest = manifest.ok_or_else(|| BackupError::damaged(file, "it has no manifest"))?;
                found.compare(file, &manifest)?;
                if beside.is_some_and(|beside| beside.sha256 != sha256 || beside.manifest != manifest) {
                    return Err(BackupError::damaged(file, "it is another one than its manifest describes"));
                }
                return Ok(Verified { file: file.to_owned(), sha256, bytes, manifest });
            }
            Section::Manifest(found) => manifest = Some(*found),
            section => found.add(file, section, progress)?,
        }
    }
    Err(BackupError::damaged(file, "it ends too early"))
}

/// Checks an archive and all those that it goes on from, which lie beside it; the full one comes first.
///
/// # Errors
///
/// [`BackupError::Damaged`] names the archive that is not as it was, or is missing.
pub async fn verify_chain(
    target: &dyn Target,
    file: &str,
    progress: &Progress,
) -> Result<Vec<Verified>, BackupError> {
    let mut chain: Vec<Verified> = Vec::new();
    let mut file = file.to_owned();
    loop {
        if chain.iter().any(|later| later.file == file) {
            return Err(BackupError::damaged(&file, "it goes on from itself"));
        }
        let verified = verify(target, &file, progress).await?;
        let wanted = chain.last().and_then(|later| later.manifest.base.as_ref());
        if wanted.is_some_and(|base| base.sha256 != verified.sha256) {
            return Err(BackupError::damaged(&file, "it is another one than the one that others go on from"));
        }
        let base = verified.manifest.base.clone();
        chain.push(verified);
        match base {
            Some(base) => file = base.file,
            None => break,
        }
    }
    chain.reverse();
    Ok(chain)
}

/// Lines with their hash.
#[derive(Default)]
struct Lines {
    count: u64,
    hash: Sha256,
}

impl Lines {
    fn add(&mut self, lines: &[u8]) {
        self.count += lines.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.hash.update(lines);
    }

    fn is(&self, count: u64, sha256: &str) -> bool {
        self.count == count && hex::encode(self.hash.clone().finalize()) == sha256
    }
}

/// What is in an archive.
#[derive(Default)]
struct Found {
    tables: BTreeMap<String, Lines>,
    runs: BTreeMap<i64, Lines>,
    /// Sizes by hash.
    artifacts: BTreeMap<String, u64>,
    /// The artifact that is being read.
    artifact: (Sha256, u64),
}

impl Found {
    /// Adds a part of the archive `file`.
    fn add(&mut self, file: &str, section: Section, progress: &Progress) -> Result<(), BackupError> {
        match section {
            Section::Table { name, lines } => self.tables.entry(name).or_default().add(&lines),
            Section::Events { run_no, lines } => self.runs.entry(run_no).or_default().add(&lines),
            Section::Artifact { sha256, bytes, is_last } => {
                progress.add_bytes(bytes.len());
                self.artifact.0.update(&bytes);
                self.artifact.1 += bytes.len() as u64;
                if is_last {
                    let (hash, size) = std::mem::take(&mut self.artifact);
                    if hex::encode(hash.finalize()) != sha256 {
                        let message = format!("the artifact {sha256} has other bytes than those of its hash");
                        return Err(BackupError::damaged(file, message));
                    }
                    self.artifacts.insert(sha256, size);
                }
            }
            Section::Manifest(_) | Section::End { .. } => {}
        }
        Ok(())
    }

    /// Refuses the archive `file` where it does not hold what its manifest describes.
    fn compare(&self, file: &str, manifest: &Manifest) -> Result<(), BackupError> {
        let damaged = |message: String| Err(BackupError::damaged(file, message));
        if manifest.format != FORMAT {
            return damaged(format!("its format is {}; this version reads {FORMAT}", manifest.format));
        }
        for (name, entry) in &manifest.tables {
            if !self.tables.get(name).is_some_and(|lines| lines.is(entry.rows, &entry.sha256)) {
                return damaged(format!("the rows of the table {name} are others"));
            }
        }
        for run in &manifest.runs {
            let is_same = match self.runs.get(&run.run_no) {
                Some(lines) => lines.is(run.events, &run.sha256),
                None => run.events == 0,
            };
            if !is_same {
                return damaged(format!("the events of the run {:?} are others", run.id));
            }
        }
        for artifact in manifest.artifacts.iter().filter(|artifact| artifact.stored) {
            if self.artifacts.get(&artifact.sha256) != Some(&artifact.bytes) {
                return damaged(format!("the artifact {} is missing", artifact.sha256));
            }
        }
        match self.tables.keys().find(|name| !manifest.tables.contains_key(*name)) {
            Some(name) => damaged(format!("it has a table {name:?}, which its manifest does not name")),
            None => Ok(()),
        }
    }
}
