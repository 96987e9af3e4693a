//! The walls around the pages and the log: nothing recorded becomes markup, nothing but our scripts runs, and
//! no page elsewhere changes anything.

mod support;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use gauntlet_server::document;
use gauntlet_server::policy::FrameAncestors;
use gauntlet_server::router::router;
use gauntlet_server::state::AppState;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::{Server, id, snapshot};
use tower::ServiceExt;

/// What ends a title, an attribute, a comment, a text area and a script, and then tries to run.
const PAYLOAD: &str =
    "\"'--></title></textarea></style></script><script>alert(1)</script><img src=x onerror=alert(2)>";

/// A run of that id with the payload wherever the API takes a text.
async fn with_payload(server: &Server) {
    let run = json!({
        "id": "api", "name": PAYLOAD, "project": PAYLOAD, "agent": PAYLOAD, "task": PAYLOAD,
        "tags": [PAYLOAD],
        "config": { PAYLOAD: PAYLOAD }, "metadata": { PAYLOAD: PAYLOAD },
    });
    server.post("/api/v1/runs", &run).await.expect(201);
    let notes = json!({ "notes": PAYLOAD }).to_string();
    server.send("PATCH", "/api/v1/runs/api", &[], notes).await.expect(200);
    let scored = json!([{
        "id": id(1), "at": "2026-11-21T00:00:00Z", "kind": "snapshot.scored", "v": 1, "step": 1,
        "episode": PAYLOAD.replace('/', ""),
        "body": { "scores": { "root": 1.0 }, "action": PAYLOAD, "observation": PAYLOAD,
                  "metadata": { PAYLOAD: PAYLOAD } },
    }]);
    server.post("/api/v1/runs/api/events", &scored).await.expect(200);
}

async fn page(server: &Server, path: &str) -> (String, String) {
    let answer = server.send("GET", path, &[("accept", "text/html")], "").await;
    let policy = answer.headers["content-security-policy"].to_str().unwrap().to_owned();
    (answer.text(), policy)
}

#[tokio::test]
async fn no_text_of_a_run_becomes_markup_on_any_page() {
    let server = Server::new().await;
    with_payload(&server).await;
    let file =
        json!({ "name": PAYLOAD, "steps": [{ "step": 1, "scores": { "root": 1.0 }, "action": PAYLOAD }] });
    let line = json!({ "step": 1, "scores": { "root": 1.0 }, "action": PAYLOAD, "name": PAYLOAD });
    let escaped = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let named = escaped(PAYLOAD);
    for body in [file, line] {
        server.send("POST", &format!("/api/v1/import?name={named}"), &[], body.to_string()).await;
    }
    let text = |key: &str| json!({ "key": key, "value": { "stringValue": PAYLOAD } });
    let span = json!({
        "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": PAYLOAD,
        "kind": 1, "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": "1544712661000000000",
        "attributes": [text("gen_ai.prompt")],
    });
    let resource = json!({ "attributes": [text("service.name"), text("service.namespace")] });
    let spans = json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": [{ "spans": [span] }] }] });
    server.post("/v1/traces", &spans).await.expect(200);
    let mut posted = snapshot("hub", 1, 1.0);
    posted["metadata"]["task_id"] = PAYLOAD.into();
    posted["metadata"]["action"] = PAYLOAD.into();
    server.post("/gauntlet/stream/hub", &posted).await.expect(200);

    let runs = server.get("/api/v1/runs").await.expect(200).json();
    let ids: Vec<_> =
        runs["items"].as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap()).collect();
    assert!(ids.len() >= 4, "{runs}");
    let mut paths = vec!["/".to_owned(), format!("/search?q={named}"), format!("/nothing/{named}")];
    paths.extend([
        format!("/search?q=alert&project={named}"),
        format!("/docs/{named}"),
        format!("/?q={named}"),
    ]);
    paths.extend(ids.iter().map(|run| format!("/runs/{}", escaped(run))));
    paths.extend([format!("/runs/{named}"), "/search?q=alert".to_owned()]);
    let mut titles = 0;
    for path in paths {
        let answer = server.send("GET", &path, &[("accept", "text/html")], "").await;
        if answer.headers["content-type"] == "application/json" {
            continue;
        }
        let html = answer.text();
        assert!(!html.contains("<script>alert") && !html.contains("<img src=x"), "{path}: {html}");
        titles += usize::from(html.contains("&lt;/title&gt;&lt;/textarea&gt;"));
    }
    assert!(titles >= 2, "a title shows the name as text");
}

