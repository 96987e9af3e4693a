//! No client takes more than its share: of memory, of time, of connections.

mod support;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::Request;
use futures::{SinkExt, StreamExt};
use gauntlet_server::connections::{self, Deadlines};
use gauntlet_server::router::router;
use http_body_util::BodyExt;
use serde_json::json;
use support::{Server, id};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tower::ServiceExt;

/// A server on a socket, with short deadlines.
async fn listening(server: &Server, deadlines: Deadlines) -> SocketAddr {
    let listener = connections::listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let (router, stopping) = (router(server.state.clone()), server.state.stopping.clone());
    tokio::spawn(connections::serve(listener, router, stopping, 512, deadlines));
    address
}

fn short() -> Deadlines {
    let short = Duration::from_millis(300);
    Deadlines { head: short, write: short, drain: short }
}

async fn with_run(events: u64, bytes: usize) -> Server {
    let server = Server::new().await;
    server.post("/api/v1/runs", &json!({ "id": "r", "name": "r" })).await.expect(201);
    let event = |n| {
        json!({ "id": id(n), "at": "2026-11-21T00:00:00Z", "kind": "snapshot.scored", "v": 1, "step": n,
            "body": { "scores": { "root": 1.0 }, "action": "a".repeat(bytes), "observation": "" } })
    };
    for from in (0..events).step_by(100) {
        let batch: Vec<_> = (from..events.min(from + 100)).map(event).collect();
        server.post("/api/v1/runs/r/events", &json!(batch)).await.expect(200);
    }
    server
}

/// Whether the server closes the connection in time.
async fn is_closed(mut stream: TcpStream) -> bool {
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(4), stream.read_to_end(&mut rest)).await.is_ok()
}

