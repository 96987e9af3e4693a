//! Monitors over HTTP: saved, refused, tried; and the alerts that the follower appends, each once, however
//! often it is restarted.

mod support;

use std::time::Duration;

use gauntlet_engine::monitors;
use gauntlet_model::{Action, CommandIssued, Object, RunId, Timestamp};
use gauntlet_store::{CallOutcome, MonitorProgress, NewAlert, Store};
use serde_json::{Value, json};
use support::{Answer, Server, id, scored};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The address of the server, for links.
const ADDRESS: &str = "http://127.0.0.1:4600";
const MONITORS: &str = "/api/v1/projects/p/monitors";

async fn put(server: &Server, name: &str, monitor: &Value) -> Answer {
    let headers = [("content-type", "application/json")];
    server.send("PUT", &format!("{MONITORS}/{name}"), &headers, monitor.to_string()).await
}

async fn run(server: &Server, id: &str) {
    server.post("/api/v1/runs", &json!({ "id": id, "name": "n", "project": "p" })).await.expect(201);
}

async fn log(server: &Server, run: &str, events: &[Value]) {
    server.post(&format!("/api/v1/runs/{run}/events"), &json!(events)).await.expect(200);
}

async fn alerts(server: &Server, run: &str) -> Vec<Value> {
    let path = format!("/api/v1/runs/{run}/events?kind=alert.raised");
    server.get(&path).await.expect(200).json()["events"].as_array().unwrap().clone()
}

/// A follower of the store's monitors, until it is stopped.
fn follow(store: &Store) -> (JoinHandle<()>, CancellationToken) {
    let stop = CancellationToken::new();
    (tokio::spawn(monitors::run(store.clone(), ADDRESS.to_owned(), stop.clone())), stop)
}

/// Waits until the follower has stored that it saw so many events of the only watched run.
async fn until_followed(store: &Store, next: u64) {
    let followed = async {
        loop {
            let progress = store.monitor_progress().await.unwrap();
            if progress.iter().any(|MonitorProgress { next: seen, .. }| *seen >= next) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), followed).await.expect("the follower stores its progress");
}

#[tokio::test]
async fn a_monitor_is_saved_listed_replaced_and_deleted() {
    let server = Server::new().await;
    let saved = put(&server, "loss%20jumps", &json!({ "rule": " zscore(loss, 50) > 3 " })).await.expect(200);
    let saved = saved.json();
    assert_eq!((&saved["name"], &saved["rule"]), (&json!("loss jumps"), &json!("zscore(loss, 50) > 3")));
    assert_eq!((&saved["severity"], &saved["cooldown_secs"]), (&json!("warning"), &json!(600)));
    let strict = json!({ "rule": "isnan(kl)", "severity": "error", "cooldown_secs": 0 });
    put(&server, "loss%20jumps", &strict).await.expect(200);
    let page = server.get(MONITORS).await.expect(200).json();
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    assert_eq!((&page["items"][0]["rule"], &page["next_cursor"]), (&json!("isnan(kl)"), &Value::Null));
    let path = format!("{MONITORS}/loss%20jumps");
    server.send("DELETE", &path, &[], "").await.expect(204);
    server.send("DELETE", &path, &[], "").await.expect(404);
    assert_eq!(server.get(MONITORS).await.expect(200).json()["items"], json!([]));
}

#[tokio::test]
async fn what_is_wrong_with_a_monitor_is_named() {
    let server = Server::new().await;
    let refused = async |monitor: Value, field: &str, message: &str| {
        let answer = put(&server, "m", &monitor).await.expect(422).json();
        let detail = &answer["error"]["details"][0];
        assert_eq!(detail["field"], field, "{answer}");
        assert!(detail["message"].as_str().unwrap().contains(message), "{answer}");
    };
    refused(json!({ "rule": "mean(loss) > 3" }), "rule", "at character 10, \")\"").await;
    refused(json!({ "rule": "" }), "rule", "a condition is missing").await;
    refused(json!({ "rule": "isnan(kl)", "severity": "fatal" }), "severity", "fatal").await;
    let local = json!({ "rule": "isnan(kl)", "webhook": "file:///etc/passwd" });
    refused(local, "webhook", "must be http: or https:").await;
    refused(json!({ "rule": "isnan(kl)", "cooldown_secs": 700_000 }), "cooldown_secs", "0 to 604800").await;
    assert_eq!(server.get(MONITORS).await.expect(200).json()["items"], json!([]));
}

