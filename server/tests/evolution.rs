//! The page of one task before and after training.

mod support;

use serde_json::{Value, json};
use support::{Server, id};

/// A snapshot that belongs to the task `T1`, of an SFT or a GRPO run.
fn attempt(n: u64, step: u64, run_type: &str, root: f64) -> Value {
    json!({
        "id": id(n), "at": "2026-11-21T00:00:00Z", "kind": "snapshot.scored", "v": 1, "step": step,
        "body": {
            "scores": { "root": root }, "action": format!("<b>{run_type} says {n}"), "observation": "o",
            "metadata": { "task_id": "T1", "run_type": run_type },
        },
    })
}

/// `s` before training fails at two of its three steps; `g` after it at none, and has one step more.
async fn two_runs() -> Server {
    let server = Server::new().await;
    for (run, kind, roots) in [("s", "sft", vec![-1.0, -2.0, 3.0]), ("g", "grpo", vec![5.0, 1.0, 2.5, 4.0])] {
        let spec = json!({ "id": run, "name": format!("run {run}"), "kind": kind });
        server.post("/api/v1/runs", &spec).await.expect(201);
        let events = (0..).zip(roots).map(|(n, root)| attempt(n, n, kind, root)).collect::<Vec<_>>();
        server.post(&format!("/api/v1/runs/{run}/events"), &json!(events)).await.expect(200);
    }
    server
}

/// The gains of a page, in its order.
fn gains(page: &str) -> Vec<&str> {
    let cells = page.split("<td class=\"num is-up\">").chain(page.split("<td class=\"num is-down\">"));
    let mut found: Vec<(usize, &str)> = cells
        .skip(1)
        .filter_map(|rest| {
            let gain = rest.split('<').next()?;
            let at = gain.as_ptr() as usize - page.as_ptr() as usize;
            (at > 0 && gain.starts_with(['+', '-'])).then_some((at, gain))
        })
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, gain)| gain).collect()
}

#[tokio::test]
async fn a_task_is_shown_before_and_after_training() {
    let server = two_runs().await;
    let page = server.get("/evolution?task=T1").await.expect(200);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(!policy.contains("'self' 'sha256-"), "it runs no script of a file: {policy}");
    let text = page.text();
    for part in ["run s", "run g", "UNSAFE", "SAFE", " 33", " 100", "3 steps in common: 2 gained, 1 lost"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(gains(&text), ["+6.0", "+3.0", "-0.5"], "{text}");
    assert!(text.contains("/runs/s?beside=g") && text.contains("/runs/g?step=1"), "{text}");
    assert!(text.contains("&lt;b&gt;") && !text.contains("<b>sft"), "texts are not markup: {text}");
    // Any two runs, and other orders.
    let other = server.get("/evolution?before=s&after=g&order=lost").await.expect(200).text();
    assert_eq!(gains(&other), ["-0.5", "+3.0", "+6.0"]);
    let compared = server.get("/compare?runs=s,g").await.expect(200).text();
    assert!(compared.contains("/evolution?before=s&amp;after=g"), "the comparison leads here: {compared}");
}

#[tokio::test]
async fn what_cannot_be_shown_is_explained() {
    let server = two_runs().await;
    let explains = async |query: &str, words: &str| {
        let page = server.get(&format!("/evolution{query}")).await.expect(200).text();
        assert!(page.contains(words), "{query}: {page}");
    };
    explains("", "Which task?").await;
    explains("?task=T2", "No SFT and no GRPO run of T2").await;
    explains("?before=s&after=gone", "There is no run \"gone\"").await;
    explains("?before=s&after=g&order=best", "order: \"best\" is not step, lost or gained.").await;
    explains("?before=s&after=g&from=x", "from: \"x\" is not a number of steps.").await;
    server.post("/api/v1/runs", &json!({ "id": "empty", "name": "empty" })).await.expect(201);
    explains("?before=s&after=empty", "No step in common").await;
    explains("?before=s&after=empty", "UNKNOWN").await;
}
