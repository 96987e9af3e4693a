//! Artifacts and episodes: bytes kept under their hash, rollouts as one list.

mod support;

use serde_json::json;
use support::{Server, id, scored};

/// SHA-256 of `hello\n`.
const HELLO: &str = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

async fn with_run() -> Server {
    let server = Server::new().await;
    server.post("/api/v1/runs", &json!({ "id": "r", "name": "r" })).await.expect(201);
    server
}

#[tokio::test]
async fn bytes_are_stored_once_and_come_back() {
    let server = with_run().await;
    let path = format!("/api/v1/runs/r/artifacts/{HELLO}");
    server.get(&path).await.expect(404);
    server.send("PUT", &path, &[], "hello\n").await.expect(201);
    server.send("PUT", &path, &[], "hello\n").await.expect(200);
    let answer = server.get(&path).await.expect(200);
    assert_eq!(answer.bytes, b"hello\n");
    assert_eq!(answer.headers["content-disposition"], "attachment");
    assert_eq!(answer.headers["content-length"], "6");
}

#[tokio::test]
async fn a_body_of_another_hash_leaves_nothing() {
    let server = with_run().await;
    let path = format!("/api/v1/runs/r/artifacts/{HELLO}");
    let refused = server.send("PUT", &path, &[], "hellO\n").await.expect(422).json();
    assert_eq!(refused["error"]["details"][0]["field"], "sha256");
    server.get(&path).await.expect(404);
    for bad in ["..%2f..%2fgauntlet.db", "ABC", &HELLO.to_uppercase()] {
        server.send("PUT", &format!("/api/v1/runs/r/artifacts/{bad}"), &[], "hello\n").await.expect(422);
        server.get(&format!("/api/v1/runs/r/artifacts/{bad}")).await.expect(404);
    }
    server.send("PUT", &format!("/api/v1/runs/none/artifacts/{HELLO}"), &[], "hello\n").await.expect(404);
}

#[tokio::test]
async fn too_large_a_body_is_413() {
    let server = Server::with(|(_, limits)| limits.artifact_bytes = 5).await;
    server.post("/api/v1/runs", &json!({ "id": "r", "name": "r" })).await.expect(201);
    server.send("PUT", &format!("/api/v1/runs/r/artifacts/{HELLO}"), &[], "hello\n").await.expect(413);
}

#[tokio::test]
async fn the_list_marks_the_artifacts_whose_bytes_are_stored() {
    let server = with_run().await;
    let added = |n: u64, sha256: &str| {
        json!({ "id": id(n), "at": "2026-11-21T00:00:00Z", "kind": "artifact.added", "v": 1, "step": n,
            "body": { "name": "a.txt", "mime_type": "text/plain", "size_bytes": 6, "sha256": sha256,
            "role": "log" } })
    };
    let events = json!([added(1, HELLO), scored(2, 1.0), added(3, &"0".repeat(64))]);
    server.post("/api/v1/runs/r/events", &events).await.expect(200);
    server.send("PUT", &format!("/api/v1/runs/r/artifacts/{HELLO}"), &[], "hello\n").await.expect(201);
    let list = server.get("/api/v1/runs/r/artifacts").await.expect(200).json();
    let stored: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|i| (i["step"].clone(), i["stored"].clone())).collect();
    assert_eq!(stored, [(json!(1), json!(true)), (json!(3), json!(false))]);
    assert!(list["next_cursor"].is_null());
    let first = server.get("/api/v1/runs/r/artifacts?limit=1").await.expect(200).json();
    let next = first["next_cursor"].as_str().unwrap();
    let rest = server.get(&format!("/api/v1/runs/r/artifacts?cursor={next}")).await.expect(200).json();
    assert_eq!((&rest["items"][0]["step"], &rest["next_cursor"]), (&json!(3), &json!(null)));
    server.get("/api/v1/runs/r/artifacts?cursor=e1").await.expect(422);
}

#[tokio::test]
async fn episodes_say_how_they_went() {
    let server = with_run().await;
    let event = |n: u64, kind: &str, episode: &str, body: serde_json::Value| {
        json!({ "id": id(n), "at": "2026-11-21T00:00:00Z", "kind": kind,
    "v": 1, "episode": episode, "body": body })
    };
    let of = |n: u64, root: f64, episode: &str| {
        let mut scored = scored(n, root);
        scored["episode"] = episode.into();
        scored
    };
    let events = json!([
        event(1, "episode.started", "e1", json!({ "task": "sum" })),
        event(2, "episode.started", "e2", json!({})),
        of(3, 2.0, "e1"),
        of(4, -20.0, "e1"),
        of(5, 1.0, "bare"),
        event(
            6,
            "episode.finished",
            "e1",
            json!({ "status": "failed", "return": -18.0, "error": "no answer" })
        ),
    ]);
    server.post("/api/v1/runs/r/events", &events).await.expect(200);
    let list = server.get("/api/v1/runs/r/episodes").await.expect(200).json();
    let e1 = &list["items"][0];
    assert_eq!((&e1["episode"], &e1["task"], &e1["status"]), (&json!("e1"), &json!("sum"), &json!("failed")));
    assert_eq!((&e1["steps"], &e1["failing"], &e1["mean_root"]), (&json!(2), &json!(1), &json!(-9.0)));
    assert_eq!((&e1["return"], &e1["error"]), (&json!(-18.0), &json!("no answer")));
    assert_eq!(list["items"][1]["status"], "running");
    assert_eq!(list["items"][2]["episode"], "bare");
    assert!(list["items"][2]["status"].is_null() && list["next_cursor"].is_null());
    let page = server.get("/api/v1/runs/r/episodes?limit=1&cursor=e1").await.expect(200).json();
    assert_eq!((&page["items"][0]["episode"], &page["next_cursor"]), (&json!("e2"), &json!("e2")));
    server.get("/api/v1/runs/r/episodes?cursor=nobody").await.expect(422);
}
