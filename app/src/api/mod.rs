//! The server functions of the pages, and [`Backend`], through which they reach the log. SDKs use the routes
//! under `/api/v1` instead.

mod backend;
mod error;
mod functions;
mod list;
mod snapshots;

pub use backend::{Backend, BackendFuture};
pub use error::PageError;
pub use functions::*;
pub use list::{ListColumn, ListGroup, ListRow, RunList, RunsQuery, ViewChange};
pub use snapshots::{Attempt, BesideQuery};

/// A title's text as `leptos_meta::Title` must be given it: escaped on the server, where it becomes a part of
/// an HTML document; as it is in the browser, which sets the text of an element.
pub(crate) fn title_text(text: String) -> String {
    #[cfg(feature = "ssr")]
    let text = html_escape::encode_text(&text).into_owned();
    text
}

/// Makes the page being rendered answer 404. Does nothing in the browser, where the answer has already come.
pub fn answer_not_found() {
    #[cfg(feature = "ssr")]
    if let Some(answer) = leptos::prelude::use_context::<leptos_axum::ResponseOptions>() {
        answer.set_status(http::StatusCode::NOT_FOUND);
    }
}
