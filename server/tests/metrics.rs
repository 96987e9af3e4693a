//! What the server measures of itself.

mod support;

use serde_json::json;
use support::{Server, id, scored};

/// The samples of a text of metrics, each as it is written.
async fn samples(server: &Server) -> Vec<String> {
    let answer = server.get("/metrics").await.expect(200);
    let media = answer.headers["content-type"].to_str().unwrap().to_owned();
    assert_eq!(media, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = answer.text();
    assert!(text.ends_with("# EOF\n"), "{text}");
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

/// The value of the sample of that name and labels.
#[track_caller]
fn value(samples: &[String], sample: &str) -> f64 {
    let found = samples.iter().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    let found = found.unwrap_or_else(|| panic!("no {sample} in {samples:#?}"));
    found.parse().unwrap()
}

#[tokio::test]
async fn what_is_written_is_counted() {
    let server = Server::new().await;
    server.post("/api/v1/runs", &json!({ "id": "r", "name": "r" })).await.expect(201);
    let gap = json!({ "id": id(9), "at": "2026-11-21T00:06:33Z", "kind": "gap", "v": 1,
        "body": { "lost": 3, "reason": "the spool was full" } });
    server.post("/api/v1/runs/r/events", &json!([scored(1, 1.0), scored(2, 1.0), gap])).await.expect(200);
    server.post("/api/v1/runs/r/events", &json!([scored(2, 1.0), scored(3, 1.0)])).await.expect(200);
    let samples = samples(&server).await;
    // With the event that opened the log.
    assert_eq!(value(&samples, "gauntlet_events_appended_total"), 5.0);
    assert_eq!(value(&samples, "gauntlet_events_repeated_total"), 1.0);
    assert_eq!(value(&samples, "gauntlet_gaps_total"), 1.0);
    assert_eq!(value(&samples, "gauntlet_commit_duration_seconds_count"), 3.0);
    assert!(value(&samples, "gauntlet_commit_duration_seconds_sum") > 0.0);
    assert_eq!(value(&samples, "gauntlet_commits_failed_total"), 0.0);
    assert_eq!(value(&samples, "gauntlet_queue_requests"), 0.0);
    assert!(value(&samples, "process_start_time_seconds") > 1.7e9);
    if cfg!(target_os = "linux") {
        assert!(value(&samples, "process_resident_memory_bytes") > 1e6);
    }
}

#[tokio::test]
async fn the_status_page_says_how_the_server_is_even_if_the_log_does_not_answer() {
    let server = Server::new().await;
    server.post("/api/v1/runs", &json!({ "id": "r", "name": "r" })).await.expect(201);
    server.post("/api/v1/runs/r/events", &json!([scored(1, 1.0), scored(2, 1.0)])).await.expect(200);
    let row = |page: &str, name: &str| {
        let (_, rest) = page.split_once(&format!(">{name}</th>")).unwrap_or_else(|| panic!("{name}: {page}"));
        let cell = &rest[..rest.find("</td>").unwrap()];
        cell[cell.rfind('>').unwrap() + 1..].to_owned()
    };
    let page = server.get("/status").await.expect(200).text();
    assert!(page.contains("The log takes writes."), "{page}");
    assert_eq!(row(&page, "Runs"), "1");
    assert_eq!(row(&page, "Of them going on"), "1");
    // With the event that opened the log.
    assert_eq!(row(&page, "Events appended"), "3");
    assert_eq!(row(&page, "Commits that failed"), "0");
    assert_eq!(row(&page, "Version"), env!("CARGO_PKG_VERSION"));
    assert_eq!(row(&page, "Database"), server.state.store.database());

    server.state.store.close().await;
    let page = server.get("/status").await.expect(200).text();
    assert!(page.contains("The log takes no writes now: "), "{page}");
    assert_eq!(row(&page, "Runs"), "not known here");
}

#[tokio::test]
async fn a_full_queue_is_counted() {
    let server = Server::with(|(options, _)| options.queue_bytes = 0).await;
    server.post("/api/v1/runs", &json!({ "id": "r", "name": "r" })).await.expect(201);
    let server = &server;
    let requests =
        (0..50).map(|n| async move { server.post("/api/v1/runs/r/events", &json!([scored(n, 1.0)])).await });
    let mut refused = 0.0;
    for answer in futures::future::join_all(requests).await {
        refused += f64::from(u8::from(answer.status == 503));
    }
    assert!(refused > 0.0, "a queue for one request takes fifty at once");
    assert_eq!(value(&samples(server).await, "gauntlet_writes_refused_total"), refused);
}

#[tokio::test]
async fn requests_are_counted_by_route_and_status() {
    let server = Server::new().await;
    for run in ["a", "b"] {
        server.get(&format!("/api/v1/runs/{run}")).await.expect(404);
    }
    server.get("/healthz").await.expect(200);
    server.get("/no/such/path/17").await.expect(404);
    server.send("BREW", "/healthz", &[], "").await.expect(405);
    let samples = samples(&server).await;
    let answered = |labels: &str| value(&samples, &format!("gauntlet_http_requests_total{{{labels}}}"));
    // By the route: paths are text of strangers and would make as many time series.
    assert_eq!(answered(r#"method="GET",route="/api/v1/runs/{run}",status="404""#), 2.0);
    assert_eq!(answered(r#"method="GET",route="/healthz",status="200""#), 1.0);
    assert_eq!(answered(r#"method="GET",route="unmatched",status="404""#), 1.0);
    assert_eq!(answered(r#"method="other",route="/healthz",status="405""#), 1.0);
    let times = r#"gauntlet_http_request_duration_seconds_count{method="GET",route="/healthz"}"#;
    assert_eq!(value(&samples, times), 1.0);
}

#[tokio::test]
async fn viewers_and_followers_have_levels() {
    let server = Server::new().await;
    server.post("/api/v1/runs", &json!({ "id": "r", "name": "r" })).await.expect(201);
    assert_eq!(value(&samples(&server).await, "gauntlet_viewers"), 0.0);
    let run = "r".parse().unwrap();
    let viewers = [server.state.tails.follow(&run, None).await, server.state.tails.follow(&run, None).await];
    assert_eq!(value(&samples(&server).await, "gauntlet_viewers"), 2.0);
    drop(viewers);
    assert_eq!(value(&samples(&server).await, "gauntlet_viewers"), 0.0);
    let found = samples(&server).await;
    let lags = found.iter().filter(|line| line.starts_with("gauntlet_follower_lag_events{")).count();
    assert!(lags > 0, "the search index follows the log of every server: {found:#?}");
}

/// `promtool`, which Prometheus comes with: that of `PROMTOOL`, the one that the setup fetched, or any.
fn promtool() -> Option<std::path::PathBuf> {
    let named = std::env::var_os("PROMTOOL").map(std::path::PathBuf::from);
    let fetched = std::env::var_os("HOME")
        .map(|home| std::path::PathBuf::from(home).join(".cache/gauntlet/tools/promtool/promtool"));
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&paths).map(|folder| folder.join("promtool"));
    named.into_iter().chain(fetched).chain(on_path).find(|path| path.is_file())
}

#[tokio::test]
async fn the_older_format_of_prometheus_is_answered_where_it_is_asked_for() {
    let server = Server::new().await;
    server.post("/api/v1/runs", &json!({ "id": "r", "name": "r" })).await.expect(201);
    server.post("/api/v1/runs/r/events", &json!([scored(1, 1.0)])).await.expect(200);
    let asked = server.send("GET", "/metrics", &[("accept", "text/plain")], "").await.expect(200);
    assert_eq!(asked.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = asked.text();
    assert!(text.contains("# TYPE gauntlet_events_appended_total counter\n"), "{text}");
    assert!(!text.contains("# EOF") && !text.contains("# UNIT"), "{text}");
    let counted: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(counted.contains(&"gauntlet_events_appended_total 2"), "{text}");

    let Some(promtool) = promtool() else {
        eprintln!(
            "SKIPPED: promtool is not installed, so it did not check the metrics; scripts/setup.sh tests"
        );
        return;
    };
    let check = |arguments: &[&str], input: &str| {
        let mut command = std::process::Command::new(&promtool);
        let piped = std::process::Stdio::piped;
        let mut child =
            command.args(arguments).stdin(piped()).stdout(piped()).stderr(piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {words}");
        words.into_owned()
    };
    assert_eq!(check(&["check", "metrics"], &text), "", "it complains of nothing");
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/prometheus/alerts.yml");
    assert!(check(&["check", "rules", rules], "").contains("8 rules found"));
}

/// The names of metrics that a text speaks of.
fn named(text: &str) -> Vec<&str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !is_name(c));
    words.filter(|word| word.starts_with("gauntlet_") || word.starts_with("process_")).collect()
}

#[tokio::test]
async fn alert_rules_and_the_dashboard_ask_for_metrics_that_exist() {
    let server = Server::new().await;
    server.get("/healthz").await.expect(200);
    let found = samples(&server).await;
    for (file, text) in [
        ("alerts.yml", include_str!("../../deploy/prometheus/alerts.yml")),
        ("prometheus.yml", include_str!("../../deploy/prometheus/prometheus.yml")),
        ("gauntlet.json", include_str!("../../deploy/grafana/gauntlet.json")),
        ("metrics.md", include_str!("../../docs/metrics.md")),
    ] {
        for name in named(text) {
            let is_there = found
                .iter()
                .any(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{'])));
            assert!(is_there, "{file} asks for {name}, which is none of {found:#?}");
        }
    }
}
