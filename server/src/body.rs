//! Request bodies: bounded, decompressed where the client compressed them, within the budget of memory.

use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use futures::TryStreamExt;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::io::StreamReader;

use crate::error::ApiError;
use crate::intake;
use crate::openapi::JSON;
use gauntlet_engine::memory::{Memory, Share, decoded_json_bytes, decoded_protobuf_bytes, json_values};

/// Bytes between two pauses of reading.
const PAUSE_BYTES: usize = 256 << 10;
/// The first buffer of a body, bytes.
const FIRST_BYTES: usize = 4 << 10;

/// What the body becomes when it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyUse {
    /// Values, many times its size perhaps.
    Values,
    /// Bytes that are written to the disk as they are.
    Bytes,
}

/// The largest window of zstd, as a power of two: 8 MiB, which is what RFC 9659 allows as content encoding.
/// The library's own limit is 128 MiB.
const WINDOW_LOG: u32 = 23;

/// The whole body, decompressed, to be decoded: its share of the memory covers what decoding makes of it.
/// More than `limit` bytes is 413, an unknown encoding 415, broken compression 400, no memory left 503, a
/// body that arrives too slowly 408.
pub async fn read(memory: &Memory, headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, ApiError> {
    read_as(memory, headers, body, limit, BodyUse::Values).await
}

/// As [`read`], of bytes that are kept as they are.
pub async fn read_bytes(
    memory: &Memory,
    headers: &HeaderMap,
    body: Body,
    limit: usize,
) -> Result<Bytes, ApiError> {
    read_as(memory, headers, body, limit, BodyUse::Bytes).await
}

async fn read_as(
    memory: &Memory,
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    becomes: BodyUse,
) -> Result<Bytes, ApiError> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|n| n > limit as u64) {
        return Err(ApiError::too_large(limit as u64));
    }
    let stream = body.into_data_stream().map_err(std::io::Error::other);
    let raw = StreamReader::new(stream);
    let encodings = headers.get_all(header::CONTENT_ENCODING).into_iter();
    let encodings: Vec<_> =
        encodings.map(|v| v.to_str().unwrap_or("?").trim().to_ascii_lowercase()).collect();
    let mut share = memory.share();
    let is_protobuf = media_type(headers) == "application/x-protobuf";
    let is_json = becomes == BodyUse::Values && !is_protobuf;
    let bytes = match encodings.join(", ").as_str() {
        "" | "identity" => collect(raw, limit, 0, is_json, &mut share).await?,
        "gzip" | "x-gzip" => {
            let mut decoder = GzipDecoder::new(raw);
            decoder.multiple_members(true);
            collect(decoder, limit, 32 << 10, is_json, &mut share).await?
        }
        "zstd" => {
            let mut decoder = ZstdDecoder::with_params(raw, &[DParameter::window_log_max(WINDOW_LOG)]);
            decoder.multiple_members(true);
            collect(decoder, limit, 1 << WINDOW_LOG, is_json, &mut share).await?
        }
        other => {
            return Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_encoding",
                format!("Content-Encoding {other:?} is not one of identity, gzip, zstd"),
            ));
        }
    };
    if becomes == BodyUse::Values && is_protobuf {
        share.grow_to(decoded_protobuf_bytes(&bytes))?;
    }
    Ok(share.hold(bytes))
}

/// Reads to the end. The share grows before the buffer does, and as far as JSON so far becomes values;
/// `window_bytes` is what a decoder keeps of what it wrote.
async fn collect(
    reader: impl AsyncRead,
    limit: usize,
    window_bytes: usize,
    is_json: bool,
    share: &mut Share,
) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    let (mut values, mut next_pause) = (0, PAUSE_BYTES);
    let mut reader = std::pin::pin!(reader);
    loop {
        if bytes.len() == bytes.capacity() {
            let wanted = (bytes.capacity() * 2).max(FIRST_BYTES).min(limit + 1);
            share.grow_to(wanted + window_bytes.min(wanted))?;
            bytes.reserve_exact(wanted - bytes.len());
        }
        let read = reader.read_buf(&mut bytes).await.map_err(|e| unreadable(&e))?;
        if bytes.len() > limit {
            return Err(ApiError::too_large(limit as u64));
        }
        if read == 0 {
            return Ok(bytes);
        }
        if is_json {
            values += json_values(bytes.get(bytes.len() - read..).unwrap_or_default());
            share.grow_to(decoded_json_bytes(bytes.len(), values).max(bytes.capacity()))?;
        }
        if bytes.len() >= next_pause {
            // What is compressed well keeps this busy for long: others have their turn meanwhile.
            next_pause = bytes.len() + PAUSE_BYTES;
            tokio::task::yield_now().await;
        }
    }
}

/// The answer to a body that broke off: it was too slow (408), longer than announced (413), or is broken
/// (400).
pub fn unreadable(error: &(dyn std::error::Error + 'static)) -> ApiError {
    let causes = std::iter::successors(Some(error), |error| error.source());
    match causes.filter_map(|cause| cause.downcast_ref::<intake::Refused>()).next() {
        Some(intake::Refused::TooSlow) => {
            let message = "the body arrived too slowly, or not to its end";
            ApiError::new(StatusCode::REQUEST_TIMEOUT, "timeout", message)
        }
        Some(intake::Refused::TooLarge(limit)) => ApiError::too_large(*limit),
        None => ApiError::bad_request(format!("the body could not be read: {error}")),
    }
}

/// The media type without its parameters, lowercase; empty where there is none.
pub fn media_type(headers: &HeaderMap) -> String {
    let text = headers.get(header::CONTENT_TYPE).map_or("", |v| v.to_str().unwrap_or("?"));
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Refuses a body that does not call itself JSON. A form of a page elsewhere can send the other types that it
/// names without asking first, and no JSON. One that names none is read: no form sends that.
///
/// # Errors
///
/// 415 for another media type.
pub fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let named = media_type(headers);
    let is_json = matches!(named.as_str(), "" | JSON) || named.ends_with("+json");
    if is_json {
        return Ok(());
    }
    let message = format!("Content-Type {named:?} is not {JSON} (curl sends it with --json)");
    Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message))
}