/// Leptos keeps every resource of the process from loading while it lists the paths of the pages.
#[tokio::test]
async fn pages_are_rendered_while_other_routers_are_made() {
    let server = Server::new().await;
    let done = Arc::new(AtomicBool::new(false));
    let makers = [(); 2].map(|()| {
        let (state, done) = (server.state.clone(), Arc::clone(&done));
        std::thread::spawn(move || {
            while !done.load(Relaxed) {
                drop(router(state.clone()));
            }
        })
    });
    for _ in 0..200 {
        server.get("/").await.expect(200);
    }
    done.store(true, Relaxed);
    for maker in makers {
        maker.join().unwrap();
    }
}

#[tokio::test]
async fn pages_are_framed_by_the_origins_of_the_configuration_alone() {
    let server = Server::new().await;
    with_payload(&server).await;
    let named = FrameAncestors::parse(&["http://localhost:8888".to_owned()]).unwrap();
    let framed = router(AppState { frames: named, ..server.state.clone() });
    for path in ["/", "/runs/api", "/docs/start", "/charts?runs=api", "/runs/api/groups", "/search?q=a"] {
        for (router, ancestors, legacy) in [
            (router(server.state.clone()), "frame-ancestors 'none'", Some("DENY")),
            (framed.clone(), "frame-ancestors http://localhost:8888", None),
        ] {
            let request = Request::builder().uri(path).header("host", "127.0.0.1:4600");
            let answer = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap());
            let policy = header("content-security-policy").unwrap();
            assert_eq!(policy.matches("frame-ancestors").count(), 1, "{path}: {policy}");
            assert!(policy.ends_with(ancestors), "{path}: {policy}");
            assert_eq!(header("x-frame-options"), legacy, "{path}");
        }
    }
    // What is not a page stays without frames.
    let request = Request::builder().uri("/api/v1/runs/api").header("host", "127.0.0.1:4600");
    let answer = framed.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let policy = answer.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(answer.headers()["x-frame-options"], "DENY");
}

#[tokio::test]
async fn each_inline_script_of_a_page_is_named_by_its_policy() {
    let server = Server::new().await;
    with_payload(&server).await;
    let mut nonces = Vec::new();
    for path in
        ["/", "/runs/api", "/runs/none", "/nothing", "/search?q=a", "/docs/start", "/docs/api", "/runs/api"]
    {
        let (html, policy) = page(&server, path).await;
        assert!(!policy.contains("unsafe-eval'") || policy.contains("'wasm-unsafe-eval'"), "{policy}");
        for directive in
            ["default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"]
        {
            assert!(policy.contains(directive), "{path}: {policy}");
        }
        let scripts = policy.split("; ").find(|directive| directive.starts_with("script-src ")).unwrap();
        assert!(!scripts.contains("unsafe-inline") && !scripts.contains('*'), "{scripts}");
        let nonce = scripts.split("'nonce-").nth(1).map(|rest| rest.split('\'').next().unwrap().to_owned());
        let mut count = 0;
        for script in html.split("<script").skip(1) {
            let (head, rest) = script.split_once('>').unwrap();
            let text = rest.split("</script>").next().unwrap();
            // A file of ours.
            if head.contains(" src=\"/pkg/") {
                assert!(scripts.contains("'self'") && text.is_empty(), "{path}: <script{head}>{text}");
                continue;
            }
            let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text));
            let has_nonce = nonce.as_ref().is_some_and(|nonce| head.contains(&format!("nonce=\"{nonce}\"")));
            assert!(
                has_nonce || scripts.contains(&format!("'sha256-{hash}'")),
                "{path}: <script{head}>{text}"
            );
            count += 1;
        }
        assert!(count > 0, "{path} applies the theme");
        assert!(!html.contains("<style"), "{path}");
        nonces.extend(nonce);
    }
    nonces.sort();
    let all = nonces.len();
    nonces.dedup();
    assert_eq!((nonces.len(), all), (5, 5), "a nonce is used once");
}

#[tokio::test]
async fn what_is_no_page_can_run_nothing() {
    let server = Server::new().await;
    with_payload(&server).await;
    let evil = "<script>alert(1)</script>";
    let sha256 = hex::encode(Sha256::digest(evil));
    let artifact = format!("/api/v1/runs/api/artifacts/{sha256}");
    server.send("PUT", &artifact, &[("content-type", "text/html")], evil).await.expect(201);
    for path in [
        artifact.as_str(),
        "/api/v1/runs",
        "/api/v1/runs/none",
        "/api/v1/runs/api/export?format=csv",
        "/healthz",
        "/gauntlet/sessions",
        "/api/v1/runs/api/export?format=results",
        "/gauntlet/data/api",
        "/pkg/none.js",
    ] {
        let answer = server.get(path).await;
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.ends_with("sandbox"), "{path}: {policy}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
        assert!(!answer.headers["content-type"].to_str().unwrap().contains("html"), "{path}");
    }
}

