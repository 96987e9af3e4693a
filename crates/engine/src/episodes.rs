//! Episodes of a run: what was attempted, how it ended, how its steps were scored.

use std::collections::HashMap;

use gauntlet_api::{Episode, EpisodeListQuery, Page};
use gauntlet_film::Film;
use gauntlet_model::{Body, EpisodeId, Event, FieldError, Kind, RunId, Status};
use gauntlet_store::Store;

use crate::Error;
use crate::films::Films;

/// Events read from the log at a time.
const PAGE: u32 = 4096;

impl Films {
    /// A page of a run's episodes, in the order of their first events, those that were begun before those
    /// that only have scores. The cursor is the last episode of the page before.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] where the cursor is not an episode of the run, or the limit is out of range.
    pub async fn episodes(&self, run: &RunId, query: &EpisodeListQuery) -> Result<Page<Episode>, Error> {
        let limit = query.limit.get("limit")? as usize;
        let all = self.read_episodes(run).await?;
        let start = match &query.cursor {
            None => 0,
            Some(cursor) => {
                let last = EpisodeId::new(cursor.as_str()).ok().and_then(|id| all.places.get(&id).copied());
                let why =
                    || FieldError::new("cursor", format!("run {:?} has no episode {cursor:?}", run.as_str()));
                last.ok_or_else(why)? + 1
            }
        };
        let has_more = all.list.len() > start + limit;
        let items: Vec<Episode> = all.list.into_iter().skip(start).take(limit).collect();
        let next_cursor = items.last().filter(|_| has_more).map(|last| last.episode.to_string());
        Ok(Page { items, next_cursor })
    }

    /// Every episode of a run, in the order of [`Films::episodes`].
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where there is no such run.
    pub(crate) async fn all_episodes(&self, run: &RunId) -> Result<Vec<Episode>, Error> {
        Ok(self.read_episodes(run).await?.list)
    }

    async fn read_episodes(&self, run: &RunId) -> Result<Episodes, Error> {
        let film = self.get(run).await?;
        let mut all = Episodes::default();
        all.read(self.store(), run).await?;
        all.score(&film.lock());
        Ok(all)
    }
}

/// Episodes in order, and the position of each.
#[derive(Default)]
struct Episodes {
    list: Vec<Episode>,
    places: HashMap<EpisodeId, usize>,
}

impl Episodes {
    fn get(&mut self, id: &EpisodeId) -> Option<&mut Episode> {
        let place = *self.places.entry(id.clone()).or_insert_with(|| {
            self.list.push(Episode::new(id.clone()));
            self.list.len() - 1
        });
        self.list.get_mut(place)
    }

    /// Beginnings and ends, from the log.
    async fn read(&mut self, store: &Store, run: &RunId) -> Result<(), Error> {
        let mut after = None;
        loop {
            let kinds = [Kind::EpisodeStarted, Kind::EpisodeFinished];
            let slice = store.read(run, after, PAGE, Some(&kinds)).await?;
            for record in &slice.records {
                self.apply(&record.event()?);
            }
            match slice.next_after.filter(|seq| seq + 1 < slice.head && after != Some(*seq)) {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    fn apply(&mut self, event: &Event) {
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

    /// Their steps, from the film.
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
