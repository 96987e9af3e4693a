//! Request bodies: bounded, and decompressed where the client compressed them.

use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use futures::TryStreamExt;
use gauntlet_model::FieldError;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::io::StreamReader;

use crate::error::ApiError;

/// The whole body, decompressed. More than `limit` bytes is 413, an unknown encoding 415, broken compression 400.
pub async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|n| n > limit as u64) {
        return Err(ApiError::too_large(limit as u64));
    }
    let stream = body.into_data_stream().map_err(std::io::Error::other);
    let raw = StreamReader::new(stream);
    let encodings = headers.get_all(header::CONTENT_ENCODING).into_iter();
    let encodings: Vec<_> =
        encodings.map(|v| v.to_str().unwrap_or("?").trim().to_ascii_lowercase()).collect();
    match encodings.join(", ").as_str() {
        "" | "identity" => collect(raw, limit).await,
        "gzip" | "x-gzip" => {
            let mut decoder = GzipDecoder::new(raw);
            decoder.multiple_members(true);
            collect(decoder, limit).await
        }
        "zstd" => {
            let mut decoder = ZstdDecoder::new(raw);
            decoder.multiple_members(true);
            collect(decoder, limit).await
        }
        other => Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_encoding",
            format!("Content-Encoding {other:?} is not one of identity, gzip, zstd"),
        )),
    }
}

async fn collect(reader: impl AsyncRead, limit: usize) -> Result<Bytes, ApiError> {
    let mut bytes = Vec::new();
    let reader = std::pin::pin!(reader);
    let read = reader.take(limit as u64 + 1).read_to_end(&mut bytes).await;
    read.map_err(|e| ApiError::bad_request(format!("the body could not be read: {e}")))?;
    if bytes.len() > limit {
        return Err(ApiError::too_large(limit as u64));
    }
    Ok(bytes.into())
}

/// The media type without its parameters, lowercase; empty where there is none.
pub fn media_type(headers: &HeaderMap) -> String {
    let text = headers.get(header::CONTENT_TYPE).map_or("", |v| v.to_str().unwrap_or("?"));
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// JSON of a known shape; says the field that is wrong.
pub fn json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // The parser alone would also take a list of the fields' values in order.
    if bytes.trim_ascii_start().first().is_some_and(|first| *first == b'[') {
        return Err(ApiError::invalid(&FieldError::new("", "the body is a list, not a JSON object")));
    }
    Ok(gauntlet_model::decode_json(bytes)?)
}
