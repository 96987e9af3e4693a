//! SQL over the recorded runs.

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use gauntlet_api::{SqlAnswer, SqlFormat, SqlRequest};

use crate::error::ApiError;
use crate::extract::Json;
use crate::openapi::{BYTES, Describe, Docs, binary};
use crate::state::AppState;

/// Says of an answer in any format whether rows are missing.
const TRUNCATED: HeaderName = HeaderName::from_static("gauntlet-truncated");

/// POST `/sql`: the rows that a statement finds. Changes nothing; the request is a body for its length.
pub async fn run(
    State(state): State<AppState>,
    Json(request): Json<SqlRequest>,
) -> Result<Response, ApiError> {
    let rows = state.sql.run(&request).await?;
    let truncated = HeaderValue::from_static(if rows.truncated { "true" } else { "false" });
    let kind = HeaderValue::from_static(match request.format {
        SqlFormat::Json => "application/json",
        SqlFormat::Csv => "text/csv; charset=utf-8",
        SqlFormat::Parquet => "application/vnd.apache.parquet",
    });
    let written = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        rows.write(request.format, &mut bytes).map(|()| bytes)
    });
    match written.await {
        Ok(Ok(bytes)) => Ok(([(header::CONTENT_TYPE, kind), (TRUNCATED, truncated)], bytes).into_response()),
        Ok(Err(error)) => Err(unwritten(&error)),
        Err(error) => Err(unwritten(&error)),
    }
}

fn unwritten(error: &dyn std::fmt::Display) -> ApiError {
    tracing::error!(%error, "the rows of a statement could not be written");
    ApiError::internal("the rows could not be written")
}

/// How [`run`] is described.
pub fn run_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Search", "SQL over the runs")
        .description(
            "One SELECT over the views `runs`, `episodes`, `steps`, `scores`, `metrics` and `failures`, \
             whose columns docs/sql.md lists. They have the values that pages and exports show.",
        )
        .json::<SqlAnswer>(200)
        .content(200, "text/csv", binary())
        .content(200, BYTES, binary())
        .status(200, "The rows; `truncated` says whether there are more.")
        .status(404, "There is no such run.")
        .status(
            422,
            "The statement is not a single SELECT over the views, fails, takes longer than `seconds`, or \
             reads more rows than are held at a time; or a number is out of range.",
        )
}
