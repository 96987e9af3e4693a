//! Which rows of the list are on the page: those in the browser's window and some around it. Empty space has
//! the height of the others, those that are not read yet as well: the page is as high as the whole list, and
//! it is read as far as the window has come.

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;

use super::lines::{Line, count};
use super::memory::{self, ListPlace};
use super::rows::RunRows;

/// A list of at most so many runs is on the page whole.
const ALL_SHOWN: usize = 150;
/// Rows on the page beyond each edge of the window: the next ones by Tab are there.
const SPARE_ROWS: usize = 24;
/// The rows on the page change in steps of so many, not with every pixel.
const ROW_STEP: usize = 8;

/// What the window shows of the list.
#[derive(Debug, Clone, Copy, PartialEq)]
struct ShownRows {
    /// The first row in the window.
    first: usize,
    /// One past the last row in the window.
    end: usize,
    /// The height of a row, CSS pixels.
    row_px: f64,
}

/// The rows on the page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shown {
    /// The first one.
    pub(super) first: usize,
    /// One past the last one.
    pub(super) end: usize,
    /// The height of the rows before them, CSS pixels.
    pub(super) before_px: f64,
    /// The height of the rows after them, CSS pixels.
    pub(super) after_px: f64,
}

/// The rows on the page, of `read` ones that were read and `total` in the list. `None` for the place: not in
/// a browser yet.
fn shown(place: Option<ShownRows>, read: usize, total: usize) -> Shown {
    let total = total.max(read);
    let Some(place) = place else {
        return Shown { first: 0, end: read, before_px: 0.0, after_px: 0.0 };
    };
    let end = if total > ALL_SHOWN {
        (place.end.div_ceil(ROW_STEP) * ROW_STEP + SPARE_ROWS).min(read)
    } else {
        read
    };
    let before = (place.first / ROW_STEP * ROW_STEP).saturating_sub(SPARE_ROWS);
    let first = if total > ALL_SHOWN { before.min(end) } else { 0 };
    let px = |rows: usize| rows as f64 * place.row_px;
    Shown { first, end, before_px: px(first), after_px: px(total - end) }
}

/// Follows the window over the rows in `body`. Reads what is missing there, and returns to the place where
/// the list was left for a run.
/// `above_px` becomes the part of the table that is above the window, CSS pixels.
pub(super) fn follow_window(
    runs: RunRows,
    body: NodeRef<html::Tbody>,
    above_px: RwSignal<f64>,
) -> Memo<Shown> {
    let place = RwSignal::new(None::<ShownRows>);
    let look = move || {
        if let Some(body) = body.try_get_untracked().flatten() {
            if let Some(table) = body.parent_element() {
                above_px.try_set((-table.get_bounding_client_rect().top()).max(0.0));
            }
            place.try_maybe_update(|known| {
                let now = measured(&body);
                let is_new = now.is_some() && *known != now;
                *known = now.or(*known);
                (is_new, ())
            });
        }
    };
    Effect::new(move || {
        on_window_change(look);
        // A frame later the rows are on the page.
        request_animation_frame(look);
    });
    // Rows that are read, or gone, may be in the window.
    Effect::new(move || {
        runs.lines.track();
        request_animation_frame(look);
    });
    Effect::new(move || {
        let wanted = place.get().map_or(0, |place| place.end + SPARE_ROWS);
        if wanted > runs.lines.with(Vec::len) && runs.error.with(Option::is_none) {
            // Not an action: one call does the work of all that come while it reads.
            spawn_local(runs.read_up_to(wanted));
        }
    });
    Effect::new(move || {
        if let Some(place) = place.get() {
            runs.near.set_value(runs.lines.with(|lines| rows_of(lines, place)));
            // As above.
            spawn_local(runs.refresh_near());
        }
    });
    return_to_place(runs, place.into());
    Memo::new(move |_| {
        let count = |groups: &Vec<_>| runs.folded.with(|folded| count(runs.total.get(), groups, folded));
        shown(place.get(), runs.lines.with(Vec::len), runs.groups.with(count))
    })
}

