//! The film of a run as clients load it: its manifest, and its sealed chunks, which are packed from the log
//! once and then stored: in the background ([`crate::sealing`]), or by the first client that asks.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use gauntlet_api::FilmManifest;
use gauntlet_film::levels::{self, CHUNK};
use gauntlet_film::surroundings::Surroundings;
use gauntlet_film::{Fact, Film, Manifest, codec};
use gauntlet_model::{FailureRule, FailureRules, Kind, RunId, RunSummary};
use gauntlet_store::{InEpisode, Store};
use parking_lot::Mutex;

use crate::films::Films;
use crate::{Error, facts};

/// Levels of detail that chunks have, from 0: at the last one, a chunk covers more events than a run has.
const LEVELS: u8 = 10;

/// The coarsest level that is sealed in the background. A chunk of the next one is made of two million facts
/// at once; it is sealed when somebody asks for it.
pub(crate) const COARSEST: u8 = 2;

/// Events of a step that are read at a time.
const PART: u32 = 2048;

/// Names the content of a run's chunks: where two are the same, so are the chunks. A deleted run's id can be
/// used again, so that its creation time tells the two apart; coarser chunks depend on the rules.
pub fn version(run: &RunSummary) -> String {
    let created = run.created_at.micros();
    match run.rules {
        FailureRules::Auto => created.to_string(),
        FailureRules::Dipg => format!("{created}-dipg"),
        FailureRules::RootBelow(limit) => format!("{created}-root{limit}"),
    }
}

/// A chunk that the log of its run is long enough for.
#[derive(Debug, Clone, Copy)]
pub struct SealedChunk<'a> {
    run: &'a RunSummary,
    level: u8,
    number: u64,
}

impl<'a> SealedChunk<'a> {
    /// The chunk of a run with that level of detail (0 is every fact) and that number, from 0.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] until the log is long enough.
    pub fn of(run: &'a RunSummary, level: u8, number: u64) -> Result<Self, Error> {
        let span = (level < LEVELS).then(|| levels::span(level));
        let end = span.and_then(|span| number.checked_add(1)?.checked_mul(span));
        if end.is_none_or(|end| end > run.head) {
            let message =
                format!("chunk {number} of level {level} is not sealed; the log has {} events", run.head);
            return Err(Error::NotFound(message));
        }
        Ok(Self { run, level, number })
    }
}

impl Films {
    /// What a client needs to know before it loads chunks. Of the coarser levels it names the chunks that
    /// are stored: one that is not yet needs the film of the whole run, which takes long.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where there is no such run.
    pub async fn manifest(&self, run: RunSummary) -> Result<FilmManifest, Error> {
        let paths = self.paths(&run).await?;
        let version = version(&run);
        let overview_end = self.store().overview_end(&run.id).await?;
        let mut manifest = Manifest {
            rules: run.rules,
            failure_rule: run.failure_rule,
            ..Manifest::new(run.id, run.head, run.steps, paths)
        };
        for level in manifest.levels.iter_mut().filter(|level| level.level > 0) {
            let stored = if level.level <= COARSEST { overview_end / level.span } else { 0 };
            level.chunks = level.chunks.min(stored);
        }
        manifest.levels.retain(|level| level.level == 0 || level.chunks > 0);
        Ok(FilmManifest { manifest, version })
    }

    /// A chunk's packed facts, compressed with zstd; packed and stored where that was not done before, or
    /// where the stored one is damaged.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where the log cannot be read.
    pub async fn chunk(&self, chunk: SealedChunk<'_>) -> Result<Vec<u8>, Error> {
        match facts::stored(self.store(), &chunk.run.id, chunk.level, chunk.number).await? {
            Some(stored) => Ok(stored),
            None => self.seal(chunk).await,
        }
    }

    /// Packs a chunk and stores it.
    async fn seal(&self, SealedChunk { run, level, number }: SealedChunk<'_>) -> Result<Vec<u8>, Error> {
        let (store, rule, run) = (self.store(), run.failure_rule.rule, &run.id);
        let packed = if level == 0 {
            let covered = facts::of(store, run, number * CHUNK, (number + 1) * CHUNK).await?;
            facts::pack(move || codec::encode(&covered)).await?
        } else {
            let film = self.get(run).await?;
            pack_coarse(store, run, rule, &film, level, number).await?
        };
        facts::put_chunk(store, run, level, number, &packed).await;
        Ok(packed)
    }
}

/// Packs a chunk of a coarser level, by a film of its run that reaches at least to its end.
pub(crate) async fn pack_coarse(
    store: &Store,
    run: &RunId,
    rule: FailureRule,
    film: &Mutex<Film>,
    level: u8,
    number: u64,
) -> Result<Vec<u8>, Error> {
    let (from, end) = (number * levels::span(level), (number + 1) * levels::span(level));
    let covered = facts::of_chunks(store, run, from / CHUNK..end / CHUNK).try_concat().await?;
    let around = Surroundings::of(&covered, &film.lock());
    let mut needed = facts_around(store, run, &around, from).await?;
    facts::pack(move || {
        needed.extend(levels::thin(&covered, rule, level, &around));
        codec::encode(&needed)
    })
    .await
}

/// The facts before the sequence number `from` that the chunk beginning there needs, in log order.
async fn facts_around(
    store: &Store,
    run: &RunId,
    around: &Surroundings,
    from: u64,
) -> Result<Vec<Fact>, Error> {
    let mut needed = BTreeMap::new();
    for seq in &around.ends {
        needed.extend(facts::of(store, run, *seq, seq + 1).await?.into_iter().map(|fact| (fact.seq, fact)));
    }
    for (step, episode) in &around.nodes {
        let episode = episode.as_ref().map_or(InEpisode::Without, InEpisode::Only);
        let mut after = None;
        loop {
            let part = store.step_part(run, *step, episode, after, PART).await?;
            let scores = part.events.iter().filter(|record| {
                record.seq < from && matches!(record.kind, Kind::SnapshotScored | Kind::ScoreAdded)
            });
            let facts = scores.filter_map(|record| facts::of_record(run, record));
            needed.extend(facts.map(|fact| (fact.seq, fact)));
            after = part.next.filter(|next| next.seq < from);
            if after.is_none() {
                break;
            }
        }
    }
    Ok(needed.into_values().collect())
}
