//! Groups of rollouts, two runs task by task, and their pages.

mod support;

use serde_json::{Value, json};
use support::{Server, id};

/// A rollout of a prompt: its reward is its root score.
fn rollout(n: u64, step: u64, root: f64, action: &str, prompt: &str, metadata: Value) -> Value {
    json!({
        "id": id(n), "at": "2026-11-21T00:00:00Z", "kind": "snapshot.scored", "v": 1, "step": step,
        "episode": format!("e{n}"),
        "body": {
            "scores": { "root": root, "format": 1.0 }, "action": action, "observation": prompt,
            "metadata": metadata,
        },
    })
}

async fn server_with(runs: &[(&str, Vec<Value>)]) -> Server {
    let server = Server::new().await;
    for (run, events) in runs {
        let spec = json!({ "id": run, "name": format!("run {run}") });
        server.post("/api/v1/runs", &spec).await.expect(201);
        server.post(&format!("/api/v1/runs/{run}/events"), &json!(events)).await.expect(200);
    }
    server
}

#[tokio::test]
async fn the_rollouts_of_a_prompt_at_a_step_are_a_group() {
    let none = || json!({});
    let events = vec![
        rollout(1, 1, 0.0, "4 is it", "2 + 2", none()),
        rollout(2, 1, 1.0, "4 of course <b>", "2 + 2", none()),
        rollout(3, 1, 0.5, "5", "2 + 3", json!({ "advantage": 0.25 })),
        rollout(4, 1, 0.5, "five", "2 + 3", none()),
        // The same group in spite of other observations.
        rollout(5, 2, 1.0, "a", "x", json!({ "group": 7 })),
        rollout(6, 2, 3.0, "b", "y", json!({ "group": 7 })),
        // Alone: no group to learn from.
        rollout(7, 3, 1.0, "a", "x", none()),
    ];
    let server = server_with(&[("r", events)]).await;
    let first = server.get("/api/v1/runs/r/steps/1/groups").await.expect(200).json();
    let groups = first["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 2);
    assert_eq!(
        (&groups[0]["prompt"], &groups[0]["mean"], &groups[0]["std"]),
        (&json!("2 + 2"), &json!(0.5), &json!(0.5))
    );
    let best = &groups[0]["rollouts"][0];
    assert_eq!(
        (&best["action"], &best["advantage"], &best["is_derived"]),
        (&json!("4 of course <b>"), &json!(1.0), &json!(true))
    );
    assert_eq!((&groups[0]["is_tied"], &groups[1]["is_tied"]), (&json!(false), &json!(true)));
    let given = &groups[1]["rollouts"][0];
    assert_eq!((&given["advantage"], &given["is_derived"]), (&json!(0.25), &json!(false)));
    assert_eq!(groups[1]["rollouts"][1]["advantage"], Value::Null, "a tie has no advantage");
    let second = server.get("/api/v1/runs/r/steps/2/groups").await.expect(200).json();
    assert_eq!(second["groups"].as_array().unwrap().len(), 1);
    server.get("/api/v1/runs/r/steps/9/groups").await.expect(404);
    server.get("/api/v1/runs/none/steps/1/groups").await.expect(404);

    let history = server.get("/api/v1/runs/r/groups").await.expect(200).json();
    let expect = json!({
        "step": [1, 2], "groups": [2, 1], "tied": [1, 0], "solved": [2, 1], "spread": [0.5, 2.0],
    });
    assert_eq!(history, expect);
    // What comes later is read after what was read.
    let more = json!([rollout(8, 3, 1.0, "b", "x", none())]);
    server.post("/api/v1/runs/r/events", &more).await.expect(200);
    let history = server.get("/api/v1/runs/r/groups").await.expect(200).json();
    assert_eq!((&history["step"], &history["tied"]), (&json!([1, 2, 3]), &json!([1, 0, 1])));

    let page = server.get("/runs/r/groups?step=1").await.expect(200);
    assert!(!page.headers["content-security-policy"].to_str().unwrap().contains("'self' 'sha"), "no script");
    let text = page.text();
    for part in
        ["2 + 2", "4 of course &lt;b&gt;", "advantage +1.00", "no gradient", "differs from character 3"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.contains("/runs/r?step=1&amp;episode=e2"), "{text}");
    let failing = server.get("/runs/r/groups?step=1&failing=1").await.expect(200).text();
    assert!(failing.contains("No rollout of this group fails") && !failing.contains("advantage +1.00"));
    let wrong = server.get("/runs/r/groups?step=x").await.expect(200).text();
    assert!(wrong.contains("is not a step") && wrong.contains("Step 3"), "{wrong}");
    server.get("/runs/none/groups").await.expect(404);
}

#[tokio::test]
async fn the_groups_of_a_large_step_come_in_parts() {
    let rollouts = (0..600).map(|n| {
        let text = format!("completion {n}");
        rollout(n, 1, (n % 30) as f64, &text, &format!("prompt {}", n / 30), json!({}))
    });
    // One group of a step of its own is larger than a page shows.
    let large = (600..700).map(|n| rollout(n, 2, n as f64, "a", "one", json!({})));
    let server = server_with(&[("r", rollouts.chain(large).collect())]).await;
    let (mut prompts, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/runs/r/steps/1/groups?limit=7&rollouts=4&cursor={cursor}");
        let part = server.get(&path).await.expect(200).json();
        let groups = part["groups"].as_array().unwrap();
        assert!(part["total"] == 20 && groups.len() <= 7, "{part}");
        prompts.extend(groups.iter().map(|group| group["prompt"].as_str().unwrap().to_owned()));
        for group in groups {
            let roots: Vec<_> = group["rollouts"].as_array().unwrap().iter().map(|r| &r["root"]).collect();
            assert_eq!(roots, [29.0, 28.0, 1.0, 0.0], "the best and the worst");
            assert_eq!((&group["total"], &group["mean"]), (&json!(30), &json!(14.5)), "of all rollouts");
        }
        let Some(next) = part["next_cursor"].as_str() else { break };
        cursor = next.to_owned();
    }
    assert_eq!(prompts, (0..20).map(|n| format!("prompt {n}")).collect::<Vec<_>>());
    for (query, field) in [("cursor=x", "cursor"), ("limit=0", "limit"), ("rollouts=9999", "rollouts")] {
        let refused = server.get(&format!("/api/v1/runs/r/steps/1/groups?{query}")).await.expect(422).json();
        assert_eq!(refused["error"]["details"][0]["field"], field, "{refused}");
    }
    let page = server.get("/runs/r/groups?step=2").await.expect(200).text();
    assert!(page.contains("100 rollouts · the best and the worst 64 are shown"), "{page}");
    assert!(!page.contains("More groups"), "{page}");
}

#[tokio::test]
async fn tasks_that_one_run_solves_and_the_other_fails_are_listed() {
    let task = |id: &str| json!({ "task_id": id });
    let a = vec![
        // Solved in the end: the last step that attempts a task counts.
        rollout(1, 1, -1.0, "a", "one", task("t1")),
        rollout(2, 2, 1.0, "a", "one", task("t1")),
        rollout(3, 2, 1.0, "a", "two", task("t2")),
        rollout(4, 2, -1.0, "a", "three", json!({})),
        rollout(5, 2, 1.0, "a", "only here", json!({})),
    ];
    let b = vec![
        rollout(1, 1, -1.0, "b", "one, in other words", task("t1")),
        rollout(2, 1, -1.0, "b", "one, in other words", task("t1")),
        rollout(3, 1, 1.0, "b", "two", task("t2")),
        rollout(4, 1, 1.0, "b", "three", json!({})),
    ];
    let server = server_with(&[("a", a), ("b", b)]).await;
    let found = server.get("/api/v1/compare/tasks?a=a&b=b").await.expect(200).json();
    let counts = ["shared", "solved_by_both", "failed_by_both", "solved_by_a_alone", "solved_by_b_alone"];
    assert_eq!(counts.map(|name| found[name].as_u64().unwrap()), [3, 1, 0, 1, 1], "{found:#}");
    let lost = &found["only_a"][0];
    assert_eq!(lost["prompt"], "t1: one");
    assert_eq!(
        (&lost["a"]["step"], &lost["a"]["passed"], &lost["a"]["rollouts"]),
        (&json!(2), &json!(1), &json!(1))
    );
    assert_eq!((&lost["b"]["passed"], &lost["b"]["rollouts"]), (&json!(0), &json!(2)));
    assert_eq!(found["only_b"][0]["prompt"], "three");
    server.get("/api/v1/compare/tasks?a=a&b=none").await.expect(404);
    server.get("/api/v1/compare/tasks?a=a").await.expect(400);

    let page = server.get("/compare?runs=a,b").await.expect(200).text();
    for part in ["3 tasks in common", "t1: one", "0 of 2 pass", "/runs/b?step=1&amp;episode=e1"] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[tokio::test]
async fn the_rubrics_of_a_range_are_correlated() {
    let events = (0..6).map(|step| {
        let root = step as f64 / 10.0;
        let mut event = rollout(step + 1, step, root, "a", "x", json!({}));
        event["body"]["scores"] = json!({ "root": root, "brevity": -root, "format": 1.0 });
        event
    });
    let server = server_with(&[("r", events.collect())]).await;
    let found = server.get("/api/v1/runs/r/correlations?from=1").await.expect(200).json();
    assert_eq!(found["nodes"], 5);
    assert_eq!(found["paths"], json!(["root", "brevity", "format"]));
    assert_eq!(found["coefficients"][0], json!([1.0, -1.0, null]));
    assert_eq!(found["most_common"][2], 1.0);
    let refused = server.get("/api/v1/runs/r/correlations?from=5&to=2").await.expect(422).json();
    assert!(refused.to_string().contains("from"), "{refused}");
    server.get("/api/v1/runs/none/correlations").await.expect(404);
    let page = server.get("/runs/r/groups?from=1&to=5").await.expect(200).text();
    assert!(page.contains("One falls as the other rises") && page.contains("root and brevity"), "{page}");
}
