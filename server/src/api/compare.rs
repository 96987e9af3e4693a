//! Several runs side by side.

use axum::extract::State;
use gauntlet_api::{CompareQuery, Comparison};
use gauntlet_engine::compare;
use gauntlet_model::{FieldError, RunId};

use crate::error::ApiError;
use crate::extract::{Json, Query};
use crate::openapi::{Describe, Docs};
use crate::state::AppState;

/// GET `/compare?runs=a,b,c&baseline=a`.
pub async fn read(
    State(state): State<AppState>,
    Query(query): Query<CompareQuery>,
) -> Result<Json<Comparison>, ApiError> {
    let ids = run_ids(&query.runs)?;
    let baseline = query.baseline.map(RunId::new).transpose()?;
    Ok(Json(compare::read(&state.store, &state.films, &ids, baseline.as_ref()).await?))
}

/// How [`read`] is described.
pub fn read_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Runs", "Several runs side by side")
        .description(
            "What the rubrics and measurements of each run came to, with the difference to the baseline; \
             where the configurations differ; what failed.",
        )
        .status(200, "The comparison.")
        .status(404, "There is no such run.")
        .status(422, "No run, too many runs, one named twice, or a baseline that is none of them.")
}

/// The ids of a list with commas between them; a comma or a percent sign of an id is percent-encoded. Entries
/// without an id are passed over.
///
/// # Errors
///
/// Where an entry is not an id of a run.
pub fn run_ids(list: &str) -> Result<Vec<RunId>, FieldError> {
    let ids = list.split(',').filter(|id| !id.is_empty()).enumerate().map(|(index, id)| {
        let refused = |why: String| FieldError::new(format!("runs[{index}]"), why);
        let id = percent_encoding::percent_decode_str(id).decode_utf8();
        let id = id.map_err(|error| refused(error.to_string()))?;
        RunId::new(id).map_err(|error| refused(error.message))
    });
    ids.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stand_between_commas() {
        let check = |list: &str, expect: &[&str]| {
            let ids = run_ids(list).unwrap();
            assert_eq!(ids.iter().map(RunId::as_str).collect::<Vec<_>>(), expect, "{list}");
        };
        check("", &[]);
        check("a,b", &["a", "b"]);
        check("a,,b,", &["a", "b"]);
        check("a%2Cb,50%25", &["a,b", "50%"]);
        assert_eq!(run_ids("a,b%2Fc").unwrap_err().field, "runs[1]");
    }
}
