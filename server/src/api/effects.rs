//! The effects of the view: what is drawn at which step, by project.

use axum::extract::State;
use gauntlet_engine::clock::now;
use gauntlet_model::EffectSet;
use schemars::{Schema, json_schema};

use super::ProjectPart;
use crate::error::ApiError;
use crate::extract::{Json, Path};
use crate::openapi::{Describe, Docs, JSON};
use crate::state::AppState;

/// Largest set, bytes: at most 32 effects with paths of 256 bytes.
const SET_BYTES: usize = 64 << 10;

/// GET `/projects/{project}/effects`.
pub async fn read(
    State(state): State<AppState>,
    Path(part): Path<ProjectPart>,
) -> Result<Json<EffectSet>, ApiError> {
    Ok(Json(state.store.effects(&part.project).await?))
}

/// How [`read`] is described.
pub fn read_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Film", "The effects of a project")
        .description(
            "Which effect the view draws at which step, the most important first. A project whose effects \
             nobody changed has the defaults, of version 0.",
        )
        .status(200, "The effects, with their version.")
}

/// PUT `/projects/{project}/effects`: 409 where `version` is not the present one.
pub async fn replace(
    State(state): State<AppState>,
    Path(part): Path<ProjectPart>,
    Json(effects): Json<EffectSet, SET_BYTES>,
) -> Result<Json<EffectSet>, ApiError> {
    Ok(Json(change(&state, &part.project, effects).await?))
}

/// Changes the effects of a project, and tells the viewers of its runs.
pub async fn change(state: &AppState, project: &str, effects: EffectSet) -> Result<EffectSet, ApiError> {
    let changed = state.store.put_effects(project, effects, now()).await?;
    state.settings_changes.publish_effects(project);
    Ok(changed)
}

/// An [`EffectSet`] as it is sent: without `version` it was made from version 0.
fn change_schema() -> Schema {
    json_schema!({
        "type": "object",
        "additionalProperties": false,
        "required": ["effects"],
        "properties": {
            "version": { "$ref": "#/components/schemas/EffectSet/properties/version" },
            "effects": { "$ref": "#/components/schemas/EffectSet/properties/effects" },
        },
    })
}

/// How [`replace`] is described.
pub fn replace_docs(op: Docs<'_>) -> Docs<'_> {
    op.titled("Film", "Change the effects of a project")
        .description(
            "Replaces all of them. `version` is the one that was read; the answer has the next one. Effects \
             only show: which steps fail is decided by the failing rules.",
        )
        .body(JSON, change_schema())
        .status(200, "The effects, with their new version.")
        .status(409, "Somebody changed them since; read them again.")
}
