//! What goes wrong, as clients see it: a code, a sentence, the request id, and details where there are any.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gauntlet_model::{BatchError, FieldError};
use gauntlet_results::ImportError;
use gauntlet_store::StoreError;
use serde_json::{Value, json};

/// A refusal or failure of one request. The request id is added by [`crate::http::request_id`].
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    details: Option<Box<Value>>,
    retry_after_secs: Option<u64>,
    request_id: Option<String>,
}

impl ApiError {
    /// An error of that status, machine word and sentence.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            details: None,
            retry_after_secs: None,
            request_id: None,
        }
    }

    /// 404 for a run.
    pub fn no_run(id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is no run {id:?}"))
    }

    /// 410 for a run that was deleted.
    pub fn gone(id: &str) -> Self {
        Self::new(StatusCode::GONE, "gone", format!("run {id:?} was deleted"))
    }

    /// 409 for an `after` that the log does not have.
    pub fn beyond_head(field: &str, after: u64, head: u64) -> Self {
        let message = format!(
            "is {after}, but the log has {head} events: this is another run under the same id, or an older copy of \
             it; begin again without it"
        );
        let details = json!([{ "field": field, "message": message, "head": head }]);
        Self::new(StatusCode::CONFLICT, "beyond_head", format!("{field}: {message}")).with_details(details)
    }

    /// 400 for a malformed request.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// 400 for a part of the path or the query that cannot be read.
    pub fn malformed(field: &FieldError) -> Self {
        let details = json!([{ "field": field.field, "message": field.message }]);
        Self::bad_request(field.to_string()).with_details(details)
    }

    /// 422 for one field.
    pub fn invalid(field: &FieldError) -> Self {
        let details = json!([{ "field": field.field, "message": field.message }]);
        // What is wrong with the body as a whole has no field to begin with.
        let sentence = if field.field.is_empty() { field.message.clone() } else { field.to_string() };
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", sentence).with_details(details)
    }

    /// 413: the body is over the limit.
    pub fn too_large(limit_bytes: u64) -> Self {
        let message = format!("the body is larger than {limit_bytes} bytes, after decompression");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    /// 503: there is no room for it now; the same request is taken a little later.
    pub fn busy(message: impl Into<String>) -> Self {
        let mut error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message);
        error.retry_after_secs = Some(1);
        error
    }

    /// 503: the disk or the system refuses it now.
    pub fn unavailable(message: impl Into<String>) -> Self {
        let mut error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message);
        error.retry_after_secs = Some(1);
        error
    }

    /// What the disk refuses, such as `the file`: 507 where it is full, else 503 (too many open files, an error of
    /// the device).
    pub fn disk(what: &str, error: &std::io::Error) -> Self {
        let message = format!("{what} cannot be kept: {error}");
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "unavailable", message)
            }
            _ => Self::unavailable(message),
        }
    }

    /// Adds structured details.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    /// Says under which id the log tells more, where no request of its own does.
    #[must_use]
    pub fn with_request_id(mut self, id: String) -> Self {
        self.request_id = Some(id);
        self
    }

    /// What clients are told: `code`, `message` and `details` where there are any.
    pub fn body(&self) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(details) = &self.details {
            error["details"] = (**details).clone();
        }
        if let Some(id) = &self.request_id {
            error["request_id"] = json!(id);
        }
        error
    }

    /// The HTTP status it is answered with.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The sentence, for callers that do not speak HTTP.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl From<BatchError> for ApiError {
    fn from(e: BatchError) -> Self {
        let detail = |e: &BatchError| json!({ "index": e.index, "field": e.field, "message": e.message });
        let details: Vec<_> = std::iter::once(&e).chain(&e.others).map(detail).collect();
        let sentence = match e.field.as_str() {
            "" => format!("event {}: {}", e.index, e.message),
            _ => e.to_string(),
        };
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", sentence).with_details(details.into())
    }
}

impl From<FieldError> for ApiError {
    fn from(e: FieldError) -> Self {
        Self::invalid(&e)
    }
}

impl From<ImportError> for ApiError {
    fn from(e: ImportError) -> Self {
        let details = json!([{
            "field": e.path, "message": e.message, "expected": e.expected, "line": e.line,
            "readable": e.readable,
        }]);
        let sentence = [Some(e.to_string()), e.hint()].into_iter().flatten().collect::<Vec<_>>().join(". ");
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unreadable_file", sentence).with_details(details)
    }
}

impl From<StoreError> for ApiError {
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::Busy { retry_after } => {
                let message = "the ingest queue is full; nothing of this request was kept, send it again";
                let mut error = Self::busy(message);
                error.retry_after_secs = Some(retry_after.as_secs().max(1));
                error
            }
            StoreError::NotFound(why) => Self::new(StatusCode::NOT_FOUND, "not_found", why),
            StoreError::Gone(why) => Self::new(StatusCode::GONE, "gone", why),
            StoreError::Conflict(why) => Self::new(StatusCode::CONFLICT, "conflict", why),
            StoreError::Invalid { field, message } => Self::invalid(&FieldError { field, message }),
            StoreError::Unavailable(cause) => {
                tracing::error!(%cause, "the log is unavailable");
                Self::unavailable(cause)
            }
            StoreError::Corrupt(cause) => {
                tracing::error!(%cause, "the log is corrupt");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the log holds something unreadable")
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error = self.body();
        let mut response = (self.status, Json(json!({ "error": error }))).into_response();
        if let Some(secs) = self.retry_after_secs {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        response.extensions_mut().insert(ErrorBody(error));
        response
    }
}

/// Carried beside the response, so that the request id can be written into it.
#[derive(Debug, Clone)]
pub struct ErrorBody(pub Value);
