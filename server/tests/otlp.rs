//! `/v1/traces` and `/v1/logs` over HTTP: both encodings, what is refused and how, and what is found in the
//! log.

mod support;

use std::io::Write;

use serde_json::{Value, json};
use support::{Answer, Server};

const AGENT: &[u8] = include_bytes!("../../crates/otlp/tests/recorded/python-agent.pb");
const OPENINFERENCE: &[u8] = include_bytes!("../../crates/otlp/tests/recorded/python-openinference.pb");
const EVALUATIONS: &[u8] = include_bytes!("../../crates/otlp/tests/recorded/python-evaluations.pb");
const JAVASCRIPT: &[u8] = include_bytes!("../../crates/otlp/tests/recorded/javascript-agent.json");
const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const JSON: (&str, &str) = ("content-type", "application/json");

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// A span of the trace `4b4b...`; `parent` 0 is none.
fn span(id: u8, parent: u8, name: &str) -> Value {
    let hex = |id: u8| if id == 0 { String::new() } else { format!("{id:02x}").repeat(8) };
    let begin = (1_700_000_000 + u64::from(id)) * 1_000_000_000;
    json!({
        "traceId": "4b".repeat(16), "spanId": hex(id), "parentSpanId": hex(parent), "name": name,
        "startTimeUnixNano": begin.to_string(), "endTimeUnixNano": (begin + 500_000_000).to_string(),
    })
}

fn judged(mut span: Value, name: &str, value: f64) -> Value {
    span["events"] = json!([{ "name": "gen_ai.evaluation.result", "timeUnixNano": "1700000009000000000",
        "attributes": [
        { "key": "gen_ai.evaluation.name", "value": { "stringValue": name } },
        { "key": "gen_ai.evaluation.score.value", "value": { "doubleValue": value } },
    ] }]);
    span
}

fn traces(run: &str, spans: &[Value]) -> Value {
    json!({ "resourceSpans": [{
        "resource": { "attributes": [{ "key": "gauntlet.run.id", "value": { "stringValue": run } }] },
        "scopeSpans": [{ "spans": spans }],
    }] })
}

/// A span of a service that says this.
fn of_service(id: u8, attributes: Value) -> Value {
    let mut one = span(id, if id == 1 { 0 } else { 1 }, "s");
    one["attributes"] = attributes;
    let resource = json!({ "attributes": [{ "key": "service.name", "value": { "stringValue": "svc" } }] });
    json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": [{ "spans": [one] }] }] })
}

/// The attributes of a span that names its conversation.
fn talk() -> Value {
    json!([{ "key": "gen_ai.conversation.id", "value": { "stringValue": "talk" } }])
}

async fn send(server: &Server, request: &Value) -> Answer {
    server.send("POST", "/v1/traces", &[JSON], request.to_string()).await
}

async fn events(server: &Server, run: &str) -> Vec<Value> {
    let page = server.get(&format!("/api/v1/runs/{run}/events?limit=10000")).await.expect(200).json();
    page["events"].as_array().unwrap().clone()
}

/// The only run of that name: a service has one for each of its processes.
async fn run_of(server: &Server, name: &str) -> String {
    let runs = server.get("/api/v1/runs").await.expect(200).json();
    let mut found = runs["items"].as_array().unwrap().iter().filter(|run| run["name"] == name);
    let run = found.next().unwrap_or_else(|| panic!("no run {name}: {runs}"));
    assert!(found.next().is_none(), "{runs}");
    run["id"].as_str().unwrap().to_owned()
}

fn of_kind<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|e| e["kind"] == kind).collect()
}

#[tokio::test]
async fn both_encodings_plain_and_gzip_answer_in_kind() {
    for (media, bytes, run) in [(PROTOBUF, AGENT, "triage-service"), (JSON, JAVASCRIPT, "triage-js")] {
        let server = Server::new().await;
        let answer = server.send("POST", "/v1/traces", &[media], bytes).await.expect(200);
        assert_eq!(answer.headers["content-type"], media.1);
        assert_eq!(answer.bytes, if media == JSON { &b"{}"[..] } else { b"" });
        let run = &run_of(&server, run).await;
        let before = events(&server, run).await;
        assert_eq!(of_kind(&before, "episode.started").len(), 1);
        let gzipped = [media, ("content-encoding", "gzip")];
        server.send("POST", "/v1/traces", &gzipped, gzip(bytes)).await.expect(200);
        assert_eq!(events(&server, run).await, before, "the same spans, sent again");
    }
}

