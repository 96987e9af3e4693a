//! The query string of the hub's paths, read and refused as its clients know it.

use axum::Json;
use axum::extract::Query;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// The parameters of a request; those that nobody asks for are passed over.
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// The parameters in an address.
    pub fn of(uri: &Uri) -> Self {
        Self(Query::try_from_uri(uri).map(|Query(pairs)| pairs).unwrap_or_default())
    }

    /// The value of a parameter; where it is there twice, the last one.
    pub fn value(&self, name: &str) -> Option<String> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    /// The value of a parameter that has to be there.
    pub fn needed(&self, name: &'static str) -> Result<String, Refusal> {
        self.value(name).ok_or_else(|| Refusal::new(name, "missing", "Field required", ""))
    }
}

/// Why a parameter was refused, in the shape the origin's clients know.
pub struct Refusal {
    field: &'static str,
    kind: &'static str,
    message: String,
    input: String,
}

impl Refusal {
    /// A refusal of one parameter: its name, a word for machines, a sentence, what it said.
    pub fn new(field: &'static str, kind: &'static str, message: &str, input: &str) -> Self {
        Self { field, kind, message: message.to_owned(), input: input.to_owned() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { field, kind, message, input } = self;
        let detail = json!([{ "type": kind, "loc": ["query", field], "msg": message, "input": input }]);
        (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "detail": detail }))).into_response()
    }
}
