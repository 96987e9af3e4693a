//! The facts of a run's log: read from it, or from the sealed chunks in which they are packed.

use std::ops::Range;
use std::sync::Arc;

use futures::{Stream, StreamExt};
use gauntlet_film::levels::CHUNK;
use gauntlet_film::{Fact, codec};
use gauntlet_model::{Record, RunId};
use gauntlet_store::{READ_AHEAD, Store};

use crate::Error;

/// zstd level of sealed chunks: they are written once and read often.
const ZSTD_LEVEL: i32 = 9;
/// Chunks that are read at the same time.
const CHUNKS_AHEAD: usize = 3;

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
    let stored = store.chunk(run, 0, number).await?;
    let is_stored = stored.is_some();
    if let Some(packed) = stored
        && let Some(facts) = of_packed(run, number, packed).await
    {
        return Ok(facts);
    }
    let facts = of(store, run, number * CHUNK, (number + 1) * CHUNK).await?;
    if is_stored {
        return Ok(facts);
    }
    let facts = Arc::new(facts);
    let shared = Arc::clone(&facts);
    let packed = pack(move || codec::encode(&shared)).await?;
    keep(store, run, 0, number, packed).await;
    Ok(Arc::unwrap_or_clone(facts))
}

/// Stores a packed chunk, if it can be stored: reading does not depend on writing, as the disk or the queue
/// of the writer may be full. The next reading tries again.
pub(crate) async fn keep(store: &Store, run: &RunId, level: u8, number: u64, packed: Vec<u8>) {
    if let Err(error) = store.put_chunk(run, level, number, packed).await {
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

/// The facts of a packed chunk; `None`, and an error in the server's log, where it is damaged.
async fn of_packed(run: &RunId, number: u64, packed: Vec<u8>) -> Option<Vec<Fact>> {
    let decode = move || codec::decode(&unpack(&packed).ok()?).ok();
    let facts = tokio::task::spawn_blocking(decode).await.ok().flatten();
    if facts.is_none() {
        tracing::error!(%run, number, "a stored chunk is unreadable; its facts are read from the log");
    }
    facts
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
