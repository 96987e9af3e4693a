//! The facts of a run's log: read from it, or from the sealed chunks in which they are packed.

use std::ops::Range;
use std::sync::Arc;

use futures::{Stream, StreamExt};
use gauntlet_film::levels::CHUNK;
use gauntlet_film::{Fact, Film, Outline, codec};
use gauntlet_model::{Record, RunId};
use gauntlet_store::{READ_AHEAD, Store};
use parking_lot::Mutex;

use crate::{Error, envelope};

/// zstd level of sealed chunks: they are written once and read often.
const ZSTD_LEVEL: i32 = 9;
/// Chunks that are read at the same time.
const CHUNKS_AHEAD: usize = 3;

/// What facts fold into, in any order and any batches.
pub(crate) trait Fold: Default + Send {
    /// One more than the highest sequence number seen.
    fn head(&self) -> u64;
    /// Applies one fact.
    fn apply(&mut self, fact: &Fact);
}

impl Fold for Film {
    fn head(&self) -> u64 {
        Film::head(self)
    }

    fn apply(&mut self, fact: &Fact) {
        Film::apply(self, fact);
    }
}

impl Fold for Outline {
    fn head(&self) -> u64 {
        Outline::head(self)
    }

    fn apply(&mut self, fact: &Fact) {
        Outline::apply(self, fact);
    }
}

/// Brings a fold up to `head` events of the log: by its sealed chunks where a chunk begins, else by the log.
/// Reads what the fold has not seen, and nothing else.
pub(crate) async fn fold_to<F: Fold>(
    store: &Store,
    run: &RunId,
    head: u64,
    fold: &Mutex<F>,
) -> Result<(), Error> {
    loop {
        // Two requests may read the same page; applying a fact twice changes nothing.
        let seen = seen_by(fold);
        if seen >= head {
            return Ok(());
        }
        if seen.is_multiple_of(CHUNK) && seen + CHUNK <= head {
            let sealed = of_chunks(store, run, seen / CHUNK..head / CHUNK);
            let mut sealed = std::pin::pin!(sealed);
            while let Some(facts) = sealed.next().await {
                apply(fold, &facts?);
            }
        } else {
            let page = store.read_unchecked(run, seen.checked_sub(1), READ_AHEAD).await?;
            let facts: Vec<_> = page.records.iter().filter_map(|r| of_record(run, r)).collect();
            apply(fold, &facts);
        }
        if seen_by(fold) <= seen {
            // Nothing could be read: return what there is instead of retrying forever.
            return Ok(());
        }
    }
}

fn seen_by<F: Fold>(fold: &Mutex<F>) -> u64 {
    fold.lock().head()
}

/// Brings a fold up to date with facts.
fn apply<F: Fold>(fold: &Mutex<F>, facts: &[Fact]) {
    let mut fold = fold.lock();
    for fact in facts {
        fold.apply(fact);
    }
}

/// The facts that those chunks of level 0 cover, chunk by chunk in their order; see [`of_chunk`].
pub(crate) fn of_chunks(
    store: &Store,
    run: &RunId,
    numbers: Range<u64>,
) -> impl Stream<Item = Result<Vec<Fact>, Error>> + use<> {
    let (store, run) = (store.clone(), run.clone());
    let read = move |number| {
        let (store, run) = (store.clone(), run.clone());
        let reading = tokio::spawn(async move { of_chunk(&store, &run, number).await });
        async move {
            reading.await.unwrap_or_else(|error| {
                tracing::error!(%error, "a chunk could not be read");
                Err(Error::internal("something broke while the run was read; the log says what"))
            })
        }
    };
    futures::stream::iter(numbers).map(read).buffered(CHUNKS_AHEAD)
}

/// The facts that chunk `number` of level 0 covers, which the log must be long enough for: those of the
/// chunk, where one is stored. Else they are read from the log and stored as a chunk, as packed facts are
/// read several times faster than events.
async fn of_chunk(store: &Store, run: &RunId, number: u64) -> Result<Vec<Fact>, Error> {
    if let Some(facts) = of_stored(store, run, number).await? {
        return Ok(facts);
    }
    let facts = of(store, run, number * CHUNK, (number + 1) * CHUNK).await?;
    let facts = Arc::new(facts);
    let shared = Arc::clone(&facts);
    let packed = pack(move || codec::encode(&shared)).await?;
    put_chunk(store, run, 0, number, &packed).await;
    Ok(Arc::unwrap_or_clone(facts))
}

