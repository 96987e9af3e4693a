//! What goes wrong, as clients see it: a status, and the error of [`gauntlet_api`].

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gauntlet_api::{ErrorBody, ErrorDetail, ErrorInfo};
use gauntlet_engine::memory::BudgetError;
use gauntlet_model::{BatchError, FieldError};
use gauntlet_results::ImportError;
use gauntlet_store::StoreError;

/// A refusal or failure of one request. The request id is added by [`crate::http::request_id`].
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    info: Box<ErrorInfo>,
    retry_after_secs: Option<u64>,
}

impl ApiError {
    /// An error of that status, machine word and sentence.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let info = ErrorInfo { code: code.to_owned(), message: message.into(), ..ErrorInfo::default() };
        Self { status, info: Box::new(info), retry_after_secs: None }
    }

    /// 500 for what must not happen; the log has the cause.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
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
            "is {after}, but the log has {head} events: this is another run under the same id, or an \
            older copy of \
             it; begin again without it"
        );
        let sentence = format!("{field}: {message}");
        let detail = ErrorDetail { head: Some(head), ..ErrorDetail::of_field(field, message) };
        Self::new(StatusCode::CONFLICT, "beyond_head", sentence).with_detail(detail)
    }

    /// 400 for a malformed request.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// 400 for a part of the path or the query that cannot be read.
    pub fn malformed(field: &FieldError) -> Self {
        Self::bad_request(field.to_string())
            .with_detail(ErrorDetail::of_field(&*field.field, &*field.message))
    }

    /// 422 for one field.
    pub fn invalid(field: &FieldError) -> Self {
        // What is wrong with the body as a whole has no field to begin with.
        let sentence = if field.field.is_empty() { field.message.clone() } else { field.to_string() };
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", sentence)
            .with_detail(ErrorDetail::of_field(&*field.field, &*field.message))
    }

    /// 413: the body is over the limit.
    pub fn too_large(limit_bytes: u64) -> Self {
        let message = format!("the body is larger than {limit_bytes} bytes, after decompression");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    /// 429: the client has to wait.
    pub fn too_many(message: impl Into<String>, retry_after_secs: u64) -> Self {
        let mut error = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many", message);
        error.retry_after_secs = Some(retry_after_secs);
        error
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

    /// Adds one thing that is wrong.
    #[must_use]
    pub fn with_detail(mut self, detail: ErrorDetail) -> Self {
        self.info.details.push(detail);
        self
    }

    /// What clients get.
    pub fn info(&self) -> &ErrorInfo {
        &self.info
    }

    /// The HTTP status it is answered with.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The sentence, for callers that do not speak HTTP.
    pub fn message(&self) -> &str {
        &self.info.message
    }
}

impl From<BatchError> for ApiError {
    fn from(e: BatchError) -> Self {
        let detail = |e: &BatchError| ErrorDetail {
            index: Some(e.index),
            ..ErrorDetail::of_field(&*e.field, &*e.message)
        };
        let details = std::iter::once(&e).chain(&e.others).map(detail);
        let sentence = match e.field.as_str() {
            "" => format!("event {}: {}", e.index, e.message),
            _ => e.to_string(),
        };
        let error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", sentence);
        details.fold(error, Self::with_detail)
    }
}

impl From<FieldError> for ApiError {
    fn from(e: FieldError) -> Self {
        Self::invalid(&e)
    }
}

impl From<ImportError> for ApiError {
    fn from(e: ImportError) -> Self {
        gauntlet_engine::Error::from(e).into()
    }
}

impl From<StoreError> for ApiError {
    fn from(e: StoreError) -> Self {
        gauntlet_engine::Error::from(e).into()
    }
}

/// The one place where an error of the engine becomes an HTTP status.
impl From<gauntlet_engine::Error> for ApiError {
    fn from(e: gauntlet_engine::Error) -> Self {
        use gauntlet_engine::Error;
        let status = match &e {
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Gone(_) | Error::Cancelled => StatusCode::GONE,
            Error::Conflict(_) | Error::WrongOffset { .. } => StatusCode::CONFLICT,
            Error::Invalid(_) | Error::Content(_) | Error::Unreadable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Error::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Error::Busy { .. } | Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Error::DiskFull(_) => StatusCode::INSUFFICIENT_STORAGE,
            Error::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let retry_after_secs = match &e {
            Error::Busy { retry_after_secs, .. } => Some(*retry_after_secs),
            Error::Unavailable(_) => Some(1),
            _ => None,
        };
        Self { status, info: Box::new(e.info()), retry_after_secs }
    }
}

impl From<BudgetError> for ApiError {
    fn from(e: BudgetError) -> Self {
        match e {
            BudgetError::TooMuch(most) => {
                let message = format!(
                    "the body would take more than {most} bytes of memory \
                    when it is decoded; send it in parts"
                );
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
            }
            BudgetError::Busy => Self::busy("other requests are being read and memory is short"),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error = *self.info;
        let mut response = (self.status, Json(ErrorBody { error: error.clone() })).into_response();
        if let Some(secs) = self.retry_after_secs {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        // Beside the body, so that the request id can be written into it.
        response.extensions_mut().insert(error);
        response
    }
}
