//! OTLP over gRPC: what exporters send where no protocol is set, plain and gzip, and what is refused.

mod support;

use std::io::Write;
use std::net::SocketAddr;

use axum::http::Request;
use bytes::Bytes;
use gauntlet_server::otlp::Grpc;
use support::Server;
use tokio::net::{TcpListener, TcpStream};

const AGENT: &[u8] = include_bytes!("../../crates/otlp/tests/recorded/python-agent.pb");
const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
const METRICS: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

/// A message as gRPC frames it.
fn framed(message: &[u8], is_compressed: bool) -> Bytes {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[u8::from(is_compressed)][..], &length, message].concat().into()
}

/// One call on a connection of its own. Returns the status, what it says, and the message.
async fn call(
    address: SocketAddr,
    path: &str,
    encoding: Option<&str>,
    body: Bytes,
) -> (String, String, Vec<u8>) {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    let driving = tokio::spawn(connection);
    let mut request = Request::post(format!("http://{address}{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if let Some(encoding) = encoding {
        request = request.header("grpc-encoding", encoding);
    }
    let (answer, mut sending) = client.send_request(request.body(()).unwrap(), false).unwrap();
    sending.send_data(body, true).unwrap();
    let answer = answer.await.unwrap();
    let (head, mut body) = answer.into_parts();
    let mut bytes = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk.unwrap();
        body.flow_control().release_capacity(chunk.len()).unwrap();
        bytes.extend_from_slice(&chunk);
    }
    // Where there is no message, the head says it all.
    let trailers = body.trailers().await.unwrap().unwrap_or(head.headers);
    let text = |key: &str| trailers.get(key).map_or("", |v| v.to_str().unwrap()).to_owned();
    driving.abort();
    (text("grpc-status"), text("grpc-message"), bytes.get(5..).unwrap_or_default().to_vec())
}

#[tokio::test]
async fn what_http_takes_is_taken_and_what_it_refuses_is_refused() {
    let server = Server::with(|(_, limits)| limits.body_bytes = 100_000).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(Grpc::new(server.state.clone()).serve(listener));

    let taken = ("0".to_owned(), String::new(), Vec::new());
    assert_eq!(call(address, TRACES, None, framed(AGENT, false)).await, taken);
    let runs = server.get("/api/v1/runs").await.expect(200).json();
    let run = runs["items"][0]["id"].as_str().unwrap().to_owned();
    let before = server.get(&format!("/api/v1/runs/{run}")).await.expect(200).json();
    assert_eq!((&before["steps"], &before["episodes"]), (&3.into(), &1.into()));
    // Once more, compressed: it is known already.
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(AGENT).unwrap();
    let compressed = framed(&gzip.finish().unwrap(), true);
    assert_eq!(call(address, TRACES, Some("gzip"), compressed).await, taken);
    assert_eq!(server.get(&format!("/api/v1/runs/{run}")).await.expect(200).json(), before);
    for path in [LOGS, METRICS] {
        assert_eq!(call(address, path, None, framed(b"", false)).await, taken, "{path}");
    }

    let (status, message, _) = call(address, TRACES, None, framed(b"\x0a\xff", false)).await;
    assert_eq!(status, "3");
    assert!(
        message.contains("is%20not%20a%20protobuf") || message.contains("is not a protobuf"),
        "{message}"
    );
    assert_eq!(call(address, "/other.Service/Export", None, framed(b"", false)).await.0, "12");
    assert_eq!(call(address, TRACES, None, framed(&vec![0; 100_001], false)).await.0, "11");
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    bomb.write_all(&vec![0; 1 << 20]).unwrap();
    let bomb = framed(&bomb.finish().unwrap(), true);
    assert_ne!(call(address, TRACES, Some("gzip"), bomb).await.0, "0");

    server.state.stopping.cancel();
    serving.await.unwrap().unwrap();
}
