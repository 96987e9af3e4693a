//! What cannot be read is refused in the API's own words, on every path: the part that is wrong, and what it
//! said.

mod support;

use gauntlet_server::document;
use serde_json::{Value, json};
use support::Server;

async fn with_run() -> Server {
    let server = Server::new().await;
    server.post("/api/v1/runs", &json!({ "id": "r", "name": "r" })).await.expect(201);
    server
}

#[tokio::test]
async fn a_malformed_part_of_the_address_is_named_with_its_value() {
    let server = with_run().await;
    for (path, field, expected) in [
        ("runs?limit=many", "limit", "limit: \"many\" cannot be read: invalid digit"),
        ("runs?limit=-1", "limit", "limit: \"-1\" cannot be read"),
        ("runs?limit=", "limit", "limit: \"\" cannot be read"),
        ("runs?colour=red", "colour", "unknown field `colour`, expected one of `cursor`"),
        ("runs?q=a&q=b", "q", "duplicate field `q`"),
        ("runs/r/events?after=99999999999999999999", "after", "number too large"),
        ("runs/r/episodes?after=e1", "after", "unknown field `after`, expected `cursor` or `limit`"),
        ("runs/r/steps?episode=a%2Fb", "episode", "episode: \"a/b\" cannot be read"),
        ("runs/r/live?format=xml", "format", "format: \"xml\" cannot be read: unknown variant"),
        ("runs/r/steps/two", "step", "step: \"two\" is not a number"),
        ("runs/r/steps/-1", "step", "step: \"-1\" is not a number"),
        ("runs/r/film/0/x", "chunk", "chunk: \"x\" is not a number"),
        ("runs/%ff", "run", "run: is not UTF-8"),
    ] {
        let error = server.get(&format!("/api/v1/{path}")).await.expect(400).json()["error"].clone();
        assert_eq!(
            (&error["code"], &error["details"][0]["field"]),
            (&json!("bad_request"), &json!(field)),
            "{path}"
        );
        assert!(error["message"].as_str().unwrap().contains(expected), "{path}: {error}");
    }
    let slice = server.send("PUT", "/api/v1/imports/x", &[], "").await.expect(400).json();
    assert_eq!(slice["error"]["details"][0]["field"], "offset", "{slice}");
}

#[tokio::test]
async fn a_number_of_a_query_outside_of_its_range_is_refused_everywhere() {
    let server = with_run().await;
    let document = document::json();
    let mut bounded = 0;
    for operation in document::operations() {
        let path = operation.path().replace("{run}", "r").replace("{step}", "1").replace("{level}", "0");
        let parameters = operation.to_json()["parameters"].as_array().cloned().unwrap_or_default();
        let asked = |p: &&Value| p["in"] == "query" && p["required"] == true;
        let required = parameters.iter().filter(asked).filter_map(|p| p["name"].as_str());
        let required: String = required.map(|name| format!("&{name}=r")).collect();
        for parameter in parameters.iter().filter(|p| p["in"] == "query") {
            let (name, schema) = (parameter["name"].as_str().unwrap(), &parameter["schema"]);
            let Some(maximum) = schema["maximum"].as_u64().filter(|_| schema["default"].is_number()) else {
                continue;
            };
            let below = schema["minimum"].as_u64().and_then(|minimum| minimum.checked_sub(1));
            for value in [Some(maximum + 1), below].into_iter().flatten() {
                let answer = server.get(&format!("{path}?{name}={value}{required}")).await;
                let error = answer.expect(422).json()["error"].clone();
                assert_eq!(error["details"][0]["field"], name, "{path}: {error}");
                let expected = format!("{name}: is {value}; it must be ");
                assert!(error["message"].as_str().unwrap().starts_with(&expected), "{path}: {error}");
            }
            bounded += 1;
        }
    }
    assert!(bounded > 6, "{bounded} numbers of queries have a range: {document:#}");
}

