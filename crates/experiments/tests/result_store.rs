//! The backends: the suite over each, and what a folder is after crashes and damage.

use std::fs;
use std::path::{Path, PathBuf};

use gauntlet_experiments::result_store::{
    Archived, ExperimentQuery, FileStore, MemoryStore, ResultStore, ResultStoreError, conformance,
};
use gauntlet_model::RunId;

#[tokio::test]
async fn the_memory_backend_conforms() {
    conformance::run(&MemoryStore::default()).await.unwrap();
}

#[tokio::test]
async fn the_file_backend_conforms_and_is_the_same_when_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::open(folder.path()).unwrap();
    conformance::run(&store).await.unwrap();
    let all = ExperimentQuery { limit: 500, ..ExperimentQuery::default() };
    let before = store.query_experiments(&all).await.unwrap();
    let again = FileStore::open(folder.path()).unwrap();
    assert_eq!(again.query_experiments(&all).await.unwrap(), before);
    assert_eq!(again.verify().unwrap(), []);
}

#[test]
fn a_wrong_filter_is_named() {
    let check = |pairs: &[(&str, &str)], expected: &str| {
        let error = ExperimentQuery::from_pairs(pairs.iter().copied()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    };
    check(&[("programm", "x")], "programm: is not a filter; the filters are hypothesis_id, ");
    check(&[("tag", "a"), ("tag", "b")], "tag: is given twice, also as \"b\"");
    check(&[("status", "done")], "status: \"done\" is not one of pending, ");
    check(&[("created_from", "yesterday")], "created_from: ");
    check(&[("metric", "a"), ("metric_min", "inf")], "metric_min: \"inf\" is not a finite number");
    check(&[("metric_max", "1")], "metric: is missing; metric_min and metric_max need one");
    check(&[("limit", "0")], "limit: \"0\" is not a number from 1 to 500");
    check(&[("limit", "501")], "limit: \"501\" is not a number from 1 to 500");
    check(&[("cursor", "next")], "cursor: \"next\" is not a cursor of an earlier page");
    check(&[("order", "best")], "order: \"best\" is not one of newest, oldest");
}

#[tokio::test]
async fn what_another_process_archives_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (FileStore::open(folder.path()).unwrap(), FileStore::open(folder.path()).unwrap());
    let experiment = conformance::example(1).unwrap();
    assert_eq!(one.archive_experiment(&experiment).await.unwrap(), Archived::Created);
    assert_eq!(other.archive_experiment(&experiment).await.unwrap(), Archived::Unchanged);
    let found = other.query_experiments(&ExperimentQuery::default()).await.unwrap();
    assert_eq!(found.experiments.len(), 1);
}

/// The one file of a store with one experiment.
fn file_of(folder: &Path) -> PathBuf {
    let part = fs::read_dir(folder.join("experiments")).unwrap().next().unwrap().unwrap().path();
    fs::read_dir(part).unwrap().next().unwrap().unwrap().path()
}

#[tokio::test]
async fn an_index_that_lacks_its_last_lines_is_completed() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::open(folder.path()).unwrap();
    for n in 0..3 {
        store.archive_experiment(&conformance::example(n).unwrap()).await.unwrap();
    }
    let index = folder.path().join("index.ndjson");
    let written = fs::read(&index).unwrap();
    // The power failed at any byte of the index.
    for length in [0, 1, written.len() / 2, written.len() - 1] {
        fs::write(&index, &written[..length]).unwrap();
        let opened = FileStore::open(folder.path()).unwrap();
        let found = opened.query_experiments(&ExperimentQuery::default()).await.unwrap();
        assert_eq!(found.experiments.len(), 3, "cut at {length}");
        opened.archive_experiment(&conformance::example(7).unwrap()).await.unwrap();
        let found = FileStore::open(folder.path()).unwrap();
        let found = found.query_experiments(&ExperimentQuery::default()).await.unwrap();
        assert_eq!(found.experiments.len(), 4, "cut at {length}, and one more");
        let added = conformance::example(7).unwrap().id;
        fs::remove_file(path_of(folder.path(), &added)).unwrap();
    }
}

fn path_of(folder: &Path, id: &RunId) -> PathBuf {
    let is_it = |path: &PathBuf| fs::read_to_string(path).unwrap().contains(&format!("\"id\":\"{id}\""));
    let parts = fs::read_dir(folder.join("experiments")).unwrap().map(|part| part.unwrap().path());
    let mut files = parts.flat_map(|part| fs::read_dir(part).unwrap().map(|file| file.unwrap().path()));
    files.find(is_it).unwrap()
}

#[tokio::test]
async fn a_torn_or_changed_file_is_named_and_never_returned() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = conformance::example(1).unwrap();
    FileStore::open(folder.path()).unwrap().archive_experiment(&experiment).await.unwrap();
    let path = file_of(folder.path());
    let written = fs::read(&path).unwrap();
    let mut changed = written.clone();
    changed[200] ^= 1;
    let cases = [&written[..0], &written[..30], &written[..written.len() - 1], &changed];
    for bytes in cases {
        fs::write(&path, bytes).unwrap();
        let store = FileStore::open(folder.path()).unwrap();
        let damaged = store.verify().unwrap();
        assert_eq!((damaged.len(), &damaged[0].path), (1, &path));
        for result in [
            store.get_experiment(&experiment.id).await.map(|_| ()),
            store.archive_experiment(&experiment).await.map(|_| ()),
        ] {
            let error = result.unwrap_err();
            assert!(matches!(error, ResultStoreError::Damaged { .. }), "{error}");
            assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        }
    }
    fs::remove_file(&path).unwrap();
    let damaged = FileStore::open(folder.path()).unwrap().verify().unwrap();
    assert_eq!(damaged[0].reason, "is missing, and the index lists it");
}
