//! Files that are not as they should be, through the API: what is read of them, what is reported, and what is
//! left behind.

mod support;

use std::time::{Duration, Instant};

use axum::body::Body;
use serde_json::{Value, json};
use support::Server;

async fn import(server: &Server, query: &str, file: impl Into<Body>) -> support::Answer {
    server.send("POST", &format!("/api/v1/import?{query}"), &[], file.into()).await
}

async fn files(server: &Server) -> usize {
    server.get("/api/v1/imports").await.json()["items"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_are_answered_and_stay_with_the_run() {
    let server = Server::new().await;
    let made =
        import(&server, "name=a.csv", "Step,Reward,note\n1,nan,x\n1,1,y\n1,1,y\n").await.expect(201).json();
    let score_note = "1 score is not evaluated: null, empty, NaN or infinite in the file";
    assert_eq!((&made["steps"], &made["warnings"]), (&json!(3), &json!([score_note])));
    let run = server.get(&format!("/api/v1/runs/{}", made["run"].as_str().unwrap())).await.json();
    assert_eq!(run["metadata"]["import_notes"], json!([score_note]));
    assert_eq!((&run["steps"], &run["mean_root"]), (&json!(3), &json!(1.0)));

    // Columns of one name are all kept, and the run says how.
    let made = import(&server, "name=b.csv", "step,root,note,note\n1,1,x,y\n").await.expect(201).json();
    let run = made["run"].as_str().unwrap();
    let note = "2 columns are named `note`: the second was kept as `note (2)`";
    assert_eq!(made["warnings"], json!([note]));
    let told = server.get(&format!("/api/v1/runs/{run}")).await.json();
    assert_eq!(told["metadata"]["import_notes"], json!([note]));
    let step = server.get(&format!("/api/v1/runs/{run}/steps/1")).await.json();
    let kept = json!({"note": "x", "note (2)": "y"});
    assert!(step.to_string().contains(&format!("\"metadata\":{kept}")), "{step}");

    // A document says so as well, and a step that is scored twice is one.
    let made = import(&server, "name=a.json", "{\"rewards\": [1, NaN, 0]}").await.expect(201).json();
    assert_eq!((&made["steps"], &made["warnings"]), (&json!(3), &json!([score_note])));
    let event = |n: u64, root: f64| support::scored(n, root).to_string();
    let again = event(3, 2.0).replace("\"step\":3", "\"step\":1");
    let log = format!("{}\n{}\n{again}\n", event(1, 1.0), event(2, 1.0));
    let made = import(&server, "name=a.jsonl", log).await.expect(201).json();
    assert_eq!(made["steps"], 2);
    assert!(made["warnings"].to_string().contains("3 scored snapshots are 2 steps"), "{}", made["warnings"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_file_leaves_nothing_and_the_error_names_the_remedy() {
    let server = Server::new().await;
    let cut = "{\"step\":1,\"reward\":1}\n{\"step\":2,\"rew";
    let refused = import(&server, "name=a.jsonl", cut).await.expect(422).json();
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains("line 2") && message.contains("?partial=true"), "{message}");
    assert_eq!(refused["error"]["details"][0]["readable"], 1);
    let made = import(&server, "name=a.jsonl&partial=true", cut).await.expect(201).json();
    assert_eq!(made["steps"], 1);
    assert!(made["warnings"][0].as_str().unwrap().starts_with("1 record was left out"), "{made}");

    let unknown = "points,answer\n0.5,so\n";
    import(&server, "name=a.csv", unknown).await.expect(422);
    let made =
        import(&server, "name=a.csv&map=reward=points,completion=answer", unknown).await.expect(201).json();
    let events = server.get(&format!("/api/v1/runs/{}/events", made["run"].as_str().unwrap())).await.json();
    let step = events["events"].as_array().unwrap().iter().find(|e| e["kind"] == "snapshot.scored").unwrap();
    assert_eq!((&step["body"]["action"], &step["body"]["scores"]["root"]), (&json!("so"), &json!(0.5)));
    import(&server, "name=a.csv&map=nothing", unknown).await.expect(422);
    import(&server, "name=a%1b.csv", unknown).await.expect(422);

    let damaged = std::fs::read("../crates/results/tests/found/sp-panic.parquet").unwrap();
    let refused = import(&server, "name=a.parquet", damaged).await.expect(422).text();
    assert!(refused.contains("is not a Parquet table that can be read"), "{refused}");
    assert_eq!(files(&server).await, 0);
}

/// A film that holds a gigabyte of line ends and no record.
fn bomb() -> Vec<u8> {
    let mut packed = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    let lines = vec![b'\n'; 1 << 20];
    (0..1024).for_each(|_| std::io::Write::write_all(&mut packed, &lines).unwrap());
    packed.finish().unwrap()
}

/// An archive whose one sample is 48 MB of a text.
fn archive() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    let text = vec![b'a'; 48 << 20];
    let sample =
        [&b"{\"id\": 1, \"input\": \""[..], &text, b"\", \"target\": \"\", \"output\": {}}"].concat();
    for (name, bytes) in [("header.json", &b"{}"[..]), ("samples/1.json", &sample)] {
        zip.start_file(name, options).unwrap();
        std::io::Write::write_all(&mut zip, bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// One document with many steps, in the middle of which its parser is for a while.
fn document() -> Vec<u8> {
    let steps: Vec<_> = (0..700_000).map(|n| format!("{{\"step\":{n},\"scores\":{{\"root\":1}}}}")).collect();
    format!("[{}]", steps.join(",")).into_bytes()
}

fn table() -> Vec<u8> {
    let row = format!("1,\"{}\"\n", "x".repeat(1000));
    format!("root,action\n{}", row.repeat(25_000)).into_bytes()
}

/// Sends a file in one slice; answers its path once it is read.
async fn reading(server: &Server, name: &str, file: &[u8]) -> String {
    let announced = json!({"name": name, "size_bytes": file.len()});
    let view = server.post("/api/v1/imports", &announced).await.expect(201).json();
    let path = format!("/api/v1/imports/{}", view["id"].as_str().unwrap());
    server.send("PUT", &format!("{path}?offset=0"), &[], file.to_vec()).await.expect(200);
    let begun = Instant::now();
    while server.get(&path).await.expect(200).json()["phase"] != "checking" {
        assert!(begun.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_any_kind_is_given_up_within_a_second() {
    let server = Server::new().await;
    let files = [
        ("a.film", bomb()),
        ("a.eval", archive()),
        ("a.json", document()),
        ("a.csv", table()),
        ("a.jsonl", "{\"step\":1,\"reward\":1}\n".repeat(1_000_000).into_bytes()),
    ];
    for (name, file) in files {
        // As many as are read at the same time, and one that waits.
        let mut paths = Vec::new();
        for _ in 0..3 {
            paths.push(reading(&server, name, &file).await);
        }
        let asked = Instant::now();
        for path in &paths {
            server.send("DELETE", path, &[], Body::empty()).await.expect(204);
            server.get(path).await.expect(404);
        }
        assert!(asked.elapsed() < Duration::from_secs(1), "{name}: {:?}", asked.elapsed());
        assert_eq!(files_left(&server), 0, "{name}");
        assert_eq!(server.get("/api/v1/runs").await.json()["items"], json!([]), "{name}");
    }
    // Their threads have ended as well, or another file would wait for ever.
    let imported = import(&server, "name=a.json", "{\"rewards\": [1]}");
    tokio::time::timeout(Duration::from_secs(20), imported).await.expect("in time").expect(201);
}

/// Folders of files under way.
fn files_left(server: &Server) -> usize {
    std::fs::read_dir(server.state.store.folder().join("imports")).map_or(0, Iterator::count)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_ends_with_its_run() {
    let server = Server::new().await;
    // Events, then line ends that hold nothing, for seconds.
    let events: String = (0..1200).map(|n| format!("{{\"step\":{n},\"reward\":1}}\n")).collect();
    let mut packed = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    std::io::Write::write_all(&mut packed, events.as_bytes()).unwrap();
    let lines = vec![b'\n'; 1 << 20];
    (0..160).for_each(|_| std::io::Write::write_all(&mut packed, &lines).unwrap());
    // The last event is behind them, or the import would not read them a second time.
    std::io::Write::write_all(&mut packed, b"{\"step\":9000,\"reward\":1}\n").unwrap();
    let file = packed.finish().unwrap();
    let path = reading(&server, "a.film", &file).await;
    let begun = Instant::now();
    let run = loop {
        let view = server.get(&path).await.expect(200).json();
        assert_eq!(view["error"], Value::Null, "{view}");
        let found = server.get("/api/v1/runs").await.json()["items"][0].clone();
        if view["phase"] == "importing" && found["steps"].as_u64() > Some(0) {
            break view["run"].as_str().unwrap().to_owned();
        }
        assert!(begun.elapsed() < Duration::from_secs(300), "{view}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let asked = Instant::now();
    server.send("DELETE", &format!("/api/v1/runs/{run}?name=a"), &[], Body::empty()).await.expect(204);
    loop {
        let view = server.get(&path).await.expect(200).json();
        if view["phase"] == "failed" {
            assert_eq!(view["error"]["code"], "cancelled", "{view}");
            break;
        }
        assert!(asked.elapsed() < Duration::from_secs(1), "{view}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.get(&format!("/api/v1/runs/{run}")).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_file_becomes_is_counted_in_the_memory_of_all() {
    let server = Server::with(|(_, limits)| limits.memory_bytes = 48 << 20).await;
    let rewards = vec!["1"; 600_000].join(",");
    let document = format!("{{\"rewards\": [{rewards}]}}");
    let mut others = server.state.memory.share();
    others.grow_to(44 << 20).unwrap();
    let busy = import(&server, "name=a.json", document.clone()).await.expect(503);
    assert_eq!(busy.headers["retry-after"], "1");
    assert!(busy.text().contains("memory is short"), "{}", busy.text());
    assert_eq!(files(&server).await, 0);
    // A file that is sent in slices waits for its turn.
    let path = reading(&server, "a.json", document.as_bytes()).await;
    assert_eq!(server.get(&path).await.json()["error"], Value::Null);
    drop(others);
    let begun = Instant::now();
    while server.get(&path).await.json()["phase"] != "done" {
        assert!(begun.elapsed() < Duration::from_secs(120));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // What is more than all of it is refused for good.
    let large = format!("{{\"rewards\": [1], \"note\": \"{}\"}}", "x".repeat(20 << 20));
    let refused = import(&server, "name=a.json", large).await.expect(413).text();
    assert!(refused.contains("limits.memory_bytes"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_stops_at_any_byte() {
    let server = Server::new().await;
    let file = bomb();
    let announced = json!({"name": "bomb.film", "size_bytes": file.len()});
    let view = server.post("/api/v1/imports", &announced).await.expect(201).json();
    let path = format!("/api/v1/imports/{}", view["id"].as_str().unwrap());
    server.send("PUT", &format!("{path}?offset=0"), &[], file.clone()).await.expect(200);
    let begun = Instant::now();
    while server.get(&path).await.expect(200).json()["phase"] != "checking" {
        assert!(begun.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let asked = Instant::now();
    server.send("DELETE", &path, &[], Body::empty()).await.expect(204);
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert_eq!(files(&server).await, 0);

    // The end of the server stops it as well, and it stays for the next process.
    let view = server.post("/api/v1/imports", &announced).await.expect(201).json();
    let path = format!("/api/v1/imports/{}", view["id"].as_str().unwrap());
    server.send("PUT", &format!("{path}?offset=0"), &[], file).await.expect(200);
    server.state.stopping.cancel();
    let asked = Instant::now();
    loop {
        let view = server.get(&path).await.expect(200).json();
        if !view["error"].is_null() {
            assert_eq!(view["phase"], "checking");
            break;
        }
        assert!(asked.elapsed() < Duration::from_secs(1), "{view}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_leaves_the_log_to_others() {
    let server = Server::new().await;
    let rewards = vec!["1"; 60_000].join(",");
    let document = format!("{{\"rewards\": [{rewards}]}}");
    let importing = import(&server, "name=big.json", document);
    let run = json!({"id": "other", "name": "other"});
    server.post("/api/v1/runs", &run).await.expect(201);
    let others = async {
        for n in 0..100_u64 {
            let events = json!([support::scored(n, 1.0)]);
            server.post("/api/v1/runs/other/events", &events).await.expect(200);
        }
    };
    let (made, ()) = tokio::join!(importing, others);
    assert_eq!(made.expect(201).json()["steps"], 60_000);
    let too_many = format!("[{}]", vec!["{}"; 1_000_001].join(","));
    let refused = import(&server, "name=a.json", too_many).await.expect(422).text();
    assert!(refused.contains("more than 1000000 entries"), "{refused}");
    let wide = format!("{{\"rewards\": [1], \"extra\": [{}]}}", vec!["1"; 4_000_000].join(","));
    let refused = import(&server, "name=a.json", wide).await.expect(422).text();
    assert!(refused.contains("too large"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_hold_what_the_page_shows() {
    let server = Server::new().await;
    server.post("/api/v1/runs", &json!({"id": "r", "name": "r"})).await.expect(201);
    let mut first = support::scored(1, 1.0);
    first["body"]["action"] = json!("=cmd|' /C calc'!A0");
    let later = |n: u64, path: &str, value: f64, step: u64| {
        json!({"id": support::id(n), "at": "2026-11-21T00:06:34Z", "kind": "score.added", "v": 1,
               "step": step, "body": {"target": "step", "path": path, "value": value, "source": "log"}})
    };
    let events = json!([first, later(2, "late", -1.5, 1), later(3, "metrics.loss", 0.25, 1)]);
    server.post("/api/v1/runs/r/events", &events).await.expect(200);
    let csv = server.get("/api/v1/runs/r/export?format=csv").await.expect(200).text();
    let mut lines = csv.lines();
    let header: Vec<_> = lines.next().unwrap().split(',').collect();
    for column in ["score.late", "score.metrics.loss", "failures", "failures_declared"] {
        assert!(header.contains(&column), "{csv}");
    }
    let row = lines.next().unwrap();
    assert!(row.contains("-1.5") && row.contains("0.25"), "{csv}");
    assert!(row.contains("'=cmd|") && !row.contains(",=cmd"), "{csv}");
    let back = import(&server, "name=back.csv", csv).await.expect(201).json();
    assert_eq!(back["warnings"], json!([]));
    let run = back["run"].as_str().unwrap();
    let events = server.get(&format!("/api/v1/runs/{run}/events?kind=snapshot.scored")).await.json();
    let body: &Value = &events["events"][0]["body"];
    assert_eq!(body["action"], "=cmd|' /C calc'!A0");
    assert_eq!((&body["scores"]["late"], &body["scores"]["metrics.loss"]), (&json!(-1.5), &json!(0.25)));
}
