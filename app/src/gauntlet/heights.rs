//! The heights of the path and the curve: the scale that fits the scores of the chosen rubric.

use gauntlet_film::{Film, PathId};
use gauntlet_scene::HeightScale;
use leptos::prelude::*;

use super::session::{Session, root_path};

/// Time between two checks whether the scale still fits, milliseconds.
const PACE_MS: f64 = 250.0;
/// Duration of a change of the scale, seconds.
const CHANGE_SECS: f64 = 0.4;

/// What the scale was last fitted to, and when.
#[derive(Debug, Default)]
pub(super) struct Fitted {
    /// The revisions of the film and of the other run's film, then what the scale depends on besides.
    of: Option<([u64; 2], Option<PathId>, bool)>,
    at_ms: f64,
}

/// The range of a rubric's scores in a film and in that of another run beside it, as both are drawn on one
/// scale.
fn range(film: &Film, other: &Film, path: PathId) -> Option<(f64, f64)> {
    let same = film.path_of(path).and_then(|path| other.find_path(&path.path));
    let ranges = [film.robust_range(path), same.and_then(|path| other.robust_range(path))];
    ranges.into_iter().flatten().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

/// Fits the scale to the films and the chosen rubric, at most four times a second.
pub(super) fn fit(session: Session, revision: u64, ms: f64, fitted: &mut Fitted) {
    let view = session.view;
    let is_fixed = view.has_fixed_heights.get_untracked();
    let path = view.rubric.get_untracked().or_else(|| session.film(root_path));
    let of = ([revision, session.beside.pairings.get_untracked()], path, is_fixed);
    let is_other_view = fitted.of.is_none_or(|known| (known.1, known.2) != (path, is_fixed));
    if fitted.of == Some(of) || (!is_other_view && ms - fitted.at_ms < PACE_MS) {
        return;
    }
    *fitted = Fitted { of: Some(of), at_ms: ms };
    let shown = view.heights.get_untracked();
    let range = path.and_then(|path| {
        session.film(|film| session.beside.other.with_value(|other| range(film, &other.film, path)))
    });
    let heights = match (is_fixed, range) {
        (true, _) => HeightScale::default(),
        (false, None) => shown,
        (false, Some(range)) if is_other_view => HeightScale::fitting(range),
        (false, Some(range)) => shown.following(range),
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
    /// Whether it has been fitted to scores.
    is_fitted: bool,
}

impl HeightEase {
    /// Goes on by `secs` seconds towards a scale; at once where it `jumps`. The first scale that fits is no
    /// change of what was seen, so it is there at once, too.
    pub(super) fn advance(&mut self, to: HeightScale, secs: f64, jumps: bool) {
        let is_first = to != self.to && !self.is_fitted;
        if to != self.to {
            (self.from, self.to, self.done) = (self.shown(), to, 0.0);
            self.is_fitted = true;
        } else {
            self.done += secs;
        }
        if jumps || is_first {
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
    use gauntlet_model::Scores;

    use super::*;
    use crate::gauntlet::test_film::film_of;

    fn film(path: &str, scores: &[f64]) -> Film {
        let scores = scores.iter().map(|score| Scores::new([(path, *score)]).unwrap());
        film_of((0..).zip(scores).map(|(step, scores)| (step, None, scores)))
    }

    #[test]
    fn both_runs_of_a_scene_fit_its_scale() {
        let (mine, other) = (film("root", &[0.0, 1.0]), film("root", &[-3.0, 0.5]));
        let root = mine.find_path("root").unwrap();
        assert_eq!(range(&mine, &Film::new(), root), Some((0.0, 1.0)));
        assert_eq!(range(&mine, &other, root), Some((-3.0, 1.0)));
        assert_eq!(range(&mine, &film("style", &[-9.0]), root), Some((0.0, 1.0)), "the same rubric only");
    }

    #[test]
    fn a_change_of_scale_takes_its_time_whatever_the_frames() {
        let first = HeightScale { low: -50.0, high: 80.0 };
        let unit = HeightScale { low: 0.0, high: 1.0 };
        let opened = || {
            let mut ease = HeightEase::default();
            ease.advance(HeightScale::default(), 0.016, false);
            ease.advance(first, 0.016, false);
            assert_eq!(ease.shown(), first, "the first that fits is no change");
            ease.advance(unit, 0.016, false);
            ease
        };
        let mut once = opened();
        assert_eq!(once.shown(), first, "it begins where it was");
        once.advance(unit, 0.2, false);
        let mut often = opened();
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