#[tokio::test]
async fn a_rule_is_tried_on_what_was_recorded() {
    let server = Server::new().await;
    run(&server, "r").await;
    let roots = [1.0, 1.0, -5.0, -5.0, 1.0, -9.0];
    let events: Vec<_> = (1..).zip(roots).map(|(n, root)| scored(n, root)).collect();
    log(&server, "r", &events).await;
    let tried = json!({ "rule": "last(root) < 0", "cooldown_secs": 0 });
    let trial = server.post("/api/v1/runs/r/monitors/try", &tried).await.expect(200).json();
    let steps: Vec<_> = trial["firings"].as_array().unwrap().iter().map(|firing| &firing["step"]).collect();
    assert_eq!((steps, &trial["total"]), (vec![&json!(3), &json!(6)], &json!(2)));
    assert_eq!(trial["firings"][1]["values"], "last(root) = -9");
    assert_eq!(alerts(&server, "r").await, [] as [Value; 0]);
    let silent = json!({ "rule": "silent(300)" });
    let answer = server.post("/api/v1/runs/r/monitors/try", &silent).await.expect(422).json();
    assert_eq!(answer["error"]["details"][0]["field"], "rule");
}

#[tokio::test]
async fn an_alert_is_raised_once_however_often_the_follower_restarts() {
    let server = Server::new().await;
    let store = &server.state.store;
    run(&server, "r").await;
    // Received before the monitor was saved: it fills the window and raises nothing.
    log(&server, "r", &[scored(1, -5.0)]).await;
    put(&server, "low", &json!({ "rule": "mean(root, 2) < 0", "cooldown_secs": 0 })).await.expect(200);
    let (following, stop) = follow(store);
    log(&server, "r", &[scored(2, -5.0)]).await;
    until_followed(store, 3).await;
    stop.cancel();
    following.await.unwrap();
    // What comes while nobody follows is not forgotten.
    log(&server, "r", &[scored(3, 9.0), scored(4, -9.0), scored(5, -9.0)]).await;
    // The follower stores its progress with the alert of event 6, and at the end of the run.
    for (end, next) in [(false, 7), (true, 9)] {
        if end {
            let patch = json!({ "status": "completed" }).to_string();
            let headers = [("content-type", "application/json")];
            server.send("PATCH", "/api/v1/runs/r", &headers, patch).await.expect(200);
        }
        let (following, stop) = follow(store);
        until_followed(store, next).await;
        stop.cancel();
        following.await.unwrap();
    }
    let raised = alerts(&server, "r").await;
    assert_eq!(raised.iter().map(|alert| &alert["step"]).collect::<Vec<_>>(), [&json!(2), &json!(5)]);
    assert_eq!(raised[0]["body"]["text"], "mean(root, 2) < 0: mean(root, 2) = -5");
    assert_eq!(
        (&raised[0]["body"]["monitor"], &raised[0]["body"]["severity"]),
        (&json!("low"), &json!("warning"))
    );
}

#[tokio::test]
async fn an_alert_that_is_raised_again_is_in_the_log_once_and_no_sign_of_life() {
    let server = Server::new().await;
    let store = &server.state.store;
    run(&server, "r").await;
    log(&server, "r", &[scored(1, 1.0)]).await;
    let before = server.get("/api/v1/runs/r").await.expect(200).json();
    let alert = json!({
        "id": id(99), "at": "2026-11-21T00:06:33.885877Z", "kind": "alert.raised", "v": 1,
        "body": { "text": "look", "severity": "info" },
    });
    let alert = gauntlet_model::decode_one(&alert.to_string()).unwrap();
    let run = RunId::new("r").unwrap();
    let command = CommandIssued {
        command_id: "c".to_owned(),
        action: Action::Pause,
        parameters: Object::new(),
        author: "monitor low".to_owned(),
    };
    let later = Timestamp::from_micros(4_000_000_000_000_000);
    for expected in [1, 0] {
        let alerts = vec![NewAlert { event: alert.clone(), command: Some(command.clone()), call: None }];
        store.raise_alerts(&run, None, alerts, later).await.unwrap();
        assert_eq!(store.pending_commands(&run).await.unwrap().len(), expected, "issued with the alert only");
        if expected == 1 {
            assert_eq!(
                server.get("/api/v1/runs/r").await.expect(200).json()["updated_at"],
                before["updated_at"]
            );
            store.acknowledge_command(&run, "c", "paused", later).await.unwrap();
        }
    }
    assert_eq!(alerts(&server, "r").await.len(), 1);
}

#[tokio::test]
async fn silence_raises_one_alert() {
    let server = Server::new().await;
    let store = &server.state.store;
    put(&server, "quiet", &json!({ "rule": "silent(1)", "severity": "error" })).await.expect(200);
    run(&server, "r").await;
    log(&server, "r", &[scored(1, 1.0)]).await;
    let (following, stop) = follow(store);
    let raised = async {
        while alerts(&server, "r").await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), raised).await.expect("silence raises an alert");
    stop.cancel();
    following.await.unwrap();
    let raised = alerts(&server, "r").await;
    assert_eq!(raised.len(), 1);
    assert_eq!(raised[0]["body"]["text"], "Nothing was heard of the run for 1 second.");
}

