//! `/api/v1` through the real router, without sockets: what clients may rely on.

mod support;

use std::io::Write;

use gauntlet_server::guard::Trusted;
use serde_json::{Value, json};
use support::{Server, id, scored};

async fn with_run() -> Server {
    let server = Server::new().await;
    server.post("/api/v1/runs", &json!({ "id": "r1", "name": "first" })).await.expect(201);
    server
}

#[tokio::test]
async fn a_run_is_created_once_and_not_with_other_content() {
    let server = with_run().await;
    let same = server.post("/api/v1/runs", &json!({ "id": "r1", "name": "first" })).await.expect(200);
    assert_eq!(same.json()["head"], 1);
    let other = server.post("/api/v1/runs", &json!({ "id": "r1", "name": "second" })).await.expect(409);
    assert_eq!(other.json()["error"]["code"], "conflict");
    let named = server.post("/api/v1/runs", &json!({ "name": "no id" })).await.expect(201);
    assert_eq!(named.json()["id"].as_str().unwrap().len(), 36);
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let server = with_run().await;
    let check = async |body: Value, field: &str| {
        let answer = server.post("/api/v1/runs", &body).await.expect(422).json();
        assert_eq!(answer["error"]["details"][0]["field"], field, "{answer}");
        assert!(answer["error"]["request_id"].is_string(), "{answer}");
    };
    check(json!({ "id": "x" }), "name").await;
    check(json!({ "name": "x", "colour": "red" }), "colour").await;
    check(json!({ "name": "" }), "name").await;
    check(json!({ "name": 7 }), "name").await;
    server.send("POST", "/api/v1/runs", &[], "{").await.expect(422);
    for path in ["/api/v1/runs?limit=x", "/api/v1/runs?colour=red", "/api/v1/runs/r1/steps/two"] {
        let answer = server.get(path).await.expect(400).json();
        assert_eq!(answer["error"]["code"], "bad_request", "{path}: {answer}");
    }
    server.get("/api/v1/runs?status=asleep").await.expect(422);
    server.get("/api/v1/runs?cursor=zzz").await.expect(422);
    server.get("/api/v1/runs/none").await.expect(404);
    server.get("/api/v1/nothing").await.expect(404);
    server.send("PUT", "/api/v1/runs", &[], "").await.expect(405);
}

#[tokio::test]
async fn events_are_appended_once_and_read_back() {
    let server = with_run().await;
    let batch = json!([scored(1, 5.0), scored(2, -20.0), scored(1, 5.0)]);
    let first = server.post("/api/v1/runs/r1/events", &batch).await.expect(200).json();
    assert_eq!(first, json!({ "accepted": 2, "duplicates": 1, "first_seq": 1, "last_seq": 2 }));
    let again = server.post("/api/v1/runs/r1/events", &batch).await.expect(200).json();
    assert_eq!(again["accepted"], 0);
    let page = server.get("/api/v1/runs/r1/events?after=0&limit=1").await.expect(200).json();
    assert_eq!(page["events"][0]["seq"], 1);
    assert_eq!(page["events"][0]["id"], id(1));
    assert_eq!(page["next_after"], 1);
    assert_eq!(page["head"], 3);
    let kinds = server.get("/api/v1/runs/r1/events?kind=run.started").await.expect(200).json();
    assert_eq!(kinds["events"].as_array().unwrap().len(), 1);
    server.get("/api/v1/runs/r1/events?kind=run.begun").await.expect(422);
    server.post("/api/v1/runs/none/events", &batch).await.expect(404);
}

#[tokio::test]
async fn one_bad_event_refuses_the_batch() {
    let server = with_run().await;
    let mut bad = scored(2, 1.0);
    bad["body"]["scores"]["grounding"] = json!("high");
    let answer =
        server.post("/api/v1/runs/r1/events", &json!([scored(1, 1.0), bad])).await.expect(422).json();
    let detail = &answer["error"]["details"][0];
    assert_eq!(detail["index"], 1);
    assert_eq!(detail["field"], "body.scores.grounding");
    assert_eq!(server.get("/api/v1/runs/r1").await.json()["head"], 1, "nothing of the batch is kept");
}

