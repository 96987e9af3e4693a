//! The origin's paths, as its unmodified clients use them: out of order, repeated, malformed.

mod support;

use futures::StreamExt;
use serde_json::{Value, json};
use support::{Server, snapshot};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

async fn post(server: &Server, sid: &str, body: &Value) -> u16 {
    server.post(&format!("/gauntlet/stream/{sid}"), body).await.status.as_u16()
}

#[tokio::test]
async fn snapshots_out_of_order_and_repeated_are_stored_once_by_step() {
    let server = Server::new().await;
    assert_eq!(
        server.get("/health").await.json(),
        json!({ "status": "healthy", "service": "observability_hub" })
    );
    for step in [3, 1, 2, 3, 1, 3] {
        assert_eq!(post(&server, "s1", &snapshot("s1", step, step as f64)).await, 200);
    }
    let data = server.get("/gauntlet/data/s1").await.expect(200).json();
    let snapshots = data["snapshots"].as_array().unwrap();
    assert_eq!(snapshots.len(), 3);
    for (step, stored) in (1u64..).zip(snapshots) {
        assert_eq!(*stored, snapshot("s1", step, step as f64), "as posted");
    }
    let sessions = server.get("/gauntlet/sessions").await.expect(200).json();
    assert_eq!(sessions["sessions"][0]["session_id"], "s1");
    assert_eq!(sessions["sessions"][0]["step_count"], 3);
    assert_eq!(sessions["sessions"][0]["metadata"]["task_id"], "T1");
    let unknown = server.get("/gauntlet/data/nobody").await.expect(200).json();
    assert_eq!(unknown, json!({ "session_id": "nobody", "snapshots": [] }));
}

#[tokio::test]
async fn malformed_snapshots_are_422_with_the_path() {
    let server = Server::new().await;
    let check = async |body: String, loc: Value| {
        let answer = server.send("POST", "/gauntlet/stream/s1", &[], body.clone()).await.expect(422).json();
        assert_eq!(answer["detail"][0]["loc"], loc, "{body}: {answer}");
        for key in ["type", "msg", "input"] {
            assert!(answer["detail"][0].get(key).is_some(), "{answer}");
        }
    };
    let with = |path: &str, value: Value| {
        let mut body = snapshot("s1", 1, 1.0);
        *body.pointer_mut(path).unwrap() = value;
        body.to_string()
    };
    check(with("/scores/grounding", json!(true)), json!(["body", "scores", "grounding"])).await;
    check(with("/scores/grounding", json!(null)), json!(["body", "scores", "grounding"])).await;
    check(with("/scores/root", json!("1")), json!(["body", "scores", "root"])).await;
    check(with("/step", json!(-1)), json!(["body", "step"])).await;
    check(with("/step", json!("2")), json!(["body", "step"])).await;
    check(with("/step", json!(1u64 << 53)), json!(["body", "step"])).await;
    check(with("/scores", json!([1])), json!(["body", "scores"])).await;
    check(with("/timestamp", json!("yesterday")), json!(["body", "timestamp"])).await;
    check(with("/scores/root", json!(7)).replace(":7", ":NaN"), json!(["body", "scores", "root"])).await;
    check(with("/scores/root", json!(7)).replace(":7", ":Infinity"), json!(["body", "scores", "root"])).await;
    check(json!({ "step": 1 }).to_string(), json!(["body", "scores"])).await;
    check("[]".to_owned(), json!(["body"])).await;
    check("{".to_owned(), json!(["body"])).await;
    server.send("POST", "/gauntlet/stream/s1", &[], vec![b'{', 0xff, b'}']).await.expect(422);
    assert_eq!(server.get("/gauntlet/sessions").await.json()["sessions"], json!([]), "nothing was kept");
}

#[tokio::test]
async fn two_sessions_are_paired_by_step() {
    let server = Server::new().await;
    for (sid, run_type, roots) in [("a", "sft", [1.0, 2.0, 3.0]), ("b", "grpo", [5.0, 1.0, 3.5])] {
        for (step, root) in (1..).zip(roots) {
            let mut body = snapshot(sid, step, root);
            body["metadata"]["run_type"] = run_type.into();
            assert_eq!(post(&server, sid, &body).await, 200);
        }
    }
    post(&server, "b", &snapshot("b", 9, 0.0)).await;
    let path = "/gauntlet/comparison?sft_session=a&grpo_session=b";
    let answer = server.get(path).await.expect(200);
    assert!(!answer.headers.contains_key("content-length"), "two sessions are written pair by pair");
    let compared = answer.json();
    let deltas: Vec<_> =
        compared["pairs"].as_array().unwrap().iter().map(|p| p["delta"].as_f64().unwrap()).collect();
    assert_eq!(deltas, [4.0, -1.0, 0.5]);
    let evolved = server.get("/gauntlet/evolution/T1").await.expect(200).json();
    assert_eq!((&evolved["task_id"], &evolved["pairs"]), (&json!("T1"), &compared["pairs"]));
    let none = server.get("/gauntlet/evolution/T2").await.expect(200).json();
    assert_eq!(none["pairs"], json!([]));
}

