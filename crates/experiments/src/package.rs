//! The reproducibility package: one file that holds an experiment and proves that it was not changed.
//!
//! It is a `.tar.zst` that `tar --zstd` opens. Each file of the archive is a zstd frame of its own, and the
//! first one, `manifest.json`, has the SHA-256 of each frame, so that a changed byte is traced to its file
//! even where the frame cannot be decompressed any more. A skippable frame at the end, which decompressors
//! pass over, has the SHA-256 of everything before it: the checksum of the package. The same experiment gives
//! the same bytes.

use std::io::{self, Read};

use gauntlet_model::{FieldError, RunId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::analysis::{analyze, evaluate};
use crate::experiment::{Experiment, Trial};

/// The version of the format.
const FORMAT: u32 = 1;
/// Compression, 1 to 22: 9 is small and still fast.
const LEVEL: i32 = 9;
/// The most bytes that one file of a package may decompress to: a small file can claim to be any size.
const MAX_FILE_BYTES: u64 = 4 << 30;
/// The start of the skippable frame with the checksum: its magic number, and that 32 bytes follow.
const CHECKSUM_FRAME: [u8; 8] = [0x50, 0x2a, 0x4d, 0x18, 32, 0, 0, 0];
const BLOCK: usize = 512;
const MANIFEST: &str = "manifest.json";

/// What a package is, without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReproducibilityPackage {
    /// The id of the experiment.
    pub id: RunId,
    /// SHA-256 over the package up to its last frame, lowercase hex.
    pub checksum: String,
    /// Its files, in their order.
    pub contents: Vec<PackagedFile>,
}

/// A file of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackagedFile {
    /// Its path.
    pub path: String,
    /// Its size, bytes.
    pub bytes: u64,
    /// SHA-256 of its content, lowercase hex.
    pub sha256: String,
    /// The size of its frame, bytes.
    pub frame_bytes: u64,
    /// SHA-256 of its frame, lowercase hex.
    pub frame_sha256: String,
}

