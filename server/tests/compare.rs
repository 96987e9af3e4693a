//! Several runs at once: histories in columns, the comparison, and its page.

mod support;

use gauntlet_model::RunId;
use serde_json::{Value, json};
use support::{Server, id};

/// A snapshot of an episode, and a measurement of a step.
fn rollout(n: u64, step: u64, root: f64) -> Value {
    json!({
        "id": id(n), "at": format!("2026-11-21T00:00:{:02}Z", step % 60), "kind": "snapshot.scored", "v": 1,
        "step": step, "episode": format!("e{n}"),
        "body": { "scores": { "root": root }, "action": "a", "observation": "o" },
    })
}

fn loss(n: u64, step: u64, value: f64) -> Value {
    json!({
        "id": id(n), "at": format!("2026-11-21T00:00:{:02}Z", step % 60), "kind": "score.added", "v": 1,
        "step": step,
        "body": { "target": "step", "path": "metrics.loss", "value": value, "source": "log" },
    })
}

/// Two runs: `a` with two rollouts at each of ten steps, `b` with one, without a loss.
async fn two_runs() -> Server {
    let server = Server::new().await;
    let config =
        |lr: f64, seed: &str| json!({ "lr": lr, "model": { "name": "m", "layers": 4 }, "seed": seed });
    for (run, config) in [("a", config(1e-5, "1")), ("b", config(2e-5, "1"))] {
        let spec = json!({ "id": run, "name": format!("run {run}"), "config": config, "tags": [run] });
        server.post("/api/v1/runs", &spec).await.expect(201);
    }
    let a: Vec<Value> = (0..10)
        .flat_map(|step| {
            let n = step * 3;
            [
                rollout(n, step, 1.0),
                rollout(n + 1, step, step as f64),
                loss(n + 2, step, 1.0 / (step + 1) as f64),
            ]
        })
        .collect();
    let b: Vec<Value> = (0..10).map(|step| rollout(step, step * 2, -1.0)).collect();
    server.post("/api/v1/runs/a/events", &json!(a)).await.expect(200);
    server.post("/api/v1/runs/b/events", &json!(b)).await.expect(200);
    server
}

#[tokio::test]
async fn histories_of_several_runs_come_in_columns() {
    let server = two_runs().await;
    let asked =
        json!({ "runs": ["a", "b"], "paths": ["root", "metrics.loss"], "axis": "elapsed", "smoothing": 0.5 });
    let batch = server.post("/api/v1/series", &asked).await.expect(200).json();
    assert_eq!(batch["runs"][0]["paths"], json!(["root", "metrics.loss"]), "{batch:#}");
    assert_eq!((&batch["runs"][1]["run"], &batch["runs"][1]["paths"]), (&json!("b"), &json!(["root"])));
    let series = batch["series"].as_array().unwrap();
    let names: Vec<_> =
        series.iter().map(|s| (s["run"].as_str().unwrap(), s["path"].as_str().unwrap())).collect();
    assert_eq!(names, [("a", "root"), ("a", "metrics.loss"), ("b", "root")]);
    let root = &series[0];
    assert_eq!(root["step"], json!((0..10).collect::<Vec<u64>>()));
    assert_eq!(
        (&root["mean"][4], &root["low"][4], &root["high"][4]),
        (&json!(2.5), &json!(1.0), &json!(4.0))
    );
    assert_eq!(root["smooth"][0], root["mean"][0]);
    assert_eq!(series[2]["step"][9], 18);
    assert!(series[2].get("low").is_none(), "one rollout a step has no range");
    // The earliest event is the run's own, which was created just now.
    assert!(root["x"][1].as_f64().unwrap() > root["x"][0].as_f64().unwrap());

    let part = json!({ "runs": ["a"], "paths": ["root"], "from": 8, "to": 100 });
    let part = server.post("/api/v1/series", &part).await.expect(200).json();
    assert_eq!(part["series"][0]["step"], json!([8, 9]));
    assert!(part["series"][0].get("x").is_none() && part["series"][0].get("smooth").is_none());
    let paths = server.post("/api/v1/series", &json!({ "runs": ["b"] })).await.expect(200).json();
    assert_eq!((&paths["series"], &paths["runs"][0]["head"]), (&json!([]), &json!(11)));
}

