//! The follower that stores chunks of level 0, and with them the outline of the film.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use gauntlet_film::levels::CHUNK;
use gauntlet_film::{Fact, codec};
use gauntlet_follow::{Cursor, EventAt, Limits, Log, Output, Part, RunEnd, Stretch};
use gauntlet_store::{PackedChunk, SealedTo, Store};
use tokio::sync::watch;

use super::{Runs, tick};
use crate::{Error, envelope, facts, outlines};

/// The log as facts, of each run so far as it fills chunks.
pub(super) struct ChunkLog {
    pub store: Store,
    pub runs: Runs<i64>,
}

impl Log for ChunkLog {
    type Run = i64;
    type Event = Fact;
    type Error = Error;

    async fn ends(&self) -> Result<BTreeMap<i64, RunEnd>, Error> {
        let found = self.store.sealing(CHUNK).await?;
        Ok(self.runs.look(found, |run| run.run_no, |run| run.head / CHUNK * CHUNK))
    }

    /// Reads full chunks: of those that a viewer has had stored the facts, else the events.
    async fn read(&self, run: i64, seqs: Range<u64>, limits: Limits) -> Result<Stretch<Fact>, Error> {
        let mut read =
            Stretch { events: Vec::new(), looked_at: 0, bytes: 0, next: seqs.start, last_id: None };
        let Some(id) = self.runs.get(run).map(|run| run.id) else {
            return Ok(Stretch { next: seqs.end, ..read });
        };
        while read.next < seqs.end && read.looked_at < limits.events {
            let (from, end) = (read.next, read.next + CHUNK);
            let chunk = match facts::of_stored(&self.store, &id, from / CHUNK).await {
                Ok(Some(facts)) => Ok(facts),
                Ok(None) => facts::of(&self.store, &id, from, end).await,
                Err(error) => Err(error),
            };
            match chunk {
                Ok(facts) => read.events.extend(facts),
                Err(error) => {
                    self.runs.pass_over(run, error)?;
                    return Ok(Stretch { events: Vec::new(), next: seqs.end, ..read });
                }
            }
            read.looked_at += CHUNK as usize;
            read.next = end;
        }
        Ok(read)
    }

    async fn event_at(&self, _: i64, _: u64) -> Result<EventAt, Error> {
        // Cursors name no event: they are in the database of the log, and replaced together with it.
        Ok(EventAt::NoEvent)
    }
}

/// Stores chunks and outlines.
pub(super) struct ChunkOutput {
    pub store: Store,
    pub runs: Runs<i64>,
    /// Ticks when something was stored.
    pub sealed: Arc<watch::Sender<u64>>,
}

impl ChunkOutput {
    async fn seal(&self, part: Part<i64, Fact>) -> Result<(), Error> {
        let Some(run) = self.runs.get(part.run).filter(|_| !part.events.is_empty()) else { return Ok(()) };
        let mut outline = outlines::up_to(&self.store, &run.id, part.from).await?;
        part.events.iter().for_each(|fact| outline.apply(fact));
        let mut chunks = Vec::new();
        let mut rest = part.events;
        while let Some(number) = rest.first().map(|fact| fact.seq / CHUNK) {
            let after = rest.split_off(rest.partition_point(|fact| fact.seq / CHUNK == number));
            let covered = std::mem::replace(&mut rest, after);
            let packed = facts::pack(move || codec::encode(&covered)).await?;
            chunks.push(PackedChunk { level: 0, number, bytes: envelope::close(&packed) });
        }
        let sealed = SealedTo::Facts { events: part.cursor.next, outline: outlines::pack(&outline) };
        self.store.seal(&run, chunks, sealed).await?;
        tick(&self.sealed);
        Ok(())
    }
}

impl Output for ChunkOutput {
    type Run = i64;
    type Event = Fact;
    type Error = Error;

    async fn cursors(&mut self) -> Result<BTreeMap<i64, Cursor>, Error> {
        let cursor = |next| Cursor { next, last_id: None, edits: 0 };
        let found = self.store.sealing(CHUNK).await?;
        Ok(found.iter().map(|run| (run.run_no, cursor(run.facts))).collect())
    }

    async fn commit(&mut self, parts: Vec<Part<i64, Fact>>) -> Result<(), Error> {
        for part in parts {
            let run = part.run;
            if let Err(error) = self.seal(part).await {
                self.runs.pass_over(run, error)?;
            }
        }
        Ok(())
    }

    async fn remove(&mut self, _: i64) -> Result<bool, Error> {
        // What was sealed is deleted with its run.
        Ok(true)
    }

    fn is_broken(_: &Error) -> bool {
        false
    }
}
