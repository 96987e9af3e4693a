//! OTLP over gRPC: the three `Export` methods, which exporters use where nothing else is set.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::{self, StatusCode};
use axum::response::IntoResponse;
use bytes::{Buf, BufMut, Bytes};
use gauntlet_otlp::{Encoding, Signal, answer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Status};

use crate::access::may_record;
use crate::state::AppState;
use gauntlet_engine::memory::decoded_protobuf_bytes;

/// Requests that are read and kept at once. Each may be as large as a body may be, so that this bounds the
/// memory.
const AT_ONCE: usize = 8;
/// Streams of one connection at once.
const MAX_STREAMS: u32 = 32;
/// How long a request may take, its arrival included.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How often an idle connection is asked whether somebody is there.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(60);

/// The services of OTLP, answered like the same requests over HTTP.
#[derive(Clone)]
pub struct Grpc {
    state: AppState,
    places: Arc<Semaphore>,
}

impl Grpc {
    /// The services of a server.
    pub fn new(state: AppState) -> Self {
        Self { state, places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Serves until the server stops.
    pub async fn serve(self, listener: TcpListener) -> Result<(), tonic::transport::Error> {
        let stopping = self.state.stopping.clone();
        tonic::transport::Server::builder()
            .timeout(TIMEOUT)
            .max_concurrent_streams(MAX_STREAMS)
            .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
            .serve_with_incoming_shutdown(self, TcpIncoming::from(listener), stopping.cancelled_owned())
            .await
    }
}

type Body = tonic::body::Body;

impl tower::Service<http::Request<Body>> for Grpc {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let Self { state, places } = self.clone();
        Box::pin(async move {
            let signal = match request.uri().path() {
                "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => Signal::Traces,
                "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => Signal::Logs,
                "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" => Signal::Metrics,
                path => return Ok(Status::unimplemented(format!("there is no {path} here")).into_http()),
            };
            let (parts, body) = request.into_parts();
            if let Err(error) = may_record(&state.access, &parts) {
                return Ok(Status::new(code(error.status()), error.message()).into_http());
            }
            let request = http::Request::from_parts(parts, body);
            let Ok(_place) = places.acquire().await else {
                return Ok(Status::unavailable("the server stops").into_http());
            };
            let most = state.limits.body_bytes;
            let export = tower::service_fn(move |request: tonic::Request<Bytes>| {
                let state = state.clone();
                async move {
                    let bytes = request.into_inner();
                    let mut share = state.memory.share();
                    let taken = match share.grow_to(decoded_protobuf_bytes(&bytes)) {
                        Ok(()) => super::take(&state, Encoding::Protobuf, signal, bytes).await,
                        Err(shortage) => Err(shortage.into()),
                    };
                    match taken {
                        Ok(outcome) => Ok(tonic::Response::new(answer(Encoding::Protobuf, signal, &outcome))),
                        Err(error) => {
                            let message = error.message().to_owned();
                            Err(Status::new(code(error.into_response().status()), message))
                        }
                    }
                }
            });
            let mut grpc = tonic::server::Grpc::new(Plain)
                .accept_compressed(CompressionEncoding::Gzip)
                .max_decoding_message_size(most);
            Ok(grpc.unary(export, request).await)
        })
    }
}

/// gRPC's word for a refusal over HTTP. Exporters send again where it is `UNAVAILABLE`.
pub(super) fn code(status: StatusCode) -> Code {
    match status {
        StatusCode::UNAUTHORIZED => Code::Unauthenticated,
        StatusCode::FORBIDDEN => Code::PermissionDenied,
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::TOO_MANY_REQUESTS => Code::ResourceExhausted,
        StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
        status if status.is_server_error() => Code::Internal,
        _ => Code::InvalidArgument,
    }
}

/// Messages as bytes: they are decoded where the same ones over HTTP are.
struct Plain;

impl Codec for Plain {
    type Encode = Vec<u8>;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Plain {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