/// The run `r` with one alert of the monitor `low`, whose webhook is queued.
async fn alerted(server: &Server) {
    let low = json!({
        "rule": "last(root) < 0", "severity": "error", "webhook": "http://127.0.0.1:9/hook",
    });
    put(server, "low", &low).await.expect(200);
    run(server, "r").await;
    log(server, "r", &[scored(1, 1.0), scored(2, -5.0)]).await;
    let (following, stop) = follow(&server.state.store);
    until_followed(&server.state.store, 3).await;
    stop.cancel();
    following.await.unwrap();
}

#[tokio::test]
async fn alerts_are_counted_and_listed() {
    let server = Server::new().await;
    alerted(&server).await;
    let logged = json!({
        "id": id(98), "at": "2026-11-21T00:06:33.885877Z", "kind": "alert.raised", "v": 1,
        "body": { "text": "look", "severity": "info" },
    });
    log(&server, "r", std::slice::from_ref(&logged)).await;
    let summary = server.get("/api/v1/runs/r").await.expect(200).json();
    assert_eq!((&summary["alerts"], &summary["alert_severity"]), (&json!(2), &json!("error")));
    let listed = server.get("/api/v1/projects/p/alerts").await.expect(200).json();
    let of = |n: usize, field: &str| listed["items"][n][field].clone();
    assert_eq!((of(0, "text"), of(0, "monitor")), (json!("look"), Value::Null));
    assert_eq!(
        (of(1, "monitor"), of(1, "step"), of(1, "severity")),
        (json!("low"), json!(2), json!("error"))
    );
    assert_eq!((of(1, "run"), of(1, "run_name"), of(2, "run")), (json!("r"), json!("n"), Value::Null));
    let other = server.get("/api/v1/projects/other/alerts").await.expect(200).json();
    assert_eq!(other["items"], json!([]));
}

#[tokio::test]
async fn a_webhook_is_queued_with_its_alert_and_its_failures_are_reported() {
    let server = Server::new().await;
    let store = &server.state.store;
    alerted(&server).await;
    let now = Timestamp::from_micros(4_000_000_000_000_000);
    let due = store.due_calls(now, 8).await.unwrap();
    assert_eq!((due.len(), due[0].url.as_str(), due[0].attempts), (1, "http://127.0.0.1:9/hook", 0));
    let sent: Value = serde_json::from_str(&due[0].payload).unwrap();
    // The documentation shows what is sent.
    let guide = include_str!("../../docs/monitors.md");
    let example = guide.split("```json").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let example: Value = serde_json::from_str(example).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&sent), keys(&example));
    assert_eq!(sent["page"], "http://127.0.0.1:4600/runs/r?step=2");
    assert_eq!(sent["id"], alerts(&server, "r").await[0]["id"]);

    let retry_at = Some(Timestamp::from_micros(now.micros() + 5_000_000));
    let failed = CallOutcome::Failed { error: "it answers 500".to_owned(), retry_at };
    store.settle_call(due[0].call_no, failed, now).await.unwrap();
    assert_eq!(store.due_calls(now, 8).await.unwrap(), []);
    let failure =
        async || server.get(MONITORS).await.expect(200).json()["items"][0]["webhook_failure"].clone();
    let expected = json!({ "at": now, "attempts": 1, "error": "it answers 500", "is_final": false });
    assert_eq!(failure().await, expected);
    let given_up = CallOutcome::Failed { error: "it answers 404".to_owned(), retry_at: None };
    store.settle_call(due[0].call_no, given_up, now).await.unwrap();
    assert_eq!((&failure().await["attempts"], &failure().await["is_final"]), (&json!(2), &json!(true)));
    // What is delivered later ends the failure.
    log(&server, "r", &[scored(3, 1.0)]).await;
    store.settle_call(due[0].call_no, CallOutcome::Delivered, now).await.unwrap();
    assert_eq!(failure().await, Value::Null);
    // Settling a call that is no longer queued changes nothing.
    store.settle_call(due[0].call_no, CallOutcome::Delivered, now).await.unwrap();
}

