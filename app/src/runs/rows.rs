//! The runs of the list: read page by page as far as the window has come, and refreshed.

use std::collections::HashSet;
use std::future::Future;

use gauntlet_api::Page;
use gauntlet_model::{RunId, RunSummary};
use leptos::prelude::*;

use super::filters::Filter;
use super::selection::Selection;
use crate::api::{ListColumn, ListRow, PageError, RunList, list_runs};
use crate::ui::{Look, looks};

/// Runs that are drawn where none is selected.
const FIRST_DRAWN: usize = 10;
/// Selected runs that are drawn at most.
const MOST_DRAWN: usize = 32;

/// Puts a newer first page in the place of the rows that it covers; rows that were read after them stay.
/// Returns whether anything changed; the page itself where it does not reach the old rows, so that these do
/// not continue it.
fn refresh(rows: &mut Vec<ListRow>, fresh: Page<ListRow>) -> Result<bool, Page<ListRow>> {
    let end = match fresh.items.last() {
        _ if fresh.next_cursor.is_none() => rows.len(),
        None => 0,
        Some(last) => match rows.iter().position(|row| row.run.id == last.run.id) {
            Some(index) => index + 1,
            None => return Err(fresh),
        },
    };
    if rows[..end] == fresh.items[..] {
        return Ok(false);
    }
    let ids: HashSet<_> = fresh.items.iter().map(|row| row.run.id.clone()).collect();
    let count = fresh.items.len();
    rows.splice(..end, fresh.items);
    let mut index = 0;
    rows.retain(|row| {
        index += 1;
        index <= count || !ids.contains(&row.run.id)
    });
    Ok(true)
}

/// The runs of the list, and where the next ones start.
#[derive(Clone, Copy)]
pub(super) struct RunRows {
    pub(super) rows: RwSignal<Vec<ListRow>>,
    /// The columns behind the name.
    pub(super) columns: StoredValue<Vec<ListColumn>>,
    pub(super) cursor: RwSignal<Option<String>>,
    /// The number of runs that the filter finds.
    pub(super) total: RwSignal<u64>,
    pub(super) selection: Selection,
    pub(super) filter: Filter,
    /// Whether there are charts.
    pub(super) has_charts: RwSignal<bool>,
    /// The runs in the charts, each with its look: the selected ones, or the first.
    pub(super) drawn: Memo<Vec<(RunId, Look)>>,
    /// Why the next page could not be read.
    pub(super) error: RwSignal<Option<PageError>>,
    /// Whether the next page is being read.
    pub(super) is_reading: RwSignal<bool>,
}

impl RunRows {
    /// The first page.
    pub(super) fn new(list: RunList, filter: Filter, has_charts: RwSignal<bool>) -> Self {
        let (rows, selection) = (RwSignal::new(list.page.items), Selection::new());
        Self {
            rows,
            columns: StoredValue::new(list.columns),
            cursor: RwSignal::new(list.page.next_cursor),
            total: RwSignal::new(list.total),
            selection,
            filter,
            has_charts,
            drawn: Memo::new(move |_| if has_charts.get() { drawn(rows, selection) } else { Vec::new() }),
            error: RwSignal::new(None),
            is_reading: RwSignal::new(false),
        }
    }

    /// A page of runs from a cursor on; empty for the first page.
    fn fetch(self, cursor: String) -> impl Future<Output = Result<RunList, PageError>> {
        list_runs(untrack(|| self.filter.query(cursor)))
    }

    /// Puts a changed run in its row.
    pub(super) fn replace(self, run: RunSummary) {
        self.rows.try_update(|rows| {
            if let Some(row) = rows.iter_mut().find(|row| row.run.id == run.id) {
                row.run = run;
            }
        });
    }

    /// Takes a deleted run off the page.
    pub(super) fn remove(self, id: &str) {
        self.rows.try_update(|rows| rows.retain(|row| row.run.id.as_str() != id));
        self.total.try_update(|total| *total = total.saturating_sub(1));
    }

