//! A run's log, live: what is there, then what comes, through restarts of the server.

use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use gauntlet_model::{Record, RunId};
use gauntlet_telemetry::{Endpoint, Trust};
use rustls::{ClientConfig, RootCertStore};
use tungstenite::client::IntoClientRequest;
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Connector, HandshakeError, Message, WebSocket};

use crate::ObservabilityProvider;

/// How often a subscription that waits looks whether it was stopped.
const CHECK_INTERVAL: Duration = Duration::from_millis(200);
/// Silence after which the connection counts as lost; the server sends a heartbeat every 20 s.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause after a failure; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Why a subscription ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SubscriptionError(String);

/// Follows a run from after sequence number `after` (`None`: from the first event).
pub fn subscribe(endpoint: Endpoint, run: RunId, after: Option<u64>) -> Subscription {
    let (socket, has_failed) = (None, false);
    let stopped = Arc::default();
    Subscription {
        endpoint,
        run,
        after,
        socket,
        pause: FIRST_PAUSE,
        heard: Instant::now(),
        stopped,
        has_failed,
    }
}

impl ObservabilityProvider {
    /// The run's log as the server has it: everything after sequence number `after` (`None`: from the first
    /// event), then what comes. `None` without a server.
    pub fn subscribe(&self, after: Option<u64>) -> Option<Subscription> {
        Some(subscribe(self.server()?.0.clone(), self.run().clone(), after))
    }
}

/// The events of a run in order, none missing and none twice; waits for those to come. A connection that is
/// lost is made again, past the last event given. Ends after an error, which is a refusal: no such run, no
/// permission.
pub struct Subscription {
    endpoint: Endpoint,
    run: RunId,
    after: Option<u64>,
    socket: Option<WebSocket<MaybeTlsStream<TcpStream>>>,
    pause: Duration,
    heard: Instant,
    stopped: Arc<AtomicBool>,
    has_failed: bool,
}

/// Ends a subscription from another thread.
#[derive(Debug, Clone)]
pub struct Stopper(Arc<AtomicBool>);

impl Stopper {
    /// The subscription ends within a moment.
    pub fn stop(&self) {
        self.0.store(true, Relaxed);
    }
}