#[tokio::test]
async fn a_page_elsewhere_changes_nothing_by_any_method() {
    let server = Server::new().await;
    server.post("/api/v1/runs", &json!({ "id": "r", "name": "r" })).await.expect(201);
    let order = json!({ "action": "TWEAK", "tweak": { "a": 1 } });
    server.post("/gauntlet/command/r", &order).await.expect(200);
    let page = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")];
    let other_port = [("sec-fetch-site", "same-site"), ("origin", "http://127.0.0.1:3000")];
    let old_browser = [("origin", "http://127.0.0.1:3000")];
    let mut refused = 0;
    for operation in document::operations() {
        let method = operation.method().to_uppercase();
        let path = operation.path().replace("{run}", "r").replace("{sid}", "r").replace(['{', '}'], "");
        let writes = method != "GET" || path.starts_with("/gauntlet/command/");
        if !writes {
            continue;
        }
        for headers in [&page[..], &other_port, &old_browser] {
            let answer = server.send(&method, &path, headers, "{}").await.expect(403).json();
            assert_eq!(answer["error"]["code"], "forbidden", "{method} {path}");
        }
        refused += 1;
    }
    assert!(refused > 15, "{refused} operations change something");
    for path in ["/pages/runs", "/pages/command"] {
        let form = [("content-type", "application/x-www-form-urlencoded"), page[0]];
        server.send("POST", path, &form, "").await.expect(403);
    }
    server.send("HEAD", "/gauntlet/command/r", &[], "").await.expect(200);
    // A page elsewhere reads nothing either, nor does what it embeds. A link and a page of our own are fine.
    let image = [("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")];
    let socket = [("origin", "http://localhost:3000"), ("upgrade", "websocket")];
    for headers in [&other_port[..], &old_browser, &page, &image, &socket] {
        for path in ["/api/v1/runs", "/api/v1/runs/r/live", "/ws/gauntlet/r", "/runs/r", "/healthz"] {
            server.send("GET", path, headers, "").await.expect(403);
        }
    }
    let link = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("accept", "text/html")];
    server.send("GET", "/runs/r", &link, "").await.expect(200);
    let own = [("sec-fetch-site", "same-origin"), ("origin", "http://127.0.0.1:4600")];
    let taken = server.send("GET", "/gauntlet/command/r", &own, "").await.expect(200).json();
    assert_eq!(taken["action"], "TWEAK", "nobody took it away before");
}

#[tokio::test]
async fn what_a_form_of_another_site_can_send_is_no_json() {
    let server = Server::new().await;
    server.post("/api/v1/runs", &json!({ "id": "r", "name": "r" })).await.expect(201);
    let mut asked = 0;
    for operation in document::operations() {
        let described = operation.to_json();
        let takes = described["requestBody"]["content"].as_object().into_iter().flatten();
        let takes: Vec<_> = takes.map(|(kind, _)| kind.as_str()).collect();
        if takes.is_empty() || !takes.iter().all(|kind| kind.ends_with("json")) {
            continue;
        }
        let method = operation.method().to_uppercase();
        let path = operation.path().replace("{run}", "r").replace("{sid}", "r").replace(['{', '}'], "");
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"] {
            let answer = server.send(&method, &path, &[("content-type", kind)], "{\"a\": 1}").await;
            let text = answer.expect(415).text();
            assert!(text.contains(kind.split(';').next().unwrap()), "{method} {path}: {text}");
        }
        asked += 1;
    }
    assert!(asked > 12, "{asked} operations take JSON");
}

#[tokio::test]
async fn a_request_without_a_host_is_refused() {
    let server = Server::new().await;
    let request = axum::http::Request::builder().uri("/api/v1/runs").body(axum::body::Body::empty()).unwrap();
    let answer = server.raw(request).await.expect(400).json();
    assert_eq!(answer["error"]["message"], "the request has no Host header");
    for host in ["localhost:evil.example", "[::1].evil.example", "x@localhost", "localhost/x"] {
        server.send("GET", "/api/v1/runs", &[("host", host)], "").await.expect(403);
    }
    let read: Value = server.send("GET", "/api/v1/runs", &[], "").await.expect(200).json();
    assert_eq!(read["items"], json!([]));
}
