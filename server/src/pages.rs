//! The pages' way to the log: server functions and what they read.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use gauntlet_app::api::{Answer, Backend, RunsPage, RunsQuery, StepDetail};
use gauntlet_model::{Action, CommandIssued, Object, RunSummary};
use gauntlet_store::RunQuery;
use leptos::prelude::provide_context;

use crate::api::{commands, run_id, steps};
use crate::state::{AppState, new_event_id};

/// Runs a page shows at a time.
const PAGE: u32 = 50;

/// What the pages get as context.
pub fn backend(state: &AppState) -> Arc<dyn Backend> {
    Arc::new(Pages(state.clone()))
}

/// POST `/pages/{function}`.
pub async fn server_function(State(state): State<AppState>, request: Request<Body>) -> Response {
    use axum::response::IntoResponse;
    let backend = backend(&state);
    leptos_axum::handle_server_fns_with_context(move || provide_context(Arc::clone(&backend)), request)
        .await
        .into_response()
}

struct Pages(AppState);

impl Backend for Pages {
    fn runs(&self, query: RunsQuery) -> Answer<RunsPage> {
        let state = self.0.clone();
        Box::pin(async move {
            let status = match query.status.as_str() {
                "" => None,
                word => Some(word.parse().map_err(|e: gauntlet_model::FieldError| e.to_string())?),
            };
            let page = state.store.runs(RunQuery {
                q: Some(query.q).filter(|q| !q.trim().is_empty()),
                cursor: Some(query.cursor).filter(|c| !c.is_empty()),
                status,
                limit: PAGE,
                ..RunQuery::default()
            });
            let page = page.await.map_err(|e| e.to_string())?;
            Ok(RunsPage { items: page.items, next_cursor: page.next_cursor })
        })
    }

    fn run(&self, id: String) -> Answer<Option<RunSummary>> {
        let state = self.0.clone();
        Box::pin(async move {
            let Ok(id) = run_id(&id) else { return Ok(None) };
            state.store.run(&id).await.map_err(|e| e.to_string())
        })
    }

    fn step(&self, run: String, step: u32) -> Answer<Option<StepDetail>> {
        let state = self.0.clone();
        Box::pin(async move {
            let Ok(id) = run_id(&run) else { return Ok(None) };
            steps::detail(&state.store, &id, step).await.map_err(|e| e.message().to_owned())
        })
    }

    fn command(&self, run: String, action: String, parameters: Object) -> Answer<String> {
        let state = self.0.clone();
        Box::pin(async move {
            let action: Action = serde_json::from_value(action.clone().into())
                .map_err(|_| format!("{action:?} is not a command"))?;
            let command = CommandIssued {
                command_id: new_event_id().to_string(),
                action,
                parameters,
                author: "browser".to_owned(),
            };
            let run = run_id(&run).map_err(|e| e.message().to_owned())?;
            commands::give(&state, &run, command).await.map_err(|e| e.message().to_owned())
        })
    }
}