#[tokio::test]
async fn a_run_is_made_of_what_came() {
    let server = Server::new().await;
    server.send("POST", "/v1/traces", &[PROTOBUF], AGENT).await.expect(200);
    let id = run_of(&server, "triage-service").await;
    assert!(id.starts_with("triage-service-"), "one for each process: {id}");
    let run = server.get(&format!("/api/v1/runs/{id}")).await.expect(200).json();
    assert_eq!(
        (&run["name"], &run["project"], &run["kind"], &run["agent"], &run["status"]),
        (&json!("triage-service"), &json!("medical"), &json!("agent"), &json!("triage"), &json!("running"))
    );
    // The agent, its model and its tool, which failed.
    assert_eq!((&run["episodes"], &run["steps"], &run["failing"]), (&json!(1), &json!(3), &json!(2)));
    assert_eq!(run["metadata"]["otlp_mapping"], 3);
    // The judged step is a node of the film, and fails there by its root: its rubrics are not the medical
    // ones.
    let failing = server.get(&format!("/api/v1/runs/{id}/steps?failing=grounding")).await.expect(200).json();
    assert_eq!(failing["items"][0]["failure"], "generic");
    server.send("POST", "/v1/traces", &[PROTOBUF], OPENINFERENCE).await.expect(200);
    let assistant = run_of(&server, "assistant").await;
    assert_eq!(server.get(&format!("/api/v1/runs/{assistant}")).await.expect(200).json()["episodes"], 3);
}

#[tokio::test]
async fn log_records_become_scores() {
    let server = Server::new().await;
    let answer = server.send("POST", "/v1/logs", &[PROTOBUF], EVALUATIONS).await.expect(200);
    assert_eq!(answer.bytes, b"");
    let judge = &run_of(&server, "judge").await;
    let found = events(&server, judge).await;
    let scored = of_kind(&found, "snapshot.scored");
    assert_eq!(scored[0]["body"]["scores"], json!({ "root": 0.75, "relevance": 0.75 }));
    server.send("POST", "/v1/logs", &[PROTOBUF], EVALUATIONS).await.expect(200);
    assert_eq!(events(&server, judge).await.len(), found.len());
}