/// Why a package cannot be trusted or read.
#[derive(Debug, Error)]
pub enum PackageError {
    /// It is not a package.
    #[error("this is not a reproducibility package: {0}")]
    NotAPackage(String),
    /// A file of it was changed, or its end is missing.
    #[error("{path} was changed: {reason}")]
    Changed {
        /// The file of the archive.
        path: String,
        /// How that shows.
        reason: String,
    },
    /// Its files do not make an experiment.
    #[error(transparent)]
    Invalid(#[from] FieldError),
    /// It cannot be compressed.
    #[error("the package cannot be written")]
    Write(#[from] io::Error),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: u32,
    id: RunId,
    files: Vec<PackagedFile>,
}

/// The package of an experiment that has ended: its bytes, and what they are.
///
/// # Errors
///
/// Where the experiment has not ended.
pub fn pack(experiment: &Experiment) -> Result<(Vec<u8>, ReproducibilityPackage), PackageError> {
    if !experiment.status.is_final() {
        let message = format!("is {}; an experiment is packed once it has ended", experiment.status.as_str());
        return Err(FieldError::new("status", message).into());
    }
    let mut frames = Vec::new();
    let mut files = Vec::new();
    for (path, content) in contents(experiment)? {
        let frame = frame(path, &content)?;
        files.push(PackagedFile {
            path: path.to_owned(),
            bytes: content.len() as u64,
            sha256: hash(&content),
            frame_bytes: frame.len() as u64,
            frame_sha256: hash(&frame),
        });
        frames.push(frame);
    }
    // Two empty blocks end a tar archive.
    let end = compressed(&[0; 2 * BLOCK])?;
    let manifest = Manifest { format: FORMAT, id: experiment.id.clone(), files: files.clone() };
    let mut bytes = frame(MANIFEST, &pretty(&manifest)?)?;
    frames.into_iter().chain([end]).for_each(|frame| bytes.extend(frame));
    let checksum = Sha256::digest(&bytes);
    bytes.extend(CHECKSUM_FRAME);
    bytes.extend(checksum);
    let package = ReproducibilityPackage {
        id: experiment.id.clone(),
        checksum: hex::encode(checksum),
        contents: files,
    };
    Ok((bytes, package))
}

/// Checks every byte of a package.
///
/// # Errors
///
/// Names the file that was changed.
pub fn verify(package: &[u8]) -> Result<ReproducibilityPackage, PackageError> {
    unpack(package).map(|(package, _)| package)
}

/// Checks every byte of a package and reads its experiment.
///
/// # Errors
///
/// Names the file that was changed, or the field that cannot be read.
pub fn unpack(package: &[u8]) -> Result<(ReproducibilityPackage, Experiment), PackageError> {
    let checked = checked(package)?;
    let find = |path: &str| {
        let found = checked.files.iter().find(|(file, _)| file.path == path);
        let missing = || PackageError::NotAPackage(format!("{path} is missing"));
        found.map(|(_, content)| content.as_slice()).ok_or_else(missing)
    };
    let mut experiment: Experiment = parse("experiment.json", find("experiment.json")?)?;
    for (line, trial) in find("trials.ndjson")?.split(|byte| *byte == b'\n').enumerate() {
        if !trial.is_empty() {
            experiment.trials.push(parse::<Trial>(&format!("trials.ndjson line {}", line + 1), trial)?);
        }
    }
    if experiment.id != checked.id {
        let message = format!("is {}, and the manifest has {}", experiment.id, checked.id);
        return Err(FieldError::new("experiment.json id", message).into());
    }
    let contents = checked.files.into_iter().map(|(file, _)| file).collect();
    Ok((ReproducibilityPackage { id: checked.id, checksum: checked.checksum, contents }, experiment))
}

/// The files of a package: the experiment without its trials, the trials, what differs between programs, and
/// what follows from the trials.
fn contents(experiment: &Experiment) -> Result<Vec<(&'static str, Vec<u8>)>, PackageError> {
    let mut configurations: Map<String, Value> = Map::new();
    let mut trials = Vec::new();
    for trial in &experiment.trials {
        let configuration = Value::Object(trial.outcome.configuration.clone());
        let known = configurations.entry(trial.outcome.program.clone()).or_insert_with(|| json!([]));
        if let Some(list) = known.as_array_mut()
            && !list.contains(&configuration)
        {
            list.push(configuration);
        }
        trials.extend(text(serde_json::to_vec(trial))?);
        trials.push(b'\n');
    }
    let bare = Experiment { trials: Vec::new(), ..experiment.clone() };
    let analysis = json!({ "results": evaluate(experiment), "analysis": analyze(experiment).ok() });
    Ok(vec![
        ("experiment.json", pretty(&bare)?),
        ("configurations.json", pretty(&configurations)?),
        ("analysis.json", pretty(&analysis)?),
        ("trials.ndjson", trials),
    ])
}

fn pretty(value: &impl Serialize) -> Result<Vec<u8>, PackageError> {
    text(serde_json::to_vec_pretty(value))
}

fn text(written: Result<Vec<u8>, serde_json::Error>) -> Result<Vec<u8>, PackageError> {
    written.map_err(|error| io::Error::other(error).into())
}

fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A file of a tar archive as a frame: its header, its content, and zeros up to the end of a block.
fn frame(path: &str, content: &[u8]) -> Result<Vec<u8>, PackageError> {
    let mut header = tar::Header::new_ustar();
    header.set_path(path)?;
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_cksum();
    let mut blocks = header.as_bytes().to_vec();
    blocks.extend(content);
    blocks.resize(blocks.len().next_multiple_of(BLOCK), 0);
    compressed(&blocks)
}

fn compressed(bytes: &[u8]) -> Result<Vec<u8>, PackageError> {
    Ok(zstd::bulk::compress(bytes, LEVEL)?)
}

struct Checked {
    id: RunId,
    checksum: String,
    files: Vec<(PackagedFile, Vec<u8>)>,
}

/// The files of a package, each one checked.
fn checked(package: &[u8]) -> Result<Checked, PackageError> {
    let first = first_frame(package).ok_or_else(|| {
        PackageError::NotAPackage(format!("it does not begin with {MANIFEST} in a zstd frame"))
    })?;
    let manifest: Manifest = content_of(first, MANIFEST).and_then(|content| parse(MANIFEST, &content))?;
    if manifest.format != FORMAT {
        let message = format!("its format is {}, this version reads {FORMAT}", manifest.format);
        return Err(PackageError::NotAPackage(message));
    }
    let mut at = first.len();
    let mut files = Vec::new();
    for file in manifest.files {
        let changed =
            |reason: &str| PackageError::Changed { path: file.path.clone(), reason: reason.to_owned() };
        let size =
            usize::try_from(file.frame_bytes).map_err(|_| changed("its size in the manifest is wrong"))?;
        let end = at.checked_add(size).filter(|end| *end <= package.len());
        let frame = &package[at..end.ok_or_else(|| changed("the package ends before it does"))?];
        if hash(frame) != file.frame_sha256 {
            return Err(changed("its SHA-256 is not that of the manifest"));
        }
        let content = content_of(frame, &file.path)?;
        if content.len() as u64 != file.bytes || hash(&content) != file.sha256 {
            return Err(changed("its content is not that of the manifest"));
        }
        at += size;
        files.push((file, content));
    }
    // What no file accounts for: the end of the archive, the checksum, and through it the manifest.
    let body = package.len().checked_sub(CHECKSUM_FRAME.len() + 32).filter(|body| *body >= at);
    let body = body.ok_or_else(|| end_changed("it is cut off"))?;
    let (archive, last) = package.split_at(body);
    let checksum = Sha256::digest(archive);
    if last[..CHECKSUM_FRAME.len()] != CHECKSUM_FRAME || last[CHECKSUM_FRAME.len()..] != checksum[..] {
        return Err(end_changed("the checksum is not that of the package"));
    }
    Ok(Checked { id: manifest.id, checksum: hex::encode(checksum), files })
}

fn end_changed(reason: &str) -> PackageError {
    let path = format!("the end of the package, or {MANIFEST},");
    PackageError::Changed { path, reason: reason.to_owned() }
}

/// The first frame of a package.
fn first_frame(package: &[u8]) -> Option<&[u8]> {
    let size = zstd::zstd_safe::find_frame_compressed_size(package).ok()?;
    package.get(..size)
}

/// The content of the file that a frame holds.
fn content_of(frame: &[u8], path: &str) -> Result<Vec<u8>, PackageError> {
    let changed = |reason: String| PackageError::Changed { path: path.to_owned(), reason };
    let decoder = zstd::Decoder::with_buffer(frame).map_err(|error| changed(error.to_string()))?;
    let mut blocks = Vec::new();
    decoder.take(MAX_FILE_BYTES).read_to_end(&mut blocks).map_err(|error| changed(error.to_string()))?;
    let mut archive = tar::Archive::new(blocks.as_slice());
    let mut entries = archive.entries().map_err(|error| changed(error.to_string()))?;
    let mut entry = entries
        .next()
        .ok_or_else(|| changed("it is empty".to_owned()))?
        .map_err(|error| changed(error.to_string()))?;
    let is_named = entry.path().is_ok_and(|found| found.to_str() == Some(path));
    if !is_named {
        return Err(changed("the archive has another name for it".to_owned()));
    }
    let mut content = Vec::new();
    entry.read_to_end(&mut content).map_err(|error| changed(error.to_string()))?;
    Ok(content)
}

fn parse<T: serde::de::DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, PackageError> {
    serde_json::from_slice(bytes).map_err(|error| FieldError::new(name, error.to_string()).into())
}
