//! Sealed chunks, and how far each run is sealed.

use gauntlet_model::{FailureRules, RunPatch};
use gauntlet_store::{PackedChunk, SealedTo};

use super::fixtures::*;
use super::{Backend, Fresh};

pub(crate) async fn chunks_are_stored_together_with_how_far_they_reach(backend: &impl Backend) {
    let Fresh { store, .. } = &backend.empty(|_| {}).await;
    let run = started(store, "r").await;
    store.append(&run, notes(0..9), at(2)).await.unwrap();
    let sealing = async |events| store.sealing(events).await.unwrap();
    assert_eq!(sealing(11).await, []);
    let before = sealing(10).await.remove(0);
    assert_eq!((&before.id, before.head, before.facts, before.overview), (&run, 10, 0, 0));
    assert_eq!(store.outline(&run).await.unwrap(), None);
    let chunk = |level, bytes: &[u8]| PackedChunk { level, number: 0, bytes: bytes.to_vec() };
    let facts = |events, outline: &[u8]| SealedTo::Facts { events, outline: outline.to_vec() };
    let overview = |rules| SealedTo::Overview { events: 7, rules };
    assert!(store.seal(&before, vec![chunk(0, b"a")], facts(8, b"o")).await.unwrap());
    assert!(store.seal(&before, vec![chunk(1, b"b")], overview(before.rules)).await.unwrap());
    let sealed = sealing(10).await.remove(0);
    assert_eq!((sealed.facts, sealed.overview), (8, 7));
    assert_eq!(store.outline(&run).await.unwrap(), Some(b"o".to_vec()));
    // Chunks that other rules made are neither left nor stored any more.
    let rules = FailureRules::RootBelow(0.25);
    store.patch_run(&run, RunPatch { rules: Some(rules), ..RunPatch::default() }, at(3)).await.unwrap();
    let stored = async |level| store.chunk(&run, level, 0).await.unwrap();
    assert_eq!((stored(0).await, stored(1).await), (Some(b"a".to_vec()), None));
    assert!(!store.seal(&before, vec![chunk(1, b"c")], overview(before.rules)).await.unwrap());
    let judged = sealing(10).await.remove(0);
    assert_eq!((judged.facts, judged.overview, judged.rules), (8, 0, rules));
    assert_eq!(stored(1).await, None);
    // Nor are those of a run that was deleted, although another one has its id.
    store.delete_run(&run, at(4)).await.unwrap();
    assert!(!store.seal(&before, vec![chunk(0, b"d")], facts(8, b"o")).await.unwrap());
    started(store, "r").await;
    assert!(!store.seal(&before, vec![chunk(0, b"d")], facts(8, b"o")).await.unwrap());
    assert_eq!((stored(0).await, store.outline(&run).await.unwrap()), (None, None));
}