#[tokio::test]
async fn what_is_bad_is_named_while_the_rest_is_stored() {
    let server = Server::new().await;
    let mut bad = span(2, 1, "bad");
    bad["traceId"] = json!("00ff");
    let answer = send(&server, &traces("r", &[span(1, 0, "good"), bad])).await.expect(200).json();
    assert_eq!(answer["partialSuccess"]["rejectedSpans"], "1");
    let message = answer["partialSuccess"]["errorMessage"].as_str().unwrap();
    assert!(message.contains("span \"bad\": traceId \"00ff\" is not 16 bytes"), "{message}");
    assert_eq!(of_kind(&events(&server, "r").await, "step.recorded").len(), 1);
    // A resource whose run cannot be: nothing is stored, and each span is reported.
    let answer = send(&server, &traces("a/b", &[span(1, 0, "a"), span(2, 1, "b")])).await.expect(200).json();
    assert_eq!(answer["partialSuccess"]["rejectedSpans"], "2");
    server.get("/api/v1/runs/a%2Fb").await.expect(404);
    // A score of a span that is kept, but is not a number: a warning, nothing rejected.
    let odd = judged(span(3, 1, "odd"), "a..b", 1.0);
    let answer = send(&server, &traces("r", &[odd])).await.expect(200).json();
    assert_eq!(answer["partialSuccess"]["rejectedSpans"], "0");
    assert!(
        answer["partialSuccess"]["errorMessage"].as_str().unwrap().contains("not a rubric path"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_resource_asks_for_the_rules_of_its_run() {
    let server = Server::new().await;
    let asking = |run: &str, rules: Value| {
        let mut request = traces(run, &[span(1, 0, "a")]);
        let attributes = request["resourceSpans"][0]["resource"]["attributes"].as_array_mut().unwrap();
        attributes.push(json!({ "key": "gauntlet.rules", "value": rules }));
        request
    };
    let bound =
        json!({ "kvlistValue": { "values": [{ "key": "root_below", "value": { "doubleValue": 0.25 } }] } });
    let cases = [
        ("a", json!({ "stringValue": "dipg" }), json!("dipg")),
        ("b", json!({ "stringValue": "root_below:0.9" }), json!({ "root_below": 0.9 })),
        ("c", json!({ "stringValue": "{\"root_below\": -1}" }), json!({ "root_below": -1.0 })),
        ("d", bound, json!({ "root_below": 0.25 })),
        ("e", json!({ "stringValue": "auto" }), json!("auto")),
    ];
    for (run, rules, expect) in cases {
        let answer = send(&server, &asking(run, rules)).await.expect(200).json();
        assert_eq!(answer, json!({}), "{run}");
        assert_eq!(server.get(&format!("/api/v1/runs/{run}")).await.expect(200).json()["rules"], expect);
    }
    let unknown = asking("f", json!({ "stringValue": "medical" }));
    let answer = send(&server, &unknown).await.expect(200).json();
    assert_eq!(answer["partialSuccess"]["rejectedSpans"], "0");
    assert_eq!(
        answer["partialSuccess"]["errorMessage"],
        "gauntlet.rules: \"medical\" is not a rule; it must be auto, dipg or root_below:NUMBER; a run that \
         begins with this is judged by auto"
    );
    assert_eq!(server.get("/api/v1/runs/f").await.expect(200).json()["rules"], "auto");
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_in_the_encoding_of_the_request() {
    let server = Server::with(|(_, limits)| limits.body_bytes = 10_000).await;
    let check = async |headers: &[(&str, &str)], body: Vec<u8>, status: u16, code: i64, expected: &str| {
        for path in ["/v1/traces", "/v1/logs", "/v1/metrics"] {
            let answer = server.send("POST", path, headers, body.clone()).await.expect(status);
            assert_eq!(answer.headers["content-type"], headers[0].1);
            assert!(answer.headers.contains_key("x-request-id"));
            if headers[0] == JSON {
                assert_eq!(answer.json()["code"], code, "{}", answer.text());
            }
            assert!(answer.text().contains(expected), "{:?} should say {expected:?}", answer.text());
        }
    };
    let gzipped = ("content-encoding", "gzip");
    check(&[JSON], b"{".to_vec(), 400, 3, "the body is not a JSON").await;
    check(&[JSON], b"[]".to_vec(), 400, 3, "expected an object").await;
    check(&[JSON], b"\xff\xfe".to_vec(), 400, 3, "the body is not a JSON").await;
    check(&[JSON], Vec::new(), 400, 3, "EOF").await;
    check(&[PROTOBUF], b"not protobuf".to_vec(), 400, 3, "the body is not a protobuf").await;
    check(&[JSON, gzipped], b"not gzip".to_vec(), 400, 3, "could not be read").await;
    check(&[PROTOBUF, gzipped], gzip(b"x")[..12].to_vec(), 400, 3, "could not be read").await;
    check(&[JSON, ("content-encoding", "snappy")], b"{}".to_vec(), 415, 3, "snappy").await;
    check(&[JSON], vec![b' '; 10_001], 413, 8, "larger than 10000 bytes").await;
    check(&[PROTOBUF, gzipped], gzip(&vec![0; 1 << 20]), 413, 8, "after decompression").await;
    for path in ["/v1/traces", "/v1/logs"] {
        let answer =
            server.send("POST", path, &[("content-type", "text/plain")], "{}").await.expect(415).json();
        assert_eq!(answer["error"]["code"], "unsupported_media_type");
        server.send("POST", path, &[], "{}").await.expect(415);
        server.send("GET", path, &[], "").await.expect(405);
        let foreign = [JSON, ("origin", "https://elsewhere.example")];
        server.send("POST", path, &foreign, "{}").await.expect(403);
    }
    let runs = server.get("/api/v1/runs").await.expect(200).json();
    assert_eq!(runs["items"], json!([]));
}

#[tokio::test]
async fn an_empty_request_is_fine() {
    let server = Server::new().await;
    for body in ["{}", r#"{"resourceSpans":[]}"#, r#"{"resourceSpans":null,"later":1}"#] {
        assert_eq!(server.send("POST", "/v1/traces", &[JSON], body).await.expect(200).text(), "{}");
    }
    assert_eq!(server.send("POST", "/v1/logs", &[PROTOBUF], "").await.expect(200).bytes, b"");
    assert_eq!(server.get("/api/v1/runs").await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_full_queue_answers_when_to_retry() {
    let server = Server::with(|(options, _)| options.queue_bytes = 1).await;
    // One request takes all the room there is until it is on the disk; of many at once some find none.
    let requests: Vec<Value> = (1..40).map(|i| traces(&format!("r{i}"), &[span(i, 0, "x")])).collect();
    let answers = futures::future::join_all(requests.iter().map(|r| send(&server, r))).await;
    let mut refused = 0;
    for answer in answers {
        if answer.status != 503 {
            answer.expect(200);
            continue;
        }
        refused += 1;
        assert_eq!(answer.headers["retry-after"], "1");
        assert_eq!(answer.json()["code"], 14);
    }
    assert!(refused > 0, "nothing was refused");
    // Sent again, one after another, all of it is there and nothing twice.
    for request in &requests {
        send(&server, request).await.expect(200);
    }
    for i in 1..40 {
        let found = events(&server, &format!("r{i}")).await;
        assert_eq!(of_kind(&found, "step.recorded").len(), 1, "{found:?}");
        assert_eq!(of_kind(&found, "episode.started").len(), 1);
    }
}

#[tokio::test]
async fn spans_that_come_at_once_and_out_of_order_get_one_number_each() {
    let server = Server::new().await;
    let request = |id: u8| {
        let one = span(id, if id == 1 { 0 } else { 1 }, "s");
        traces("r", &[judged(one, "score", f64::from(id))])
    };
    let all: Vec<Value> = (1..=40).rev().map(request).chain((1..=40).map(request)).collect();
    for answer in futures::future::join_all(all.iter().map(|r| send(&server, r))).await {
        assert_eq!(answer.expect(200).text(), "{}");
    }
    let found = events(&server, "r").await;
    let plain = of_kind(&found, "step.recorded").into_iter().filter(|e| e["body"]["step_kind"] != "reward");
    let mut steps: Vec<u64> = plain.map(|e| e["step"].as_u64().unwrap()).collect();
    steps.sort_unstable();
    assert_eq!(steps, (0..40).collect::<Vec<u64>>());
    let nodes = of_kind(&found, "snapshot.scored");
    assert_eq!(nodes.len(), 40);
    for node in nodes {
        let step = of_kind(&found, "step.recorded").into_iter().find(|e| e["step"] == node["step"]).unwrap();
        let id = u8::from_str_radix(&step["body"]["span_id"].as_str().unwrap()[..2], 16).unwrap();
        assert_eq!(node["body"]["scores"]["score"], f64::from(id), "a score stands on the step of its span");
    }
    assert_eq!(of_kind(&found, "episode.started").len(), 1);
    assert_eq!(of_kind(&found, "episode.finished").len(), 1);
    // Everything again, in one request: nothing changes.
    let spans: Vec<Value> =
        (1..=40).map(|id| request(id)["resourceSpans"][0]["scopeSpans"][0]["spans"][0].clone()).collect();
    send(&server, &traces("r", &spans)).await.expect(200);
    assert_eq!(events(&server, "r").await, found);
}

#[tokio::test]
async fn a_trace_goes_where_its_first_part_went() {
    let server = Server::new().await;
    send(&server, &of_service(2, talk())).await.expect(200);
    send(&server, &of_service(1, json!([]))).await.expect(200);
    assert_eq!(of_kind(&events(&server, "talk").await, "step.recorded").len(), 2);
    server.get("/api/v1/runs/svc").await.expect(404);
}

#[tokio::test]
async fn a_trace_stays_together_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let start = || Server::with(|(options, _)| *options = gauntlet_store::Options::new(folder.path()));
    let first = start().await;
    send(&first, &of_service(2, talk())).await.expect(200);
    first.state.store.close().await;
    drop(first);
    let second = start().await;
    send(&second, &of_service(1, json!([]))).await.expect(200);
    let score = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [{
        "traceId": "4b".repeat(16), "spanId": "02".repeat(8), "eventName": "gen_ai.evaluation.result",
        "timeUnixNano": "1700000009000000000", "attributes": [
            { "key": "gen_ai.evaluation.name", "value": { "stringValue": "tone" } },
            { "key": "gen_ai.evaluation.score.value", "value": { "doubleValue": 1.0 } },
        ],
    }] }] }] });
    second.send("POST", "/v1/logs", &[JSON], score.to_string()).await.expect(200);
    let runs = second.get("/api/v1/runs").await.expect(200).json();
    let names: Vec<&Value> = runs["items"].as_array().unwrap().iter().map(|run| &run["id"]).collect();
    assert_eq!(names, ["talk"]);
    let found = events(&second, "talk").await;
    assert_eq!(of_kind(&found, "episode.started").len(), 1);
    assert_eq!(of_kind(&found, "step.recorded").len(), 3);
    // A deleted run takes no trace: what comes now goes to the run that it names.
    second.send("DELETE", "/api/v1/runs/talk?name=talk", &[], "").await.expect(204);
    second.state.store.close().await;
    drop(second);
    let third = start().await;
    send(&third, &of_service(1, json!([]))).await.expect(200);
    assert_eq!(of_kind(&events(&third, "svc").await, "step.recorded").len(), 1);
}

