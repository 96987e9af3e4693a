//! Files in and out through the API: every format opens again, slices arrive in any number of attempts, a
//! mistake leaves nothing, and the guide's own examples work.

mod support;

use std::time::{Duration, Instant};

use axum::body::Body;
use serde_json::{Value, json};
use support::Server;

/// A run with what the formats differ in.
async fn run(server: &Server) -> String {
    let file = json!({"snapshots": [
        {"step": 1, "timestamp": "2026-11-21T00:06:33", "scores": {"root": 0.1, "a.b": -3.0},
         "action": "did, \"so\"\n", "observation": "saw", "metadata": {"task_id": "T", "n": 1}},
        {"step": 2, "timestamp": "2026-11-21T00:06:34", "scores": {"root": -2.5}, "failures": ["refusal"],
         "duration_ms": 12.5, "metadata": {}},
    ]});
    let made = server.post("/api/v1/import?name=night.json", &file).await.expect(201).json();
    let run = made["run"].as_str().unwrap().to_owned();
    let notes = json!({"notes": "look at step 2"});
    let body = Body::from(notes.to_string());
    server.send("PATCH", &format!("/api/v1/runs/{run}"), &[], body).await.expect(200);
    run
}

/// The run's scored steps, as they are kept.
async fn snapshots(server: &Server, run: &str) -> Vec<Value> {
    let path = format!("/api/v1/runs/{run}/events?kind=snapshot.scored");
    let events = server.get(&path).await.expect(200).json()["events"].as_array().unwrap().clone();
    let fields = ["id", "at", "episode", "step", "body"];
    events.into_iter().map(|e| fields.iter().map(|k| e[k].clone()).collect()).collect()
}

async fn runs(server: &Server) -> Vec<Value> {
    server.get("/api/v1/runs").await.json()["items"].as_array().unwrap().clone()
}

