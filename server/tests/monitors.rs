//! Monitors over HTTP: saved, refused, tried; and the alerts that the follower appends, each once, however
//! often it is restarted.

mod support;

use std::time::Duration;

use gauntlet_engine::monitors;
use gauntlet_model::{RunId, Timestamp};
use gauntlet_store::{MonitorProgress, Store};
use serde_json::{Value, json};
use support::{Answer, Server, id, scored};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const MONITORS: &str = "/api/v1/projects/p/monitors";

async fn put(server: &Server, name: &str, monitor: &Value) -> Answer {
    let headers = [("content-type", "application/json")];
    server.send("PUT", &format!("{MONITORS}/{name}"), &headers, monitor.to_string()).await
}

async fn run(server: &Server, id: &str) {
    server.post("/api/v1/runs", &json!({ "id": id, "name": "n", "project": "p" })).await.expect(201);
}

async fn log(server: &Server, run: &str, events: &[Value]) {
    server.post(&format!("/api/v1/runs/{run}/events"), &json!(events)).await.expect(200);
}

async fn alerts(server: &Server, run: &str) -> Vec<Value> {
    let path = format!("/api/v1/runs/{run}/events?kind=alert.raised");
    server.get(&path).await.expect(200).json()["events"].as_array().unwrap().clone()
}

/// A follower of the store's monitors, until it is stopped.
fn follow(store: &Store) -> (JoinHandle<()>, CancellationToken) {
    let stop = CancellationToken::new();
    (tokio::spawn(monitors::run(store.clone(), stop.clone())), stop)
}

/// Waits until the follower has stored that it saw so many events of the only watched run.
async fn until_followed(store: &Store, next: u64) {
    let followed = async {
        loop {
            let progress = store.monitor_progress().await.unwrap();
            if progress.iter().any(|MonitorProgress { next: seen, .. }| *seen >= next) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), followed).await.expect("the follower stores its progress");
}

#[tokio::test]
async fn a_monitor_is_saved_listed_replaced_and_deleted() {
    let server = Server::new().await;
    let saved = put(&server, "loss%20jumps", &json!({ "rule": " zscore(loss, 50) > 3 " })).await.expect(200);
    let saved = saved.json();
    assert_eq!((&saved["name"], &saved["rule"]), (&json!("loss jumps"), &json!("zscore(loss, 50) > 3")));
    assert_eq!((&saved["severity"], &saved["cooldown_secs"]), (&json!("warning"), &json!(600)));
    let strict = json!({ "rule": "isnan(kl)", "severity": "error", "cooldown_secs": 0 });
    put(&server, "loss%20jumps", &strict).await.expect(200);
    let page = server.get(MONITORS).await.expect(200).json();
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    assert_eq!((&page["items"][0]["rule"], &page["next_cursor"]), (&json!("isnan(kl)"), &Value::Null));
    let path = format!("{MONITORS}/loss%20jumps");
    server.send("DELETE", &path, &[], "").await.expect(204);
    server.send("DELETE", &path, &[], "").await.expect(404);
    assert_eq!(server.get(MONITORS).await.expect(200).json()["items"], json!([]));
}

#[tokio::test]
async fn what_is_wrong_with_a_monitor_is_named() {
    let server = Server::new().await;
    let refused = async |monitor: Value, field: &str, message: &str| {
        let answer = put(&server, "m", &monitor).await.expect(422).json();
        let detail = &answer["error"]["details"][0];
        assert_eq!(detail["field"], field, "{answer}");
        assert!(detail["message"].as_str().unwrap().contains(message), "{answer}");
    };
    refused(json!({ "rule": "mean(loss) > 3" }), "rule", "at character 10, \")\"").await;
    refused(json!({ "rule": "" }), "rule", "a condition is missing").await;
    refused(json!({ "rule": "isnan(kl)", "severity": "fatal" }), "severity", "fatal").await;
    refused(json!({ "rule": "isnan(kl)", "cooldown_secs": 700_000 }), "cooldown_secs", "0 to 604800").await;
    assert_eq!(server.get(MONITORS).await.expect(200).json()["items"], json!([]));
}

