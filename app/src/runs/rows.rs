//! The runs on the page: their first page refreshed, further pages appended.

use std::future::Future;
use std::time::Duration;

use gauntlet_api::Page;
use gauntlet_model::RunSummary;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;

use super::filters::Filter;
use super::memory::{self, Left};
use super::selection::Selection;
use crate::api::{ListColumn, ListRow, PageError, RunList, list_runs};
use crate::ui::now_ms;

/// Time between two refreshes of the list.
const REFRESH: Duration = Duration::from_secs(2);
/// While no run is active, only every so many refreshes are done.
const IDLE_TICKS: u32 = 2;

/// Merges a newer first page into the rows shown: it replaces the rows it covers; rows loaded after them
/// stay.
fn refreshed(rows: &[ListRow], fresh: Page<ListRow>) -> Vec<ListRow> {
    let end = fresh.items.last().map(|r| r.run.id.clone());
    let rest = end.and_then(|id| rows.iter().position(|r| r.run.id == id)).map_or(rows.len(), |i| i + 1);
    let mut items = fresh.items;
    let rest: Vec<_> =
        rows[rest..].iter().filter(|r| items.iter().all(|i| i.run.id != r.run.id)).cloned().collect();
    if fresh.next_cursor.is_some() {
        items.extend(rest);
    }
    items
}

/// The runs on the page, and where the next ones start.
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
}

impl RunRows {
    /// The first page.
    pub(super) fn new(list: RunList, filter: Filter) -> Self {
        Self {
            rows: RwSignal::new(list.page.items),
            columns: StoredValue::new(list.columns),
            cursor: RwSignal::new(list.page.next_cursor),
            total: RwSignal::new(list.total),
            selection: Selection::new(),
            filter,
        }
    }

    /// Remembers the place for the way back.
    pub(super) fn leave(self) {
        memory::leave(&Left {
            address: untrack(|| self.filter.address()),
            rows: self.rows.with_untracked(Vec::len),
            scroll_px: window().scroll_y().unwrap_or_default(),
        });
    }

    /// Where this list was left for a run: loads as many rows as there were, and scrolls to the place.
    pub(super) fn return_to_place(self) {
        Effect::new(move || {
            let take = move || memory::take(&untrack(|| self.filter.address()));
            // A document that comes back out of the browser's cache is at its place already.
            let shown = window_event_listener_untyped("pageshow", move |event| {
                let event = event.dyn_into::<web_sys::PageTransitionEvent>();
                if event.is_ok_and(|event| event.persisted()) {
                    take();
                }
            });
            on_cleanup(move || shown.remove());
            let Some(left) = take() else { return };
            spawn_local(async move {
                while self.rows.try_with_untracked(Vec::len).is_some_and(|rows| rows < left.rows) {
                    let Some(cursor) = self.cursor.try_get_untracked().flatten() else { break };
                    if self.load_more(cursor).await.is_err() {
                        break;
                    }
                }
                // A frame later the rows are on the page, and it is high enough to scroll.
                request_animation_frame(move || window().scroll_to_with_x_and_y(0.0, left.scroll_px));
            });
        });
    }

    /// A page of runs from a cursor on; empty for the first page.
    fn fetch(self, cursor: String) -> impl Future<Output = Result<RunList, PageError>> {
        list_runs(untrack(|| self.filter.query(cursor)))
    }

    /// Whether a run on the page has not ended.
    fn has_active_run(self) -> bool {
        self.rows.with_untracked(|rows| rows.iter().any(|row| !row.run.status.is_final()))
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
    async fn refresh(self) {
        // A failed refresh is not reported: the next one follows in two seconds.
        let Ok(RunList { page: fresh, total, .. }) = self.fetch(String::new()).await else { return };
        self.total.try_set(total);
        if self.cursor.try_with_untracked(Option::is_none) == Some(true) {
            self.cursor.set(fresh.next_cursor.clone());
        }
        let newer = self.rows.try_with_untracked(|old| refreshed(old, fresh));
        if let Some(newer) = newer.filter(|newer| self.rows.with_untracked(|old| old != newer)) {
            self.rows.set(newer);
        }
    }

    /// Appends the next page.
    pub(super) async fn load_more(self, cursor: String) -> Result<(), PageError> {
        let page = self.fetch(cursor).await?.page;
        self.cursor.try_set(page.next_cursor);
        self.rows.try_update(|rows| {
            // A run may have moved between the pages since the first one was read.
            let new: Vec<_> =
                page.items.into_iter().filter(|i| rows.iter().all(|r| r.run.id != i.run.id)).collect();
            rows.extend(new);
        });
        Ok(())
    }

    /// Refreshes the rows and the clock while the page is visible. Returns the clock, in milliseconds since
    /// the Unix epoch; `None` until the page runs in a browser, so that the server's HTML and the first frame
    /// are the same.
    pub(super) fn keep_fresh(self) -> RwSignal<Option<f64>> {
        let now = RwSignal::new(None::<f64>);
        Effect::new(move || {
            now.set(Some(now_ms()));
            let ticks = StoredValue::new(0_u32);
            let tick = move || {
                now.try_set(Some(now_ms()));
                ticks.update_value(|t| *t = t.wrapping_add(1));
                let is_idle = !self.has_active_run() && !ticks.get_value().is_multiple_of(IDLE_TICKS);
                if !document().hidden() && !is_idle {
                    spawn_local(self.refresh());
                }
            };
            let timer = set_interval_with_handle(tick, REFRESH);
            on_cleanup(move || {
                if let Ok(timer) = timer {
                    timer.clear();
                }
            });
        });
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_run::run;

    fn row(id: &str, head: u64) -> ListRow {
        ListRow { run: run(id, head), cells: Vec::new(), sparkline: String::new() }
    }

    fn check(old: &[(&str, u64)], fresh: &[(&str, u64)], has_more: bool, expect: &[(&str, u64)]) {
        let runs = |list: &[(&str, u64)]| list.iter().map(|(id, head)| row(id, *head)).collect::<Vec<_>>();
        let next_cursor = has_more.then(|| "c".to_owned());
        let page = Page { items: runs(fresh), next_cursor };
        assert_eq!(refreshed(&runs(old), page), runs(expect));
    }

    #[test]
    fn a_refresh_replaces_what_it_covers() {
        check(&[("a", 1), ("b", 1)], &[("a", 2), ("b", 1)], false, &[("a", 2), ("b", 1)]);
        check(&[], &[("a", 1)], false, &[("a", 1)]);
        check(&[("a", 1), ("b", 1)], &[("a", 1)], false, &[("a", 1)]);
        check(
            &[("b", 1), ("c", 1), ("d", 1)],
            &[("a", 1), ("b", 1), ("c", 2)],
            true,
            &[("a", 1), ("b", 1), ("c", 2), ("d", 1)],
        );
    }
}
