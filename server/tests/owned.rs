//! Files that no run refers to: swept, counted, private; and bytes that the disk changed are never served.

mod support;

use std::path::{Path, PathBuf};

use gauntlet_store::{Options, Store};
use serde_json::json;
use sha2::{Digest, Sha256};
use support::{Server, id};

fn hash(bytes: &str) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn path(run: &str, bytes: &str) -> String {
    format!("/api/v1/runs/{run}/artifacts/{}", hash(bytes))
}

fn on_disk(server: &Server, bytes: &str) -> PathBuf {
    let sha256 = hash(bytes);
    server.state.store.folder().join("artifacts").join(&sha256[..2]).join(sha256)
}

async fn with_runs(runs: &[&str]) -> Server {
    let server = Server::new().await;
    for run in runs {
        server.post("/api/v1/runs", &json!({ "id": run, "name": run })).await.expect(201);
    }
    server
}

async fn put(server: &Server, run: &str, bytes: &str) -> u16 {
    server.send("PUT", &path(run, bytes), &[], bytes.to_owned()).await.status.as_u16()
}

fn added(n: u64, bytes: &str) -> serde_json::Value {
    json!([{ "id": id(n), "at": "2026-11-21T00:00:00Z", "kind": "artifact.added", "v": 1, "body": {
        "name": "a", "mime_type": "text/plain", "size_bytes": 1, "sha256": hash(bytes), "role": "log" } }])
}

#[tokio::test]
async fn an_artifact_goes_with_the_last_run_that_refers_to_it() {
    let server = with_runs(&["a", "b", "c"]).await;
    assert_eq!((put(&server, "a", "own").await, put(&server, "a", "shared").await), (201, 201));
    assert_eq!(put(&server, "b", "shared").await, 200);
    server.get(&path("b", "own")).await.expect(404);
    assert_eq!(put(&server, "a", "named").await, 201);
    server.get(&path("c", "named")).await.expect(404);
    server.post("/api/v1/runs/c/events", &added(1, "named")).await.expect(200);
    server.get(&path("c", "named")).await.expect(200);
    server.send("DELETE", "/api/v1/runs/a?name=a", &[], "").await.expect(204);
    assert!(!on_disk(&server, "own").exists() && on_disk(&server, "shared").exists());
    server.get(&path("b", "shared")).await.expect(200);
    server.get(&path("c", "named")).await.expect(200);
    server.send("DELETE", "/api/v1/runs/b?name=b", &[], "").await.expect(204);
    server.send("DELETE", "/api/v1/runs/c?name=c", &[], "").await.expect(204);
    assert!(!on_disk(&server, "shared").exists() && !on_disk(&server, "named").exists());
}

#[tokio::test]
async fn references_of_earlier_versions_are_read_from_the_log() {
    let server = with_runs(&["a"]).await;
    for bytes in ["kept", "stray"] {
        put(&server, "a", bytes).await;
    }
    server.post("/api/v1/runs/a/events", &added(1, "kept")).await.expect(200);
    std::fs::remove_dir_all(server.state.store.folder().join("artifacts/refs")).unwrap();
    assert_eq!(server.state.store.sweep_artifacts().await.unwrap(), 0, "what is young stays");
    server.get(&path("a", "kept")).await.expect(200);
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(30 * 24 * 60 * 60);
    for bytes in ["kept", "stray"] {
        let file = std::fs::File::options().write(true).open(on_disk(&server, bytes)).unwrap();
        file.set_modified(old).unwrap();
    }
    assert_eq!(server.state.store.sweep_artifacts().await.unwrap(), 1);
    assert!(on_disk(&server, "kept").exists() && !on_disk(&server, "stray").exists());
    // A reference whose run is gone, as a kill between two steps leaves it.
    let refs = server.state.store.folder().join("artifacts/refs").join(hash("kept"));
    let reference = std::fs::read_dir(&refs).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&reference, "gone").unwrap();
    assert_eq!(server.state.store.sweep_artifacts().await.unwrap(), 0, "the run still has its own");
}

#[tokio::test]
async fn damaged_bytes_are_never_served_and_are_repaired_by_a_new_upload() {
    let server = with_runs(&["a"]).await;
    put(&server, "a", "the bytes").await;
    for damage in ["the bytez", "the", ""] {
        std::fs::write(on_disk(&server, "the bytes"), damage).unwrap();
        let refused = server.get(&path("a", "the bytes")).await.expect(500).json();
        assert_eq!(refused["error"]["code"], "damaged", "{refused}");
        assert_eq!(put(&server, "a", "the bytes").await, 201, "repaired");
        assert_eq!(server.get(&path("a", "the bytes")).await.expect(200).bytes, b"the bytes");
    }
    assert_eq!(put(&server, "a", "the bytes").await, 200);
}