/// The facts of a stored chunk of level 0; `None` where none is stored that can be read.
pub(crate) async fn of_stored(store: &Store, run: &RunId, number: u64) -> Result<Option<Vec<Fact>>, Error> {
    let Some(packed) = stored(store, run, 0, number).await? else { return Ok(None) };
    let decode = move || codec::decode(&unpack(&packed).ok()?).ok();
    let facts = tokio::task::spawn_blocking(decode).await.ok().flatten();
    if facts.is_none() {
        tracing::error!(%run, number, "a stored chunk is unreadable; it is rebuilt from the log");
    }
    Ok(facts)
}

/// A stored chunk, compressed; `None` where none is stored that is as it was written.
pub(crate) async fn stored(
    store: &Store,
    run: &RunId,
    level: u8,
    number: u64,
) -> Result<Option<Vec<u8>>, Error> {
    let Some(stored) = store.chunk(run, level, number).await? else { return Ok(None) };
    match envelope::open(stored) {
        Ok(packed) => Ok(Some(packed)),
        Err(envelope::Unusable::OtherFormat) => Ok(None),
        Err(error @ envelope::Unusable::Damaged) => {
            tracing::error!(%run, level, number, %error, "a stored chunk is rebuilt from the log");
            Ok(None)
        }
    }
}

/// Stores a packed chunk, if it can be stored: reading does not depend on writing, as the disk or the queue
/// of the writer may be full. The next reading tries again.
pub(crate) async fn put_chunk(store: &Store, run: &RunId, level: u8, number: u64, packed: &[u8]) {
    if let Err(error) = store.put_chunk(run, level, number, envelope::close(packed)).await {
        tracing::warn!(%run, level, number, %error, "a chunk was not stored");
    }
}

/// The facts with the sequence numbers `from..end` of a run's log.
pub(crate) async fn of(store: &Store, run: &RunId, from: u64, end: u64) -> Result<Vec<Fact>, Error> {
    let mut facts = Vec::new();
    let mut next = from;
    while next < end {
        let limit = READ_AHEAD.min(u32::try_from(end - next).unwrap_or(READ_AHEAD));
        let page = store.read_unchecked(run, next.checked_sub(1), limit).await?;
        let Some(last) = page.records.last() else { break };
        next = last.seq + 1;
        facts.extend(page.records.iter().filter_map(|record| of_record(run, record)));
    }
    Ok(facts)
}

/// Compresses encoded facts, on a thread where encoding them may take long.
pub(crate) async fn pack(encoded: impl FnOnce() -> Vec<u8> + Send + 'static) -> Result<Vec<u8>, Error> {
    let pack = move || zstd::encode_all(encoded().as_slice(), ZSTD_LEVEL);
    let packed = tokio::task::spawn_blocking(pack).await;
    packed.map_err(std::io::Error::other).and_then(|packed| packed).map_err(|error| {
        tracing::error!(%error, "packing a chunk failed");
        Error::internal("the chunk could not be packed")
    })
}

/// A chunk's packed facts without the compression.
///
/// # Errors
///
/// [`Error::Internal`] where the stored bytes are damaged.
pub fn unpack(packed: &[u8]) -> Result<Vec<u8>, Error> {
    zstd::decode_all(packed).map_err(|error| {
        tracing::error!(%error, "a stored chunk is not zstd");
        Error::internal("a stored chunk is unreadable")
    })
}

/// The fact of a record that was read unchecked. One that breaks the rules is a gap, and an error in the
/// server's log.
pub(crate) fn of_record(run: &RunId, record: &Record) -> Option<Fact> {
    let fact = Fact::of_record(record).or_else(|error| {
        tracing::error!(%run, seq = record.seq, %error, "a stored event breaks the rules");
        Fact::of_record(&Record::unreadable(record.seq, record.received_at, record.id, error))
    });
    fact.ok()
}
