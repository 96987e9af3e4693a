//! Lists of snapshots: under `snapshots`, in an array, or one per line; events of Gauntlet may be among them.
//! Hubs write such lists in order of arrival, sometimes with duplicates, sometimes with several sessions.

use gauntlet_model::Object;
use gauntlet_values::Decimal;

use crate::columns::{Cells, Columns};
use crate::context::{Context, Head};
use crate::draft::is_event;
use crate::error::ImportError;
use crate::json_span::{JsonSpan, Members};
use crate::rows::{About, SpanRows};
use crate::survey::Survey;

/// Reads `{"snapshots": [...]}`; other keys describe the run.
pub(crate) fn read_object(top: &Members<'_>, context: &mut Context<'_>) -> Result<Head, ImportError> {
    let items = top.get("snapshots").map_or(Ok(Vec::new()), JsonSpan::items)?;
    list(items, top.others(&["snapshots"], &mut context.repeats)?, "snapshots", context)
}

/// Reads a document that is a single step or event.
pub(crate) fn read_single(
    root: JsonSpan<'_>,
    top: &Members<'_>,
    context: &mut Context<'_>,
) -> Result<Head, ImportError> {
    let is_step = is_event(top) || top.get("scores").is_some() || {
        let columns = Columns::new(top.keys(), &context.options.map, Decimal::Point, Cells::Json)?;
        columns.has_scores()
    };
    if is_step { read_list(vec![root], context) } else { Err(top.unknown()) }
}

/// Reads a list that does not describe its run.
pub(crate) fn read_list(items: Vec<JsonSpan<'_>>, context: &mut Context<'_>) -> Result<Head, ImportError> {
    list(items, Object::new(), "list of snapshots", context)
}

fn list(
    items: Vec<JsonSpan<'_>>,
    description: Object,
    shape: &'static str,
    context: &mut Context<'_>,
) -> Result<Head, ImportError> {
    read_all(SpanRows::new(items), About::default(), description, shape, context)
}

/// Reads a list in two passes: a check to its end, then the events.
pub(crate) fn read_all(
    items: SpanRows<'_>,
    about: About,
    description: Object,
    shape: &'static str,
    context: &mut Context<'_>,
) -> Result<Head, ImportError> {
    let options = context.options;
    let first = items.clone().with(about);
    let mut survey = Survey::new(Box::new(first), context.now, shape, description, options);
    while survey.advance()? {
        context.check_cancelled()?;
    }
    let plan = survey.plan(context.name)?;
    for event in plan.replay(Box::new(items), &mut *context.ids) {
        (context.emit)(event?)?;
    }
    if let Some(end) = plan.stated_end((context.ids)())? {
        (context.emit)(end)?;
    }
    context.warnings.extend(plan.warnings().iter().cloned());
    Ok(Head { spec: plan.spec().clone(), notes: plan.notes().to_owned() })
}