#[tokio::test]
async fn uploads_that_a_kill_cut_are_removed_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let incoming = folder.path().join("artifacts/incoming");
    std::fs::create_dir_all(&incoming).unwrap();
    std::fs::write(incoming.join("1-0"), "half").unwrap();
    let store = Store::open(Options::new(folder.path())).await.unwrap();
    assert_eq!(std::fs::read_dir(&incoming).unwrap().count(), 0);
    store.close().await;
}

#[cfg(unix)]
#[tokio::test]
async fn half_uploads_are_removed_by_their_age_while_the_server_runs() {
    let server = with_runs(&["a"]).await;
    let incoming = server.state.store.folder().join("artifacts/incoming");
    std::fs::create_dir_all(&incoming).unwrap();
    let imports = server.state.store.folder().join("imports");
    let mut sent = Vec::new();
    for _ in 0..3 {
        let view = server.post("/api/v1/imports", &json!({ "name": "half.jsonl" })).await.expect(201).json();
        let id = view["id"].as_str().unwrap().to_owned();
        server.send("PUT", &format!("/api/v1/imports/{id}?offset=0"), &[], "{\"st").await.expect(200);
        sent.push(id);
    }
    for name in ["old", "young"] {
        std::fs::write(incoming.join(name), "half").unwrap();
    }
    let age = |path: &Path| {
        let old = std::time::SystemTime::now() - std::time::Duration::from_secs(8 * 24 * 60 * 60);
        std::fs::File::open(path).unwrap().set_modified(old).unwrap();
    };
    age(&incoming.join("old"));
    // The first: nothing for a week. The second: announced long ago, and still sent. The third is new.
    for path in [imports.join(&sent[0]).join("file"), imports.join(&sent[0]), imports.join(&sent[1])] {
        age(&path);
    }
    assert_eq!(server.state.imports.sweep().await, 1);
    server.state.store.sweep_artifacts().await.unwrap();
    server.get(&format!("/api/v1/imports/{}", sent[0])).await.expect(404);
    assert!(!imports.join(&sent[0]).exists());
    for id in &sent[1..] {
        let rest = server.send("PUT", &format!("/api/v1/imports/{id}?offset=4"), &[], "ep").await.expect(200);
        assert_eq!(rest.json()["received_bytes"], 6);
    }
    let left: Vec<_> = std::fs::read_dir(&incoming).unwrap().flatten().map(|e| e.file_name()).collect();
    assert_eq!(left, ["young"]);
}

#[cfg(unix)]
#[tokio::test]
async fn files_and_folders_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;

    fn open_to_others(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.metadata().unwrap().permissions().mode() & 0o077 != 0 {
                found.push(entry.path());
            }
            if entry.path().is_dir() {
                open_to_others(&entry.path(), found);
            }
        }
    }
    let above = tempfile::tempdir().unwrap();
    let data = above.path().join("data");
    // As an earlier version left it, and as it is rebuilt.
    for is_old in [false, true] {
        if is_old {
            for path in [&data, &data.join("gauntlet.db")] {
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
            }
        }
        let lock = gauntlet_server::lock::DataLock::take(&data).unwrap();
        let store = Store::open(Options::new(&data)).await.unwrap();
        let run = gauntlet_model::RunId::new("r").unwrap();
        let mut upload = store.blobs().begin().await.unwrap();
        upload.write(b"x").await.unwrap();
        upload.finish(&run, &hash("x")).await.unwrap();
        let mut found = Vec::new();
        open_to_others(above.path(), &mut found);
        // The search index is a thread's work and may follow a moment later; its own files are made the same
        // way.
        assert_eq!(found, Vec::<PathBuf>::new());
        store.close().await;
        drop(lock);
    }
}

#[tokio::test]
async fn a_folder_that_is_gone_is_not_ready() {
    let server = with_runs(&["a"]).await;
    server.get("/readyz").await.expect(200);
    let database = server.state.store.folder().join("gauntlet.db");
    std::fs::rename(&database, database.with_extension("moved")).unwrap();
    let answer = server.get("/readyz").await.expect(503);
    assert_eq!(answer.headers["retry-after"], "1");
    std::fs::write(&database, "another").unwrap();
    server.get("/readyz").await.expect(503);
}
