//! The feed: a run's sealed chunks over HTTP, then its live tail over a WebSocket, as one stream of facts
//! that resumes by itself.

mod http;
mod live;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gauntlet_app::ports::{Feed, FeedState, FeedUpdate};
use gauntlet_film::Level;
use gauntlet_film::levels::CHUNK;
use gauntlet_model::RunId;
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_futures::spawn_local;

use http::FetchError;

use crate::socket::{BACKOFF_SECS, StopOnDrop};

/// The server this page came from.
pub(crate) struct HttpFeed;

impl Feed for HttpFeed {
    fn follow(&self, run: &RunId, after: Option<u64>, on: Rc<dyn Fn(FeedUpdate)>) -> Box<dyn Any> {
        let stopped = Rc::new(Cell::new(false));
        let follow = Follow {
            run: run.clone(),
            on,
            stopped: Rc::clone(&stopped),
            after: Cell::new(after),
            version: RefCell::default(),
        };
        spawn_local(follow.run_until_stopped());
        Box::new(StopOnDrop(stopped))
    }
}

/// A run that the page follows.
struct Follow {
    run: RunId,
    on: Rc<dyn Fn(FeedUpdate)>,
    stopped: Rc<Cell<bool>>,
    /// The last sequence number delivered.
    after: Cell<Option<u64>>,
    /// The version of the run, to notice one that was created again under its id.
    version: RefCell<Option<String>>,
}

impl Follow {
    /// Connects again and again, until the page stops following or the run is gone.
    async fn run_until_stopped(self) {
        let mut failures = 0;
        while !self.stopped.get() {
            let before = self.after.get();
            match self.connect().await {
                Err(FetchError::NotFound) => return self.report(FeedUpdate::State(FeedState::Missing)),
                Ok(()) | Err(FetchError::Failed) => {}
            }
            if self.stopped.get() {
                return;
            }
            failures = if self.after.get() > before { 0 } else { failures + 1 };
            let retry_secs = BACKOFF_SECS[usize::min(failures, BACKOFF_SECS.len() - 1)];
            self.report(FeedUpdate::State(FeedState::Lost { retry_secs }));
            TimeoutFuture::new(retry_secs * 1000).await;
        }
    }

    /// Loads the missing chunks, then follows the live tail until the connection is lost.
    async fn connect(&self) -> Result<(), FetchError> {
        if self.after.get().is_none() {
            self.report(FeedUpdate::State(FeedState::Connecting));
        }
        let film = http::manifest(&self.run).await?;
        if self.version.borrow_mut().get_or_insert_with(|| film.version.clone()) != &film.version {
            return Err(FetchError::NotFound);
        }
        self.report(FeedUpdate::State(FeedState::CatchingUp { head: film.manifest.head }));
        if self.after.get().is_none() {
            self.load_overview(&film.manifest.levels, &film.version).await?;
        }
        let sealed = film.manifest.levels.first().map_or(0, |level| level.chunks);
        let first = self.next_seq() / CHUNK;
        for chunk in first..sealed {
            let facts = http::chunk(&self.run, 0, chunk, &film.version).await?;
            self.deliver(facts, (chunk + 1) * CHUNK - 1);
            if self.stopped.get() {
                return Ok(());
            }
        }
        live::follow(self, film.manifest.head).await
    }

    /// Loads the coarsest chunks there are of every part of a long run, the coarsest level first. A run that
    /// has no coarse chunk is short enough to be loaded as it is.
    async fn load_overview(&self, levels: &[Level], version: &str) -> Result<(), FetchError> {
        let is_coarse = levels.iter().any(|level| level.level > 0 && level.chunks > 0);
        let mut from = 0;
        for level in levels.iter().rev().filter(|_| is_coarse) {
            for chunk in from / level.span..level.chunks {
                let facts = http::chunk(&self.run, level.level, chunk, version).await?;
                if self.stopped.get() {
                    return Ok(());
                }
                (self.on)(FeedUpdate::Overview(facts));
                from = (chunk + 1) * level.span;
            }
        }
        Ok(())
    }

    /// The sequence number to continue with.
    fn next_seq(&self) -> u64 {
        self.after.get().map_or(0, |seq| seq + 1)
    }

    fn deliver(&self, facts: Vec<gauntlet_film::Fact>, last: u64) {
        if !self.stopped.get() {
            self.after.set(self.after.get().max(Some(last)));
            (self.on)(FeedUpdate::Facts(facts));
        }
    }

    fn report(&self, update: FeedUpdate) {
        if !self.stopped.get() {
            (self.on)(update);
        }
    }
}
