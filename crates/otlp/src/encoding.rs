//! The encodings of requests, and what of a request was rejected.

use gauntlet_model::FieldError;

/// The encoding of a request, and of its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// `application/x-protobuf`
    Protobuf,
    /// `application/json`
    Json,
}

impl Encoding {
    /// The encoding of a media type (lowercase, without parameters).
    pub fn from_media_type(media_type: &str) -> Option<Self> {
        match media_type {
            "application/x-protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

/// Why a request could not be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(String);

impl DecodeError {
    pub(crate) fn new(message: String) -> Self {
        Self(message)
    }
}

/// Why a span or log record, or what it says about its run, is refused. The sender gets the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(String);

impl From<String> for Refusal {
    fn from(why: String) -> Self {
        Self(why)
    }
}

impl From<FieldError> for Refusal {
    fn from(error: FieldError) -> Self {
        Self(error.to_string())
    }
}

/// What of a request was rejected.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PartialSuccess {
    /// Spans, log records or data points that were refused.
    pub rejected: i64,
    /// Which, and why; also what was accepted but is unusual. Empty where there is neither.
    pub message: String,
}
