//! Search as its clients have it: the API, the page, the hub's paths.

mod support;

use serde_json::{Value, json};
use support::{Server, id, snapshot};

/// Asks until the index holds everything; the answer then.
async fn found(server: &Server, query: &str) -> Value {
    for _ in 0..400 {
        let answer = server.get(&format!("/api/v1/search?{query}")).await.expect(200).json();
        if answer["complete"] == json!(true) {
            assert_eq!((&answer["waiting"], &answer["indexed_up_to"]), (&json!(0), &Value::Null));
            return answer;
        }
        assert!(answer["indexed_up_to"].is_string() && answer["waiting"].as_u64().unwrap() > 0, "{answer}");
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the index does not catch up");
}

fn acted(n: u64, action: &str, grounding: f64) -> Value {
    json!({
        "id": id(n), "at": "2026-11-21T00:06:33.885877Z", "kind": "snapshot.scored", "v": 1, "step": n,
        "body": { "scores": { "root": grounding, "format": 1.0, "grounding": grounding }, "action": action },
    })
}

async fn with_run(events: &[Value]) -> Server {
    let server = Server::new().await;
    server
        .post("/api/v1/runs", &json!({ "id": "r", "name": "glioma", "project": "p", "rules": "dipg" }))
        .await
        .expect(201);
    server.post("/api/v1/runs/r/events", &json!(events)).await.expect(200);
    server
}

#[tokio::test]
async fn a_hit_has_its_place_its_text_and_its_rank() {
    let server = with_run(&[
        acted(1, "the scan <b>shows</b> a pontine lesion", -20.0),
        acted(2, "no lesion is mentioned", 5.0),
    ])
    .await;
    let answer = found(&server, "q=pontine+lesion").await;
    let item = &answer["items"][0];
    assert_eq!(answer["items"].as_array().unwrap().len(), 1);
    let rank = item["rank"].as_f64().unwrap();
    assert!(rank > 0.0);
    let expected = json!({
        "run": "r", "run_name": "glioma", "project": "p", "seq": 1, "at": "2026-11-21T00:06:33.885877Z",
        "kind": "snapshot.scored", "episode": null, "step": 1, "root": -20.0, "failure": "hallucination",
        "failing": [
            { "path": "root", "value": -20.0, "failure": "generic" },
            { "path": "grounding", "value": -20.0, "failure": "hallucination" },
        ],
        "declared": [], "field": "action", "rank": rank,
        "snippet": [
            { "text": "the scan <b>shows</b> a ", "hit": false },
            { "text": "pontine", "hit": true },
            { "text": " ", "hit": false },
            { "text": "lesion", "hit": true },
        ],
    });
    assert_eq!(*item, expected);
    let steps = async |query: &str| {
        let answer = found(&server, query).await;
        answer["items"].as_array().unwrap().iter().map(|i| i["step"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(steps("q=lesion&failing=grounding").await, [json!(1)]);
    assert_eq!(steps("q=lesion&failing=any&run=r&project=p").await, [json!(1)]);
    assert_eq!(steps("q=lesion&project=other").await, Vec::<Value>::new());
    assert_eq!(steps("q=lesion+-pontine").await, [json!(2)]);
    assert_eq!(steps("q=&limit=2&cursor=&failing=").await, [json!(2), json!(1)]);
    assert_eq!(steps("failing=any").await, [json!(1)]);
    assert_eq!(steps("q=gliom*").await, [Value::Null], "the run itself");
    let first = found(&server, "q=lesion&limit=1").await;
    let rest =
        found(&server, &format!("q=lesion&limit=1&cursor={}", first["next_cursor"].as_str().unwrap())).await;
    assert_ne!(first["items"][0]["step"], rest["items"][0]["step"]);
    assert_eq!(rest["next_cursor"], Value::Null);
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_by_name() {
    let server = with_run(&[]).await;
    for (query, status, expected) in [
        ("q=-only", 422, "q: says only what to leave out"),
        ("q=%22%22", 422, "q: "),
        ("q=a&limit=0", 422, "limit: is 0"),
        ("q=a&limit=many", 400, "limit"),
        ("q=a&cursor=nonsense", 422, "cursor: "),
        ("q=a&run=nobody", 404, "nobody"),
        ("q=a&run=%00", 404, "there is no run"),
        ("query=a", 400, "unknown field `query`"),
    ] {
        let answer = server.get(&format!("/api/v1/search?{query}")).await.expect(status).json();
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(expected), "{query}: {message}");
        assert!(answer["error"]["request_id"].is_string());
    }
    for odd in ["NEAR(", "%2A", "a%00b", "%22", "^x:y", "%F0%9F%98%80", "a%20OR%20OR%20-", "%27%3B--"] {
        let status = server.get(&format!("/api/v1/search?q={odd}")).await.status.as_u16();
        assert!(matches!(status, 200 | 422), "{odd}: {status}");
    }
}

#[tokio::test]
async fn the_page_is_complete_and_escapes_what_it_shows() {
    let server = with_run(&[acted(1, "a <script>alert(1)</script> lesion", -20.0)]).await;
    found(&server, "q=lesion").await;
    let page = server.get("/search?q=lesion+script").await.expect(200);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    let html = page.text();
    assert!(html.contains("<mark>script</mark>") && html.contains("<mark>lesion</mark>"), "{html}");
    assert!(html.contains("href=\"/runs/r?step=1\"") && html.contains("glioma"), "{html}");
    assert!(!html.contains("<script>alert") && !html.contains(".wasm"), "{html}");
    assert!(html.contains("value=\"lesion script\""), "{html}");
    assert!(server.get("/search").await.expect(200).text().contains("glioma"), "newest first");
    assert!(server.get("/search?q=-x").await.expect(200).text().contains("This cannot be looked for"));
    assert!(server.get("/search?limit=x").await.expect(200).text().contains("cannot be read"));
    assert!(server.get("/search?q=walrus").await.expect(200).text().contains("Nothing found"));
}

#[tokio::test]
async fn the_hub_finds_snapshots_and_tells_them() {
    let server = Server::new().await;
    let post = async |sid: &str, step: u64, root: f64, action: &str| {
        let mut body = snapshot(sid, step, root);
        body["scores"]["grounding"] = root.into();
        body["metadata"]["action"] = action.into();
        server.post(&format!("/gauntlet/stream/{sid}"), &body).await.expect(200);
    };
    post("s1", 1, -20.0, "the patient&#x27;s dosage was hallucinated").await;
    post("s1", 2, 5.0, "the dosage is in the context").await;
    post("s2", 1, -20.0, "an invented dosage table").await;
    found(&server, "q=dosage").await;

    let answer = server.get("/gauntlet/search?query=dosage+patient%27s").await.expect(200).json();
    assert_eq!((&answer["query"], &answer["semantic"]), (&json!("dosage patient's"), &json!(false)));
    let [result] = answer["results"].as_array().unwrap().as_slice() else { panic!("{answer}") };
    assert_eq!((&result["session_id"], &result["step"]), (&json!("s1"), &json!(1)));
    assert_eq!((&result["search_type"], &result["similarity"]), (&json!("keyword"), &json!(1.0)));
    assert_eq!(result["scores"]["root"], -20.0);
    assert_eq!(
        result["metadata"]["action"], "the patient&#x27;s dosage was hallucinated",
        "as it was posted"
    );
    assert_eq!(result["metadata"]["task_id"], "T1");
    assert!(result["id"].as_str().unwrap().len() == 36);

    let path = "/gauntlet/search?query=Are+there+hallucinations+of+doses%3F&semantic=True";
    let answer = server.get(path).await.expect(200).json();
    assert_eq!(answer["semantic"], true);
    let results = answer["results"].as_array().unwrap();
    assert_eq!((&results[0]["session_id"], &results[0]["step"]), (&json!("s1"), &json!(1)));
    assert!(results.iter().all(|r| r["search_type"] == "expanded_keyword"));
    let similar: Vec<f64> = results.iter().map(|r| r["similarity"].as_f64().unwrap()).collect();
    assert!(
        similar.is_sorted_by(|a, b| a >= b) && similar.iter().all(|s| (0.0..=1.0).contains(s)),
        "{similar:?}"
    );

    let answer = server.get("/gauntlet/rag?query=which+dosages+were+invented").await.expect(200).json();
    let context = answer["context"].as_str().unwrap();
    assert!(context.starts_with("Session s2, step 1: root score -20.0, hallucination."), "{context}");
    assert!(context.contains("Action: an invented dosage table"), "{context}");
    for nothing in ["zebra", "%3F%3F%3F", ""] {
        let answer = server.get(&format!("/gauntlet/rag?query={nothing}")).await.expect(200).json();
        assert_eq!(answer["context"], "No relevant safety failures found in the Hub for this query.");
        let answer = server.get(&format!("/gauntlet/search?query={nothing}")).await.expect(200).json();
        assert_eq!(answer["results"], json!([]));
    }
    for (query, field) in [("", "query"), ("query=a&semantic=perhaps", "semantic")] {
        let refused = server.get(&format!("/gauntlet/search?{query}")).await.expect(422).json();
        assert_eq!(refused["detail"][0]["loc"], json!(["query", field]), "{refused}");
    }
}

#[tokio::test]
async fn the_hub_answers_twenty_at_most() {
    let server = Server::new().await;
    for step in 1..=25 {
        server.post("/gauntlet/stream/s1", &snapshot("s1", step, 1.0)).await.expect(200);
    }
    found(&server, "q=grpo").await;
    let answer = server.get("/gauntlet/search?query=grpo").await.expect(200).json();
    assert_eq!(answer["results"].as_array().unwrap().len(), 20);
}
