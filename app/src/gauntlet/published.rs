//! When the loop of the run page publishes what the rest of the page shows.

use super::heights::Fitted;

/// Time between two updates of what is costly to redraw, milliseconds.
const TICK_MS: f64 = 120.0;
/// Time between two updates of the attributes that browser tests read, milliseconds.
const ATTRIBUTES_MS: f64 = 90.0;
/// A selection that has not changed for this long has settled, milliseconds.
const SETTLE_MS: f64 = 140.0;
/// A selection that changes all the time, as in a live run, counts as settled this often, milliseconds.
const GLANCE_MS: f64 = 1000.0;

/// When each part of the session was last published. All times in milliseconds.
pub(super) struct Published {
    /// When the selection last changed, and to which node.
    selection: (Option<usize>, f64),
    settled_ms: f64,
    /// The revision of the film in the last tick, and its time.
    tick: (u64, f64),
    pub(super) heights: Fitted,
    attributes_ms: f64,
}

impl Default for Published {
    fn default() -> Self {
        let never = f64::NEG_INFINITY;
        Self {
            selection: (None, 0.0),
            settled_ms: 0.0,
            tick: (0, never),
            heights: Default::default(),
            attributes_ms: never,
        }
    }
}

impl Published {
    /// Whether the node that is selected now has to be published as the settled one. `settled` was published
    /// last.
    pub(super) fn has_settled(&mut self, selected: Option<usize>, settled: Option<usize>, ms: f64) -> bool {
        if self.selection.0 != selected {
            self.selection = (selected, ms);
        }
        let has_settled = ms - self.selection.1 >= SETTLE_MS || ms - self.settled_ms >= GLANCE_MS;
        if has_settled && settled != selected {
            self.settled_ms = ms;
            return true;
        }
        false
    }

    /// Whether the film's revision has to be published.
    pub(super) fn is_tick_due(&mut self, revision: u64, ms: f64) -> bool {
        let is_due = revision != self.tick.0 && ms - self.tick.1 >= TICK_MS;
        if is_due {
            self.tick = (revision, ms);
        }
        is_due
    }

    /// Whether the attributes that browser tests read have to be written.
    pub(super) fn are_attributes_due(&mut self, ms: f64) -> bool {
        let are_due = ms - self.attributes_ms >= ATTRIBUTES_MS;
        if are_due {
            self.attributes_ms = ms;
        }
        are_due
    }
}