/// The rows near the window.
fn rows_of(lines: &[Line], place: ShownRows) -> Range<usize> {
    let end = (place.end + SPARE_ROWS).min(lines.len());
    let near = &lines[place.first.saturating_sub(SPARE_ROWS).min(end)..end];
    let rows = near.iter().filter_map(|line| match line {
        Line::Run(row) => Some(*row),
        Line::Group(_) => None,
    });
    let (first, last) = (rows.clone().min().unwrap_or(0), rows.max());
    first..last.map_or(first, |last| last + 1)
}

/// Calls `then` in the next frame whenever the window was scrolled or has another size, until the running
/// effect is over.
fn on_window_change(then: impl Fn() + Copy + 'static) {
    let is_due = Rc::new(Cell::new(false));
    for event in ["scroll", "resize"] {
        let is_due = Rc::clone(&is_due);
        let listener = window_event_listener_untyped(event, move |_| {
            if !is_due.replace(true) {
                let is_due = Rc::clone(&is_due);
                request_animation_frame(move || {
                    is_due.set(false);
                    then();
                });
            }
        });
        on_cleanup(move || listener.remove());
    }
}

fn measured(body: &web_sys::Element) -> Option<ShownRows> {
    let row = body.query_selector("tr.run-row, tr.run-group").ok()??;
    let (row_px, top_px) = (row.get_bounding_client_rect().height(), body.get_bounding_client_rect().top());
    let window_px = window().inner_height().ok()?.as_f64()?;
    let index = |px: f64| if row_px > 0.0 { (px / row_px).max(0.0) as usize } else { 0 };
    Some(ShownRows { first: index(-top_px), end: index(window_px - top_px) + 1, row_px })
}

/// Remembers the place for the way back.
pub(super) fn leave(runs: RunRows) {
    memory::leave(&ListPlace {
        address: untrack(|| runs.filter.address()),
        scroll_px: window().scroll_y().unwrap_or_default(),
    });
}

/// Scrolls to where this list was left for a run, once the page is as high as the list.
fn return_to_place(runs: RunRows, place: Signal<Option<ShownRows>>) {
    let take = move || memory::take(&untrack(|| runs.filter.address()));
    Effect::new(move || {
        // A document that comes back out of the browser's cache is at its place already.
        let shown = window_event_listener_untyped("pageshow", move |event| {
            let event = event.dyn_into::<web_sys::PageTransitionEvent>();
            if event.is_ok_and(|event| event.persisted()) {
                take();
            }
        });
        on_cleanup(move || shown.remove());
    });
    Effect::new(move |is_back: Option<bool>| {
        if is_back == Some(true) || place.with(Option::is_none) {
            return is_back == Some(true);
        }
        if let Some(left) = take() {
            // A frame later the space below the rows is there.
            request_animation_frame(move || window().scroll_to_with_x_and_y(0.0, left.scroll_px));
        }
        true
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(place: Option<(usize, usize)>, read: usize, total: usize, expect: (usize, usize, f64, f64)) {
        let place = place.map(|(first, end)| ShownRows { first, end, row_px: 10.0 });
        let (first, end, before_px, after_px) = expect;
        assert_eq!(shown(place, read, total), Shown { first, end, before_px, after_px });
    }

    #[test]
    fn the_page_is_as_high_as_the_list() {
        check(None, 50, 1000, (0, 50, 0.0, 0.0));
        check(Some((0, 20)), 50, 120, (0, 50, 0.0, 700.0));
        check(Some((50, 70)), 120, 120, (0, 120, 0.0, 0.0));
        check(Some((0, 20)), 50, 1000, (0, 48, 0.0, 9520.0));
        check(Some((500, 520)), 800, 1000, (472, 544, 4720.0, 4560.0));
        // Not read so far yet.
        check(Some((900, 920)), 300, 1000, (300, 300, 3000.0, 7000.0));
        check(Some((990, 1010)), 1000, 1000, (960, 1000, 9600.0, 0.0));
        // More rows than the list had when they were counted.
        check(Some((0, 20)), 160, 150, (0, 48, 0.0, 1120.0));
    }
}