#[tokio::test]
async fn spans_join_a_run_that_is_there_already() {
    let server = Server::new().await;
    server.post("/api/v1/runs", &json!({ "id": "r", "name": "mine", "project": "p" })).await.expect(201);
    let scored = json!([{
        "id": "01920000-0000-7000-8000-000000000001", "at": "2026-11-21T00:00:00Z", "kind": "snapshot.scored",
        "v": 1, "step": 6, "body": { "scores": { "root": 1.0 } },
    }]);
    server.post("/api/v1/runs/r/events", &scored).await.expect(200);
    send(&server, &traces("r", &[span(1, 0, "s")])).await.expect(200);
    let run = server.get("/api/v1/runs/r").await.expect(200).json();
    assert_eq!((&run["name"], &run["project"]), (&json!("mine"), &json!("p")));
    let found = events(&server, "r").await;
    assert_eq!(of_kind(&found, "step.recorded")[0]["step"], 7, "behind the last step");
}

#[tokio::test]
async fn an_export_sent_to_another_server_is_the_same_run() {
    let there = Server::new().await;
    there.send("POST", "/v1/traces", &[PROTOBUF], AGENT).await.expect(200);
    let native = json!([
        { "id": "01920000-0000-7000-8000-000000000001", "at": "2026-11-21T00:00:00Z",
          "kind": "snapshot.scored", "v": 1, "episode": "e1", "step": 9,
          "body": { "scores": { "root": -1.5 }, "action": "a" } },
        { "id": "01920000-0000-7000-8000-000000000002", "at": "2026-11-21T00:00:01Z",
          "kind": "annotation.added", "v": 1, "body": { "text": "look", "author": "dana" } },
        { "id": "01920000-0000-7000-8000-000000000003", "at": "2026-11-21T00:00:02Z", "kind": "run.finished",
          "v": 1, "body": { "status": "completed" } },
    ]);
    let id = &run_of(&there, "triage-service").await;
    there.post(&format!("/api/v1/runs/{id}/events"), &native).await.expect(200);
    let export = there.get(&format!("/api/v1/runs/{id}/export?format=otlp")).await.expect(200);
    assert_eq!(export.headers["content-type"], "application/x-ndjson");
    assert!(export.headers["content-disposition"].to_str().unwrap().contains(&format!("{id}.otlp.jsonl")));

    let here = Server::new().await;
    for line in export.text().lines() {
        let answer = here.send("POST", "/v1/traces", &[JSON], line.to_owned()).await.expect(200);
        assert_eq!(answer.text(), "{}");
    }
    let mut runs = Vec::new();
    let mut logs = Vec::new();
    for server in [&there, &here] {
        let mut run = server.get(&format!("/api/v1/runs/{id}")).await.expect(200).json();
        for stamp in ["created_at", "updated_at", "last_root"] {
            run[stamp] = Value::Null;
        }
        runs.push(run);
        let mut events = events(server, id).await;
        for event in &mut events {
            event["seq"] = Value::Null;
            event["received_at"] = Value::Null;
        }
        events.retain(|e| e["kind"] != "run.started");
        events.sort_by_key(|e| e["id"].as_str().unwrap().to_owned());
        logs.push(events);
    }
    assert_eq!(runs[0], runs[1]);
    assert_eq!(logs[0], logs[1]);
    there.get("/api/v1/runs/none/export?format=otlp").await.expect(404);
}