#[tokio::test]
async fn a_body_that_is_no_object_is_refused_as_such() {
    let server = with_run().await;
    for path in ["/api/v1/runs", "/api/v1/imports", "/api/v1/runs/r/commands"] {
        let list = server.post(path, &json!([])).await.expect(422).json();
        assert_eq!(list["error"]["message"], "the body is a list, not a JSON object", "{path}");
        let broken = server.send("POST", path, &[], "{").await.expect(422).json();
        assert!(broken["error"]["message"].as_str().unwrap().starts_with("EOF while parsing"), "{broken}");
    }
    let all_fields = json!([null, "name", "p", "k", null, null, [], {}, {}]);
    server.post("/api/v1/runs", &all_fields).await.expect(422);
    let events = server.post("/api/v1/runs/r/events", &json!({})).await.expect(422).json();
    assert!(events["error"]["message"].as_str().unwrap().starts_with("event 0: the body is not"), "{events}");
}

#[tokio::test]
async fn headers_that_are_there_twice_are_both_read() {
    let server = with_run().await;
    let post =
        async |headers: &[(&str, &str)]| server.send("POST", "/api/v1/runs/r/events", headers, "[]").await;
    post(&[("host", "evil.example")]).await.expect(403);
    post(&[("origin", "http://localhost:1"), ("origin", "https://evil.example")]).await.expect(403);
    let twice = post(&[("content-encoding", "gzip"), ("content-encoding", "zstd")]).await.expect(415).text();
    assert!(twice.contains("gzip, zstd"), "{twice}");
    let text = post(&[("content-type", "text/plain")]).await.expect(415).text();
    assert!(text.contains("text/plain"), "{text}");
    let packed = zstd::encode_all(&b"[]"[..], 3).unwrap();
    let headers = [("content-encoding", "ZSTD")];
    server.send("POST", "/api/v1/runs/r/events", &headers, packed).await.expect(200);
}

