//! Films for tests.

use gauntlet_film::{Fact, Film, What};
use gauntlet_model::{EpisodeId, Scores, Timestamp};

/// The film of these scored nodes, in that order.
pub(super) fn film_of(nodes: impl IntoIterator<Item = (u64, Option<EpisodeId>, Scores)>) -> Film {
    let mut film = Film::new();
    for (seq, (step, episode, scores)) in (0..).zip(nodes) {
        let what = What::Scored {
            scores,
            not_evaluated: Vec::new(),
            failures: Vec::new(),
            duration_ms: None,
            is_paused: false,
            challenge: None,
        };
        let at = Timestamp::from_micros(0);
        film.apply(&Fact { seq, at, episode, step: Some(step), what });
    }
    film
}
