//! The follower that stores the coarser levels of what the other one has sealed.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use gauntlet_film::levels;
use gauntlet_follow::{Cursor, EventAt, Limits, Log, Output, Part, RunEnd, Stretch};
use gauntlet_model::{Timestamp, fnv1a_128};
use gauntlet_store::{PackedChunk, SealedTo, SealingRun, Store};

use super::Runs;
use crate::chunks::{COARSEST, pack_coarse};
use crate::clock::now;
use crate::films::Films;
use crate::{Error, envelope, facts};

/// How long a run is quiet before what is new of it is sealed, however little it is.
pub(super) const QUIET_TIME: Duration = Duration::from_secs(2);

/// A run and the hash of its rules: when the rules change, the run is followed from the start again.
pub(super) type RunUnderRules = (i64, u128);

fn key(run: &SealingRun) -> RunUnderRules {
    let rules = serde_json::to_vec(&run.rules).unwrap_or_default();
    (run.run_no, fnv1a_128(rules))
}

/// Up to which event the overview of a run is sealed now. Each sealing folds the film of the run from its
/// beginning: while the run is written, only after a quarter more has come, so that all of them together cost
/// a few times the last one.
fn due(run: &SealingRun, now: Timestamp) -> u64 {
    let full = run.facts / levels::span(1) * levels::span(1);
    let new = full.saturating_sub(run.overview);
    let quiet_micros = now.micros().saturating_sub(run.updated_at.micros());
    let is_quiet =
        run.status.is_final() || u128::from(quiet_micros.max(0).unsigned_abs()) >= QUIET_TIME.as_micros();
    if is_quiet || new >= run.overview / 4 { full.max(run.overview) } else { run.overview }
}

/// What of the runs is sealed but for its overview. It has no events: those are read chunk by chunk.
pub(super) struct OverviewLog {
    pub store: Store,
    pub runs: Runs<RunUnderRules>,
}

impl Log for OverviewLog {
    type Run = RunUnderRules;
    type Event = ();
    type Error = Error;

    async fn ends(&self) -> Result<BTreeMap<RunUnderRules, RunEnd>, Error> {
        let found = self.store.sealing(levels::span(1)).await?;
        let now = now();
        Ok(self.runs.look(found, key, |run| due(run, now)))
    }

    async fn read(&self, _: RunUnderRules, seqs: Range<u64>, _: Limits) -> Result<Stretch<()>, Error> {
        Ok(Stretch { events: Vec::new(), looked_at: 1, bytes: 0, next: seqs.end, last_id: None })
    }

    async fn event_at(&self, _: RunUnderRules, _: u64) -> Result<EventAt, Error> {
        // As in the other follower.
        Ok(EventAt::NoEvent)
    }
}

/// Stores chunks of the coarser levels.
pub(super) struct OverviewOutput {
    pub films: Films,
    pub runs: Runs<RunUnderRules>,
}

impl OverviewOutput {
    async fn seal(&self, part: Part<RunUnderRules, ()>) -> Result<(), Error> {
        let (from, end) = (part.from, part.cursor.next);
        let Some(run) = self.runs.get(part.run).filter(|_| from < end) else { return Ok(()) };
        let store = self.films.store();
        let _turn = self.films.turn().await;
        let film = self.films.get_once(&run.id, end).await?;
        let mut chunks = Vec::new();
        for level in 1..=COARSEST {
            for number in from / levels::span(level)..end / levels::span(level) {
                if facts::stored(store, &run.id, level, number).await?.is_some() {
                    // It was sealed when a viewer asked for it.
                    continue;
                }
                let packed = pack_coarse(store, &run.id, run.rule, &film, level, number).await?;
                chunks.push(PackedChunk { level, number, bytes: envelope::close(&packed) });
            }
        }
        store.seal(&run, chunks, SealedTo::Overview { events: end, rules: run.rules }).await?;
        Ok(())
    }
}

impl Output for OverviewOutput {
    type Run = RunUnderRules;
    type Event = ();
    type Error = Error;

    async fn cursors(&mut self) -> Result<BTreeMap<RunUnderRules, Cursor>, Error> {
        let cursor = |next| Cursor { next, last_id: None, edits: 0 };
        let found = self.films.store().sealing(levels::span(1)).await?;
        Ok(found.iter().map(|run| (key(run), cursor(run.overview))).collect())
    }

    async fn commit(&mut self, parts: Vec<Part<RunUnderRules, ()>>) -> Result<(), Error> {
        for part in parts {
            let run = part.run;
            if let Err(error) = self.seal(part).await {
                self.runs.pass_over(run, error)?;
            }
        }
        Ok(())
    }

    async fn remove(&mut self, _: RunUnderRules) -> Result<bool, Error> {
        // What was sealed is deleted with its run, or with the rules that made it.
        Ok(true)
    }

    fn is_broken(_: &Error) -> bool {
        false
    }
}
