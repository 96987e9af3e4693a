//! Ranked lists that are being paged through. Every event that is indexed changes every rank a little, so a
//! list is ranked once and kept: its pages hold each result once, however much is indexed between them.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::answers::SearchQuery;
use super::words::QuerySyntax;
use crate::StoreError;
use parking_lot::Mutex;

/// Most lists kept; the oldest goes first.
const MAX_LISTS: usize = 64;

/// The position of one result, and its rank.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ranked {
    pub place: i64,
    pub rank: f64,
}

/// The results of one search, best first.
#[derive(Debug, PartialEq)]
pub(crate) struct List {
    pub ranked: Vec<Ranked>,
    /// Whether there are matches that are not in it.
    pub more: bool,
}

/// The lists, each under its number.
#[derive(Default)]
pub(crate) struct Lists(Mutex<Recent>);

#[derive(Default)]
struct Recent {
    last: u64,
    lists: VecDeque<(u64, u64, Arc<List>)>,
}

impl Lists {
    /// Keeps the list of a search; its number.
    pub(crate) fn put(&self, query: &SearchQuery, list: Arc<List>) -> u64 {
        let mut recent = self.0.lock();
        recent.last += 1;
        let number = recent.last;
        if recent.lists.len() == MAX_LISTS {
            recent.lists.pop_front();
        }
        recent.lists.push_back((number, sign(query), list));
        number
    }

    /// The list a cursor of this search points into.
    pub(crate) fn get(&self, query: &SearchQuery, number: u64) -> Result<Arc<List>, StoreError> {
        let recent = self.0.lock();
        let found = recent.lists.iter().find(|(n, signed, _)| *n == number && *signed == sign(query));
        found.map(|(_, _, list)| Arc::clone(list)).ok_or_else(|| {
            StoreError::invalid("cursor", "is of a search that is no longer kept; search again")
        })
    }
}

/// Where a page ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cursor {
    /// In a ranked list: how many were shown.
    Ranked { list: u64, shown: u64 },
    /// Newest first: the place of the last event looked at.
    Newest { place: i64 },
}

impl Cursor {
    /// The cursor as clients send it back. It names the search that it belongs to.
    pub(crate) fn write(self, query: &SearchQuery) -> String {
        let sign = sign(query);
        match self {
            Cursor::Ranked { list, shown } => format!("r.{sign:x}.{list:x}.{shown:x}"),
            Cursor::Newest { place } => format!("n.{sign:x}.{place:x}"),
        }
    }

    /// Reads what [`Cursor::write`] wrote for the same query.
    pub(crate) fn read(text: &str, query: &SearchQuery) -> Result<Self, StoreError> {
        let shown: String = text.chars().take(64).collect();
        let refuse = |why: &str| Err(StoreError::invalid("cursor", format!("{shown:?} {why}")));
        let hex = |text: &str| u64::from_str_radix(text, 16).ok();
        let parts: Vec<&str> = text.split('.').collect();
        let (signed, cursor) = match parts.as_slice() {
            ["n", signed, place] => {
                let place = hex(place).and_then(|p| i64::try_from(p).ok());
                (hex(signed), place.map(|place| Cursor::Newest { place }))
            }
            ["r", signed, list, shown] => {
                let cursor = hex(list).zip(hex(shown));
                (hex(signed), cursor.map(|(list, shown)| Cursor::Ranked { list, shown }))
            }
            _ => return refuse("is not a cursor of a search"),
        };
        let Some(cursor) = cursor else { return refuse("is not a cursor of a search") };
        if signed != Some(sign(query)) {
            return refuse("is a cursor of another search");
        }
        Ok(cursor)
    }
}

/// Tells searches apart: everything but the cursor and the size of a page.
fn sign(query: &SearchQuery) -> u64 {
    let SearchQuery { q, syntax, project, run, failing, snapshots_only, limit: _, cursor: _ } = query;
    let syntax = match syntax {
        QuerySyntax::Operators => 0_u8,
        QuerySyntax::AllTerms => 1,
        QuerySyntax::AnyTerm => 2,
    };
    let mut hasher = DefaultHasher::new();
    (q, syntax, project, run.as_ref().map(|r| r.as_str()), failing, snapshots_only).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_belongs_to_its_search() {
        let query = SearchQuery::new("a");
        for cursor in [Cursor::Ranked { list: 3, shown: 20 }, Cursor::Newest { place: 1 << 40 }] {
            let text = cursor.write(&query);
            assert_eq!(Cursor::read(&text, &query).unwrap(), cursor);
            assert_eq!(Cursor::read(&text, &SearchQuery { limit: 7, ..query.clone() }).unwrap(), cursor);
            assert!(Cursor::read(&text, &SearchQuery::new("b")).is_err());
        }
        for bad in ["", "r", "n.0.0", "n.x.y", "r.1.2", "é.1.2"] {
            let refused = Cursor::read(bad, &query).unwrap_err();
            assert!(matches!(refused, StoreError::Invalid { field, .. } if field == "cursor"), "{bad:?}");
        }
    }

    #[test]
    fn the_oldest_list_goes_first_and_a_list_serves_its_search_only() {
        let (lists, query) = (Lists::default(), SearchQuery::new("a"));
        let list = Arc::new(List { ranked: Vec::new(), more: false });
        let numbers: Vec<u64> = (0..=MAX_LISTS).map(|_| lists.put(&query, Arc::clone(&list))).collect();
        assert!(lists.get(&query, numbers[0]).is_err());
        assert!(numbers[1..].iter().all(|n| lists.get(&query, *n).is_ok()));
        assert!(lists.get(&SearchQuery::new("b"), numbers[1]).is_err());
    }
}
