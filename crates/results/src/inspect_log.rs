//! The log of Inspect in one document.

use gauntlet_model::Object;

use crate::context::{Context, Head};
use crate::error::ImportError;
use crate::inspect::{SHAPE, about};
use crate::json_span::{JsonSpan, Members};
use crate::rows::SpanRows;
use crate::snapshots;

/// A log in one document.
pub(crate) fn read_log(top: &Members<'_>, context: &mut Context<'_>) -> Result<Head, ImportError> {
    let items = top.get("samples").map_or(Ok(Vec::new()), JsonSpan::items)?;
    let about = about(context.name, top.others(&["samples", "reductions"], &mut context.repeats)?);
    snapshots::read_all(SpanRows::new(items), about, Object::new(), SHAPE, context)
}
