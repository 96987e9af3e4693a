//! The effects of a project over HTTP.

mod support;

use serde_json::{Value, json};
use support::Server;

const PATH: &str = "/api/v1/projects/maze/effects";

async fn put(server: &Server, set: &Value) -> support::Answer {
    server.send("PUT", PATH, &[("content-type", "application/json")], set.to_string()).await
}

#[tokio::test]
async fn effects_are_read_changed_and_versioned() {
    let server = Server::new().await;
    let defaults = server.get(PATH).await.expect(200).json();
    let golden: Value = serde_json::from_str(include_str!("../../sdk/contract/effects.json")).unwrap();
    assert_eq!(defaults, golden);
    // The example of the documentation.
    let guide = include_str!("../../docs/effects.md");
    let example = guide.split("```json").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let mut set: Value = serde_json::from_str(example).unwrap();
    set["version"] = 0.into();
    let changed = put(&server, &set).await.expect(200).json();
    assert_eq!((&changed["version"], &changed["effects"]), (&json!(1), &set["effects"]));
    assert_eq!(server.get(PATH).await.expect(200).json(), changed);
    let late = put(&server, &set).await.expect(409).json();
    assert_eq!(late["error"]["code"], "conflict", "{late}");
    let other = server.get("/api/v1/projects/other/effects").await.expect(200).json();
    assert_eq!(other["version"], 0);
}

#[tokio::test]
async fn what_is_wrong_with_effects_is_named() {
    let server = Server::new().await;
    let check = async |effect: Value, field: &str, words: &str| {
        let answer = put(&server, &json!({ "version": 0, "effects": [effect] })).await.expect(422).json();
        let detail = &answer["error"]["details"][0];
        assert_eq!(detail["field"], field, "{answer}");
        assert!(detail["message"].as_str().unwrap().contains(words), "{answer}");
    };
    let glow = |when: Value| json!({ "rubric": "a", "when": when, "shape": "glow", "color": "blue" });
    check(glow(json!({ "falling": { "over": 1, "by": 1 } })), "effects[0].when.falling.over", "is 1").await;
    check(json!({ "when": "failing", "shape": "glow", "color": "blue" }), "effects[0].rubric", "missing")
        .await;
    check(
        json!({ "rubric": "a", "when": "failing", "shape": "cube", "color": "blue" }),
        "effects[0].shape",
        "cube",
    )
    .await;
    assert_eq!(server.get(PATH).await.expect(200).json()["version"], 0, "nothing was changed");
}
