//! The OpenAPI document says what the router does: every path, every method, no other.

mod support;

use std::collections::BTreeSet;

use gauntlet_server::openapi;
use serde_json::Value;
use support::Server;

/// Pages and their helpers, which are no API.
const PAGES: [&str; 4] = ["/docs", "/docs/{page}", "/pages/{*function}", "/search"];

/// `get /api/v1/runs` and so on, from the router's own text: axum does not tell what it routes.
fn routed() -> BTreeSet<String> {
    let text = include_str!("../src/router.rs");
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices(".route(\"") {
        let rest = &text[at + 8..];
        let (path, rest) = rest.split_once('"').unwrap();
        let call = &rest[..rest.find(".route(").or_else(|| rest.find('}')).unwrap_or(rest.len())];
        let prefix = if text[..at].rfind("fn v1(").is_some_and(|v1| !text[v1..at].contains("\n}")) {
            "/api/v1"
        } else {
            ""
        };
        for method in ["get", "post", "put", "patch", "delete"] {
            let is_called = [" ", "."].iter().any(|before| call.contains(&format!("{before}{method}(")));
            if is_called && !PAGES.contains(&format!("{prefix}{path}").as_str()) {
                found.insert(format!("{method} {prefix}{path}"));
            }
        }
    }
    found
}

#[test]
fn the_document_and_the_router_agree() {
    let document = openapi::document();
    let mut written = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        written.extend(item.as_object().unwrap().keys().map(|method| format!("{method} {path}")));
    }
    let routed = routed();
    assert!(routed.len() > 30, "the router's text was not understood: {routed:?}");
    assert_eq!(written, routed);
}

#[tokio::test]
async fn every_operation_answers() {
    let server = Server::new().await;
    for operation in openapi::operations() {
        let path = operation.path().replace("{step}", "1").replace("{level}", "0").replace("{chunk}", "0");
        let answer =
            server.send(&operation.method().to_uppercase(), &path.replace(['{', '}'], ""), &[], "").await;
        assert!(answer.status.as_u16() != 405, "{} {path}", operation.method());
        assert!(!answer.text().contains("in this API"), "{} {path}: {}", operation.method(), answer.text());
        assert!(answer.status.as_u16() < 500, "{} {path}: {}", operation.method(), answer.text());
    }
}

#[test]
fn references_lead_somewhere_and_ids_are_unique() {
    let document = openapi::document();
    let mut ids = BTreeSet::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{operation:#}");
            assert!(!operation["responses"].as_object().unwrap().is_empty(), "{operation:#}");
        }
    }
    fn walk(document: &Value, value: &Value) {
        if let Some(to) = value["$ref"].as_str() {
            assert!(document.pointer(to.trim_start_matches('#')).is_some(), "{to}");
        }
        match value {
            Value::Object(fields) => fields.values().for_each(|v| walk(document, v)),
            Value::Array(items) => items.iter().for_each(|v| walk(document, v)),
            _ => {}
        }
    }
    walk(document, document);
}

#[tokio::test]
async fn the_binary_serves_its_documentation() {
    let server = Server::new().await;
    let document = server.get("/api/v1/openapi.json").await.expect(200).json();
    assert_eq!(document["openapi"], "3.1.0");
    let reference = server.get("/docs/api").await.expect(200).text();
    for path in ["/api/v1/runs/{run}/events", "/gauntlet/stream/{sid}", "schema-SnapshotScored"] {
        assert!(reference.contains(path), "{path}");
    }
    let mut seen = BTreeSet::from(["/docs/start".to_owned()]);
    let mut waiting: Vec<String> = seen.iter().cloned().collect();
    while let Some(page) = waiting.pop() {
        let text = server.get(&page).await.expect(200).text();
        assert!(text.contains("<h1"), "{page}");
        for link in text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let is_outside =
                ["https://", "http://", "#", "/pkg/", "/api/", "data:"].iter().any(|o| link.starts_with(o));
            let target = link.split('#').next().unwrap_or_default();
            if is_outside || target == "/" {
                continue;
            }
            assert!(target.starts_with("/docs"), "{page} links to {link}, which is no page");
            if seen.insert(target.to_owned()) {
                waiting.push(target.to_owned());
            }
        }
    }
    assert!(seen.len() > 8, "the guides lead to each other: {seen:?}");
    server.get("/docs/none").await.expect(404);
    server.get("/docs").await.expect(307);
}
