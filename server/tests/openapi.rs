//! The OpenAPI document: derived from the router, reviewed as a golden file, true to what the server does.

mod support;

use std::collections::BTreeSet;

use expect_test::expect_file;
use gauntlet_server::document;
use serde_json::Value;
use support::Server;

/// Where a difference is meant, `UPDATE_EXPECT=1` writes the file, and `npm run types` in `sdk/typescript`
/// the types that are generated from it.
#[test]
fn the_document_is_the_reviewed_one() {
    expect_file!["../../sdk/contract/openapi.json"].assert_eq(&format!("{:#}\n", document::json()));
}

#[test]
fn every_operation_is_described() {
    let groups: Vec<_> = document::TAGS.iter().map(|(name, _)| *name).collect();
    for operation in document::operations() {
        let described = operation.to_json();
        assert!(groups.contains(&described["tags"][0].as_str().unwrap()), "{described:#}");
        assert!(!described["summary"].as_str().unwrap().is_empty(), "{described:#}");
        let answers = described["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.as_str() < "400"), "{described:#}");
        for (status, answer) in answers {
            let shared = answer["$ref"].as_str().and_then(|to| document::json().pointer(&to[1..]));
            let answer = shared.unwrap_or(answer);
            assert!(!answer["description"].as_str().unwrap().is_empty(), "{status} of {described:#}");
        }
        assert!(["403", "500"].iter().all(|status| answers.contains_key(*status)), "{described:#}");
        for parameter in described["parameters"].as_array().into_iter().flatten() {
            assert!(!parameter["description"].as_str().unwrap_or_default().is_empty(), "{described:#}");
        }
        let parts = operation.path().matches('{').count();
        let named = described["parameters"].as_array().into_iter().flatten().filter(|p| p["in"] == "path");
        assert_eq!(named.count(), parts, "each part of the path is described: {described:#}");
    }
}

#[tokio::test]
async fn a_method_that_is_not_described_is_refused() {
    let server = Server::new().await;
    let all = document::operations();
    assert!(all.len() > 40, "{} operations", all.len());
    for path in all.iter().map(|operation| operation.path()).collect::<BTreeSet<_>>() {
        for method in ["get", "post", "put", "patch", "delete"] {
            if all.iter().any(|operation| operation.path() == path && operation.method() == method) {
                continue;
            }
            let address = path.replace(['{', '}'], "");
            server.send(&method.to_uppercase(), &address, &[], "").await.expect(405);
        }
    }
}

#[tokio::test]
async fn every_operation_answers() {
    let server = Server::new().await;
    for operation in document::operations() {
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
    let document = document::json();
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
            if is_outside {
                continue;
            }
            // Pages beside the documentation, which its header leads to.
            if ["/", "/search"].contains(&target) {
                server.get(target).await.expect(200);
                continue;
            }
            assert!(target.starts_with("/docs"), "{page} links to {link}, which is not a page");
            if seen.insert(target.to_owned()) {
                waiting.push(target.to_owned());
            }
        }
    }
    assert!(seen.len() > 8, "the guides lead to each other: {seen:?}");
    server.get("/docs/none").await.expect(404);
    server.get("/docs").await.expect(307);
}
