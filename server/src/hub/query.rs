//! The query string of the hub's paths, read and refused as its clients know it.

use axum::extract::Query;
use axum::http::Uri;

use super::Refusal;

/// The parameters of a request; unknown ones are ignored.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// The parameters in an address.
    pub(super) fn of(uri: &Uri) -> Self {
        Self(Query::try_from_uri(uri).map(|Query(pairs)| pairs).unwrap_or_default())
    }

    /// The value of a parameter; where it is there twice, the last one.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    /// The value of a parameter that has to be there.
    pub(super) fn needed(&self, name: &'static str) -> Result<String, Refusal> {
        self.value(name).ok_or_else(|| refusal(name, "missing", "Field required", ""))
    }
}

/// A refusal of one parameter: its name, a word for machines, a sentence, its value.
pub(super) fn refusal(field: &str, kind: &'static str, message: &str, value: &str) -> Refusal {
    Refusal::new(kind, "query", vec![field.to_owned()], message.to_owned(), value.into())
}
