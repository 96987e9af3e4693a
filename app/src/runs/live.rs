//! The list kept up to date: the server announces that something has changed, and the list reads it again.

use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;

use super::rows::RunRows;
use crate::ports::ListUpdate;
use crate::ui::now_ms;
use crate::use_ports;

/// Time between two readings of the clock, for ages such as `12 s ago`.
const CLOCK_INTERVAL: Duration = Duration::from_secs(2);

/// Calls `retry` once the server, which did not answer, answers again.
pub(super) fn retry_when_back(retry: Callback<()>) {
    Effect::new(move || {
        let Some(ports) = use_ports() else { return };
        let was_lost = StoredValue::new(false);
        // Where it answers at once, what went wrong was not the connection.
        let hear = move |update| {
            if update == ListUpdate::Lost {
                was_lost.try_set_value(true);
            } else if was_lost.try_get_value() == Some(true) {
                retry.run(());
            }
        };
        // Lives as long as this effect.
        StoredValue::new_local(ports.changes.follow(Rc::new(hear)));
    });
}

/// Refreshes the rows whenever the server announces a change, and the clock. Returns the clock, in
/// milliseconds since the Unix epoch; `None` until the page runs in a browser, so that the server's HTML and
/// the first frame are the same.
pub(super) fn keep_fresh(runs: RunRows) -> RwSignal<Option<f64>> {
    let now = RwSignal::new(None::<f64>);
    Effect::new(move || {
        now.set(Some(now_ms()));
        let is_due = StoredValue::new(false);
        let reading = Action::new(move |(): &()| async move {
            // What changes while it is read is read once more.
            while is_due.try_update_value(std::mem::take) == Some(true) {
                runs.refresh().await;
            }
        });
        let is_reading = reading.pending();
        let refresh = move || {
            is_due.try_set_value(true);
            if !document().hidden() && is_reading.try_get_untracked() == Some(false) {
                reading.dispatch(());
            }
        };
        if let Some(ports) = use_ports() {
            // Lives as long as this effect.
            StoredValue::new_local(ports.changes.follow(Rc::new(move |update| {
                runs.is_lost.try_maybe_update(|known| {
                    let was = std::mem::replace(known, update == ListUpdate::Lost);
                    (was != *known, ())
                });
                if update == ListUpdate::Changed {
                    refresh();
                }
            })));
        }
        // The document's event comes up to the window.
        let seen = window_event_listener_untyped("visibilitychange", move |_| {
            if is_due.try_get_value() == Some(true) {
                refresh();
            }
        });
        on_cleanup(move || seen.remove());
        let timer = set_interval_with_handle(move || _ = now.try_set(Some(now_ms())), CLOCK_INTERVAL);
        on_cleanup(move || {
            if let Ok(timer) = timer {
                timer.clear();
            }
        });
    });
    now
}