/// A connection that takes a few kilobytes and reads no further.
async fn unread(address: SocketAddr, path: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8 << 10).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn silence_and_half_a_head_are_closed() {
    let address = listening(&Server::new().await, short()).await;
    for request in [
        "",
        "GET / HT",
        "GET / HTTP/1.1\r\nhost: localhost\r\nx: ",
        "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        assert!(is_closed(stream).await, "{request:?}");
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_is_closed_and_delays_no_other() {
    let server = with_run(600, 20_000).await;
    let address = listening(&server, short()).await;
    let mut stalled = Vec::new();
    for _ in 0..24 {
        stalled.push(unread(address, "/api/v1/runs/r/export?format=jsonl").await);
        stalled.push(unread(address, "/api/v1/runs/r/live?after=0").await);
    }
    // Work that needs a thread of its own goes on meanwhile.
    let large = json!([{ "id": id(9000), "at": "2026-11-21T00:00:00Z", "kind": "snapshot.scored", "v": 1,
        "step": 9000, "body": { "scores": { "root": 1.0 },
        "action": "a".repeat(300_000), "observation": "" } }]);
    let posted =
        tokio::time::timeout(Duration::from_secs(3), server.post("/api/v1/runs/r/events", &large)).await;
    posted.expect("in time").expect(200);
    let export = server.get("/api/v1/runs/r/export?format=jsonl").await.expect(200);
    assert_eq!(export.bytes.iter().filter(|byte| **byte == b'\n').count(), 602);
    // They read nothing for longer than the deadline; reading before its end would be progress.
    tokio::time::sleep(short().write * 2).await;
    for stream in stalled {
        // What was in flight comes, then the end: not the whole.
        let mut rest = Vec::new();
        let mut stream = stream;
        let read = tokio::time::timeout(Duration::from_secs(3), stream.read_to_end(&mut rest)).await;
        assert!(read.is_ok() && rest.len() < 8 << 20, "{} bytes", rest.len());
    }
}

#[tokio::test]
async fn a_client_that_reads_slowly_gets_everything() {
    let server = with_run(100, 20_000).await;
    let deadlines = Deadlines { write: Duration::from_secs(1), ..short() };
    let address = listening(&server, deadlines).await;
    let mut stream = unread(address, "/api/v1/runs/r/export?format=jsonl").await;
    let (mut all, mut chunk) = (0, vec![0; 64 << 10]);
    let begun = Instant::now();
    while all < 2_000_000 {
        let count = stream.read(&mut chunk).await.unwrap();
        assert!(count > 0, "closed after {all} bytes");
        all += count;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(begun.elapsed() > deadlines.write);
}

#[tokio::test]
async fn messages_of_a_viewer_are_bounded() {
    let server = with_run(1, 10).await;
    let address = listening(&server, Deadlines::default()).await;
    for path in ["api/v1/runs/r/live", "ws/gauntlet/r"] {
        let url = format!("ws://localhost:{}/{path}", address.port());
        let socket = TcpStream::connect(address).await.unwrap();
        let (mut viewer, _) = tokio_tungstenite::client_async(url, socket).await.unwrap();
        viewer.send(Message::text("a".repeat(60_000))).await.unwrap();
        let first = viewer.next().await.unwrap().unwrap();
        assert!(first.is_text(), "{path}: {first:?}");
        let _ = viewer.send(Message::text("a".repeat(70_000))).await;
        let code = loop {
            match viewer.next().await {
                Some(Ok(Message::Close(frame))) => break frame.map(|frame| u16::from(frame.code)),
                Some(Ok(_)) => {}
                other => panic!("{path}: {other:?}"),
            }
        };
        assert_eq!(code, Some(1009), "{path}");
    }
}

#[tokio::test]
async fn no_route_takes_a_body_without_an_end() {
    let server = with_run(1, 10).await;
    let endless = || {
        Body::from_stream(futures::stream::repeat_with(|| {
            Ok::<_, std::io::Error>(Bytes::from(vec![b'a'; 1 << 20]))
        }))
    };
    let form = ("content-type", "application/x-www-form-urlencoded");
    for path in ["runs", "run", "step", "timeline", "command"] {
        let announced = [form, ("content-length", "1600000000")];
        server.send("POST", &format!("/pages/{path}"), &announced, endless()).await.expect(413);
        let begun = Instant::now();
        let answer = server.send("POST", &format!("/pages/{path}"), &[form], endless()).await;
        assert_eq!(answer.status, 413, "{path}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{path}");
    }
    for operation in gauntlet_server::document::operations() {
        let method = operation.method().to_uppercase();
        let path = operation.path().replace("{run}", "r").replace(['{', '}'], "");
        // A file of 4 GB may come: its own limit is tried elsewhere.
        if method == "GET" || method == "DELETE" || path.contains("artifacts") || path.ends_with("/import") {
            continue;
        }
        let answer = server.send(&method, &path, &[("content-type", "application/json")], endless()).await;
        assert!(answer.status.is_client_error(), "{method} {path}: {}", answer.text());
    }
}

#[tokio::test]
async fn what_many_bodies_become_has_one_budget() {
    let server = Server::with(|(_, limits)| limits.memory_bytes = 48 << 20).await;
    server.post("/api/v1/runs", &json!({ "id": "r", "name": "r" })).await.expect(201);
    let event = json!([{ "id": id(1), "at": "2026-11-21T00:00:00Z", "kind": "snapshot.scored", "v": 1,
        "step": 1, "body": { "scores": { "root": 1.0 },
        "action": "", "observation": "a".repeat(900_000) } }]);
    let spaces = vec![b' '; 14 << 20];
    let bomb = zstd::encode_all([event.to_string().as_bytes(), &spaces].concat().as_slice(), 3).unwrap();
    assert!(bomb.len() < 20_000, "{} bytes become 15 MB", bomb.len());
    let headers = [("content-encoding", "zstd")];
    let posts = (0..30).map(|_| server.send("POST", "/api/v1/runs/r/events", &headers, bomb.clone()));
    let answers = futures::future::join_all(posts).await;
    let of = |status: u16| answers.iter().filter(|answer| answer.status == status).collect::<Vec<_>>();
    assert_eq!(of(200).len() + of(503).len(), 30);
    assert!(!of(200).is_empty());
    for refused in of(503) {
        assert_eq!(refused.headers["retry-after"], "1");
    }
    // The share comes back; what alone would be too much in memory is refused as such.
    server.send("POST", "/api/v1/runs/r/events", &headers, bomb).await.expect(200);
    let numbers = format!("[{}1]", "1,".repeat(5_000_000));
    server.send("POST", "/api/v1/runs/r/events", &[], numbers).await.expect(413);
}

#[tokio::test]
async fn a_window_beyond_what_content_encoding_allows_is_refused() {
    let server = with_run(1, 10).await;
    // A frame's header that asks for a window of 64 MiB, then one empty last block.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x80, 0x01, 0x00, 0x00];
    let headers = [("content-encoding", "zstd")];
    server.send("POST", "/api/v1/runs/r/events", &headers, frame.to_vec()).await.expect(400);
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_is_still_sending() {
    let address = listening(&with_run(1, 10).await, Deadlines::default()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = "POST /api/v1/runs/r/events HTTP/1.1\r\nhost: localhost\r\ncontent-length: 60000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = vec![b' '; 1 << 20];
    for _ in 0..60 {
        stream.write_all(&chunk).await.unwrap();
    }
    let mut answer = vec![0; 64];
    let read = stream.read(&mut answer).await.unwrap();
    assert!(String::from_utf8_lossy(&answer[..read]).starts_with("HTTP/1.1 413"), "the answer is not lost");
}

#[tokio::test]
async fn the_server_stops_whatever_hangs() {
    let server = with_run(200, 20_000).await;
    let listener = connections::listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let (app, stopping) = (router(server.state.clone()), server.state.stopping.clone());
    let serving =
        tokio::spawn(connections::serve(listener, app, stopping.clone(), 512, Deadlines::default()));
    let mut held = vec![unread(address, "/api/v1/runs/r/export?format=jsonl").await];
    for request in [
        "GET / HT",
        "POST /api/v1/runs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{",
        "GET /api/v1/runs/r/live HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "GET /api/v1/runs/r/commands?wait=60 HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "PUT /api/v1/runs/r/artifacts/x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{",
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        held.push(stream);
    }
    // Connections are accepted in order: once this one is answered, the server has all of them.
    let mut last = TcpStream::connect(address).await.unwrap();
    let request = "GET /api/v1/runs HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    last.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    last.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let begun = Instant::now();
    stopping.cancel();
    tokio::time::timeout(Duration::from_secs(3), serving).await.expect("it ends").unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn answers_that_nobody_reads_have_one_budget() {
    let server = Server::with(|(_, limits)| limits.memory_bytes = 4 << 20).await;
    server.post("/api/v1/runs", &json!({ "id": "r", "name": "r" })).await.expect(201);
    for number in 1..=2 {
        let event = json!([{ "id": id(number), "at": "2026-11-21T00:00:00Z", "kind": "snapshot.scored",
            "v": 1, "step": number, "body": { "scores": { "root": 1.0 }, "action": "",
            "observation": "a".repeat(900_000) } }]);
        server.post("/api/v1/runs/r/events", &event).await.expect(200);
    }
    let unread = async || {
        let request = Request::builder().uri("/api/v1/runs/r/events").header("host", "127.0.0.1:4600");
        router(server.state.clone()).oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    };
    let waiting = [unread().await, unread().await];
    assert!(waiting.iter().all(|answer| answer.status() == 200));
    let refused = server.get("/api/v1/runs/r/events").await.expect(503);
    assert_eq!(refused.headers["retry-after"], "1");
    server.get("/api/v1/runs/r").await.expect(200);
    let [first, second] = waiting;
    drop(first);
    assert_eq!(
        server.get("/api/v1/runs/r/events").await.expect(200).json()["events"].as_array().unwrap().len(),
        3
    );
    let size = second.into_body().collect().await.unwrap().to_bytes().len();
    assert!(size > 1_800_000, "the other one is whole: {size} bytes");
}
