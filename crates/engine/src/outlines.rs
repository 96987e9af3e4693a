//! Outlines of films as they are stored beside the sealed chunks.

use gauntlet_film::Outline;
use gauntlet_model::RunId;
use gauntlet_store::Store;
use parking_lot::Mutex;

use crate::{Error, envelope, facts};

/// An outline as it is stored.
pub(crate) fn pack(outline: &Outline) -> Vec<u8> {
    // Serialization of texts and numbers cannot fail.
    envelope::close(&serde_json::to_vec(outline).unwrap_or_default())
}

/// The stored outline of a run; `None` where none is stored that can be read.
pub(crate) async fn stored(store: &Store, run: &RunId) -> Result<Option<Outline>, Error> {
    let Some(stored) = store.outline(run).await? else { return Ok(None) };
    let outline = envelope::open(stored).ok().and_then(|text| serde_json::from_slice(&text).ok());
    if outline.is_none() {
        tracing::warn!(%run, "a stored outline is unreadable; it is rebuilt from the chunks");
    }
    Ok(outline)
}

/// The outline of the first `events` events of a run: the stored one where it reaches so far, else one that
/// is folded from the chunks.
pub(crate) async fn up_to(store: &Store, run: &RunId, events: u64) -> Result<Outline, Error> {
    if events == 0 {
        return Ok(Outline::default());
    }
    let outline = match stored(store, run).await? {
        Some(outline) if outline.head() <= events => outline,
        _ => Outline::default(),
    };
    let outline = Mutex::new(outline);
    facts::fold_to(store, run, events, &outline).await?;
    Ok(outline.into_inner())
}
