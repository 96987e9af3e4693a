//! One event that cannot be read any more: a gap for every reader, and everything around it as before.

mod support;

use futures::StreamExt;
use gauntlet_film::codec;
use serde_json::{Value, json};
use support::{Server, scored};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

const EVENTS: u64 = 40;

/// A server whose data folder holds a run of [`EVENTS`] events, of which number 7 cannot be read.
async fn damaged() -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let at = |(options, _): &mut (gauntlet_store::Options, _)| options.path = folder.path().to_owned();
    let server = Server::with(at).await;
    server.post("/api/v1/runs", &json!({ "id": "r1", "name": "n" })).await.expect(201);
    let mut events: Vec<Value> = (1..EVENTS).map(|n| scored(n, 1.0)).collect();
    for (n, event) in events.iter_mut().enumerate() {
        event["episode"] = json!(format!("e{}", n / 10));
    }
    server.post("/api/v1/runs/r1/events", &json!(events)).await.expect(200);
    server.state.store.close().await;
    let file = folder.path().join("gauntlet.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let text = b"\"action\":\"answer 7\"";
    let places: Vec<_> = (0..bytes.len() - text.len()).filter(|at| bytes[*at..].starts_with(text)).collect();
    assert!(!places.is_empty());
    places.into_iter().for_each(|at| bytes[at + 3..at + 5].copy_from_slice(b"XX"));
    std::fs::write(&file, bytes).unwrap();
    (Server::with(at).await, folder)
}

#[tokio::test]
async fn every_reader_reads_around_it() {
    let (server, _folder) = damaged().await;
    let get = async |path: &str| server.get(&format!("/api/v1/runs/r1/{path}")).await.expect(200);
    let page = get("events").await.json();
    let events = page["events"].as_array().unwrap();
    assert_eq!(events.len() as u64, EVENTS);
    let gap = &events[7];
    assert_eq!((&gap["seq"], &gap["kind"]), (&json!(7), &json!("gap")));
    let reason = gap["body"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("event 7 cannot be read: "), "{reason}");
    assert_eq!(get("film").await.json()["head"], EVENTS);
    assert_eq!(get("series").await.json()["points"].as_array().unwrap().len() as u64, EVENTS - 2);
    assert_eq!(get("episodes").await.json()["items"].as_array().unwrap().len(), 4);
    assert_eq!(get("steps/8").await.json()["events"][0]["step"], 8);
    assert!(get("steps/7").await.text().contains("cannot be read"));
    get("steps").await;
    for format in ["jsonl", "film", "results", "csv", "parquet", "dpo", "otlp"] {
        let file = get(&format!("export?format={format}")).await;
        assert!(format == "dpo" || !file.bytes.is_empty(), "{format}");
    }
    let lines = get("export?format=jsonl").await.text();
    assert!(lines.contains("answer 39") && lines.contains("event 7 cannot be read"), "{lines}");
    let data = server.get("/gauntlet/data/r1").await.expect(200).json();
    assert_eq!(data["snapshots"].as_array().unwrap().len() as u64, EVENTS - 2);
    assert_eq!(server.get("/gauntlet/sessions").await.expect(200).json()["sessions"][0]["session_id"], "r1");
    // What is appended after it is as ever, at the very step as well.
    server
        .post(
            "/api/v1/runs/r1/events",
            &json!([{ "id": support::id(900), "at": "2026-11-21T00:06:33Z",
        "kind": "score.added", "v": 1, "step": 7, "episode": "e0",
        "body": { "target": "step", "path": "judge",
        "value": 0.5, "source": "judge" } }]),
        )
        .await
        .expect(200);
    let mut changes = server.state.store.subscribe_all();
    let found = async {
        loop {
            let page = server.get("/api/v1/search?q=%22answer%2039%22").await.expect(200).json();
            if page["complete"] == true {
                return page["items"].as_array().unwrap().len();
            }
            let _ = tokio::time::timeout(std::time::Duration::from_millis(100), changes.changed()).await;
        }
    };
    let found = tokio::time::timeout(std::time::Duration::from_secs(60), found).await;
    assert_eq!(found.expect("the index is complete"), 1);
}

#[tokio::test]
async fn viewers_get_the_gap_and_what_comes_behind_it() {
    let (server, _folder) = damaged().await;
    let address = server.listen().await;
    let live = format!("ws://{address}/api/v1/runs/r1/live");
    let (mut viewer, _) = connect_async(&live).await.unwrap();
    for seq in 0..EVENTS {
        let Some(Ok(Message::Text(text))) = viewer.next().await else { panic!("no event {seq}") };
        let event: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&event["seq"], event["kind"] == "gap"), (&json!(seq), seq == 7));
    }
    let (mut viewer, _) = connect_async(format!("{live}?format=binary")).await.unwrap();
    let mut next = 0;
    while next < EVENTS {
        if let Some(Ok(Message::Binary(bytes))) = viewer.next().await {
            for fact in codec::decode(&bytes).unwrap() {
                assert_eq!(fact.seq, next);
                next += 1;
            }
        }
    }
}