/// A request of metrics of a run.
fn metrics(run: &str, seconds: u64, value: f64) -> Value {
    let at = ((1_700_000_000 + seconds) * 1_000_000_000).to_string();
    let point = json!({ "asDouble": value, "timeUnixNano": at });
    json!({ "resourceMetrics": [{
        "resource": { "attributes": [{ "key": "gauntlet.run.id", "value": { "stringValue": run } }] },
        "scopeMetrics": [{ "metrics": [{ "name": "train.loss", "gauge": { "dataPoints": [point] } }] }],
    }] })
}

#[tokio::test]
async fn metrics_are_measurements_of_steps() {
    let server = Server::new().await;
    for (seconds, value) in [(1, 0.5), (2, 0.25), (1, 0.5)] {
        let request = metrics("r", seconds, value).to_string();
        assert_eq!(server.send("POST", "/v1/metrics", &[JSON], request).await.expect(200).text(), "{}");
    }
    let found = events(&server, "r").await;
    let measured: Vec<(&Value, &Value, &Value)> = of_kind(&found, "score.added")
        .into_iter()
        .map(|e| (&e["step"], &e["body"]["path"], &e["body"]["value"]))
        .collect();
    let path = &json!("metrics.train.loss");
    assert_eq!(measured, [(&json!(0), path, &json!(0.5)), (&json!(1), path, &json!(0.25))]);
}

