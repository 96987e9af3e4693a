//! Episodes of a run: what was attempted, how it ended, how its steps were scored.

use std::collections::HashMap;
use std::sync::PoisonError;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use gauntlet_film::Film;
use gauntlet_model::{Body, EpisodeId, Event, FieldError, Kind, RunId, Score, Status, Timestamp};
use serde::{Deserialize, Serialize};

use super::paging::Limit;
use super::run_id;
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::state::AppState;

/// Events read from the log at a time.
const PAGE: u32 = 4096;

/// Where a page of the list begins.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    after: Option<EpisodeId>,
    #[serde(default)]
    limit: Limit<200, 1000>,
}

/// One rollout on one task.
#[derive(Debug, Serialize)]
struct Episode {
    episode: EpisodeId,
    task: Option<String>,
    /// How it ended, or that it runs; absent where nobody said that it began.
    status: Option<Status>,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    #[serde(rename = "return")]
    return_: Option<Score>,
    latency_ms: Option<f64>,
    cost: Option<f64>,
    error: Option<String>,
    /// Scored steps.
    steps: u64,
    /// Scored steps that fail.
    failing: u64,
    /// Mean root score of its steps.
    mean_root: Option<f64>,
}

/// A page of episodes.
#[derive(Debug, Serialize)]
struct Page {
    items: Vec<Episode>,
    next_after: Option<EpisodeId>,
}

/// GET `/runs/{run}/episodes?after=&limit=`: in the order they were first spoken of, those that were begun before
/// those that only have scores.
pub async fn list(
    State(state): State<AppState>,
    Path(run): Path<String>,
    Query(query): Query<ListQuery>,
) -> Result<impl IntoResponse, ApiError> {
    let id = run_id(&run)?;
    let film = state.films.get(&id).await?;
    let mut all = Episodes::default();
    all.read(&state, &id).await?;
    all.score(&film.lock().unwrap_or_else(PoisonError::into_inner));
    let start = match &query.after {
        None => 0,
        Some(after) => {
            *all.places.get(after).ok_or_else(|| {
                ApiError::invalid(&FieldError::new("after", format!("run {run:?} has no episode {after}")))
            })? + 1
        }
    };
    let limit = query.limit.get() as usize;
    let more = all.list.len() > start + limit;
    let items: Vec<Episode> = all.list.into_iter().skip(start).take(limit).collect();
    let next_after = items.last().filter(|_| more).map(|last| last.episode.clone());
    Ok(Json(Page { items, next_after }))
}

/// Episodes in order, and where each stands.
#[derive(Default)]
struct Episodes {
    list: Vec<Episode>,
    places: HashMap<EpisodeId, usize>,
}

impl Episodes {
    fn get(&mut self, id: &EpisodeId) -> Option<&mut Episode> {
        let place = *self.places.entry(id.clone()).or_insert_with(|| {
            self.list.push(Episode {
                episode: id.clone(),
                task: None,
                status: None,
                started_at: None,
                finished_at: None,
                return_: None,
                latency_ms: None,
                cost: None,
                error: None,
                steps: 0,
                failing: 0,
                mean_root: None,
            });
            self.list.len() - 1
        });
        self.list.get_mut(place)
    }

    /// What the log says of beginnings and ends.
    async fn read(&mut self, state: &AppState, run: &RunId) -> Result<(), ApiError> {
        let mut after = None;
        loop {
            let kinds = [Kind::EpisodeStarted, Kind::EpisodeFinished];
            let slice = state.store.read(run, after, PAGE, Some(&kinds)).await?;
            for record in &slice.records {
                self.told(&record.event()?);
            }
            match slice.next_after.filter(|seq| seq + 1 < slice.head && after != Some(*seq)) {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    fn told(&mut self, event: &Event) {
        let Some(episode) = event.episode().and_then(|id| self.get(id)) else { return };
        match event.body() {
            Body::EpisodeStarted(body) => {
                episode.task.clone_from(&body.task);
                episode.status = episode.status.or(Some(Status::Running));
                episode.started_at = Some(event.at());
            }
            Body::EpisodeFinished(body) => {
                episode.status = Some(body.status);
                episode.finished_at = Some(event.at());
                (episode.return_, episode.latency_ms) = (body.return_, body.latency_ms);
                (episode.cost, episode.error) = (body.cost, body.error.clone());
            }
            _ => {}
        }
    }

    /// What the film says of their steps.
    fn score(&mut self, film: &Film) {
        // Sum and number of root scores by place.
        let mut roots: HashMap<EpisodeId, (f64, u64)> = HashMap::new();
        for node in (0..film.len()).filter_map(|i| film.node(i)) {
            let Some(id) = node.episode else { continue };
            if let Some(root) = node.root {
                let sum = roots.entry(id.clone()).or_default();
                *sum = (sum.0 + root, sum.1 + 1);
            }
            let Some(episode) = self.get(id) else { continue };
            episode.steps += 1;
            episode.failing += u64::from(node.failure.is_some());
        }
        for (id, (sum, number)) in roots {
            if let Some(episode) = self.get(&id) {
                episode.mean_root = Some(sum / number as f64);
            }
        }
    }
}