#[tokio::test]
async fn lines_and_compression_are_understood() {
    let server = with_run().await;
    let lines = |from: u64| format!("{}\n\n{}\n", scored(from, 1.0), scored(from + 1, 1.0));
    let ndjson = ("content-type", "application/x-ndjson");
    server.send("POST", "/api/v1/runs/r1/events", &[ndjson], lines(1)).await.expect(200);
    let packed = zstd::encode_all(lines(3).as_bytes(), 3).unwrap();
    let headers = [ndjson, ("content-encoding", "zstd")];
    server.send("POST", "/api/v1/runs/r1/events", &headers, packed).await.expect(200);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(lines(5).as_bytes()).unwrap();
    let headers = [ndjson, ("content-encoding", "gzip")];
    server.send("POST", "/api/v1/runs/r1/events", &headers, gzip.finish().unwrap()).await.expect(200);
    assert_eq!(server.get("/api/v1/runs/r1").await.json()["steps"], 6);
    server.send("POST", "/api/v1/runs/r1/events", &headers, "not gzip").await.expect(400);
    let headers = [ndjson, ("content-encoding", "br")];
    server.send("POST", "/api/v1/runs/r1/events", &headers, "x").await.expect(415);
    server.send("POST", "/api/v1/runs/r1/events", &[("content-type", "text/csv")], "x").await.expect(415);
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_even_when_it_is_packed() {
    let server = Server::with(|(_, limits)| limits.body_bytes = 10_000).await;
    server.post("/api/v1/runs", &json!({ "id": "r1", "name": "n" })).await.expect(201);
    let path = "/api/v1/runs/r1/events";
    server.send("POST", path, &[("content-type", "application/json")], " ".repeat(10_001)).await.expect(413);
    let bomb = zstd::encode_all(" ".repeat(1 << 20).as_bytes(), 3).unwrap();
    assert!(bomb.len() < 1000);
    let headers = [("content-type", "application/json"), ("content-encoding", "zstd")];
    server.send("POST", path, &headers, bomb).await.expect(413);
}

#[tokio::test]
async fn a_full_queue_answers_when_to_retry() {
    let server = Server::with(|(options, _)| options.queue = 1).await;
    server.post("/api/v1/runs", &json!({ "id": "r1", "name": "n" })).await.expect(201);
    let server = std::sync::Arc::new(server);
    let posts = (0..64u64).map(|n| {
        let server = std::sync::Arc::clone(&server);
        tokio::spawn(async move {
            let events: Vec<_> = (0..50).map(|i| scored(1 + n * 50 + i, 1.0)).collect();
            server.post("/api/v1/runs/r1/events", &json!(events)).await
        })
    });
    let (mut accepted, mut refused) = (0u64, 0u64);
    for answer in futures::future::join_all(posts).await {
        let answer = answer.unwrap();
        match answer.status.as_u16() {
            200 => accepted += 50,
            503 => {
                assert!(answer.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
                refused += 50;
            }
            other => panic!("{other}: {}", answer.text()),
        }
    }
    assert!(refused > 0, "the queue never filled");
    let run = server.get("/api/v1/runs/r1").await.json();
    assert_eq!(run["steps"], accepted, "what was refused was not kept, what was accepted was");
}

#[tokio::test]
async fn steps_and_series_and_film_tell_the_same() {
    let server = with_run().await;
    let dipg = json!({ "rules": "dipg" }).to_string();
    let asked = server.send("PATCH", "/api/v1/runs/r1", &[], dipg).await.expect(200).json();
    assert_eq!(asked["failure_rule"]["rule"], "dipg");
    let events: Vec<_> =
        (1..=200u64).map(|n| scored(n, if n % 50 == 0 { -20.0 } else { n as f64 })).collect();
    server.post("/api/v1/runs/r1/events", &json!(events)).await.expect(200);
    let step = server.get("/api/v1/runs/r1/steps/50").await.expect(200).json();
    assert_eq!(step["events"][0]["body"]["action"], "answer 50");
    server.get("/api/v1/runs/r1/steps/999").await.expect(404);
    let failing = server.get("/api/v1/runs/r1/steps?failing=hallucination").await.expect(200).json();
    assert_eq!(failing["items"].as_array().unwrap().len(), 4);
    let by_path = server.get("/api/v1/runs/r1/steps?failing=grounding&after=100").await.expect(200).json();
    assert_eq!(by_path["items"][0]["step"], 150);
    server.get("/api/v1/runs/r1/steps?failing=nothing").await.expect(422);
    let series = server.get("/api/v1/runs/r1/series?path=root&points=20").await.expect(200).json();
    let values: Vec<f64> =
        series["points"].as_array().unwrap().iter().map(|p| p["value"].as_f64().unwrap()).collect();
    assert!(values.contains(&-20.0) && values.contains(&199.0), "the extremes are kept: {values:?}");
    let part = server.get("/api/v1/runs/r1/series?path=root&from=10&to=12").await.expect(200).json();
    assert_eq!(part["points"].as_array().unwrap().len(), 3);
    server.get("/api/v1/runs/r1/series?path=none").await.expect(422);
    let film = server.get("/api/v1/runs/r1/film").await.expect(200).json();
    assert_eq!((film["head"].as_u64(), film["steps"].as_u64()), (Some(201), Some(200)));
    assert_eq!(film["paths"], json!(["root", "format", "grounding"]));
}

#[tokio::test]
async fn sealed_chunks_are_immutable_and_packed() {
    let server = with_run().await;
    for part in 0..9u64 {
        let events: Vec<_> = (0..500u64).map(|i| scored(1 + part * 500 + i, i as f64)).collect();
        server.post("/api/v1/runs/r1/events", &json!(events)).await.expect(200);
    }
    let film = server.get("/api/v1/runs/r1/film").await.expect(200).json();
    assert_eq!(film["levels"][0]["chunks"], 1);
    let path = format!("/api/v1/runs/r1/film/0/0?v={}", film["version"].as_str().unwrap());
    let plain = server.get(&path).await.expect(200);
    let packed = server.send("GET", &path, &[("accept-encoding", "gzip, zstd")], "").await.expect(200);
    assert_eq!(packed.headers["content-encoding"], "zstd");
    assert!(packed.headers["cache-control"].to_str().unwrap().contains("immutable"));
    assert_eq!(zstd::decode_all(packed.bytes.as_slice()).unwrap(), plain.bytes);
    let facts = gauntlet_film::codec::decode(&plain.bytes).unwrap();
    assert_eq!(facts.len(), 4096);
    let etag = packed.headers["etag"].to_str().unwrap();
    server.send("GET", &path, &[("if-none-match", etag)], "").await.expect(304);
    server.get("/api/v1/runs/r1/film/0/1").await.expect(404);
    server.get("/api/v1/runs/r1/film/9/18446744073709551615").await.expect(404);
}

#[tokio::test]
async fn a_film_is_the_same_from_its_log_and_from_its_chunks_and_survives_a_damaged_one() {
    let server = with_run().await;
    for part in 0..20u64 {
        let events: Vec<_> = (0..500u64).map(|i| scored(1 + part * 500 + i, (i % 77) as f64)).collect();
        server.post("/api/v1/runs/r1/events", &json!(events)).await.expect(200);
    }
    let run = gauntlet_model::RunId::new("r1").unwrap();
    server.state.store.put_chunk(&run, 0, 1, b"damaged".to_vec()).await.unwrap();
    let series = "/api/v1/runs/r1/series?path=root&points=5000";
    let of_log = server.get(series).await.expect(200).json();
    assert!(server.state.store.chunk(&run, 0, 0).await.unwrap().is_some(), "the first reading stores it");
    server.state.films.forget(&run);
    let of_chunks = server.get(series).await.expect(200).json();
    assert_eq!(of_log, of_chunks);
    assert_eq!(of_log["head"], 10_001);
}

#[tokio::test]
async fn a_run_is_changed_and_deleted_only_by_its_name() {
    let server = with_run().await;
    let patch = json!({ "name": "renamed", "notes": "look at 12", "tags": ["a"], "status": "paused" });
    let changed = server.send("PATCH", "/api/v1/runs/r1", &[], patch.to_string()).await.expect(200).json();
    assert_eq!((changed["name"].as_str(), changed["status"].as_str()), (Some("renamed"), Some("paused")));
    server.send("PATCH", "/api/v1/runs/r1", &[], json!({ "head": 0 }).to_string()).await.expect(422);
    server.send("DELETE", "/api/v1/runs/r1?name=first", &[], "").await.expect(409);
    server.send("DELETE", "/api/v1/runs/r1?name=renamed", &[], "").await.expect(204);
    server.get("/api/v1/runs/r1").await.expect(404);
}

#[tokio::test]
async fn commands_wait_until_they_are_acknowledged() {
    let server = with_run().await;
    let path = "/api/v1/runs/r1/commands";
    let tweak = json!({ "action": "tweak", "parameters": { "threshold": 0.5 }, "author": "ada" });
    let first = server.post(path, &tweak).await.expect(201).json();
    server.post(path, &json!({ "action": "resume" })).await.expect(201);
    let pending = server.get(path).await.expect(200).json();
    let actions: Vec<_> =
        pending["commands"].as_array().unwrap().iter().map(|c| c["action"].clone()).collect();
    assert_eq!(actions, ["tweak", "resume"]);
    let ack = format!("{path}/{}/ack", first["command_id"].as_str().unwrap());
    server.post(&ack, &json!({ "result": "done" })).await.expect(200);
    server.post(&ack, &json!({})).await.expect(200);
    assert_eq!(server.get(path).await.json()["commands"].as_array().unwrap().len(), 1);
    server.post(path, &json!({ "action": "dance" })).await.expect(422);
    server.post(path, &json!({ "action": "tweak" })).await.expect(422);
    server.post(path, &json!({ "action": "tweak", "parameters": { "a": {} } })).await.expect(422);
    server.post(path, &json!({ "action": "answer", "parameters": { "answer": "x" } })).await.expect(422);
    server.post(&format!("{path}/none/ack"), &json!({})).await.expect(404);
}

#[tokio::test]
async fn an_answer_must_be_one_of_the_options() {
    let server = with_run().await;
    let mut paused = scored(1, -20.0);
    paused["body"]["is_paused"] = json!(true);
    paused["body"]["challenge"] = json!({
        "type": "HALLUCINATION_GUARD", "question": "?", "options": ["Yes", "No"], "expected_answer": "No",
    });
    server.post("/api/v1/runs/r1/events", &json!([paused])).await.expect(200);
    let path = "/api/v1/runs/r1/commands";
    let answer = |text: &str| json!({ "action": "answer", "parameters": { "answer": text } });
    server.post(path, &answer("Perhaps")).await.expect(422);
    server.post(path, &answer("No")).await.expect(201);
    let step = server.get("/api/v1/runs/r1/steps/1").await.expect(200).text();
    assert!(!step.contains("expected_answer"), "the answer is not given away");
}

#[tokio::test]
async fn a_command_is_waited_for() {
    let server = with_run().await;
    let mut poll = std::pin::pin!(server.get("/api/v1/runs/r1/commands?wait=20"));
    let early = tokio::time::timeout(std::time::Duration::from_millis(100), &mut poll).await;
    assert!(early.is_err(), "answered although no command is pending");
    server.post("/api/v1/runs/r1/commands", &json!({ "action": "pause" })).await.expect(201);
    let answer = tokio::time::timeout(std::time::Duration::from_secs(20), poll).await.unwrap();
    assert_eq!(answer.json()["commands"][0]["action"], "pause");
}

#[tokio::test]
async fn files_open_completely_or_not_at_all() {
    let server = Server::new().await;
    let file = json!([
        { "step": 1, "session_id": "s", "scores": { "root": 1.0 }, "metadata": { "action": "a" } },
        { "step": 2, "session_id": "s", "scores": { "root": -2.5 }, "metadata": {} },
    ]);
    let made = server.post("/api/v1/import?name=mine.json", &file).await.expect(201).json();
    assert_eq!(made["steps"], 2);
    let run = made["run"].as_str().unwrap();
    for format in ["results", "jsonl"] {
        let out = server.get(&format!("/api/v1/runs/{run}/export?format={format}")).await.expect(200);
        let back = server.send("POST", "/api/v1/import?name=back", &[], out.bytes).await.expect(201).json();
        let again =
            server.get(&format!("/api/v1/runs/{}/steps/2", back["run"].as_str().unwrap())).await.json();
        assert_eq!(again["events"][0]["body"]["scores"]["root"], -2.5);
    }
    server.get(&format!("/api/v1/runs/{run}/export?format=xml")).await.expect(422);
    let before = server.get("/api/v1/runs").await.json()["items"].as_array().unwrap().len();
    let broken =
        server.send("POST", "/api/v1/import?name=x.json", &[], "{\"a\": 1}").await.expect(422).json();
    assert_eq!(broken["error"]["code"], "unreadable_file");
    server
        .send("POST", "/api/v1/import?name=x.json", &[], "[{\"step\": 1, \"scores\": {\"root\": \"high\"}}]")
        .await
        .expect(422);
    assert_eq!(server.get("/api/v1/runs").await.json()["items"].as_array().unwrap().len(), before);
}

#[tokio::test]
async fn only_this_machine_may_ask() {
    let server = Server::new().await;
    let ask = async |headers: &[(&str, &str)]| {
        let mut request = axum::http::Request::builder().uri("/api/v1/runs");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        server.raw(request.body(axum::body::Body::empty()).unwrap()).await.status.as_u16()
    };
    assert_eq!(ask(&[("host", "localhost:4600")]).await, 200);
    assert_eq!(ask(&[("host", "evil.example")]).await, 403);
    assert_eq!(ask(&[("host", "localhost:4600"), ("origin", "https://evil.example")]).await, 403);
}

#[tokio::test]
async fn a_request_id_comes_back() {
    let server = Server::new().await;
    let answer = server.send("GET", "/api/v1/runs/none", &[("x-request-id", "mine-7")], "").await.expect(404);
    assert_eq!(answer.headers["x-request-id"], "mine-7");
    assert_eq!(answer.json()["error"]["request_id"], "mine-7");
    assert_eq!(server.get("/healthz").await.expect(200).json()["status"], "ok");
    server.get("/readyz").await.expect(200);
}

#[tokio::test]
async fn the_readme_examples_work() {
    let readme = include_str!("../../README.md");
    let (_, examples) = readme.split_once("## Send your own runs").unwrap();
    let bodies: Vec<&str> =
        examples.split(" -d '").skip(1).map(|rest| rest.split_once('\'').unwrap().0).collect();
    assert_eq!(bodies.len(), 2, "the README shows a run and its events");
    let server = Server::new().await;
    let json = [("content-type", "application/json")];
    server.send("POST", "/api/v1/runs", &json, bodies[0].to_owned()).await.expect(201);
    server.send("POST", "/api/v1/runs/my-run/events", &json, bodies[1].to_owned()).await.expect(200);
    assert_eq!(server.get("/api/v1/runs/my-run").await.json()["steps"], 1);
}

#[test]
fn the_readme_settings_are_the_defaults() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```toml\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gauntlet.toml");
    std::fs::write(&file, rest.split_once("```").unwrap().0).unwrap();
    let load = |config| {
        let over = gauntlet_server::config::Overrides { config, ..Default::default() };
        format!("{:?}", gauntlet_server::config::Config::load(&over).unwrap())
    };
    assert_eq!(load(Some(file)), load(None));
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_read_and_others_may_not() {
    let server = Server::new().await;
    let trusted = Trusted::parse(&["http://localhost:3000".to_owned()]).unwrap();
    let server = server.changed(|state| state.trusted = trusted);
    let asked = [("origin", "http://localhost:3000"), ("access-control-request-method", "POST")];
    let asked = [&asked[..], &[("access-control-request-headers", "content-type")]].concat();
    let answer = server.send("OPTIONS", "/gauntlet/command/s", &asked, "").await.expect(200);
    assert_eq!(answer.headers["access-control-allow-origin"], "http://localhost:3000");
    assert_eq!(answer.headers["access-control-allow-headers"], "content-type");
    let answer = server.send("GET", "/gauntlet/sessions", &[("origin", "http://localhost:3000")], "").await;
    assert_eq!(answer.expect(200).headers["access-control-allow-origin"], "http://localhost:3000");
    for origin in ["https://evil.example", "http://localhost:3001", "http://127.0.0.1:3000"] {
        let foreign = server.send("GET", "/gauntlet/sessions", &[("origin", origin)], "").await;
        assert!(!foreign.expect(403).headers.contains_key("access-control-allow-origin"), "{origin}");
        let asked = [("origin", origin), asked[1], asked[2]];
        let answer = server.send("OPTIONS", "/gauntlet/command/s", &asked, "").await;
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{origin}");
    }
}

#[tokio::test]
async fn a_measurement_is_a_curve_by_step_and_no_step_of_the_run() {
    let server = with_run().await;
    let measured = |n: u64, step: u64, value: f64| {
        json!({ "id": id(100 + n), "at": "2026-01-01T00:00:00Z", "kind": "score.added", "v": 1, "step": step,
                "body": { "target": "step", "path": "metrics.loss", "value": value, "source": "log" } })
    };
    let events: Vec<Value> = (0..5).map(|n| measured(n, n * 10, n as f64 / 4.0)).collect();
    server.post("/api/v1/runs/r1/events", &json!(events)).await.expect(200);
    let series =
        server.get("/api/v1/runs/r1/series?path=metrics.loss&from=10&to=30").await.expect(200).json();
    let points: Vec<_> =
        series["points"].as_array().unwrap().iter().map(|p| (&p["step"], &p["value"])).collect();
    assert_eq!(points, [(&json!(10), &json!(0.25)), (&json!(20), &json!(0.5)), (&json!(30), &json!(0.75))]);
    assert_eq!(server.get("/api/v1/runs/r1").await.json()["steps"], 0, "no rollout was judged");
    server.post("/api/v1/runs/r1/events", &json!([scored(1, 5.0)])).await.expect(200);
    let run = server.get("/api/v1/runs/r1").await.json();
    assert_eq!((&run["steps"], &run["mean_root"], &run["failing"]), (&json!(1), &json!(5.0), &json!(0)));
}

#[tokio::test]
async fn a_step_that_several_episodes_have_is_answered_episode_by_episode() {
    let server = Server::new().await;
    server.post("/api/v1/runs", &json!({ "id": "r1", "name": "n" })).await.expect(201);
    let of = |n: u64, episode: Option<&str>| {
        let mut event = scored(n, n as f64);
        event["step"] = json!(0);
        if let Some(episode) = episode {
            event["episode"] = json!(episode);
        }
        event
    };
    let events = [of(1, Some("a")), of(2, Some("b")), of(3, None), of(4, Some("a"))];
    server.post("/api/v1/runs/r1/events", &json!(events)).await.expect(200);
    let seqs = |answer: &Value, list: &str| {
        answer[list].as_array().unwrap().iter().map(|e| e["seq"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let get = async |path: &str| server.get(&format!("/api/v1/runs/r1/{path}")).await.expect(200).json();
    let step = get("steps/0").await;
    let expect = json!([{ "episode": "a", "events": 2 }, { "episode": "b", "events": 1 },
        { "episode": null, "events": 1 }]);
    assert_eq!((&step["step"], &step["episodes"]), (&json!(0), &expect));
    assert_eq!(seqs(&step, "events"), [1, 4, 2, 3]);
    for (query, events, steps) in
        [("episode=a", vec![1, 4], vec![4]), ("episode=b", vec![2], vec![2]), ("episode=", vec![3], vec![3])]
    {
        assert_eq!(seqs(&get(&format!("steps/0?{query}")).await, "events"), events);
        assert_eq!(seqs(&get(&format!("steps?{query}")).await, "items"), steps);
        let page = get(&format!("events?kind=snapshot.scored&{query}")).await;
        assert_eq!((seqs(&page, "events"), &page["next_after"]), (events, &json!(4)));
    }
    let first = get("steps/0?limit=1").await;
    assert_eq!((&first["total"], &first["episodes_total"]), (&json!(4), &json!(3)));
    let (mut walked, mut part) = (seqs(&first, "events"), first);
    while let Some(cursor) = part["next_cursor"].as_str().map(str::to_owned) {
        part = get(&format!("steps/0?limit=1&cursor={cursor}")).await;
        assert_eq!(part["episodes"][0]["episode"], part["events"][0]["episode"]);
        walked.extend(seqs(&part, "events"));
    }
    assert_eq!(walked, [1, 4, 2, 3]);
    assert_eq!(get("steps/0?cursor=99999.99999").await["events"], json!([]));
    let refused = server.get("/api/v1/runs/r1/steps/0?cursor=x").await.expect(422).json();
    assert_eq!(refused["error"]["details"][0]["field"], "cursor");
    let missing = server.get("/api/v1/runs/r1/steps/0?episode=z").await.expect(404).text();
    assert!(missing.contains("in the episode z"), "{missing}");
    for path in ["steps/0", "steps", "events"] {
        let refused = server.get(&format!("/api/v1/runs/r1/{path}?episode=a%2Fb")).await.expect(400).json();
        assert_eq!(refused["error"]["details"][0]["field"], "episode", "{refused}");
    }
}
