//! Live on real sockets: nothing missing, nothing twice, and a viewer that stops reading delays no other.

mod support;

use std::time::{Duration, Instant};

use futures::{SinkExt, StreamExt};
use gauntlet_film::codec;
use serde_json::{Value, json};
use support::{Server, scored};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

async fn started() -> (Server, std::net::SocketAddr) {
    let server = Server::new().await;
    server.post("/api/v1/runs", &json!({ "id": "r1", "name": "n" })).await.expect(201);
    let address = server.listen().await;
    (server, address)
}

async fn append(server: &Server, from: u64, count: u64) {
    let events: Vec<Value> = (from..from + count).map(|n| scored(n, 1.0)).collect();
    server.post("/api/v1/runs/r1/events", &json!(events)).await.expect(200);
}

#[tokio::test]
async fn both_formats_give_the_past_then_the_present() {
    let (server, address) = started().await;
    append(&server, 1, 3000).await;
    let (mut json, _) = connect_async(format!("ws://{address}/api/v1/runs/r1/live")).await.unwrap();
    let url = format!("ws://{address}/api/v1/runs/r1/live?format=binary&after=1499");
    let (mut binary, _) = connect_async(url).await.unwrap();
    append(&server, 3001, 500).await;
    let mut next = 0u64;
    while next < 3501 {
        if let Message::Text(text) = json.next().await.unwrap().unwrap() {
            let event: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(event["seq"], next);
            next += 1;
        }
    }
    let mut next = 1500u64;
    let mut greeted = false;
    while next < 3501 {
        match binary.next().await.unwrap().unwrap() {
            Message::Text(text) => {
                assert!(text.contains("head"));
                greeted = true;
            }
            Message::Binary(bytes) => {
                for fact in codec::decode(&bytes).unwrap() {
                    assert_eq!(fact.seq, next);
                    next += 1;
                }
            }
            _ => {}
        }
    }
    assert!(greeted);
    json.send(Message::Close(None)).await.unwrap();
}

#[tokio::test]
async fn a_viewer_of_the_film_hears_of_other_rules_at_once() {
    let (server, address) = started().await;
    append(&server, 1, 3).await;
    let url = format!("ws://{address}/api/v1/runs/r1/live?format=binary&after=2");
    let (mut viewer, _) = connect_async(url).await.unwrap();
    let mut next = async || viewer.next().await.unwrap().unwrap();
    let hello = |message: &Message| match message {
        Message::Text(text) => Some(serde_json::from_str::<Value>(text).unwrap()),
        _ => None,
    };
    let first = json!({ "head": 4, "rules": "auto", "effects_version": 0 });
    assert_eq!(hello(&next().await), Some(first));
    // Until it has the last event, what it hears later names a place before the head.
    assert!(matches!(next().await, Message::Binary(_)));
    server.post("/api/v1/runs", &json!({ "id": "other", "name": "n" })).await.expect(201);
    for (run, rules) in [("other", json!("dipg")), ("r1", json!({ "root_below": 2.5 }))] {
        let path = format!("/api/v1/runs/{run}");
        server.send("PATCH", &path, &[], json!({ "rules": rules }).to_string()).await.expect(200);
    }
    let heard = async {
        loop {
            if let Some(frame) = hello(&next().await) {
                return frame;
            }
        }
    };
    let frame = tokio::time::timeout(Duration::from_secs(10), heard).await.expect("long before a ping");
    assert_eq!(frame, json!({ "head": 4, "rules": { "root_below": 2.5 }, "effects_version": 0 }));
}

