//! The heights of the path and the curve: the scale that fits the scores of the chosen rubric.

use gauntlet_film::PathId;
use gauntlet_scene::HeightScale;
use leptos::prelude::*;

use super::session::{Session, root_path};

/// Time between two looks at whether the scale still fits, milliseconds.
const PACE_MS: f64 = 250.0;
/// Duration of a change of the scale, seconds.
const CHANGE_SECS: f64 = 0.4;

/// What the scale was last fitted to, and when.
#[derive(Debug, Default)]
pub(super) struct Fitted {
    of: Option<(u64, Option<PathId>, bool)>,
    at_ms: f64,
}

/// Fits the scale to the film and the chosen rubric, at most four times a second.
pub(super) fn fit(session: Session, revision: u64, ms: f64, fitted: &mut Fitted) {
    let view = session.view;
    let is_fixed = view.has_fixed_heights.get_untracked();
    let path = view.rubric.get_untracked().or_else(|| session.film(root_path));
    let of = (revision, path, is_fixed);
    let is_other_view = fitted.of.is_none_or(|known| (known.1, known.2) != (path, is_fixed));
    if fitted.of == Some(of) || (!is_other_view && ms - fitted.at_ms < PACE_MS) {
        return;
    }
    *fitted = Fitted { of: Some(of), at_ms: ms };
    let shown = view.heights.get_untracked();
    let heights = match is_fixed {
        true => HeightScale::default(),
        false if is_other_view => {
            let range = path.and_then(|path| session.film(|film| film.robust_range(path)));
            range.map_or(shown, HeightScale::fitting)
        }
        false => session.film(|film| shown.following(film, path)),
    };
    if heights != shown {
        view.heights.set(heights);
    }
}

/// Eases the drawn scale towards the fitting one; a function of time, not of frames.
#[derive(Debug, Default)]
pub(super) struct HeightEase {
    from: HeightScale,
    to: HeightScale,
    /// Seconds since the change.
    done: f64,
}

impl HeightEase {
    /// Goes on by `secs` seconds towards a scale; at once where it `jumps`.
    pub(super) fn advance(&mut self, to: HeightScale, secs: f64, jumps: bool) {
        if to != self.to {
            (self.from, self.to, self.done) = (self.shown(), to, 0.0);
        } else {
            self.done += secs;
        }
        if jumps {
            self.done = CHANGE_SECS;
        }
    }

    /// The scale to draw with.
    pub(super) fn shown(&self) -> HeightScale {
        let left = 1.0 - (self.done / CHANGE_SECS).clamp(0.0, 1.0);
        if left > 0.0 { self.from.toward(self.to, 1.0 - left.powi(3)) } else { self.to }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_scale_takes_its_time_whatever_the_frames() {
        let unit = HeightScale { low: 0.0, high: 1.0 };
        let mut once = HeightEase::default();
        once.advance(unit, 0.016, false);
        assert_eq!(once.shown(), HeightScale::default(), "it begins where it was");
        once.advance(unit, 0.2, false);
        let mut often = HeightEase::default();
        often.advance(unit, 0.016, false);
        (0..20).for_each(|_| often.advance(unit, 0.01, false));
        let (a, b) = (once.shown(), often.shown());
        assert!((a.low - b.low).abs() < 1e-9 && a.low > -50.0 && a.low < 0.0);
        once.advance(unit, 0.2, false);
        assert_eq!(once.shown(), unit);
        let mut still = HeightEase::default();
        still.advance(unit, 0.0, true);
        assert_eq!(still.shown(), unit, "no motion where none is wanted");
    }
}
