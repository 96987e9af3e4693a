//! Connections: accepted up to a number that leaves files for the log, and closed where a client holds one
//! without using it. A head has its time, a body has (`intake`), and so has every write: a client that does
//! not read is closed.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderValue, Request, Version, header};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tower::util::MapRequest;

use crate::access::Peer;

/// How long a connection may hold things up.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// For a request's head, and for the silence between two requests.
    pub head: Duration,
    /// For a client that takes nothing of what it is sent.
    pub write: Duration,
    /// For what is under way when the server stops.
    pub drain: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        let slow = Duration::from_secs(30);
        Self { head: slow, write: slow, drain: Duration::from_millis(450) }
    }
}

/// How long a client that was answered before its body ended may be silent, and may go on in all. Closed at
/// once, it would lose the answer.
const LINGER_SILENCE: Duration = Duration::from_millis(150);
const LINGER_TIMEOUT: Duration = Duration::from_secs(5);
/// What the system holds for a client that reads slowly, in bytes. The system's own growth (megabytes) would
/// hide from [`Deadlines::write`] that a slow client reads at all.
const SEND_BUFFER: u32 = 256 << 10;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;
/// The pause after an accept that failed, such as for lack of file descriptors.
const RETRY_DELAY: Duration = Duration::from_millis(100);
/// Bytes that are read and discarded at a time.
const DISCARD_BYTES: usize = 16 << 10;

/// Where connections come in, and what encrypts them.
pub struct Listener {
    /// The socket.
    pub listener: TcpListener,
    /// TLS, where connections are encrypted.
    pub tls: Option<TlsAcceptor>,
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self { listener, tls: None }
    }
}

/// The first byte of a TLS connection: a handshake record.
const TLS_HANDSHAKE: u8 = 0x16;
/// What a program gets that speaks plain HTTP to a server with TLS.
const NOT_ENCRYPTED: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n\
    connection: close\r\ncontent-length: 95\r\n\r\n\
    {\"error\":{\"code\":\"bad_request\",\"message\":\
    \"this Gauntlet speaks TLS: its address is https://\"}}\n";
/// Most requests at once of one HTTP/2 connection.
const MAX_STREAMS: u32 = 128;

/// Listens on an address.
pub fn listen(address: std::net::SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Answers the requests of a connection: the router, told by `F` what is known of the connection.
type Service<F> = TowerToHyperService<MapRequest<Router, F>>;

/// What completes a request before the router sees it.
trait NameRequest: FnMut(Request<Incoming>) -> Request<Incoming> + Clone + Send + 'static {}

impl<F: FnMut(Request<Incoming>) -> Request<Incoming> + Clone + Send + 'static> NameRequest for F {}

fn service(router: Router, peer: Peer) -> Service<impl NameRequest> {
    TowerToHyperService::new(router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        name_host(&mut request);
        request
    }))
}

/// How a connection is served, by either version of HTTP.
#[derive(Clone)]
struct Protocols {
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
    deadlines: Deadlines,
}

impl Protocols {
    fn new(deadlines: Deadlines) -> Self {
        let head = deadlines.head;
        let mut http1 = http1::Builder::new();
        http1.timer(TokioTimer::new()).header_read_timeout(head);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        // A client of HTTP/2 that does not answer pings is gone.
        http2.timer(TokioTimer::new()).keep_alive_interval(head).keep_alive_timeout(head);
        http2.max_concurrent_streams(MAX_STREAMS);
        Self { http1, http2, deadlines }
    }

    async fn serve_plain(
        self,
        stream: TcpStream,
        place: OwnedSemaphorePermit,
        service: Service<impl NameRequest>,
        stopping: CancellationToken,
    ) {
        let io = TokioIo::new(Timed::new(stream, place, self.deadlines.write));
        let connection = self.http1.serve_connection(io, service).with_upgrades();
        converse(connection, |it| it.graceful_shutdown(), stopping, self.deadlines.drain).await;
    }

    /// The version of HTTP is the one that the handshake agreed on.
    async fn serve_tls(
        self,
        tls: &TlsAcceptor,
        stream: TcpStream,
        place: OwnedSemaphorePermit,
        service: Service<impl NameRequest>,
        stopping: CancellationToken,
    ) {
        let Deadlines { head, write, drain } = self.deadlines;
        let opened = tokio::time::timeout(head, encrypt(tls, stream, place, write));
        let stream = match stopping.run_until_cancelled(opened).await {
            Some(Ok(Ok(stream))) => stream,
            Some(Ok(Err(error))) => return tracing::debug!(%error, "a connection is not encrypted"),
            Some(Err(_)) | None => return,
        };
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let io = TokioIo::new(stream);
        if is_http2 {
            let connection = self.http2.serve_connection(io, service);
            return converse(connection, |it| it.graceful_shutdown(), stopping, drain).await;
        }
        let connection = self.http1.serve_connection(io, service).with_upgrades();
        converse(connection, |it| it.graceful_shutdown(), stopping, drain).await;
    }
}