    /// Reads the first page again. The page may be gone when the answer comes.
    pub(super) async fn refresh(self) {
        // A failed refresh is not reported: the rows stay, and the next change reads them again.
        let Ok(RunList { page: fresh, total, .. }) = self.fetch(String::new()).await else { return };
        self.total.try_set(total);
        let cursor = fresh.next_cursor.clone();
        let is_new = self.rows.try_maybe_update(|rows| match refresh(rows, fresh) {
            Ok(is_changed) => (is_changed, false),
            Err(fresh) => {
                *rows = fresh.items;
                (true, true)
            }
        });
        let was_all = self.cursor.try_with_untracked(Option::is_none);
        if is_new == Some(true) || cursor.is_none() || was_all == Some(true) {
            self.cursor.try_set(cursor);
        }
    }

    /// Appends pages until there are `count` rows, or all. One call at a time does: others return at once.
    pub(super) async fn read_up_to(self, count: usize) {
        if self.is_reading.try_get_untracked() != Some(false) {
            return;
        }
        self.is_reading.set(true);
        while self.rows.try_with_untracked(Vec::len).is_some_and(|rows| rows < count) {
            let Some(cursor) = self.cursor.try_get_untracked().flatten() else { break };
            let read = self.read_page(cursor).await;
            self.error.try_set(read.err());
            if self.error.try_with_untracked(Option::is_none) != Some(true) {
                break;
            }
        }
        self.is_reading.try_set(false);
    }

    /// Appends the page behind a cursor.
    async fn read_page(self, cursor: String) -> Result<(), PageError> {
        let page = self.fetch(cursor).await?.page;
        self.cursor.try_set(page.next_cursor);
        self.rows.try_update(|rows| {
            // A run may have moved between the pages since the first one was read.
            let known: HashSet<_> = rows.iter().map(|row| row.run.id.clone()).collect();
            rows.extend(page.items.into_iter().filter(|row| !known.contains(&row.run.id)));
        });
        Ok(())
    }
}

/// The runs in the charts, each with its look.
fn drawn(rows: RwSignal<Vec<ListRow>>, selection: Selection) -> Vec<(RunId, Look)> {
    let any = selection.count() > 0;
    rows.with(|rows| {
        let ids = rows.iter().map(|row| &row.run.id).filter(|id| !any || selection.has(id.as_str()));
        let ids: Vec<&RunId> = ids.take(if any { MOST_DRAWN } else { FIRST_DRAWN }).collect();
        ids.iter().map(|id| (*id).clone()).zip(looks(&ids)).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_run::run;

    fn row(id: &str, head: u64) -> ListRow {
        ListRow { run: run(id, head), is_pinned: false, cells: Vec::new(), sparkline: String::new() }
    }

    type Short<'a> = &'a [(&'a str, u64)];

    fn check(old: Short<'_>, fresh: Short<'_>, has_more: bool, expect: Option<Short<'_>>) {
        let runs = |list: Short<'_>| list.iter().map(|(id, head)| row(id, *head)).collect::<Vec<_>>();
        let next_cursor = has_more.then(|| "c".to_owned());
        let mut rows = runs(old);
        let is_changed = refresh(&mut rows, Page { items: runs(fresh), next_cursor });
        assert_eq!(is_changed.ok(), expect.map(|expect| runs(old) != runs(expect)));
        assert_eq!(rows, runs(expect.unwrap_or(old)));
    }

    #[test]
    fn a_refresh_replaces_what_it_covers() {
        check(&[("a", 1), ("b", 1)], &[("a", 2), ("b", 1)], false, Some(&[("a", 2), ("b", 1)]));
        check(&[("a", 1), ("b", 1)], &[("a", 1), ("b", 1)], false, Some(&[("a", 1), ("b", 1)]));
        check(&[], &[("a", 1)], false, Some(&[("a", 1)]));
        check(&[("a", 1), ("b", 1)], &[("a", 1)], false, Some(&[("a", 1)]));
        check(
            &[("b", 1), ("c", 1), ("d", 1)],
            &[("a", 1), ("b", 1), ("c", 2)],
            true,
            Some(&[("a", 1), ("b", 1), ("c", 2), ("d", 1)]),
        );
        let moved: Short<'_> = &[("d", 2), ("b", 1), ("c", 1)];
        check(&[("b", 1), ("c", 1), ("d", 1)], moved, true, Some(moved));
        check(&[("c", 1), ("d", 1)], &[("a", 1), ("b", 1)], true, None);
    }
}
