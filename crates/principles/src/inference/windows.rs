//! Windows of actions, and how far they are from each other.
//!
//! Windows begin at multiples of the stride, counted from the agent's first action, so that a distance is
//! computed once and holds for as long as both windows are among the latest actions.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::inference::LATEST_ACTIONS;
use crate::{Action, FEATURES, features, warping};

/// How many actions a window has.
pub const WINDOW: usize = 20;
/// Actions between the beginnings of one window and the next.
pub const STRIDE: usize = 5;
/// From this consistency on, windows are a pattern.
pub const CONSISTENT_FROM: f64 = 0.85;
/// Windows that begin nearer to each other than this share actions: that they are alike is no evidence.
const TRIVIAL: usize = WINDOW / STRIDE;
/// How many windows the latest actions have at most.
const MAX_WINDOWS: usize = (LATEST_ACTIONS - WINDOW) / STRIDE + 1;

/// A window, and its distances to those before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Window {
    /// The position of its first action, counted from the agent's first action.
    start: u64,
    rows: Vec<[f64; FEATURES]>,
    /// The distances to earlier windows, the latest of them first.
    back: VecDeque<f64>,
}

/// The windows of the latest actions.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Windows {
    windows: VecDeque<Window>,
}

impl Windows {
    /// Adds the window that the latest action completes, where it completes one. `total` is how many actions
    /// there were.
    pub(crate) fn extend(&mut self, latest: &VecDeque<Action>, total: u64) {
        if total < WINDOW as u64 || !(total - WINDOW as u64).is_multiple_of(STRIDE as u64) {
            return;
        }
        if self.windows.len() == MAX_WINDOWS {
            self.windows.pop_front();
        }
        let rows: Vec<_> = latest.iter().skip(latest.len() - WINDOW).map(features).collect();
        let back = self.windows.iter().rev().map(|window| warping::distance(&window.rows, &rows)).collect();
        self.windows.push_back(Window { start: total - WINDOW as u64, rows, back });
    }

    pub(crate) fn len(&self) -> usize {
        self.windows.len()
    }

    /// The position of a window's first action, counted from the agent's first action.
    pub(crate) fn start(&self, window: usize) -> u64 {
        self.windows[window].start
    }

    /// How far two windows are from each other.
    fn distance(&self, one: usize, other: usize) -> f64 {
        let (first, last) = (one.min(other), one.max(other));
        if first == last { 0.0 } else { self.windows[last].back[last - first - 1] }
    }

    /// All distances, row by row.
    pub(crate) fn distances(&self) -> Vec<f64> {
        let count = self.len();
        (0..count * count).map(|at| self.distance(at / count, at % count)).collect()
    }

    /// Whether two windows that share no actions are as alike as those of a pattern. Where none are, windows
    /// need not be grouped.
    pub(crate) fn has_repetition(&self) -> bool {
        self.windows.iter().enumerate().any(|(at, window)| {
            // Windows that were dropped are no longer compared with.
            let distances = window.back.iter().take(at).skip(TRIVIAL - 1);
            distances.copied().any(|distance| consistency_at(distance) >= CONSISTENT_FROM)
        })
    }

    /// How alike the windows are that share no actions: 1 where they are equal, nearer to 0 the greater the
    /// distance an action is; `None` where all of them share actions.
    pub(crate) fn consistency(&self, members: &[usize]) -> Option<f64> {
        let (mut sum, mut pairs) = (0.0, 0_u32);
        for (at, one) in members.iter().enumerate() {
            for other in members.iter().skip(at + 1).filter(|other| other.abs_diff(*one) >= TRIVIAL) {
                sum += self.distance(*one, *other);
                pairs += 1;
            }
        }
        (pairs > 0).then(|| consistency_at(sum / f64::from(pairs)))
    }
}

/// The consistency of windows at this distance.
fn consistency_at(distance: f64) -> f64 {
    1.0 / (1.0 + distance / (WINDOW as f64).sqrt())
}
