//! Reading runs, wherever they are: the same questions to a server and to the data folder.

use gauntlet_api::{EventPage, EventQuery, FilmManifest, Limit, Page, RunListQuery, StepDetails, StepQuery};
use gauntlet_engine::{Error, steps};
use gauntlet_film::{Fact, Film, codec};
use gauntlet_model::{FailureRules, RunId, RunSummary};
use gauntlet_store::{RunQuery, Store, with_causes};
use serde::Serialize;
use tokio::runtime::Runtime;

use super::CliError;
use super::client::{DataSource, agent, encode, refusal};

/// Events asked for at a time.
const PAGE: u32 = 2000;

/// Reads the runs of a source.
pub(super) struct Reader<'a> {
    /// Where.
    pub source: &'a DataSource,
    /// What the folder's reads run on.
    pub runtime: &'a Runtime,
}

impl Reader<'_> {
    /// One page of runs.
    pub(super) fn runs(&self, query: &RunQuery) -> Result<Page<RunSummary>, CliError> {
        match self.source {
            DataSource::Folder(store, _) => {
                let page = self.ask(store.runs(query.clone()))?;
                Ok(Page { items: page.items, next_cursor: page.next_cursor })
            }
            DataSource::Server(url) => {
                let asked = RunListQuery {
                    cursor: query.cursor.clone(),
                    limit: Limit::new(query.limit),
                    project: query.project.clone(),
                    status: query.status.map(|status| status.as_str().to_owned()),
                    q: query.q.clone(),
                    tag: query.tag.clone(),
                    filter: Some(query.filter.to_string()),
                    sort: Some(query.order.to_string()),
                    columns: None,
                };
                self.json(&format!("{url}/api/v1/runs"), &asked)
            }
        }
    }

    /// One run; `None` where there is none of that id.
    pub(super) fn run(&self, id: &str) -> Result<Option<RunSummary>, CliError> {
        match self.source {
            DataSource::Folder(store, _) => match RunId::new(id) {
                Ok(id) => self.ask(store.run(&id)),
                Err(_) => Ok(None),
            },
            DataSource::Server(url) => run_at(url, id),
        }
    }

    /// The events past `after`, about [`PAGE`] of them.
    pub(super) fn events(&self, run: &RunId, after: Option<u64>) -> Result<EventPage, CliError> {
        match self.source {
            DataSource::Folder(store, _) => {
                let slice = self.ask(store.read(run, after, PAGE, None))?;
                Ok(EventPage { events: slice.records, next_after: slice.next_after, head: slice.head })
            }
            DataSource::Server(url) => {
                let asked = EventQuery { after, limit: Limit::new(PAGE), ..EventQuery::default() };
                self.json(&format!("{url}/api/v1/runs/{}/events", encode(run.as_str())), &asked)
            }
        }
    }

    /// A part of the events of one step; `None` where there is no such step.
    pub(super) fn step(
        &self,
        run: &RunId,
        step: u64,
        asked: &StepQuery,
    ) -> Result<Option<StepDetails>, CliError> {
        match self.source {
            DataSource::Folder(store, _) => {
                match self.runtime.block_on(steps::details(store, run, step, asked)) {
                    Ok(part) => Ok(Some(part)),
                    Err(Error::NotFound(_)) => Ok(None),
                    Err(error) => Err(failed(error)),
                }
            }
            DataSource::Server(url) => {
                let url = format!("{url}/api/v1/runs/{}/steps/{step}", encode(run.as_str()));
                let answer = get(&url, asked)?;
                match answer.status {
                    404 => Ok(None),
                    _ => answer.json().map(Some),
                }
            }
        }
    }

    /// The whole film of a run.
    pub(super) fn film(&self, run: &RunId, rules: FailureRules) -> Result<Film, CliError> {
        let mut film = Film::with_rules(rules);
        if let DataSource::Server(url) = self.source {
            let url = format!("{url}/api/v1/runs/{}/film", encode(run.as_str()));
            let FilmManifest { manifest, .. } = self.json(&url, &())?;
            for chunk in 0..manifest.levels.first().map_or(0, |level| level.chunks) {
                let bytes = get(&format!("{url}/0/{chunk}"), &())?.bytes()?;
                let facts = codec::decode(&bytes).map_err(failed)?;
                facts.iter().for_each(|fact| film.apply(fact));
            }
        }
        let mut after = film.head().checked_sub(1);
        loop {
            let stretch = self.events(run, after)?;
            for record in &stretch.events {
                film.apply(&Fact::of_record(record).map_err(failed)?);
            }
            if stretch.events.is_empty() || stretch.next_after.is_none_or(|next| next + 1 >= stretch.head) {
                return Ok(film);
            }
            after = stretch.next_after;
        }
    }

    fn ask<T>(
        &self,
        question: impl Future<Output = Result<T, gauntlet_store::StoreError>>,
    ) -> Result<T, CliError> {
        self.runtime.block_on(question).map_err(failed)
    }

    fn json<T: serde::de::DeserializeOwned>(&self, url: &str, query: &impl Serialize) -> Result<T, CliError> {
        get(url, query)?.json()
    }
}

/// One run of a server; `None` where there is none of that id.
pub(super) fn run_at(url: &str, id: &str) -> Result<Option<RunSummary>, CliError> {
    let answer = get(&format!("{url}/api/v1/runs/{}", encode(id)), &())?;
    match answer.status {
        404 | 422 => Ok(None),
        _ => answer.json().map(Some),
    }
}

/// Closes the folder, where it was one.
pub(super) fn close(source: DataSource, runtime: &Runtime) {
    if let DataSource::Folder(store, _lock) = source {
        let store: Store = store;
        runtime.block_on(store.close());
    }
}

/// A server's answer, its body not read yet.
pub(super) struct Answer {
    status: u16,
    body: ureq::Body,
}

/// What a URL answers to a query.
pub(super) fn get(url: &str, query: &impl Serialize) -> Result<Answer, CliError> {
    let query = serde_urlencoded::to_string(query).map_err(failed)?;
    let answer = agent(None).get(format!("{url}?{query}")).call().map_err(failed)?;
    let (parts, body) = answer.into_parts();
    Ok(Answer { status: parts.status.as_u16(), body })
}

/// What a URL answers to a JSON body.
pub(super) fn post(url: &str, body: &impl Serialize) -> Result<Answer, CliError> {
    let answer = agent(None).post(url).send_json(body).map_err(failed)?;
    let (parts, body) = answer.into_parts();
    Ok(Answer { status: parts.status.as_u16(), body })
}

impl Answer {
    fn bytes(mut self) -> Result<Vec<u8>, CliError> {
        let bytes = self.body.with_config().limit(u64::MAX).read_to_vec().map_err(failed)?;
        if (200..300).contains(&self.status) {
            return Ok(bytes);
        }
        Err(CliError::Failed(refusal(self.status, &String::from_utf8_lossy(&bytes))))
    }

    /// Its body; the server's words where it is a refusal.
    pub(super) fn json<T: serde::de::DeserializeOwned>(self) -> Result<T, CliError> {
        let bytes = self.bytes()?;
        serde_json::from_slice(&bytes)
            .map_err(|e| CliError::Failed(format!("the server's answer is unreadable: {e}")))
    }
}

/// A failure as people read it, with its causes.
pub(super) fn failed(error: impl std::error::Error + 'static) -> CliError {
    CliError::Failed(with_causes(&error))
}
