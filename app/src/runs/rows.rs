//! The runs of the list: read page by page as far as the window has come, and refreshed.

use std::collections::{BTreeSet, HashSet};
use std::future::Future;
use std::ops::Range;

use gauntlet_api::Page;
use gauntlet_model::{RunId, RunSummary};
use leptos::prelude::*;

use super::filters::Filter;
use super::lines::{Line, lines};
use super::selection::Selection;
use crate::api::{ListColumn, ListGroup, ListRow, PageError, RunList, list_runs};
use crate::ui::{Look, looks};

/// Runs that are drawn where none is selected.
const FIRST_DRAWN: usize = 10;
/// Selected runs, and runs of groups, that are drawn at most.
const MAX_DRAWN: usize = 200;

/// Puts a newer page in the place of the rows from `start` on that it covers; rows before and after them
/// stay. Returns whether anything changed; the page itself where it does not reach the old rows, so that
/// these do not continue it.
fn refresh(rows: &mut Vec<ListRow>, start: usize, mut fresh: Page<ListRow>) -> Result<bool, Page<ListRow>> {
    // A run may have moved to an earlier page, which was read again before this one.
    let before: HashSet<_> = rows[..start].iter().map(|row| row.run.id.clone()).collect();
    fresh.items.retain(|row| !before.contains(&row.run.id));
    let end = match fresh.items.last() {
        _ if fresh.next_cursor.is_none() => rows.len(),
        None => start,
        Some(last) => match rows[start..].iter().position(|row| row.run.id == last.run.id) {
            Some(index) => start + index + 1,
            None => return Err(fresh),
        },
    };
    if rows[start..end] == fresh.items[..] {
        return Ok(false);
    }
    let ids: HashSet<_> = fresh.items.iter().map(|row| row.run.id.clone()).collect();
    let count = start + fresh.items.len();
    rows.splice(start..end, fresh.items);
    let mut index = 0;
    rows.retain(|row| {
        index += 1;
        index <= count || !ids.contains(&row.run.id)
    });
    Ok(true)
}

/// A page after the first one, as it was read.
#[derive(Debug, Clone)]
struct NextPage {
    /// The run in front of it.
    after: RunId,
    /// Where it starts.
    cursor: String,
    /// Whether its runs may have changed since it was read.
    is_stale: bool,
}

/// The first stale page with rows in `near`, and its first row; it is stale no longer. A page whose place is
/// unknown, because the run in front of it has moved, is forgotten.
fn take_stale(pages: &mut Vec<NextPage>, rows: &[ListRow], near: &Range<usize>) -> Option<NextPage> {
    let start = |page: &NextPage| rows.iter().position(|row| row.run.id == page.after);
    pages.retain(|page| start(page).is_some());
    let starts: Vec<usize> = pages.iter().filter_map(start).map(|index| index + 1).collect();
    let ends = starts.iter().copied().skip(1).chain([rows.len()]);
    let is_near = |(start, end): (&usize, usize)| *start < near.end && end > near.start;
    let due = starts.iter().zip(ends).map(is_near);
    let page = pages.iter_mut().zip(due).find(|(page, is_near)| page.is_stale && *is_near)?.0;
    page.is_stale = false;
    Some(page.clone())
}

/// The runs of the list, and where the next ones start.
#[derive(Clone, Copy)]
pub(super) struct RunRows {
    pub(super) rows: RwSignal<Vec<ListRow>>,
    /// The columns after the name.
    pub(super) columns: StoredValue<Vec<ListColumn>>,
    pub(super) cursor: RwSignal<Option<String>>,
    /// The number of runs that the filter finds.
    pub(super) total: RwSignal<u64>,
    /// The groups of the list; none where it has no groups.
    pub(super) groups: RwSignal<Vec<ListGroup>>,
    /// The keys of the groups whose runs are not shown.
    pub(super) folded: RwSignal<BTreeSet<String>>,
    /// The lines of the table, as far as rows are read.
    pub(super) lines: Memo<Vec<Line>>,
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
    /// Whether the server does not answer, so that the rows are those of an earlier time.
    pub(super) is_lost: RwSignal<bool>,
    /// The rows near the window.
    pub(super) near: StoredValue<Range<usize>>,
    pages: StoredValue<Vec<NextPage>>,
    is_refreshing: StoredValue<bool>,
}