#[tokio::test]
async fn what_cannot_be_drawn_is_refused_by_its_field() {
    let server = two_runs().await;
    let check = async |change: Value, status: u16, field: &str| {
        let mut asked = json!({ "runs": ["a"], "paths": ["root"] });
        asked.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = server.post("/api/v1/series", &asked).await.expect(status).json();
        if status == 422 {
            assert_eq!(answer["error"]["details"][0]["field"], field, "{answer:#}");
        }
    };
    check(json!({ "runs": [] }), 422, "runs").await;
    check(json!({ "runs": ["a", "a"] }), 422, "runs[1]").await;
    check(json!({ "runs": ["a", "none"] }), 404, "").await;
    check(json!({ "runs": vec!["x"; 201] }), 422, "runs").await;
    check(json!({ "paths": ["root", "nothing"] }), 422, "paths[1]").await;
    check(json!({ "paths": ["root", "root"] }), 422, "paths[1]").await;
    check(json!({ "points": 3 }), 422, "points").await;
    check(json!({ "points": 3001 }), 422, "points").await;
    check(json!({ "smoothing": 1.0 }), 422, "smoothing").await;
    check(json!({ "from": 5, "to": 4 }), 422, "from").await;
    check(json!({ "axis": "colour" }), 422, "axis").await;
    let many: Vec<String> = (0..400).map(|n| format!("p{n}")).collect();
    check(json!({ "runs": ["a"], "paths": many, "points": 3000 }), 422, "points").await;
}

#[tokio::test]
async fn a_comparison_says_what_differs() {
    let server = two_runs().await;
    let found = server.get("/api/v1/compare?runs=a,b").await.expect(200).json();
    assert_eq!(found["baseline"], "a");
    let root = &found["paths"][0];
    assert_eq!((&root["path"], &root["best"]), (&json!("root"), &json!("a")));
    assert_eq!(root["runs"][0]["mean"], 2.75);
    assert_eq!((&root["runs"][0]["steps"], &root["runs"][0]["values"]), (&json!(10), &json!(20)));
    assert_eq!((&root["runs"][1]["last"], &root["runs"][1]["difference"]), (&json!(-1.0), &json!(-3.75)));
    assert_eq!(root["runs"][1]["failing_share"], 1.0);
    let loss = &found["paths"][1];
    assert_eq!(
        (&loss["best"], &loss["runs"][1], &loss["is_measurement"]),
        (&Value::Null, &Value::Null, &json!(true))
    );
    assert_eq!(found["config"], json!([{ "key": "lr", "values": [1e-5, 2e-5] }]));
    assert_eq!(found["failures"][1], json!({ "nodes": 10, "failures": { "generic": 10 } }));

    let other = server.get("/api/v1/compare?runs=a,b&baseline=b").await.expect(200).json();
    assert_eq!(other["paths"][0]["runs"][0]["difference"], 3.75);
    server.get("/api/v1/compare?runs=a,none").await.expect(404);
    for refused in ["runs=", "runs=a,a", "runs=a&baseline=b"] {
        server.get(&format!("/api/v1/compare?{refused}")).await.expect(422);
    }
}

#[tokio::test]
async fn runs_that_differ_in_their_seed_are_repeats_of_one_setup() {
    let server = Server::new().await;
    let runs = [("a1", 1e-5, 1, 1.0), ("a2", 1e-5, 2, 2.0), ("b1", 2e-5, 1, 5.0), ("b2", 2e-5, 2, 6.0)];
    for (run, lr, seed, root) in runs.into_iter().chain([("c", 3e-5, 1, 9.0)]) {
        let spec = json!({ "id": run, "name": run, "config": { "lr": lr, "data": { "random_seed": seed } } });
        server.post("/api/v1/runs", &spec).await.expect(201);
        server.post(&format!("/api/v1/runs/{run}/events"), &json!([rollout(1, 1, root)])).await.expect(200);
    }
    let found = server.get("/api/v1/compare?runs=a1,b1,a2,b2,c").await.expect(200).json();
    assert_eq!(found["setups"], json!([["a1", "a2"], ["b1", "b2"], ["c"]]));
    let setups = &found["paths"][0]["setups"];
    assert_eq!((&setups[0]["runs"], &setups[0]["mean"]), (&json!(2), &json!(1.5)));
    // Student's t of one degree of freedom is 12.7 at 97.5 %; the standard error is 0.5.
    assert!((setups[0]["interval"]["low"].as_f64().unwrap() - (1.5 - 6.353_102)).abs() < 1e-6, "{setups:#}");
    assert_eq!((&setups[0]["difference"], &setups[1]["difference"]), (&Value::Null, &json!(4.0)));
    // Welch's of two degrees of freedom is 4.3; the standard error is the root of a half.
    let bounds = &setups[1]["difference_interval"];
    assert!((bounds["low"].as_f64().unwrap() - (4.0 - 3.042_435)).abs() < 1e-6, "{setups:#}");
    assert_eq!((&setups[2]["difference"], &setups[2]["interval"]), (&json!(7.5), &Value::Null));
    assert_eq!(setups[2]["difference_interval"], Value::Null);
    let page = server.get("/compare?runs=a1,b1,a2,b2,c").await.expect(200).text();
    assert!(page.contains("Repeats") && page.contains("2 runs") && page.contains(": differs"), "{page}");
    // Without repeats there is nothing to say.
    let found = server.get("/api/v1/compare?runs=a1,b1").await.expect(200).json();
    assert_eq!((&found["setups"], &found["paths"][0]["setups"]), (&json!([]), &json!([])));
    assert!(!server.get("/compare?runs=a1,b1").await.expect(200).text().contains("Repeats"));
}