/// Serves until `stopping`, then lets what is under way finish for a while. `most` connections at a time;
/// more wait to be accepted.
pub async fn serve(
    listener: impl Into<Listener>,
    router: Router,
    stopping: CancellationToken,
    most: u32,
    deadlines: Deadlines,
) {
    let Listener { listener, tls } = listener.into();
    let drain = deadlines.drain;
    let room = Arc::new(Semaphore::new(most as usize));
    let protocols = Protocols::new(deadlines);
    loop {
        let accepted = async {
            let place = Arc::clone(&room).acquire_owned().await.map_err(io::Error::other)?;
            let (stream, from) = listener.accept().await?;
            Ok::<_, io::Error>((stream, Peer(from.ip()), place))
        };
        let (stream, peer, place) = match stopping.run_until_cancelled(accepted).await {
            None => break,
            Some(Ok(accepted)) => accepted,
            Some(Err(error)) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(RETRY_DELAY).await;
                continue;
            }
        };
        // Small frames go out at once instead of waiting for the acknowledgement of those before.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps collecting small frames");
        }
        let service = service(router.clone(), peer);
        let protocols = protocols.clone();
        let (tls, stopping) = (tls.clone(), stopping.clone());
        tokio::spawn(async move {
            match tls {
                Some(tls) => protocols.serve_tls(&tls, stream, place, service, stopping).await,
                None => protocols.serve_plain(stream, place, service, stopping).await,
            }
        });
    }
    drop(listener);
    // Every place is free once every connection is closed, WebSockets included.
    if tokio::time::timeout(drain, room.acquire_many(most)).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
}

/// The handshake of TLS. What speaks plain HTTP instead is answered so that it can read why.
async fn encrypt(
    acceptor: &TlsAcceptor,
    mut stream: TcpStream,
    place: OwnedSemaphorePermit,
    write: Duration,
) -> io::Result<tokio_rustls::server::TlsStream<Timed>> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 1 && first != [TLS_HANDSHAKE] {
        stream.write_all(NOT_ENCRYPTED).await?;
        let mut timed = Timed::new(stream, place, write);
        timed.shutdown().await?;
        return Err(io::Error::new(io::ErrorKind::InvalidData, "plain HTTP where TLS is spoken"));
    }
    acceptor.accept(Timed::new(stream, place, write)).await
}

/// HTTP/2 names the host beside the headers; the rest of the server looks for it among them.
fn name_host<B>(request: &mut Request<B>) {
    if request.version() == Version::HTTP_2
        && !request.headers().contains_key(header::HOST)
        && let Some(host) = request.uri().authority().and_then(|it| HeaderValue::from_str(it.as_str()).ok())
    {
        request.headers_mut().insert(header::HOST, host);
    }
}

/// Answers a connection's requests until it ends, or for a while once the server stops.
async fn converse<C, E: std::fmt::Display>(
    connection: C,
    end: impl FnOnce(Pin<&mut C>),
    stopping: CancellationToken,
    drain: Duration,
) where
    C: Future<Output = Result<(), E>>,
{
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping.cancelled() => {
            end(connection.as_mut());
            match tokio::time::timeout(drain, connection).await {
                Ok(ended) => ended,
                Err(_) => return tracing::warn!("a request did not finish in time"),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// A connection whose writes have a deadline, and which lets a client read the answer it was closed with.
struct Timed {
    stream: TcpStream,
    /// For a write without progress.
    patience: Duration,
    /// Runs out where a write makes no progress; armed while one waits.
    deadline: Pin<Box<Sleep>>,
    waits: bool,
    /// When the connection was closed on this side.
    closed: Option<Instant>,
    _place: OwnedSemaphorePermit,
}

impl Timed {
    fn new(stream: TcpStream, place: OwnedSemaphorePermit, patience: Duration) -> Self {
        let deadline = Box::pin(tokio::time::sleep(patience));
        Self { stream, patience, deadline, waits: false, closed: None, _place: place }
    }

    /// Passes on the result of a write; one that has waited for too long fails.
    fn timed<T>(&mut self, written: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waits = false;
            return written;
        }
        if !self.waits {
            self.waits = true;
            let until = Instant::now() + self.patience;
            self.deadline.as_mut().reset(until);
        }
        ready!(self.deadline.as_mut().poll(cx));
        tracing::info!("a client that reads nothing is closed");
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client reads nothing")))
    }
}

impl AsyncRead for Timed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Timed {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.timed(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.timed(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = match self.closed {
            Some(closed) => closed,
            None => {
                ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
                let now = Instant::now();
                self.closed = Some(now);
                self.deadline.as_mut().reset(now + LINGER_SILENCE);
                now
            }
        };
        // What the client still sends is read and dropped until it stops, or has gone on for long enough.
        let mut unwanted = [0; DISCARD_BYTES];
        loop {
            let mut buffer = ReadBuf::new(&mut unwanted);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => return Poll::Ready(Ok(())),
                Poll::Ready(Err(_)) => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(())) if closed.elapsed() < LINGER_TIMEOUT => {
                    self.deadline.as_mut().reset(Instant::now() + LINGER_SILENCE);
                }
                Poll::Ready(Ok(())) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    ready!(self.deadline.as_mut().poll(cx));
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}
