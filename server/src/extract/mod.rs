//! What handlers take: parts of the path, the query and the body, checked before the handler runs.
//!
//! Each extractor refuses in the API's own error, and describes what it takes and how it refuses in the
//! OpenAPI document, so that the two cannot differ.

mod body;
mod caller;
mod parts;
mod run;

pub use body::{BODY_REFUSALS, Json, JsonOrDefault};
pub use caller::Caller;
pub use parts::{Path, Query, query};
pub use run::{ExistingRun, LoadedRun, RunPath, WritableRun, run_id};