#[tokio::test]
async fn the_page_holds_the_tables_and_runs_only_its_own_scripts() {
    let server = two_runs().await;
    let page = server.get("/compare?runs=a,b,gone&baseline=b").await.expect(200);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'self' 'sha256-") && !policy.contains("'unsafe-eval'"), "{policy}");
    assert!(!policy.replace("style-src-attr 'unsafe-inline'", "").contains("unsafe"), "{policy}");
    let text = page.text();
    for part in ["run a", "run b", "metrics.loss", "+3.75", "There is no run \"gone\"", "/pkg/charts/main.js"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    // What a form with boxes sends.
    let same = server.get("/compare?runs=a&runs=b").await.expect(200).text();
    assert!(same.contains("run b") && same.contains("Configuration"));
    let one = server.get("/charts?runs=a").await.expect(200).text();
    assert!(one.contains("<h1>Charts</h1>") && !one.contains("Set as baseline"));
    let none = server.get("/compare").await.expect(200).text();
    assert!(none.contains("type=\"checkbox\"") && !none.contains("/pkg/charts/main.js"));
    let wrong = server.get("/compare?runs=a%252Fb").await.expect(200).text();
    assert!(wrong.contains("role=\"alert\""), "{wrong}");
}

/// A snapshot of a task at a step.
fn attempt(n: u64, step: u64, task: &str, root: f64) -> Value {
    json!({
        "id": id(n), "at": "2026-11-21T00:00:00Z", "kind": "snapshot.scored", "v": 1, "step": step,
        "episode": format!("e{n}"),
        "body": {
            "scores": { "root": root, "style": 0.5 }, "action": format!("answer {n}"),
            "observation": "o", "metadata": { "task_id": task },
        },
    })
}

#[tokio::test]
async fn runs_are_aligned_by_task_and_shown_side_by_side() {
    let server = Server::new().await;
    let runs = ["a", "b"].map(|run| RunId::new(run).unwrap());
    let of_a = [(0, "x"), (1, "y"), (2, "x"), (3, "x")];
    let of_b = [(0, "z"), (1, "x"), (2, "x"), (5, "y")];
    for (run, attempts) in runs.iter().zip([of_a, of_b]) {
        server.post("/api/v1/runs", &json!({ "id": run, "name": format!("<{run}>") })).await.expect(201);
        let events = (0..).zip(attempts).map(|(n, (step, task))| attempt(n, step, task, n as f64));
        let path = format!("/api/v1/runs/{run}/events");
        server.post(&path, &json!(events.collect::<Vec<_>>())).await.expect(200);
    }
    // Index and sequence number: the first event of a run is its own. The k-th attempt of a task is paired
    // with the k-th of the other run.
    let asked = json!({ "run": "a", "other": "b" });
    let pairs = server.post("/pages/same_tasks", &asked).await.expect(200).json();
    assert_eq!(pairs, json!([[[0, 1], [1, 2]], [[1, 2], [3, 4]], [[2, 3], [2, 3]]]));
    server.post("/pages/same_tasks", &json!({ "run": "a", "other": "c" })).await.expect(404);

    let asked = |other_step: u64, other_seq: u64| {
        json!({ "query": {
            "run": "a", "step": 1, "seq": 2, "other": "b", "other_step": other_step, "other_seq": other_seq,
        } })
    };
    let html = server.post("/pages/beside", &asked(5, 4)).await.expect(200).json();
    let html = html.as_str().unwrap();
    assert!(html.contains("&lt;a&gt;") && !html.contains("<a>"), "{html}");
    assert!(html.contains("Both answer the same prompt."), "{html}");
    assert!(html.contains("answer <del>3</del><ins>1</ins>") && html.contains("-2.0<"), "{html}");
    let differs = server.post("/pages/beside", &asked(1, 2)).await.expect(200).json();
    assert!(differs.as_str().unwrap().contains("The prompts differ"), "{differs}");
}
