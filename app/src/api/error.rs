//! Why a page cannot be answered.

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// Why the server could not answer a page: a sentence for people, and the HTTP status of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageError {
    /// HTTP status, 400 to 599.
    pub status: u16,
    /// The sentence.
    pub message: String,
}

impl PageError {
    /// An error with that status.
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

impl std::fmt::Display for PageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for PageError {}

impl FromServerFnError for PageError {
    type Encoder = JsonEncoding;

    /// Called by Leptos for what fails outside of a function's body: arguments that cannot be read on the
    /// server, a server that cannot be reached from the browser.
    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let message = match error {
            ServerFnErrorErr::Request(_) => "The server does not answer.".to_owned(),
            ref error => error.to_string(),
        };
        let status = match error {
            ServerFnErrorErr::Request(_) => 503,
            ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::Deserialization(_) => 400,
            _ => 500,
        };
        Self { status, message }.answered()
    }
}

impl PageError {
    /// Gives the answer of a server function this error's status, where Leptos would say 500. A page that is
    /// rendered keeps its own status: it shows the error, and a way on.
    pub(super) fn answered(self) -> Self {
        #[cfg(feature = "ssr")]
        {
            use leptos::prelude::use_context;

            let parts = use_context::<http::request::Parts>();
            let is_function = parts.is_some_and(|parts| parts.uri.path().starts_with("/pages/"));
            let status = http::StatusCode::from_u16(self.status).ok().filter(|_| is_function);
            if let (Some(status), Some(answer)) = (status, use_context::<leptos_axum::ResponseOptions>()) {
                answer.set_status(status);
            }
        }
        self
    }
}