impl RunRows {
    /// The first page.
    pub(super) fn new(list: RunList, filter: Filter, has_charts: RwSignal<bool>) -> Self {
        let (rows, selection) = (RwSignal::new(list.page.items), Selection::new());
        let (groups, folded) = (RwSignal::new(list.groups), RwSignal::new(BTreeSet::new()));
        let lines = Memo::new(move |_| {
            rows.with(|rows| groups.with(|groups| folded.with(|folded| lines(rows, groups, folded))))
        });
        Self {
            rows,
            columns: StoredValue::new(list.columns),
            cursor: RwSignal::new(list.page.next_cursor),
            total: RwSignal::new(list.total),
            groups,
            folded,
            lines,
            selection,
            filter,
            has_charts,
            drawn: Memo::new(move |_| match has_charts.get() {
                true => drawn(rows, selection, groups.with(Vec::is_empty)),
                false => Vec::new(),
            }),
            error: RwSignal::new(None),
            is_reading: RwSignal::new(false),
            is_lost: RwSignal::new(false),
            near: StoredValue::new(0..0),
            pages: StoredValue::new(Vec::new()),
            is_refreshing: StoredValue::new(false),
        }
    }

    /// The title of the group with a key; empty where there is none. Tracks the groups.
    pub(super) fn group_title(self, key: &str) -> String {
        let title = |groups: &Vec<ListGroup>| Some(groups.iter().find(|it| it.key == key)?.title.clone());
        self.groups.with(title).unwrap_or_default()
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

    /// Reads the first page again, and the pages near the window. The list may be gone when an answer comes.
    pub(super) async fn refresh(self) {
        // A failed refresh is not reported: the rows stay, and the next change reads them again.
        let Ok(RunList { page: fresh, total, groups, .. }) = self.fetch(String::new()).await else { return };
        self.total.try_set(total);
        if self.groups.try_with_untracked(|known| *known != groups) == Some(true) {
            self.groups.try_set(groups);
        }
        let cursor = fresh.next_cursor.clone();
        let is_new = self.rows.try_maybe_update(|rows| match refresh(rows, 0, fresh) {
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
        self.pages.try_update_value(|pages| match is_new {
            Some(true) => pages.clear(),
            _ => pages.iter_mut().for_each(|page| page.is_stale = true),
        });
        self.refresh_near().await;
    }

    /// Reads the stale pages near the window again. One call at a time does: others return at once.
    pub(super) async fn refresh_near(self) {
        if self.is_refreshing.try_update_value(|is_on| std::mem::replace(is_on, true)) != Some(false) {
            return;
        }
        while let Some(page) = self.take_stale() {
            // Like that of the first page, a failed refresh is not reported.
            let Ok(RunList { page: fresh, .. }) = self.fetch(page.cursor).await else { break };
            self.rows.try_maybe_update(|rows| {
                let Some(index) = rows.iter().position(|row| row.run.id == page.after) else {
                    return (false, ());
                };
                let is_changed = refresh(rows, index + 1, fresh).unwrap_or_else(|fresh| {
                    // Its last run has moved: those that are still there change in place.
                    for row in fresh.items {
                        if let Some(known) = rows.iter_mut().find(|known| known.run.id == row.run.id) {
                            *known = row;
                        }
                    }
                    true
                });
                (is_changed, ())
            });
        }
        self.is_refreshing.try_set_value(false);
    }

    fn take_stale(self) -> Option<NextPage> {
        let near = self.near.try_get_value()?;
        let take = |rows: &Vec<_>| self.pages.try_update_value(|pages| take_stale(pages, rows, &near));
        self.rows.try_with_untracked(take)??
    }

    /// Appends pages until there are `count` lines, or all.
    pub(super) async fn read_up_to(self, count: usize) {
        self.read_until(|| self.lines.try_with_untracked(Vec::len).is_none_or(|lines| lines >= count)).await;
    }

    /// Appends pages until the runs of a group are read.
    pub(super) async fn read_group(self, key: &str) {
        let runs = |groups: &Vec<ListGroup>| groups.iter().find(|group| group.key == key).map(|it| it.runs);
        let wanted = self.groups.try_with_untracked(runs).flatten().unwrap_or_default();
        let read = |rows: &Vec<ListRow>| rows.iter().filter(|row| row.group == key).count() as u64;
        self.read_until(|| self.rows.try_with_untracked(read).is_none_or(|read| read >= wanted)).await;
    }

    /// Appends pages until it is enough, or there are no more. One call at a time does: others return at
    /// once.
    async fn read_until(self, is_enough: impl Fn() -> bool) {
        if self.is_reading.try_get_untracked() != Some(false) {
            return;
        }
        self.is_reading.set(true);
        while !is_enough() {
            let Some(cursor) = self.cursor.try_get_untracked().flatten() else { break };
            let read = self.read_page(cursor).await;
            self.error.try_set(read.err());
            if self.error.try_with_untracked(Option::is_none) != Some(true) {
                break;
            }
        }
        self.is_reading.try_set(false);
    }

    /// Appends the page after a cursor.
    async fn read_page(self, cursor: String) -> Result<(), PageError> {
        let page = self.fetch(cursor.clone()).await?.page;
        self.cursor.try_set(page.next_cursor);
        if let Some(after) = self.rows.try_with_untracked(|rows| Some(rows.last()?.run.id.clone())).flatten()
        {
            self.pages.try_update_value(|pages| pages.push(NextPage { after, cursor, is_stale: false }));
        }
        self.rows.try_update(|rows| {
            // A run may have moved between the pages since the first one was read.
            let known: HashSet<_> = rows.iter().map(|row| row.run.id.clone()).collect();
            rows.extend(page.items.into_iter().filter(|row| !known.contains(&row.run.id)));
        });
        Ok(())
    }
}

/// The runs in the charts, each with its look.
fn drawn(rows: RwSignal<Vec<ListRow>>, selection: Selection, is_plain: bool) -> Vec<(RunId, Look)> {
    let any = selection.count() > 0;
    // A group is one line, however many runs it has.
    let most = if any || !is_plain { MAX_DRAWN } else { FIRST_DRAWN };
    rows.with(|rows| {
        let ids = rows.iter().map(|row| &row.run.id).filter(|id| !any || selection.has(id.as_str()));
        let ids: Vec<&RunId> = ids.take(most).collect();
        ids.iter().map(|id| (*id).clone()).zip(looks(&ids)).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_run::run;

    fn row(id: &str, head: u64) -> ListRow {
        ListRow {
            run: run(id, head),
            is_pinned: false,
            group: String::new(),
            cells: Vec::new(),
            sparkline: String::new(),
        }
    }

    type Short<'a> = &'a [(&'a str, u64)];

    fn check(old: Short<'_>, fresh: Short<'_>, has_more: bool, expect: Option<Short<'_>>) {
        let runs = |list: Short<'_>| list.iter().map(|(id, head)| row(id, *head)).collect::<Vec<_>>();
        let next_cursor = has_more.then(|| "c".to_owned());
        let mut rows = runs(old);
        let is_changed = refresh(&mut rows, 0, Page { items: runs(fresh), next_cursor });
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

    #[test]
    fn a_later_page_is_put_in_its_place() {
        let list = |ids: &str| ids.chars().map(|id| row(&id.to_string(), 1)).collect::<Vec<_>>();
        let check = |old: &str, start: usize, fresh: &str, has_more: bool, expect: Option<&str>| {
            let next_cursor = has_more.then(|| "c".to_owned());
            let mut rows = list(old);
            let answer = refresh(&mut rows, start, Page { items: list(fresh), next_cursor });
            assert_eq!(answer.is_ok(), expect.is_some());
            assert_eq!(rows, list(expect.unwrap_or(old)));
        };
        // One run is gone, and one has moved to the first page.
        check("abcdef", 2, "df", false, Some("abdf"));
        check("abcdef", 2, "cd", true, Some("abcdef"));
        check("abcdef", 2, "bd", true, Some("abdef"));
        check("abcdef", 2, "xd", true, Some("abxdef"));
        check("abcdef", 2, "cx", true, None);
    }

    #[test]
    fn stale_pages_near_the_window_are_taken_once() {
        let rows: Vec<_> = ["a", "b", "c", "d", "e", "f"].map(|id| row(id, 1)).into();
        let page = |after: &str| NextPage {
            after: RunId::new(after).unwrap(),
            cursor: format!("behind {after}"),
            is_stale: true,
        };
        let mut pages = vec![page("b"), page("gone"), page("d")];
        assert!(take_stale(&mut pages, &rows, &(0..2)).is_none());
        let taken = take_stale(&mut pages, &rows, &(3..5)).map(|page| page.cursor);
        assert_eq!(taken.as_deref(), Some("behind b"));
        let taken = take_stale(&mut pages, &rows, &(3..5)).map(|page| page.cursor);
        assert_eq!(taken.as_deref(), Some("behind d"));
        assert!(take_stale(&mut pages, &rows, &(0..6)).is_none());
        assert_eq!(pages.len(), 2);
    }
}