#[tokio::test]
async fn the_wrong_method_is_answered_like_any_error_everywhere() {
    let server = with_run().await;
    let paths =
        ["/health", "/healthz", "/gauntlet/sessions", "/v1/traces", "/docs", "/docs/start", "/search", "/"];
    for path in paths.into_iter().chain(["/api/v1/runs", "/pages/runs", "/ws/gauntlet/s"]) {
        let answer = server.send("PUT", path, &[], "").await.expect(405);
        assert!(answer.headers.contains_key("allow"), "{path}");
        let error = &answer.json()["error"];
        assert_eq!(error["code"], "method_not_allowed", "{path}");
        assert!(
            error["message"].as_str().unwrap().contains(path) && error["request_id"].is_string(),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_server_function_names_the_argument_that_is_wrong() {
    let server = Server::new().await;
    let json = [("content-type", "application/json")];
    let unread = server.send("POST", "/pages/runs", &json, "{}").await.expect(400).json();
    assert!(unread["message"].as_str().unwrap().contains("missing field `query`"), "{unread}");
    let query = r#"{"query":{"q":"","status":"gone","cursor":""}}"#;
    let refused = server.send("POST", "/pages/runs", &json, query).await.expect(400).json();
    assert!(refused["message"].as_str().unwrap().contains("status"), "{refused}");
    let command = r#"{"run":"none","action":"dance","parameters":{}}"#;
    server.send("POST", "/pages/command", &json, command).await.expect(400);
    let unknown = server.send("POST", "/pages/nothing", &json, "{}").await.expect(404).json();
    assert_eq!(unknown["error"]["message"], "there is no \"/pages/nothing\" here");
}

#[tokio::test]
async fn a_request_for_a_websocket_that_is_none_gets_the_reason() {
    let server = with_run().await;
    let hub = server.get("/ws/gauntlet/s").await.expect(400).json();
    assert!(hub["error"]["message"].as_str().unwrap().contains("not a WebSocket"), "{hub}");
    let upgrade = [("upgrade", "h2c"), ("connection", "upgrade")];
    let live = server.send("GET", "/api/v1/runs/r/live", &upgrade, "").await.expect(400).json();
    assert!(live["error"]["message"].as_str().unwrap().contains("not a WebSocket"), "{live}");
}

#[tokio::test]
async fn a_refused_batch_names_every_refused_event() {
    let server = with_run().await;
    let event = |n: u64| support::scored(n, 1.0);
    let mut wrong = event(1);
    wrong["step"] = json!(-1);
    let batch = json!([event(0), wrong, event(2), { "id": "x" }, event(4)]);
    for (media, body) in [
        ("application/json", batch.to_string()),
        ("application/x-ndjson", batch.as_array().unwrap().iter().map(|e| format!("{e}\n")).collect()),
    ] {
        let headers = [("content-type", media)];
        let refused = server.send("POST", "/api/v1/runs/r/events", &headers, body).await.expect(422).json();
        let details = refused["error"]["details"].as_array().unwrap();
        let named: Vec<_> =
            details.iter().map(|d| (d["index"].as_u64().unwrap(), d["field"].as_str().unwrap())).collect();
        assert_eq!(named, [(1, "step"), (3, "at")], "{refused}");
        assert!(refused["error"]["message"].as_str().unwrap().starts_with("event 1: step: "), "{refused}");
    }
    let many = json!(vec![json!({}); 150]);
    let refused = server.post("/api/v1/runs/r/events", &many).await.expect(422).json();
    assert_eq!(refused["error"]["details"].as_array().unwrap().len(), gauntlet_model::MAX_REFUSED_EVENTS);
    assert_eq!(server.get("/api/v1/runs/r/events").await.json()["head"], 1, "nothing is kept");
}

#[tokio::test]
async fn the_hub_names_the_missing_session_in_the_shape_of_its_errors() {
    let server = Server::new().await;
    for (query, field) in [("", "sft_session"), ("?sft_session=a", "grpo_session")] {
        let refused = server.get(&format!("/gauntlet/comparison{query}")).await.expect(422).json();
        assert_eq!(refused["detail"][0]["loc"], json!(["query", field]), "{refused}");
        assert_eq!(refused["detail"][0]["type"], "missing");
    }
}

#[tokio::test]
async fn what_is_switched_off_is_refused_as_such() {
    let server = Server::with(|(options, _)| options.search = false).await;
    let answer = server.get("/api/v1/search?q=a").await.expect(503).json();
    assert_eq!(answer["error"]["message"], "the search index is switched off");
}

/// No value in any place of any address, and no body, is answered by more than a refusal.
#[tokio::test]
async fn nothing_that_is_sent_breaks_anything() {
    let server = with_run().await;
    let odd = [
        "",
        "-1",
        "1.5",
        "99999999999999999999",
        "%00",
        "%F0%9F%98%80",
        "%ff",
        "..",
        "%2e%2e%2f",
        "null",
        "%25",
    ];
    let bodies: [&[u8]; 6] = [b"", b"{", b"[[[[", b"null", b"\xff\xfe", b"{\"name\":\"\\ud800\"}"];
    // What is followed live has no end to wait for.
    for operation in
        document::operations().into_iter().filter(|operation| !operation.path().ends_with("/live"))
    {
        let method = operation.method().to_uppercase();
        let document: Value = operation.to_json();
        let plain = operation.path().replace("{run}", "r");
        let mut addresses = vec![plain.clone()];
        for value in odd {
            let part =
                |path: String, name: &Value| path.replace(&format!("{{{}}}", name.as_str().unwrap()), value);
            let names = document["parameters"].as_array().map_or(&[][..], Vec::as_slice);
            let in_query = names.iter().filter(|p| p["in"] == "query" && p["name"] != "wait");
            addresses.extend(in_query.map(|p| format!("{}?{}={value}", plain, p["name"].as_str().unwrap())));
            addresses.push(names.iter().fold(operation.path(), |path, p| part(path, &p["name"])));
        }
        for address in addresses {
            let address = address.replace(['{', '}'], "");
            for body in if method == "GET" { &bodies[..1] } else { &bodies[..] } {
                let answer = server.send(&method, &address, &[], body.to_vec()).await;
                assert!(answer.status.as_u16() < 500, "{method} {address}: {}", answer.text());
                let kind = answer.headers.get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
                assert!(
                    answer.status.as_u16() < 400 || kind.is_some_and(|kind| kind.starts_with("application/")),
                    "{method} {address}: {}",
                    answer.text()
                );
            }
        }
    }
    server.get("/api/v1/runs/r").await.expect(200);
}