#[tokio::test]
async fn a_rule_is_tried_on_what_was_recorded() {
    let server = Server::new().await;
    run(&server, "r").await;
    let roots = [1.0, 1.0, -5.0, -5.0, 1.0, -9.0];
    let events: Vec<_> = (1..).zip(roots).map(|(n, root)| scored(n, root)).collect();
    log(&server, "r", &events).await;
    let tried = json!({ "rule": "last(root) < 0", "cooldown_secs": 0 });
    let trial = server.post("/api/v1/runs/r/monitors/try", &tried).await.expect(200).json();
    let steps: Vec<_> = trial["firings"].as_array().unwrap().iter().map(|firing| &firing["step"]).collect();
    assert_eq!((steps, &trial["total"]), (vec![&json!(3), &json!(6)], &json!(2)));
    assert_eq!(trial["firings"][1]["values"], "last(root) = -9");
    assert_eq!(alerts(&server, "r").await, [] as [Value; 0]);
    let silent = json!({ "rule": "silent(300)" });
    let answer = server.post("/api/v1/runs/r/monitors/try", &silent).await.expect(422).json();
    assert_eq!(answer["error"]["details"][0]["field"], "rule");
}

#[tokio::test]
async fn an_alert_is_raised_once_however_often_the_follower_restarts() {
    let server = Server::new().await;
    let store = &server.state.store;
    run(&server, "r").await;
    // Received before the monitor was saved: it fills the window and raises nothing.
    log(&server, "r", &[scored(1, -5.0)]).await;
    put(&server, "low", &json!({ "rule": "mean(root, 2) < 0", "cooldown_secs": 0 })).await.expect(200);
    let (following, stop) = follow(store);
    log(&server, "r", &[scored(2, -5.0)]).await;
    until_followed(store, 3).await;
    stop.cancel();
    following.await.unwrap();
    // What comes while nobody follows is not forgotten.
    log(&server, "r", &[scored(3, 9.0), scored(4, -9.0), scored(5, -9.0)]).await;
    // The follower stores its progress with the alert of event 6, and at the end of the run.
    for (end, next) in [(false, 7), (true, 9)] {
        if end {
            let patch = json!({ "status": "completed" }).to_string();
            let headers = [("content-type", "application/json")];
            server.send("PATCH", "/api/v1/runs/r", &headers, patch).await.expect(200);
        }
        let (following, stop) = follow(store);
        until_followed(store, next).await;
        stop.cancel();
        following.await.unwrap();
    }
    let raised = alerts(&server, "r").await;
    assert_eq!(raised.iter().map(|alert| &alert["step"]).collect::<Vec<_>>(), [&json!(2), &json!(5)]);
    assert_eq!(raised[0]["body"]["text"], "mean(root, 2) < 0: mean(root, 2) = -5");
    assert_eq!(
        (&raised[0]["body"]["monitor"], &raised[0]["body"]["severity"]),
        (&json!("low"), &json!("warning"))
    );
}

#[tokio::test]
async fn an_alert_that_is_raised_again_is_in_the_log_once_and_no_sign_of_life() {
    let server = Server::new().await;
    let store = &server.state.store;
    run(&server, "r").await;
    log(&server, "r", &[scored(1, 1.0)]).await;
    let before = server.get("/api/v1/runs/r").await.expect(200).json();
    let alert = json!({
        "id": id(99), "at": "2026-11-21T00:06:33.885877Z", "kind": "alert.raised", "v": 1,
        "body": { "text": "look", "severity": "info" },
    });
    let alert = gauntlet_model::decode_one(&alert.to_string()).unwrap();
    let run = RunId::new("r").unwrap();
    for _ in 0..2 {
        let later = Timestamp::from_micros(4_000_000_000_000_000);
        store.raise_alerts(&run, None, std::slice::from_ref(&alert), later).await.unwrap();
    }
    assert_eq!(alerts(&server, "r").await.len(), 1);
    let after = server.get("/api/v1/runs/r").await.expect(200).json();
    assert_eq!(after["updated_at"], before["updated_at"]);
}

#[tokio::test]
async fn silence_raises_one_alert() {
    let server = Server::new().await;
    let store = &server.state.store;
    put(&server, "quiet", &json!({ "rule": "silent(1)", "severity": "error" })).await.expect(200);
    run(&server, "r").await;
    log(&server, "r", &[scored(1, 1.0)]).await;
    let (following, stop) = follow(store);
    let raised = async {
        while alerts(&server, "r").await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), raised).await.expect("silence raises an alert");
    stop.cancel();
    following.await.unwrap();
    let raised = alerts(&server, "r").await;
    assert_eq!(raised.len(), 1);
    assert_eq!(raised[0]["body"]["text"], "Nothing was heard of the run for 1 seconds.");
}