/// Waits until the file is read.
async fn read(server: &Server, id: &str) -> Value {
    for _ in 0..600 {
        let view = server.get(&format!("/api/v1/imports/{id}")).await.expect(200).json();
        if view["phase"] == "done" || view["phase"] == "failed" {
            return view;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the file was not read");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_format_opens_again() {
    let server = Server::new().await;
    let run = run(&server).await;
    let before = snapshots(&server, &run).await;
    for format in ["results", "jsonl", "film", "parquet", "csv"] {
        let out = server.get(&format!("/api/v1/runs/{run}/export?format={format}")).await.expect(200);
        let disposition = out.headers["content-disposition"].to_str().unwrap().to_owned();
        assert!(disposition.contains(&format!("{run}.")) && disposition.contains(format), "{disposition}");
        let back = server.send("POST", "/api/v1/import?name=back", &[], out.bytes).await.expect(201).json();
        assert_eq!((&back["steps"], &back["warnings"]), (&json!(2), &json!([])), "{format}");
        let again = back["run"].as_str().unwrap();
        assert_eq!(snapshots(&server, again).await, before, "{format}");
        let summary = server.get(&format!("/api/v1/runs/{again}")).await.json();
        assert_eq!(summary["status"], "completed", "{format}");
        if format != "csv" {
            assert_eq!(summary["name"], "night", "{format}");
        }
        if format != "csv" && format != "jsonl" {
            assert_eq!(summary["notes"], "look at step 2", "{format}");
        }
    }
    assert!(server.get("/api/v1/imports").await.json()["items"].as_array().unwrap().is_empty());
    let path = format!("/api/v1/runs/{run}/export");
    let wrong = server.get(&format!("{path}?format=xml")).await.expect(422).text();
    assert!(wrong.contains("results, jsonl, film, parquet, csv, dpo"), "{wrong}");
    server.get(&format!("{path}?format=csv&with={run}")).await.expect(422);
    server.get(&format!("{path}?format=dpo&with=nobody")).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_two_runs_become_pairs() {
    let server = Server::new().await;
    let made = async |name: &str, root: f64, answer: &str| {
        let file = json!([
            {"step": 1, "scores": {"root": root}, "observation": "Why?", "action": answer,
             "metadata": {"task_id": "T"}},
            {"step": 2, "scores": {"root": root - 1.0}, "observation": "Why?", "action": "no idea",
             "metadata": {"task_id": "T"}},
        ]);
        let path = format!("/api/v1/import?name={name}.json");
        server.post(&path, &file).await.expect(201).json()["run"].as_str().unwrap().to_owned()
    };
    let (sft, grpo) = (made("sft", 1.0, "so").await, made("grpo", 5.0, "because").await);
    let pairs = async |query: String| {
        let out = server.get(&format!("/api/v1/runs/{query}")).await.expect(200);
        let lines: Vec<Value> = out.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        lines
    };
    let within = pairs(format!("{grpo}/export?format=dpo")).await;
    assert_eq!(within.len(), 1);
    assert_eq!((&within[0]["chosen"], &within[0]["rejected"]), (&json!("because"), &json!("no idea")));
    let between = pairs(format!("{sft}/export?format=dpo&with={grpo}")).await;
    assert_eq!(between.len(), 1);
    assert_eq!((&between[0]["chosen"], &between[0]["rejected"]), (&json!("because"), &json!("so")));
    assert_eq!((&between[0]["chosen_score"], &between[0]["rejected_score"]), (&json!(5.0), &json!(1.0)));
}

/// Lines of scored steps.
fn lines(count: u64) -> String {
    let line =
        |n| format!("{{\"step\":{n},\"scores\":{{\"root\":{n}.5}},\"action\":\"{}\"}}\n", "x".repeat(200));
    (1..=count).map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_arrives_in_slices() {
    let server = Server::new().await;
    let text = lines(3000);
    let announced = json!({"name": "big.jsonl", "size_bytes": text.len(), "key": "k"});
    let view = server.post("/api/v1/imports", &announced).await.expect(201).json();
    let id = view["id"].as_str().unwrap().to_owned();
    assert_eq!((&view["phase"], &view["received_bytes"]), (&json!("receiving"), &json!(0)));
    let put = async |offset: usize, bytes: &str| {
        let path = format!("/api/v1/imports/{id}?offset={offset}");
        server.send("PUT", &path, &[], bytes.to_owned()).await
    };
    let half = text.len() / 2;
    assert_eq!(put(0, &text[..half]).await.expect(200).json()["received_bytes"], half);
    let refused = put(0, &text[..half]).await.expect(409).json();
    assert_eq!(refused["error"]["details"][0]["received_bytes"], half, "{refused}");
    put(half, &format!("{}more", &text[half..])).await.expect(422);

    let again = server.post("/api/v1/imports", &announced).await.expect(200).json();
    assert_eq!((&again["id"], &again["received_bytes"]), (&json!(id), &json!(half)));
    put(half, &text[half..]).await.expect(200);
    let done = read(&server, &id).await;
    assert_eq!((&done["phase"], &done["steps"]), (&json!("done"), &json!(3000)), "{done}");
    let run = done["run"].as_str().unwrap();
    let summary = server.get(&format!("/api/v1/runs/{run}")).await.json();
    assert_eq!(
        (&summary["status"], &summary["steps"], &summary["name"]),
        (&json!("completed"), &json!(3000), &json!("big"))
    );
    server.send("DELETE", &format!("/api/v1/imports/{id}"), &[], "").await.expect(204);
    server.get(&format!("/api/v1/imports/{id}")).await.expect(404);
    assert_eq!(runs(&server).await.len(), 1, "a file that is done leaves its run");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_run_was_deleted_or_that_failed_is_a_new_one() {
    let server = Server::new().await;
    let announced = json!({"name": "a.jsonl", "key": "k"});
    let sent = async |text: String| {
        let view = server.post("/api/v1/imports", &announced).await.expect(201).json();
        let id = view["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/imports/{id}?offset=0&last=true");
        server.send("PUT", &path, &[], text).await.expect(200);
        read(&server, &id).await
    };
    let done = sent(lines(3)).await;
    server.post("/api/v1/imports", &announced).await.expect(200);
    let run = done["run"].as_str().unwrap();
    server.send("DELETE", &format!("/api/v1/runs/{run}?name=a"), &[], "").await.expect(204);
    assert_eq!(sent("{\"scores\": 3}\n".to_owned()).await["phase"], "failed");
    assert_eq!(sent(lines(3)).await["phase"], "done");
    assert_eq!(runs(&server).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_far_down_leaves_nothing() {
    let server = Server::new().await;
    let text = lines(5000) + "{\"step\":5001,\"scores\":{\"root\":\"much\"}}\n" + &lines(10);
    let in_one_request =
        server.send("POST", "/api/v1/import?name=a.jsonl", &[], text.clone()).await.expect(422).json();
    let view = server.post("/api/v1/imports", &json!({"name": "a.jsonl"})).await.expect(201).json();
    let id = view["id"].as_str().unwrap();
    server.send("PUT", &format!("/api/v1/imports/{id}?offset=0&last=true"), &[], text).await.expect(200);
    let failed = read(&server, id).await;
    assert_eq!((&failed["phase"], &failed["run"]), (&json!("failed"), &json!(null)));
    for error in [&in_one_request["error"], &failed["error"]] {
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("scores.root") && message.contains("line 5001"), "{message}");
        assert_eq!(error["code"], "unreadable_file");
    }
    assert!(runs(&server).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_leaves_nothing() {
    let server = Server::new().await;
    let text = lines(20_000);
    let view = server.post("/api/v1/imports", &json!({"name": "a.jsonl"})).await.expect(201).json();
    let id = view["id"].as_str().unwrap();
    let path = format!("/api/v1/imports/{id}");
    server.send("PUT", &format!("{path}?offset=0&last=true"), &[], text).await.expect(200);
    let begun = Instant::now();
    while runs(&server).await.is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the import never begins");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let begun = server.get(&path).await.expect(200).json();
    assert_eq!(begun["phase"], "importing", "{begun}");
    server.send("DELETE", &path, &[], "").await.expect(204);
    server.get(&path).await.expect(404);
    assert!(runs(&server).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_over_the_limit_is_refused_with_the_remedy() {
    let server = Server::with(|(_, limits)| limits.import_bytes = 1000).await;
    let text = format!("[{}]", lines(20).trim().replace('\n', ","));
    let announced = json!({"name": "a.json", "size_bytes": text.len()});
    let view = server.post("/api/v1/imports", &announced).await.expect(201).json();
    let id = view["id"].as_str().unwrap();
    server.send("PUT", &format!("/api/v1/imports/{id}?offset=0"), &[], text).await.expect(200);
    let failed = read(&server, id).await;
    let message = failed["error"]["message"].as_str().unwrap();
    assert!(message.contains("up to 1000 bytes") && message.contains("JSON Lines"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guides_examples_open() {
    let server = Server::new().await;
    let guide = include_str!("../../docs/files.md");
    let mut opened = Vec::new();
    for part in guide.split("\n```").skip(1).step_by(2) {
        let (info, text) = part.split_once('\n').unwrap();
        let Some((_, name)) = info.split_once(' ') else { continue };
        let body = text.to_owned() + "\n";
        let made =
            server.send("POST", &format!("/api/v1/import?name={name}"), &[], body).await.expect(201).json();
        assert!(made["steps"].as_u64().unwrap() > 0, "{name}: {made}");
        assert_eq!(made["warnings"], json!([]), "{name}");
        opened.push(name.to_owned());
    }
    let expected = [
        "nested.json",
        "summary.json",
        "flat.json",
        "snapshots.json",
        "array.json",
        "lines.jsonl",
        "events.jsonl",
        "table.csv",
    ];
    assert_eq!(opened, expected);
}
