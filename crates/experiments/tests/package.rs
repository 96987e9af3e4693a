//! Packages: the same experiment comes out, ordinary tools open them, and any changed byte is found.

mod common;

use std::process::{Command, Stdio};

use common::{CANDIDATE, Log, completed, request};
use gauntlet_experiments::Experiment;
use gauntlet_experiments::package::{PackageError, pack, unpack, verify};
use gauntlet_model::*;

fn example() -> Experiment {
    completed(request(12, Pairing::Paired), |trial| {
        trial.index as f64 / 7.0 + f64::from(trial.program == CANDIDATE)
    })
}

#[test]
fn what_was_packed_is_unpacked() {
    let experiment = example();
    let (bytes, package) = pack(&experiment).unwrap();
    assert_eq!(unpack(&bytes).unwrap(), (package.clone(), experiment.clone()));
    assert_eq!(pack(&experiment).unwrap().0, bytes, "the same experiment is the same package");
    let paths: Vec<_> = package.contents.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["experiment.json", "configurations.json", "analysis.json", "trials.ndjson"]);
}

#[test]
fn an_experiment_that_runs_is_not_packed() {
    let error = pack(Log::started(request(2, Pairing::Paired)).journal.experiment()).unwrap_err();
    assert_eq!(error.to_string(), "status: is running; an experiment is packed once it has ended");
}

#[test]
fn every_changed_byte_is_found_and_its_file_named() {
    let (bytes, package) = pack(&example()).unwrap();
    let manifest = bytes.len() - package.contents.iter().map(|file| file.frame_bytes as usize).sum::<usize>();
    let mut named = std::collections::BTreeSet::new();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        match verify(&changed) {
            Err(PackageError::Changed { path, .. }) => drop(named.insert(path)),
            // Of the first file it may be that nothing can be read any more.
            Err(_) => assert!(at < manifest, "byte {at}"),
            Ok(_) => panic!("byte {at} of {} was changed", bytes.len()),
        }
    }
    for file in &package.contents {
        assert!(named.contains(&file.path), "{named:?}");
    }
    for length in 0..bytes.len() {
        assert!(verify(&bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
    }
    assert!(verify(&[&bytes[..], b"x"].concat()).is_err());
}

#[test]
fn a_changed_trial_is_reported_in_the_file_of_trials() {
    let (mut bytes, package) = pack(&example()).unwrap();
    let trials = package.contents.last().unwrap();
    // Behind it are the end of the archive and the checksum.
    let end = bytes.len() - 40;
    let at = end - trials.frame_bytes as usize / 2;
    bytes[at] ^= 0x10;
    let error = verify(&bytes).unwrap_err().to_string();
    assert_eq!(error, "trials.ndjson was changed: its SHA-256 is not that of the manifest");
}

#[test]
fn other_files_are_no_packages() {
    for bytes in [&b""[..], b"PK\x03\x04", b"{\"id\":1}", &[0x28, 0xb5, 0x2f, 0xfd, 0, 0]] {
        let error = verify(bytes).unwrap_err();
        assert!(!error.to_string().is_empty() && !matches!(error, PackageError::Write(_)), "{error}");
    }
}

/// Ordinary tools read it: `zstd` passes over the checksum, `tar` finds one archive.
#[test]
fn tar_and_zstd_open_it() {
    let experiment = example();
    let (bytes, package) = pack(&experiment).unwrap();
    let mut archive = Vec::new();
    std::io::copy(&mut zstd::Decoder::new(bytes.as_slice()).unwrap(), &mut archive).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("package.tar");
    std::fs::write(&path, archive).unwrap();
    let listed = Command::new("tar").arg("-tf").arg(&path).stderr(Stdio::piped()).output().unwrap();
    assert!(listed.status.success(), "{listed:?}");
    let names = String::from_utf8(listed.stdout).unwrap();
    let expected: Vec<_> = package.contents.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(names.lines().collect::<Vec<_>>(), [&["manifest.json"][..], &expected].concat());
}
