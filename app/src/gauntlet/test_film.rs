//! Films for tests.

use gauntlet_film::{Fact, FactBody, Film};
use gauntlet_model::{EpisodeId, Scores, Timestamp};

/// The fact of one scored node.
pub(super) fn scored(seq: u64, step: u64, episode: Option<EpisodeId>, scores: Scores) -> Fact {
    let body = FactBody::Scored {
        scores,
        not_evaluated: Vec::new(),
        failures: Vec::new(),
        duration_ms: None,
        is_paused: false,
        challenge: None,
    };
    Fact { seq, at: Timestamp::from_micros(0), episode, step: Some(step), body }
}

/// The film of these scored nodes, in that order.
pub(super) fn film_of(nodes: impl IntoIterator<Item = (u64, Option<EpisodeId>, Scores)>) -> Film {
    let mut film = Film::new();
    for (seq, (step, episode, scores)) in (0..).zip(nodes) {
        film.apply(&scored(seq, step, episode, scores));
    }
    film
}
