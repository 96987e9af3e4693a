//! Writers over HTTP, and what becomes of a run that was deleted.

mod support;

use serde_json::{Value, json};
use support::{Server, scored, snapshot};

const RUN: &str = "/api/v1/runs/r1";

async fn started() -> Server {
    let server = Server::new().await;
    server.post("/api/v1/runs", &json!({ "id": "r1", "name": "n" })).await.expect(201);
    server
}

async fn put(server: &Server, writer: &str, report: &Value) -> support::Answer {
    let headers = [("content-type", "application/json")];
    server.send("PUT", &format!("{RUN}/writers/{writer}"), &headers, report.to_string()).await
}

#[tokio::test]
async fn the_last_writer_ends_the_run() {
    let server = started().await;
    let running = json!({ "state": "running", "interval_secs": 10 });
    let answer = put(&server, "aaaaaaaaaaaa", &running).await.expect(200).json();
    assert_eq!(answer, json!({ "status": "pending", "writers": { "running": 1, "finished": 0, "lost": 0 } }));
    put(&server, "bbbbbbbbbbbb", &json!({ "state": "running" })).await.expect(200);
    server.post(&format!("{RUN}/events"), &json!([scored(1, 1.0), scored(5, 0.5)])).await.expect(200);
    let run = server.get(RUN).await.expect(200).json();
    assert_eq!((&run["status"], &run["last_step"]), (&json!("running"), &json!(5)));
    assert_eq!(run["contact"]["lost"], false);
    let failed = json!({ "state": "finished", "status": "failed", "exit_code": 3 });
    put(&server, "aaaaaaaaaaaa", &failed).await.expect(200);
    let end = json!({ "state": "finished", "status": "completed", "exit_code": 0, "summary": { "best": 1 } });
    let answer = put(&server, "bbbbbbbbbbbb", &end).await.expect(200).json();
    assert_eq!(answer, json!({ "status": "failed", "writers": { "running": 0, "finished": 2, "lost": 0 } }));
    let events = server.get(&format!("{RUN}/events?kind=run.finished")).await.expect(200).json();
    let bodies: Vec<_> = events["events"].as_array().unwrap().iter().map(|e| e["body"].clone()).collect();
    assert_eq!(bodies, [json!({ "status": "failed", "summary": { "best": 1, "exit_code": 3 } })]);
    assert_eq!(server.get(RUN).await.expect(200).json()["contact"], Value::Null);
}

#[tokio::test]
async fn what_is_wrong_with_a_report_is_named() {
    let server = started().await;
    let check = async |writer: &str, report: Value, field: &str| {
        let answer = put(&server, writer, &report).await.expect(422).json();
        assert_eq!(answer["error"]["details"][0]["field"], field, "{answer}");
    };
    check("a", json!({ "state": "sleeping" }), "state").await;
    check("a", json!({ "state": "running", "interval_secs": 0 }), "interval_secs").await;
    check("a", json!({ "state": "running", "interval_secs": -1 }), "interval_secs").await;
    check("a", json!({ "state": "running", "summary": {} }), "summary").await;
    check("a", json!({ "state": "finished" }), "status").await;
    check("a", json!({ "state": "finished", "status": "paused" }), "status").await;
    check("a", json!({ "state": "finished", "status": "failed", "exit_code": "3" }), "exit_code").await;
    check("a", json!({ "state": "running", "extra": 1 }), "extra").await;
    check(&"x".repeat(65), json!({ "state": "running" }), "writer").await;
    check("a%00b", json!({ "state": "running" }), "writer").await;
    let headers = [("content-type", "application/json")];
    let nobody = "/api/v1/runs/nobody/writers/a";
    server.send("PUT", nobody, &headers, json!({ "state": "running" }).to_string()).await.expect(404);
    server.send("PUT", &format!("{RUN}/writers/a"), &headers, "x".repeat(2 << 20)).await.expect(413);
}

#[tokio::test]
async fn a_deleted_run_takes_nothing_until_it_is_created_anew() {
    let server = started().await;
    let events = json!([scored(1, 1.0)]);
    server.post(&format!("{RUN}/events"), &events).await.expect(200);
    server.send("DELETE", &format!("{RUN}?name=n"), &[], "").await.expect(204);
    let check = |answer: support::Answer| {
        assert_eq!(answer.status, 410, "{}", answer.text());
        assert_eq!(answer.json()["error"]["code"], "gone");
    };
    let sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    check(server.post(&format!("{RUN}/events"), &json!([scored(2, 1.0)])).await);
    check(put(&server, "a", &json!({ "state": "running" })).await);
    check(put(&server, "a", &json!({ "state": "finished", "status": "completed" })).await);
    check(server.send("PUT", &format!("{RUN}/artifacts/{sha256}"), &[], "").await);
    check(server.post(&format!("{RUN}/commands"), &json!({ "action": "pause" })).await);
    check(server.send("PATCH", RUN, &[], json!({ "name": "other" }).to_string()).await);
    check(server.post("/gauntlet/command/r1", &json!({ "action": "RESUME" })).await);
    check(server.post("/gauntlet/stream/r1", &snapshot("r1", 2, 1.0)).await);
    // Reading answers as for any run that is not there, and no run came back.
    server.get(RUN).await.expect(404);
    server.get(&format!("{RUN}/events")).await.expect(404);
    assert_eq!(server.get("/api/v1/runs").await.json()["items"], json!([]));
    server.post("/api/v1/runs", &json!({ "id": "r1", "name": "again" })).await.expect(201);
    server.post(&format!("{RUN}/events"), &events).await.expect(200);
    let run = server.get(RUN).await.expect(200).json();
    assert_eq!((&run["name"], &run["head"]), (&json!("again"), &json!(2)));
}

#[tokio::test]
async fn a_server_looks_after_its_writers_by_itself() {
    let server = started().await;
    put(&server, "a", &json!({ "state": "running", "interval_secs": 1 })).await.expect(200);
    tokio::spawn(gauntlet_server::contact::sweep(server.state.store.clone(), server.state.stopping.clone()));
    let mut changes = server.state.store.subscribe_all();
    let lost = tokio::time::timeout(std::time::Duration::from_secs(60), async {
        while server.get(RUN).await.json()["contact"]["lost"] != true {
            changes.changed().await.unwrap();
        }
    });
    lost.await.expect("the run lost contact");
}