#[tokio::test]
async fn commands_are_a_queue() {
    let server = Server::new().await;
    let path = "/gauntlet/command/s1";
    assert_eq!(server.get(path).await.expect(200).json(), json!({ "action": "NONE" }));
    let tweak = json!({ "action": "TWEAK", "tweak": { "threshold": 0.5 } });
    assert_eq!(server.post(path, &tweak).await.expect(200).json(), json!({ "status": "ok" }));
    server.post(path, &json!({ "action": "RESUME" })).await.expect(200);
    for bad in [json!({ "action": "DANCE" }), json!({}), json!([]), json!({ "action": "TWEAK", "tweak": 7 })]
    {
        server.post(path, &bad).await.expect(422);
    }
    assert_eq!(server.get(path).await.json(), tweak);
    assert_eq!(server.get(path).await.json(), json!({ "action": "RESUME" }));
    assert_eq!(server.get(path).await.json(), json!({ "action": "NONE" }));
}

#[tokio::test]
async fn a_viewer_gets_the_past_by_step_and_then_the_present() {
    let server = Server::new().await;
    for step in [2, 1] {
        post(&server, "s1", &snapshot("s1", step, 1.0)).await;
    }
    let address = server.listen().await;
    let (mut all, _) = connect_async(format!("ws://{address}/ws/gauntlet/s1")).await.unwrap();
    let (mut live, _) = connect_async(format!("ws://{address}/ws/gauntlet/s1?replay=0")).await.unwrap();
    let (mut early, _) = connect_async(format!("ws://{address}/ws/gauntlet/later")).await.unwrap();
    let steps = async |socket: &mut tokio_tungstenite::WebSocketStream<_>, n: usize| {
        let mut steps = Vec::new();
        while steps.len() < n {
            let next = tokio::time::timeout(std::time::Duration::from_secs(5), socket.next()).await;
            if let Message::Text(text) = next.unwrap().unwrap().unwrap() {
                let frame: Value = serde_json::from_str(&text).unwrap();
                let step = frame["step"].as_u64().unwrap();
                assert_eq!(frame, snapshot(frame["session_id"].as_str().unwrap(), step, 1.0), "as posted");
                steps.push(step);
            }
        }
        steps
    };
    assert_eq!(steps(&mut all, 2).await, [1, 2], "replayed, before there is more");
    // A viewer without a replay begins where the log ends once it is served: then it gets what is posted.
    let mut probe = 100;
    let seen = loop {
        post(&server, "s1", &snapshot("s1", probe, 1.0)).await;
        match tokio::time::timeout(std::time::Duration::from_millis(50), steps(&mut live, 1)).await {
            Ok(seen) => break seen[0],
            Err(_) => probe += 1,
        }
    };
    steps(&mut live, (probe - seen) as usize).await;
    assert_eq!(steps(&mut all, (probe - 99) as usize).await, (100..=probe).collect::<Vec<_>>());
    post(&server, "s1", &snapshot("s1", 4, 1.0)).await;
    post(&server, "s1", &snapshot("s1", 4, 1.0)).await;
    post(&server, "s1", &snapshot("s1", 3, 1.0)).await;
    post(&server, "later", &snapshot("later", 1, 1.0)).await;
    assert_eq!(steps(&mut all, 2).await, [4, 3]);
    assert_eq!(steps(&mut live, 2).await, [4, 3]);
    assert_eq!(steps(&mut early, 1).await, [1]);
}

#[tokio::test]
async fn a_changed_snapshot_replaces_what_is_shown() {
    let server = Server::new().await;
    let address = server.listen().await;
    let post = async |step: u64, root: f64| {
        let answer = server.post("/gauntlet/stream/s1", &snapshot("s1", step, root)).await.expect(200);
        assert_eq!(answer.json(), json!({ "status": "ok" }));
    };
    post(1, 0.1).await;
    post(2, 0.2).await;
    let (mut viewer, _) = connect_async(format!("ws://{address}/ws/gauntlet/s1")).await.unwrap();
    let mut seen = Vec::new();
    let mut watch = async |steps: usize| {
        while seen.len() < steps {
            if let Message::Text(text) = viewer.next().await.unwrap().unwrap() {
                let shown: Value = serde_json::from_str(&text).unwrap();
                seen.push((shown["step"].as_u64().unwrap(), shown["scores"]["root"].as_f64().unwrap()));
            }
        }
    };
    // A step that changes before the stored ones are sent is sent once.
    watch(2).await;
    post(1, 0.9).await;
    // Each of the two again: neither is new.
    post(1, 0.9).await;
    post(1, 0.1).await;
    post(3, 0.3).await;
    watch(4).await;
    assert_eq!(seen, [(1, 0.1), (2, 0.2), (1, 0.9), (3, 0.3)]);
    let data = server.get("/gauntlet/data/s1").await.expect(200).json();
    let roots: Vec<_> =
        data["snapshots"].as_array().unwrap().iter().map(|s| s["scores"]["root"].as_f64().unwrap()).collect();
    assert_eq!(roots, [0.9, 0.2, 0.3]);
    let sessions = server.get("/gauntlet/sessions").await.expect(200).json();
    assert_eq!(sessions["sessions"][0]["step_count"], 3);
    let log = server.get("/api/v1/runs/s1/events?kind=snapshot.scored").await.expect(200).json();
    assert_eq!(log["events"].as_array().unwrap().len(), 4, "both are in the log");
    let run = server.get("/api/v1/runs/s1").await.expect(200).json();
    assert_eq!((&run["steps"], &run["last_step"]), (&json!(3), &json!(3)));
}
