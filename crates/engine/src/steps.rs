//! Steps: everything about one, and the list of failing ones.

use gauntlet_api::{EpisodeFilter, Page, StepDetails, StepEpisode, StepListQuery, StepQuery, StepRow};
use gauntlet_film::Film;
use gauntlet_model::{FailureKind, FieldError, Record, RunId};
use gauntlet_store::{InEpisode, SnapshotFilter, StepPlace, Store};
use serde_json::Value;

use crate::Error;
use crate::films::Films;

/// The filter of a query for the store.
pub fn in_episode(filter: &EpisodeFilter) -> InEpisode<'_> {
    match filter {
        EpisodeFilter::Any => InEpisode::Any,
        EpisodeFilter::Without => InEpisode::Without,
        EpisodeFilter::Only(episode) => InEpisode::Only(episode),
    }
}

/// A part of the events of a step: those of one episode, then those of the next, without the expected answers
/// of challenges.
///
/// # Errors
///
/// [`Error::NotFound`] where the run has no such step, [`Error::Invalid`] where the cursor or the limit
/// cannot be read.
pub async fn details(store: &Store, run: &RunId, step: u64, query: &StepQuery) -> Result<StepDetails, Error> {
    let limit = query.limit.get("limit")?;
    let after = query.cursor.as_deref().map(parse_cursor).transpose()?;
    let after = after.map(|(episode, seq)| StepPlace { episode, seq });
    let asked = in_episode(&query.episode);
    let part = store.step_part(run, step, asked, after, limit).await?;
    if part.events.is_empty() && after.is_none() {
        let run = run.as_str();
        let message = match &query.episode {
            EpisodeFilter::Any => format!("run {run:?} has no step {step}"),
            EpisodeFilter::Without => format!("run {run:?} has no step {step} outside of episodes"),
            EpisodeFilter::Only(episode) => {
                format!("run {run:?} has no step {step} in the episode {episode}")
            }
        };
        return Err(Error::NotFound(message));
    }
    let begins = part.begins.or(after.map(|after| after.episode)).unwrap_or(0);
    let counts = store.step_counts(run, step, asked, begins, limit).await?;
    let episodes = counts.listed.into_iter().map(|(episode, events)| StepEpisode { episode, events });
    Ok(StepDetails {
        step,
        total: counts.events,
        episodes_total: counts.episodes,
        episodes: episodes.collect(),
        events: part.events.iter().map(without_expected_answer).collect(),
        next_cursor: part.next.map(|next| cursor(next.episode, next.seq)),
    })
}

/// The event without the expected answer of its challenge, which the person who is asked must not see.
fn without_expected_answer(record: &Record) -> Record {
    let mut shown = record.clone();
    if !record.body.contains("expected_answer") {
        return shown;
    }
    if let Ok(mut body) = serde_json::from_str::<Value>(&record.body)
        && let Some(challenge) = body.get_mut("challenge").and_then(Value::as_object_mut)
    {
        challenge.remove("expected_answer");
        shown.body = body.to_string();
    }
    shown
}

impl Films {
    /// A page of a run's scored steps; `failing` is `any`, or a failure kind, or a rubric path.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] where the cursor, the limit or `failing` cannot be read.
    pub async fn steps(&self, run: &RunId, query: &StepListQuery) -> Result<Page<StepRow>, Error> {
        let limit = query.limit.get("limit")?;
        let last = query.cursor.as_deref().map(parse_cursor).transpose()?;
        let failing = match query.failing.as_deref() {
            None => SnapshotFilter::AnyOrNone,
            Some("any" | "true") => SnapshotFilter::Any,
            Some(word) => match FailureKind::ALL.into_iter().find(|kind| kind.as_str() == word) {
                Some(kind) => SnapshotFilter::Kind(kind),
                None => return failing_of_path(self, run, word, query, last, limit).await,
            },
        };
        // A cursor is further than the step that the list begins after, on every page but the first.
        let after = last.or(query.after.map(|step| (step, u64::MAX)));
        let rows = self.store().steps(run, after, limit, failing, in_episode(&query.episode)).await?;
        let next_cursor =
            rows.last().filter(|_| rows.len() == limit as usize).map(|row| cursor(row.step, row.seq));
        let items = rows.into_iter().map(|row| StepRow {
            step: row.step,
            seq: row.seq,
            episode: row.episode,
            root: row.root,
            failure: row.failure,
            value: None,
        });
        Ok(Page { items: items.collect(), next_cursor })
    }
}

/// Several episodes may share a step: the sequence number marks where inside of it, or of one of its
/// episodes, a page ended.
fn cursor(step: u64, seq: u64) -> String {
    format!("{step}.{seq}")
}

fn parse_cursor(text: &str) -> Result<(u64, u64), FieldError> {
    let parts = text.split_once('.').and_then(|(step, seq)| Some((step.parse().ok()?, seq.parse().ok()?)));
    parts.ok_or_else(|| FieldError::new("cursor", format!("{text:?} is not a cursor of this list")))
}

/// The steps that fail by one rubric, in the order of the film.
async fn failing_of_path(
    films: &Films,
    run: &RunId,
    path: &str,
    query: &StepListQuery,
    last: Option<(u64, u64)>,
    limit: u32,
) -> Result<Page<StepRow>, Error> {
    let film = films.get(run).await?;
    let film = film.lock();
    let Some(rubric) = film.paths().iter().find(|p| p.path == path).map(|p| p.id) else {
        let kinds: Vec<_> = FailureKind::ALL.iter().map(|kind| kind.as_str()).collect();
        let message =
            format!("{path:?} is neither any, nor one of {}, nor a rubric of this run", kinds.join(", "));
        return Err(FieldError::new("failing", message).into());
    };
    let mut at = last_seen(&film, query.after, last);
    let mut items: Vec<StepRow> = Vec::new();
    while let Some(index) = film.next_failure_of(at, rubric) {
        at = Some(index);
        let Some(node) = film.node(index) else { break };
        if !query.episode.matches(node.episode) {
            continue;
        }
        if items.len() == limit as usize {
            let next_cursor = items.last().map(|row| cursor(row.step, row.seq));
            return Ok(Page { items, next_cursor });
        }
        items.push(StepRow {
            step: node.step,
            seq: node.seq,
            episode: node.episode.cloned(),
            root: node.root,
            failure: node.failure,
            value: film.score(index, rubric),
        });
    }
    Ok(Page { items, next_cursor: None })
}

/// The node that the last page ended with; the last one of its step where that was scored again since; else
/// the last node of the step `after`.
fn last_seen(film: &Film, after: Option<u64>, last: Option<(u64, u64)>) -> Option<usize> {
    let end_of = |step: u64| film.position_of(step.saturating_add(1));
    let Some((step, seq)) = last else { return end_of(after?).checked_sub(1) };
    let mut nodes = film.position_of(step)..end_of(step);
    let same = nodes.find(|index| film.node(*index).is_some_and(|node| node.seq == seq));
    same.or_else(|| end_of(step).checked_sub(1))
}
