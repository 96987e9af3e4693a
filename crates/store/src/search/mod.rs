//! Full-text search without its database: queries and answers, the texts of events, what was typed, and the
//! lists that are being paged through. Each backend keeps an index of its own, which follows the log.

mod answers;
mod document;
mod lexemes;
mod lists;
mod script;
mod words;

pub use answers::{FailureFilter, Hit, Judged, Progress, SearchPage, SearchQuery, Segment};
pub use document::TextField;
pub use words::QuerySyntax;

pub(crate) use document::{Described, Document};
pub(crate) use lexemes::tsvector;
pub(crate) use lists::{Cursor, List, Lists, Ranked};
pub(crate) use script::segment_cjk;
pub(crate) use words::Words;