#[tokio::test]
async fn one_bad_span_costs_nothing_around_it() {
    let server = Server::new().await;
    let mut bad = span(2, 1, "bad");
    bad["spanId"] = json!("zz");
    let mut half = span(3, 1, "half");
    half["name"] = json!("a?b");
    let request = traces("r", &[span(1, 0, "good"), bad, half]).to_string().replace("a?b", "a\\ud800b");
    let answer = server.send("POST", "/v1/traces", &[JSON], request).await.expect(200).json();
    assert_eq!(answer["partialSuccess"]["rejectedSpans"], "1");
    let message = answer["partialSuccess"]["errorMessage"].as_str().unwrap();
    assert!(message.contains("span 0.0.1.spanId") && message.contains("1 texts"), "{message}");
    let found = events(&server, "r").await;
    let names: Vec<&Value> =
        of_kind(&found, "step.recorded").into_iter().map(|e| &e["body"]["name"]).collect();
    assert_eq!(names, ["good", "a\u{fffd}b"]);
}

#[tokio::test]
async fn a_trace_whose_root_never_comes_ends_after_a_quiet_time() {
    use std::time::Duration;
    let server = Server::new().await;
    send(&server, &traces("r", &[span(2, 1, "orphan")])).await.expect(200);
    gauntlet_server::otlp::close_quiet(&server.state, Duration::from_secs(60)).await;
    assert_eq!(of_kind(&events(&server, "r").await, "episode.finished").len(), 0, "it is not quiet yet");
    gauntlet_server::otlp::close_quiet(&server.state, Duration::ZERO).await;
    let found = events(&server, "r").await;
    assert_eq!(of_kind(&found, "episode.finished")[0]["body"]["status"], "completed");
    assert_eq!(of_kind(&found, "snapshot.scored")[0]["body"]["metadata"]["name"], "orphan");
    // What has its root is left alone.
    send(&server, &traces("s", &[span(1, 0, "root")])).await.expect(200);
    let before = events(&server, "s").await;
    gauntlet_server::otlp::close_quiet(&server.state, Duration::ZERO).await;
    assert_eq!(events(&server, "s").await, before);
}

#[tokio::test]
async fn a_service_that_ended_begins_a_new_run() {
    let server = Server::new().await;
    send(&server, &of_service(1, json!([]))).await.expect(200);
    let ended = json!({ "status": "completed" }).to_string();
    server.send("PATCH", "/api/v1/runs/svc", &[JSON], ended).await.expect(200);
    let mut next = of_service(1, json!([]));
    next["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"] = json!("5c".repeat(16));
    send(&server, &next).await.expect(200);
    assert_eq!(of_kind(&events(&server, "svc-2").await, "step.recorded").len(), 1);
}

#[tokio::test]
async fn a_deleted_run_does_not_come_back() {
    let server = Server::new().await;
    send(&server, &traces("r", &[span(1, 0, "s")])).await.expect(200);
    server.send("DELETE", "/api/v1/runs/r?name=r", &[], "").await.expect(204);
    let answer = send(&server, &traces("r", &[span(2, 1, "s")])).await.expect(200).json();
    assert_eq!(answer["partialSuccess"]["rejectedSpans"], "1");
    assert!(answer["partialSuccess"]["errorMessage"].as_str().unwrap().contains("was deleted"), "{answer}");
    server.get("/api/v1/runs/r").await.expect(404);
}
