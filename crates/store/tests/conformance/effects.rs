//! Effects of projects: the defaults, changes, and two people who change them at once.

use gauntlet_model::{EffectColor, EffectSet};
use gauntlet_store::StoreError;

use super::Backend;
use super::fixtures::*;

pub(crate) async fn effects_are_changed_from_the_version_that_was_read(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let store = &fresh.store;
    let mut set = store.effects("maze").await.unwrap();
    assert_eq!(set, EffectSet::default());
    set.effects[0].color = EffectColor::Green;
    let changed = store.put_effects("maze", set.clone(), at(1)).await.unwrap();
    assert_eq!(changed, EffectSet { version: 1, ..set.clone() });
    assert_eq!(store.effects("maze").await.unwrap(), changed);
    assert_eq!(store.effects("other").await.unwrap(), EffectSet::default());
    // Somebody else who had read the defaults.
    match store.put_effects("maze", set, at(2)).await {
        Err(StoreError::Conflict(words)) => {
            assert!(words.contains("is 0") && words.contains("at version 1"), "{words}");
        }
        other => panic!("{other:?}"),
    }
    let mut bad = changed.clone();
    bad.effects[0].size = 9.0;
    match store.put_effects("maze", bad, at(2)).await {
        Err(StoreError::Invalid { field, .. }) => assert_eq!(field, "effects[0].size"),
        other => panic!("{other:?}"),
    }
    assert_eq!(store.effects("maze").await.unwrap(), changed);
}
