//! The colour and the dashes of each run of a comparison.

use gauntlet_api::Comparison;
use gauntlet_model::{RunId, RunSummary};

pub(super) use crate::ui::{Look, swatch};

/// The runs of a comparison in their order, each with its look.
pub(super) fn shown(comparison: &Comparison) -> Vec<(&RunSummary, Look)> {
    let ids: Vec<&RunId> = comparison.runs.iter().map(|run| &run.id).collect();
    comparison.runs.iter().zip(crate::ui::looks(&ids)).collect()
}