#[tokio::test]
async fn viewers_of_events_hear_of_other_rules_and_effects_at_once() {
    let (server, address) = started().await;
    append(&server, 1, 3).await;
    let (mut viewer, _) = connect_async(format!("ws://{address}/api/v1/runs/r1/live?after=2")).await.unwrap();
    let mut next_text = async || loop {
        if let Message::Text(text) = viewer.next().await.unwrap().unwrap() {
            return serde_json::from_str::<Value>(&text).unwrap();
        }
    };
    assert_eq!(next_text().await["seq"], 3);
    let mut sse = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET /api/v1/runs/r1/live?after=2 HTTP/1.1\r\nhost: {address}\r\n\r\n");
    sse.write_all(request.as_bytes()).await.unwrap();
    let mut read_until = async |end: &str| {
        let mut text = String::new();
        while !text.contains(end) {
            let mut chunk = vec![0; 4096];
            let n = sse.read(&mut chunk).await.unwrap();
            assert!(n > 0, "{text}");
            text.push_str(&String::from_utf8_lossy(&chunk[..n]));
        }
        text
    };
    read_until("id: 3").await;
    server.send("PATCH", "/api/v1/runs/r1", &[], r#"{"rules":"dipg"}"#).await.expect(200);
    append(&server, 4, 1).await;
    assert_eq!(next_text().await, json!({ "head": 4, "rules": "dipg", "effects_version": 0 }));
    assert_eq!(next_text().await["seq"], 4);
    let text = read_until("id: 4").await;
    let rules = "event: rules\ndata: {\"head\":4,\"rules\":\"dipg\",\"effects_version\":0}\n\n";
    assert!(text.contains(rules), "{text}");

    let run = server.get("/api/v1/runs/r1").await.expect(200).json();
    for project in ["another", run["project"].as_str().unwrap()] {
        let path = format!("/api/v1/projects/{project}/effects");
        let json = [("content-type", "application/json")];
        server.send("PUT", &path, &json, r#"{"version":0,"effects":[]}"#).await.expect(200);
    }
    append(&server, 5, 1).await;
    assert_eq!(next_text().await, json!({ "head": 5, "rules": "dipg", "effects_version": 1 }));
    assert_eq!(next_text().await["seq"], 5);
    let text = read_until("id: 5").await;
    let effects = "event: effects\ndata: {\"head\":5,\"rules\":\"dipg\",\"effects_version\":1}\n\n";
    assert!(text.contains(effects), "{text}");
}

#[tokio::test]
async fn server_sent_events_resume_after_the_last_id() {
    let (server, address) = started().await;
    append(&server, 1, 5).await;
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /api/v1/runs/r1/live HTTP/1.1\r\nhost: {address}\r\n\
        accept: text/event-stream\r\nlast-event-id: 2\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    while !text.contains("id: 5") {
        let mut chunk = vec![0; 4096];
        let n = socket.read(&mut chunk).await.unwrap();
        assert!(n > 0, "{text}");
        text.push_str(&String::from_utf8_lossy(&chunk[..n]));
    }
    assert!(text.contains("text/event-stream") && text.contains("event: snapshot.scored"));
    assert!(!text.contains("id: 2") && text.contains("id: 3"), "{text}");
}

#[tokio::test]
async fn the_list_announces_each_change() {
    let (server, address) = started().await;
    let (mut socket, _) = connect_async(format!("ws://{address}/api/v1/changes")).await.unwrap();
    let mut announced = async || match socket.next().await.unwrap().unwrap() {
        Message::Text(number) => number.parse::<u64>().unwrap(),
        other => panic!("{other:?}"),
    };
    let first = announced().await;
    server.post("/api/v1/runs", &json!({ "id": "r2", "name": "n" })).await.expect(201);
    let created = announced().await;
    append(&server, 1, 1).await;
    let written = announced().await;
    server.send("DELETE", "/api/v1/runs/r2?name=n", &[], "").await.expect(204);
    let deleted = announced().await;
    assert!(first < created && created < written && written < deleted);
    server.get("/api/v1/changes").await.expect(400);
}

#[tokio::test]
async fn a_viewer_that_never_reads_slows_nobody_and_loses_nothing() {
    let (server, address) = started().await;
    // It connects, and then does not take a byte until everything has been written.
    let (mut asleep, _) = connect_async(format!("ws://{address}/api/v1/runs/r1/live")).await.unwrap();
    let (mut awake, _) = connect_async(format!("ws://{address}/api/v1/runs/r1/live")).await.unwrap();
    let reader = tokio::spawn(async move {
        let mut seen = 0u64;
        while seen < 30_001 {
            if let Message::Text(_) = awake.next().await.unwrap().unwrap() {
                seen += 1;
            }
        }
        Instant::now()
    });
    for part in 0..60u64 {
        append(&server, 1 + part * 500, 500).await;
    }
    let written = Instant::now();
    let seen = tokio::time::timeout(Duration::from_secs(30), reader).await.unwrap().unwrap();
    assert!(
        seen.saturating_duration_since(written) < Duration::from_secs(20),
        "the other viewer was held up"
    );
    let mut next = 0u64;
    while next < 30_001 {
        if let Message::Text(text) = asleep.next().await.unwrap().unwrap() {
            let start: String = text.chars().take(24).collect();
            assert!(start.starts_with(&format!("{{\"seq\":{next},")), "{next}: {start}");
            next += 1;
        }
    }
}

#[tokio::test]
async fn stopping_ends_live_connections() {
    let (server, address) = started().await;
    let (mut viewer, _) = connect_async(format!("ws://{address}/api/v1/runs/r1/live")).await.unwrap();
    viewer.next().await.unwrap().unwrap();
    server.state.stopping.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(5), async {
        while let Some(Ok(message)) = viewer.next().await {
            if matches!(message, Message::Close(_)) {
                break;
            }
        }
    });
    ended.await.unwrap();
}

async fn next_close(
    viewer: &mut (impl StreamExt<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin),
) -> (u16, String) {
    let close = async {
        loop {
            match viewer.next().await {
                Some(Ok(Message::Close(Some(frame)))) => {
                    return (frame.code.into(), frame.reason.to_string());
                }
                Some(Ok(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), close).await.expect("the viewer gets a close frame")
}

#[tokio::test]
async fn viewers_of_a_deleted_run_are_disconnected_as_gone() {
    let (server, address) = started().await;
    append(&server, 1, 20).await;
    let live = format!("ws://{address}/api/v1/runs/r1/live");
    let (mut json_viewer, _) = connect_async(&live).await.unwrap();
    let (mut binary, _) = connect_async(format!("{live}?format=binary&after=20")).await.unwrap();
    let (mut hub, _) = connect_async(format!("ws://{address}/ws/gauntlet/r1")).await.unwrap();
    let mut sse = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET /api/v1/runs/r1/live?after=20 HTTP/1.1\r\nhost: {address}\r\n\r\n");
    sse.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 15];
    sse.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    assert!(matches!(json_viewer.next().await, Some(Ok(Message::Text(_)))));
    assert!(matches!(hub.next().await, Some(Ok(Message::Text(_)))));
    server.send("DELETE", "/api/v1/runs/r1?name=n", &[], "").await.expect(204);
    // The id is used again at once: those who watch the old run hear nothing of the new one.
    server.post("/api/v1/runs", &json!({ "id": "r1", "name": "n" })).await.expect(201);
    append(&server, 1, 30).await;
    for viewer in [&mut json_viewer, &mut binary, &mut hub] {
        assert_eq!(next_close(viewer).await, (4410, "run \"r1\" was deleted".to_owned()));
    }
    let mut text = String::new();
    tokio::time::timeout(Duration::from_secs(20), async {
        while !text.contains("event: end") {
            let mut chunk = vec![0; 4096];
            let n = sse.read(&mut chunk).await.unwrap();
            assert!(n > 0, "{text}");
            text.push_str(&String::from_utf8_lossy(&chunk[..n]));
        }
    })
    .await
    .expect("the stream ends with an event");
    assert!(text.contains(r#""code":"gone""#) && !text.contains("id: 21"), "{text}");
    // Whoever comes now follows the new run.
    let (mut fresh, _) = connect_async(format!("{live}?after=29")).await.unwrap();
    let Some(Ok(Message::Text(event))) = fresh.next().await else { panic!("no event") };
    assert!(event.starts_with("{\"seq\":30,"), "{event}");
}

#[tokio::test]
async fn going_on_behind_the_end_of_the_log_is_refused() {
    let server = Server::new().await;
    server.post("/api/v1/runs", &json!({ "id": "r1", "name": "n" })).await.expect(201);
    append(&server, 1, 5).await;
    for (path, headers, field) in [
        ("events?after=6", None, "after"),
        ("live?after=6", None, "after"),
        ("live?after=18446744073709551615", None, "after"),
        ("live", Some(("last-event-id", "6")), "Last-Event-ID"),
    ] {
        let headers: Vec<_> = headers.into_iter().collect();
        let answer = server.send("GET", &format!("/api/v1/runs/r1/{path}"), &headers, "").await;
        let error = answer.expect(409).json()["error"].clone();
        assert_eq!((&error["code"], &error["details"][0]["field"]), (&json!("beyond_head"), &json!(field)));
        assert_eq!(error["details"][0]["head"], 6);
    }
    let page = server.get("/api/v1/runs/r1/events?after=5").await.expect(200).json();
    assert_eq!(page, json!({ "events": [], "next_after": 5, "head": 6 }));
}
