//! `GET /evolution`: one task before and after training, rendered whole.

use axum::extract::State;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use gauntlet_api::EvolutionOrder;
use gauntlet_app::compare::{EVOLUTION_STEPS, EvolutionContent, evolution_document, order_word};
use gauntlet_engine::evolution;
use gauntlet_model::RunId;

use crate::attempt;
use crate::error::ApiError;
use crate::policy;
use crate::state::AppState;

/// Bytes of an answer that a row shows: the film has all of it.
const MAX_BYTES: usize = 4 << 10;

/// The page. It is a page for any address: what cannot be shown is an error message in it.
pub(crate) async fn read(State(state): State<AppState>, uri: Uri) -> Response {
    let mut content = EvolutionContent::default();
    if let Err(error) = fill(&mut content, &state, uri.query().unwrap_or_default()).await {
        content.problems.push(error.message().to_owned());
    }
    let options = &state.leptos;
    let style = format!("/{}/{}.css", options.site_pkg_dir, options.output_name);
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (kind, policy::of_plain_page(), evolution_document(&content, style)).into_response()
}

async fn fill(content: &mut EvolutionContent, state: &AppState, query: &str) -> Result<(), ApiError> {
    let mut asked = [None, None];
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "task" if !value.is_empty() => content.task = Some(value.into_owned()),
            "before" if !value.is_empty() => asked[0] = Some(RunId::new(value.into_owned())?),
            "after" if !value.is_empty() => asked[1] = Some(RunId::new(value.into_owned())?),
            "order" => {
                let orders = [EvolutionOrder::Step, EvolutionOrder::Lost, EvolutionOrder::Gained];
                match orders.into_iter().find(|order| order_word(*order) == value) {
                    Some(order) => content.order = order,
                    None => content.problems.push(format!("order: {value:?} is not step, lost or gained.")),
                }
            }
            "from" => match value.parse() {
                Ok(from) => content.skipped = from,
                Err(_) => content.problems.push(format!("from: {value:?} is not a number of steps.")),
            },
            _ => {}
        }
    }
    if let Some(task) = &content.task {
        asked =
            [state.store.newest_of_task(task, "sft").await?, state.store.newest_of_task(task, "grpo").await?];
    }
    for (run, asked) in content.runs.iter_mut().zip(&asked) {
        let Some(id) = asked else { continue };
        *run = state.store.run(id).await?;
        if run.is_none() {
            content.problems.push(format!("There is no run {:?}; it may have been deleted.", id.as_str()));
        }
    }
    let [Some(before), Some(after)] = &content.runs else { return Ok(()) };
    let part = content.skipped..content.skipped.saturating_add(EVOLUTION_STEPS);
    let found = evolution::read(&state.films, (&before.id, &after.id), content.order, part).await?;
    for step in &found.steps {
        let [old, new] = &step.sides;
        let old = short(attempt::action_at(&state.store, &before.id, old.seq).await?);
        let new = short(attempt::action_at(&state.store, &after.id, new.seq).await?);
        let compared =
            tokio::task::spawn_blocking(move || attempt::html(&old, &new, attempt::MAX_COMPARE_TIME)).await;
        content.actions.push(compared.map_err(|error| ApiError::internal(error.to_string()))?);
    }
    content.evolution = Some(found);
    Ok(())
}

/// The beginning of a long answer.
fn short(mut text: String) -> String {
    if text.len() > MAX_BYTES {
        text.truncate(text.floor_char_boundary(MAX_BYTES));
        text.push('…');
    }
    text
}
