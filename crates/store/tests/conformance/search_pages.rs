//! Paging through what a search found.

use gauntlet_store::{Hit, SearchQuery};

use super::Backend;
use super::fixtures::*;
use super::searching::{acted, settled};

pub(crate) async fn pages_hold_each_result_once_while_the_index_grows(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let store = &fresh.store;
    let run = started(store, "r").await;
    let text = |n: u128| format!("marker {}", "filler ".repeat((n % 7) as usize));
    let events = |range: std::ops::Range<u128>| {
        range.map(|n| acted(n, n as u64, &text(n), &[("root", 1.0)])).collect()
    };
    store.append(&run, events(0..50), at(2)).await.unwrap();
    for q in ["marker", ""] {
        let mut query =
            SearchQuery { limit: 7, run: Some(run.clone()), snapshots_only: true, ..SearchQuery::new(q) };
        let before = settled(store, &query).await;
        let expected = settled(store, &SearchQuery { limit: 200, ..query.clone() }).await.items;
        let mut found = before.items;
        query.cursor = before.next_cursor;
        let mut next = 1000 + found.len() as u128 * 1000 + q.len() as u128 * 100_000;
        while query.cursor.is_some() {
            store.append(&run, events(next..next + 20), at(3)).await.unwrap();
            next += 20;
            let page = settled(store, &query).await;
            found.extend(page.items);
            query.cursor = page.next_cursor;
        }
        let key = |hits: &[Hit]| hits.iter().map(|h| h.seq).collect::<Vec<_>>();
        assert_eq!(key(&found), key(&expected), "{q:?}");
    }
}

pub(crate) async fn a_blank_search_is_newest_first(backend: &impl Backend) {
    let fresh = backend.empty(|_| {}).await;
    let store = &fresh.store;
    for name in ["old", "new"] {
        let run = started(store, name).await;
        store
            .append(&run, (1..4).map(|n| acted(n, n as u64, "text", &[("root", 1.0)])).collect(), at(2))
            .await
            .unwrap();
    }
    let page = store.search(&SearchQuery { limit: 6, ..SearchQuery::new("  ") }).await.unwrap();
    let found: Vec<(&str, u64)> = page.items.iter().map(|h| (h.run.as_str(), h.seq)).collect();
    assert_eq!(found, [("new", 3), ("new", 2), ("new", 1), ("new", 0), ("old", 3), ("old", 2)]);
    assert!(page.items.iter().all(|h| h.rank.is_none() && h.snippet.iter().all(|s| !s.hit)));
    assert_eq!(page.items[0].snippet[0].text, "text");
    let query = SearchQuery { cursor: page.next_cursor, ..SearchQuery::new("  ") };
    let rest = store.search(&query).await.unwrap();
    assert_eq!(rest.items.iter().map(|h| h.seq).collect::<Vec<_>>(), [1, 0]);
    assert_eq!(rest.next_cursor, None);
}