impl Subscription {
    /// Ends it from elsewhere.
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.stopped))
    }

    /// Sequence number of the last event given: what to resume after.
    pub fn position(&self) -> Option<u64> {
        self.after
    }

    /// The next event if one comes within `timeout`.
    pub fn next_within(&mut self, timeout: Duration) -> Option<Result<Record, SubscriptionError>> {
        let deadline = Instant::now() + timeout;
        while !self.has_failed && !self.stopped.load(Relaxed) {
            match self.advance() {
                Ok(Some(record)) => return Some(Ok(record)),
                Ok(None) if Instant::now() >= deadline => return None,
                Ok(None) => {}
                Err(refusal) => {
                    self.has_failed = true;
                    return Some(Err(refusal));
                }
            }
        }
        None
    }

    /// Waits a moment for one event, or for the server.
    fn advance(&mut self) -> Result<Option<Record>, SubscriptionError> {
        let Some(socket) = &mut self.socket else { return self.connect().map(|()| None) };
        match socket.read() {
            Ok(Message::Text(text)) => {
                self.heard = Instant::now();
                let record: Record = match serde_json::from_str(text.as_str()) {
                    Ok(record) => record,
                    // What has no sequence number is not an event of the log: the run asks for other rules.
                    Err(_) if !has_seq(text.as_str()) => return Ok(None),
                    Err(e) => return Err(SubscriptionError(format!("an event cannot be read: {e}"))),
                };
                // After a reconnection the server may know less than was asked for; nothing is given twice.
                if self.after.is_some_and(|after| record.seq <= after) {
                    return Ok(None);
                }
                self.after = Some(record.seq);
                Ok(Some(record))
            }
            Ok(Message::Close(_)) => {
                self.lost();
                Ok(None)
            }
            Ok(_) => {
                self.heard = Instant::now();
                Ok(None)
            }
            Err(tungstenite::Error::Io(e))
                if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) =>
            {
                if self.heard.elapsed() > SILENCE_TIMEOUT {
                    self.lost();
                }
                Ok(None)
            }
            Err(_) => {
                self.lost();
                Ok(None)
            }
        }
    }

    fn lost(&mut self) {
        self.socket = None;
    }

    fn connect(&mut self) -> Result<(), SubscriptionError> {
        match self.open() {
            Ok(socket) => {
                (self.socket, self.heard, self.pause) = (Some(socket), Instant::now(), FIRST_PAUSE);
                Ok(())
            }
            Err(ConnectError::Refused(why)) => Err(SubscriptionError(why)),
            Err(ConnectError::Unreachable) => {
                let until = Instant::now() + self.pause;
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                while Instant::now() < until && !self.stopped.load(Relaxed) {
                    std::thread::sleep(CHECK_INTERVAL.min(until.saturating_duration_since(Instant::now())));
                }
                Ok(())
            }
        }
    }

    fn open(&self) -> Result<WebSocket<MaybeTlsStream<TcpStream>>, ConnectError> {
        let after = self.after.map_or(String::new(), |after| format!("?after={after}"));
        let url = self.endpoint.run_url(&self.run, &format!("/live{after}"));
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", &url));
        let is_secure = scheme == "https";
        let host = rest.split('/').next().unwrap_or_default();
        let scheme = if is_secure { "wss" } else { "ws" };
        let mut request = format!("{scheme}://{rest}").into_client_request().map_err(refused)?;
        if let Some(value) = self.endpoint.authorization() {
            let value = value
                .parse()
                .map_err(|_| ConnectError::Refused("the key cannot stand in a header".to_owned()))?;
            request.headers_mut().insert("authorization", value);
        }
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let address =
            if has_port { host.to_owned() } else { format!("{host}:{}", if is_secure { 443 } else { 80 }) };
        let mut addresses = address.to_socket_addrs().map_err(|_| ConnectError::Unreachable)?;
        let stream = addresses
            .find_map(|address| TcpStream::connect_timeout(&address, CONNECT_TIMEOUT).ok())
            .ok_or(ConnectError::Unreachable)?;
        stream.set_read_timeout(Some(CONNECT_TIMEOUT)).map_err(|_| ConnectError::Unreachable)?;
        stream.set_write_timeout(Some(CONNECT_TIMEOUT)).map_err(|_| ConnectError::Unreachable)?;
        let connector = if is_secure { encryption(self.endpoint.trust())? } else { Connector::Plain };
        match tungstenite::client_tls_with_config(request, stream, None, Some(connector)) {
            Ok((socket, _)) => {
                let stream = match socket.get_ref() {
                    MaybeTlsStream::Rustls(stream) => &stream.sock,
                    MaybeTlsStream::Plain(stream) => stream,
                    _ => return Err(ConnectError::Unreachable),
                };
                stream.set_read_timeout(Some(CHECK_INTERVAL)).map_err(|_| ConnectError::Unreachable)?;
                Ok(socket)
            }
            Err(HandshakeError::Failure(tungstenite::Error::Http(answer))) => {
                let status = answer.status().as_u16();
                if matches!(status, 408 | 429 | 500..=599) {
                    return Err(ConnectError::Unreachable);
                }
                let body = answer.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
                let answer: Option<serde_json::Value> = serde_json::from_str(&body).ok();
                let message = answer.as_ref().and_then(|v| v.pointer("/error/message")?.as_str());
                Err(ConnectError::Refused(
                    message.map_or(format!("the server answered {status}"), str::to_owned),
                ))
            }
            Err(_) => Err(ConnectError::Unreachable),
        }
    }
}

/// TLS with the certificates that an endpoint trusts.
fn encryption(trust: &Trust) -> Result<Connector, ConnectError> {
    let mut roots = RootCertStore::empty();
    match trust.certificates() {
        Some(all) => {
            for der in all {
                roots.add(der.to_vec().into()).map_err(refused)?;
            }
        }
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(refused)?.with_root_certificates(roots).with_no_client_auth();
    Ok(Connector::Rustls(Arc::new(config)))
}

/// Whether a message is an event of the log; what is not an object may be one that is damaged.
fn has_seq(text: &str) -> bool {
    let message = serde_json::from_str::<serde_json::Value>(text).ok();
    message.is_none_or(|message| !message.is_object() || message.get("seq").is_some())
}

enum ConnectError {
    /// The server cannot be reached now.
    Unreachable,
    /// The server refuses the request.
    Refused(String),
}

fn refused(error: impl std::fmt::Display) -> ConnectError {
    ConnectError::Refused(error.to_string())
}

impl Iterator for Subscription {
    type Item = Result<Record, SubscriptionError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(next) = self.next_within(Duration::from_secs(3600)) {
                return Some(next);
            }
            if self.has_failed || self.stopped.load(Relaxed) {
                return None;
            }
        }
    }
}