#[tokio::test]
async fn a_monitor_with_an_action_steers_the_run_once_and_not_one_that_has_ended() {
    let server = Server::new().await;
    let refused = put(&server, "low", &json!({ "rule": "last(root) < 0", "action": "tweak" })).await;
    assert!(refused.expect(422).text().contains("pause"));
    let low = json!({ "rule": "last(root) < 0", "action": "stop", "cooldown_secs": 0 });
    let saved = put(&server, "low", &low).await.expect(200).json();
    assert_eq!(saved["action"], "stop");
    for name in ["r", "ended"] {
        run(&server, name).await;
    }
    log(&server, "r", &[scored(1, 1.0), scored(2, -5.0)]).await;
    let before = server.get("/api/v1/runs/r").await.expect(200).json();
    let end = json!({
        "id": id(97), "at": "2026-11-21T00:06:33.885877Z", "kind": "run.finished", "v": 1,
        "body": { "status": "completed" },
    });
    log(&server, "ended", &[scored(3, 1.0), scored(4, -5.0), end]).await;
    let (following, stop) = follow(&server.state.store);
    let raised = async {
        while alerts(&server, "r").await.is_empty() || alerts(&server, "ended").await.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), raised).await.expect("both runs get their alert");
    stop.cancel();
    following.await.unwrap();
    let commands = async |run: &str| {
        let pending = server.get(&format!("/api/v1/runs/{run}/commands")).await.expect(200).json();
        pending["commands"].as_array().unwrap().clone()
    };
    let issued = commands("r").await;
    assert_eq!(issued.len(), 1, "{issued:?}");
    assert_eq!((&issued[0]["action"], &issued[0]["author"]), (&json!("stop"), &json!("monitor low")));
    assert_eq!(issued[0]["command_id"], alerts(&server, "r").await[0]["id"]);
    assert_eq!(commands("ended").await, Vec::<Value>::new());
    let after = server.get("/api/v1/runs/r").await.expect(200).json();
    assert_eq!(after["updated_at"], before["updated_at"], "the server's own command is not a sign of life");
}

#[tokio::test]
async fn the_rules_of_the_documentation_are_rules() {
    let server = Server::new().await;
    let guide = include_str!("../../docs/monitors.md");
    let rules = guide.split("| rule |").nth(1).unwrap().lines().take_while(|line| !line.is_empty());
    let rules: Vec<_> = rules.filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert!(rules.len() >= 8, "{rules:?}");
    for rule in rules {
        put(&server, "documented", &json!({ "rule": rule })).await.expect(200);
    }
}

#[tokio::test]
async fn a_rule_is_tried_on_the_runs_of_a_project() {
    let server = Server::new().await;
    for (name, roots) in [("a", [1.0, -5.0]), ("b", [1.0, 1.0])] {
        run(&server, name).await;
        let events: Vec<_> = (1..).zip(roots).map(|(n, root)| scored(n, root)).collect();
        log(&server, name, &events).await;
    }
    let tried = json!({ "rule": "last(root) < 0" });
    let trial = server.post("/api/v1/projects/p/monitor-trials", &tried).await.expect(200).json();
    assert_eq!((&trial["total"], &trial["is_cut"]), (&json!(1), &json!(false)));
    let fired: Vec<_> =
        trial["runs"].as_array().unwrap().iter().map(|run| (&run["run"], &run["total"])).collect();
    assert_eq!(fired, [(&json!("b"), &json!(0)), (&json!("a"), &json!(1))], "the newest first");
    assert_eq!(trial["runs"][1]["firings"][0]["step"], 2);
}

#[tokio::test]
async fn the_page_shows_errors_at_their_fields_and_saves_a_rule() {
    const PAGE: &str = "/projects/p/monitors";
    let server = Server::new().await;
    let send = async |form: &str| {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        server.send("POST", PAGE, &headers, form.to_owned()).await
    };
    let wrong =
        send("name=a&rule=mean(loss)&severity=warning&cooldown_secs=5&webhook=&edited=&do=save").await;
    let html = wrong.expect(422).text();
    assert!(html.contains("aria-describedby=\"rule-error\"") && html.contains("at character 10"), "{html}");
    let wrong =
        send("name=a&rule=isnan(kl)&severity=warning&cooldown_secs=soon&do=try").await.expect(422).text();
    assert!(wrong.contains("cooldown_secs-error"), "{wrong}");
    send("do=dance").await.expect(400);
    send("name=a&rule=isnan(kl)&severity=error&cooldown_secs=5&edited=&do=save").await.expect(303);
    let page = server.get(PAGE).await.expect(200).text();
    assert!(page.contains("isnan(kl)") && page.contains("5 s"), "{page}");
    // Another name moves it.
    send("name=b&rule=isnan(kl)&severity=error&cooldown_secs=5&edited=a&do=save").await.expect(303);
    let names = server.get(MONITORS).await.expect(200).json();
    assert_eq!((&names["items"][0]["name"], &names["items"][1]), (&json!("b"), &Value::Null));
    send("edited=b&do=delete").await.expect(303);
    send("edited=b&do=delete").await.expect(303);
    assert_eq!(server.get(MONITORS).await.expect(200).json()["items"], json!([]));
}
