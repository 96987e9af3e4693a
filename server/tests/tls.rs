//! TLS at the socket: HTTP/1.1 and HTTP/2 over it, WebSockets, and a client that does not encrypt.

mod support;

use std::path::Path;
use std::sync::Arc;

use axum::http::Request;
use futures::StreamExt;
use gauntlet_server::connections::{self, Deadlines, Listener};
use gauntlet_server::exposure::Exposure;
use gauntlet_server::guard::Trusted;
use gauntlet_server::router::router;
use gauntlet_server::tls::{Tls, TlsFiles};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use support::{Server, scored};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A server that speaks TLS at an address, and what connects to it.
async fn secured(server: &Server, folder: &Path) -> (std::net::SocketAddr, Arc<ClientConfig>) {
    let key = KeyPair::generate().unwrap();
    let cert = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let files = ["cert.pem", "key.pem"].map(|name| folder.join(name));
    std::fs::write(&files[0], cert.pem()).unwrap();
    std::fs::write(&files[1], key.serialize_pem()).unwrap();
    let [cert_file, key_file] = files;
    let tls = Tls::open(TlsFiles::parse(Some(cert_file.clone()), Some(key_file)).unwrap().unwrap()).unwrap();
    let listener = connections::listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let (router, stopping) = (router(server.state.clone()), server.state.stopping.clone());
    let listener = Listener { listener, tls: Some(tls.acceptor()) };
    tokio::spawn(connections::serve(listener, router, stopping, 64, Deadlines::default()));
    let mut roots = RootCertStore::empty();
    roots.add(rustls::pki_types::CertificateDer::from_pem_file(cert_file).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    (address, Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

async fn connect(
    address: std::net::SocketAddr,
    config: &Arc<ClientConfig>,
    protocol: &[u8],
) -> TlsStream<TcpStream> {
    let mut config = ClientConfig::clone(config);
    config.alpn_protocols = vec![protocol.to_vec()];
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol));
    stream
}

#[tokio::test]
async fn both_versions_of_http_are_answered() {
    let (server, folder) = (Server::new().await, tempfile::tempdir().unwrap());
    let (address, config) = secured(&server, folder.path()).await;
    let mut first = connect(address, &config, b"http/1.1").await;
    let asked = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    first.write_all(asked.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // The server ends the connection of TLS properly, or this fails.
    first.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("permissions-policy"), "{answer}");
    assert!(!answer.contains("strict-transport-security"), "localhost is shared: {answer}");

    let second = connect(address, &config, b"h2").await;
    let (mut client, connection) = h2::client::handshake(second).await.unwrap();
    tokio::spawn(connection);
    for (authority, status) in [("localhost", 200), ("evil.example", 403)] {
        client = client.ready().await.unwrap();
        let request = Request::get(format!("https://{authority}/healthz")).body(()).unwrap();
        let (answer, _) = client.send_request(request, true).unwrap();
        assert_eq!(answer.await.unwrap().status().as_u16(), status, "{authority}");
    }
}

#[tokio::test]
async fn a_live_stream_is_encrypted_too() {
    let (server, folder) = (Server::new().await, tempfile::tempdir().unwrap());
    server.post("/api/v1/runs", &json!({ "id": "r", "name": "r" })).await.expect(201);
    server.post("/api/v1/runs/r/events", &json!([scored(1, 1.0)])).await.expect(200);
    let (address, config) = secured(&server, folder.path()).await;
    let stream = connect(address, &config, b"http/1.1").await;
    let url = "wss://localhost/api/v1/runs/r/live";
    let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    let message = socket.next().await.unwrap().unwrap().into_text().unwrap();
    assert!(message.contains("snapshot.scored") || message.contains("run.started"), "{message}");
}

#[tokio::test]
async fn a_client_that_does_not_encrypt_gets_a_readable_refusal() {
    let (server, folder) = (Server::new().await, tempfile::tempdir().unwrap());
    let (address, _) = secured(&server, folder.path()).await;
    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    plain.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 400") && head.contains(&format!("content-length: {}", body.len())));
    let error: serde_json::Value = serde_json::from_str(body).unwrap();
    assert!(error["error"]["message"].as_str().unwrap().contains("https://"), "{error}");
}

#[tokio::test]
async fn a_name_of_the_server_is_reached_over_tls_from_then_on() {
    let named = Exposure { hosts: ["g.example.org".to_owned()].into(), ..Exposure::default() };
    let server = Server::new().await;
    let server = server.changed(|state| state.trusted = Trusted::default().with_hosts(&named));
    let here = server.get("/healthz").await.expect(200);
    assert!(!here.headers.contains_key("strict-transport-security"));
    let request = Request::get("/healthz").header("host", "g.example.org:8443");
    let answer = server.raw(request.body(axum::body::Body::empty()).unwrap()).await.expect(200);
    assert_eq!(answer.headers["strict-transport-security"], "max-age=31536000");
}
