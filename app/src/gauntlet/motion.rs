//! The motion of the agent as pure functions of time, independent of the frame rate.

/// Nodes a second at speed 1.
pub(super) const NODES_PER_SEC: f64 = 4.0;
/// The speeds to choose from.
pub(super) const SPEEDS: [f64; 12] = [0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 256.0, 1024.0, 4096.0];
/// Time constant of easing, seconds: the drawn agent covers 63 % of the distance to its position in this
/// time.
const EASE_SECS: f64 = 0.11;
/// At this distance the agent has arrived, nodes.
const ARRIVAL_DISTANCE: f64 = 0.004;
/// A longer way starts at this distance instead, nodes: a flight over thousands of nodes cannot be followed.
const FARTHEST_FLIGHT: f64 = 160.0;

/// The position and mode of the agent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Motion {
    /// Node index, with a fraction between two nodes.
    pub(super) position: f64,
    /// Whether it moves by itself.
    pub(super) playing: bool,
    /// Whether it stays at the newest node.
    pub(super) following: bool,
}

/// The motion `secs` later, at `speed` times [`NODES_PER_SEC`], in a film whose last node is `last`. Playing
/// that reaches the end goes on following: live is a replay that has reached the end.
pub(super) fn advance(motion: Motion, speed: f64, last: Option<usize>, secs: f64) -> Motion {
    let Some(last) = last else { return motion };
    let last = last as f64;
    if motion.following {
        return Motion { position: last, ..motion };
    }
    if !motion.playing {
        return Motion { position: motion.position.clamp(0.0, last), ..motion };
    }
    let position = motion.position + secs.max(0.0) * speed * NODES_PER_SEC;
    if position >= last {
        return Motion { position: last, playing: false, following: true };
    }
    Motion { position, ..motion }
}

/// The motion inside a range of nodes that is repeated: playing that has passed its end, or is outside of
/// it, goes on at its beginning.
pub(super) fn repeated(motion: Motion, range: (usize, usize)) -> Motion {
    let (first, last) = (range.0 as f64, range.1 as f64);
    // Half a node past the last one, so that a range of one node lasts as long as a node.
    let is_inside = (first..last + 0.5).contains(&motion.position);
    if motion.playing && !is_inside { Motion { position: first, ..motion } } else { motion }
}

/// The drawn position `secs` seconds after the drawn position `shown`, on the way to `position`.
pub(super) fn ease(shown: f64, position: f64, secs: f64, reduced_motion: bool) -> f64 {
    let way = position - shown;
    if reduced_motion || way.abs() < ARRIVAL_DISTANCE {
        return position;
    }
    let way = way.clamp(-FARTHEST_FLIGHT, FARTHEST_FLIGHT);
    position - way * (-secs.max(0.0) / EASE_SECS).exp()
}

/// The next speed up (`by` = 1) or down (-1) from `speed`.
pub(super) fn next_speed(speed: f64, by: isize) -> f64 {
    let at = SPEEDS.iter().position(|s| *s >= speed).unwrap_or(SPEEDS.len() - 1);
    SPEEDS[at.saturating_add_signed(by).min(SPEEDS.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const STILL: Motion = Motion { position: 3.0, playing: false, following: false };

    #[test]
    fn frames_do_not_matter() {
        let playing = Motion { playing: true, ..STILL };
        let once = advance(playing, 2.0, Some(100), 1.0);
        let often = (0..100).fold(playing, |m, _| advance(m, 2.0, Some(100), 0.01));
        assert!((once.position - often.position).abs() < 1e-9);
        let once = ease(0.0, 50.0, 0.2, false);
        let often = (0..20).fold(0.0, |s, _| ease(s, 50.0, 0.01, false));
        assert!((once - often).abs() < 1e-9);
    }

    #[test]
    fn the_end_is_live() {
        let playing = Motion { playing: true, ..STILL };
        let ended = advance(playing, 1.0, Some(5), 10.0);
        assert_eq!(ended, Motion { position: 5.0, playing: false, following: true });
        assert_eq!(advance(ended, 1.0, Some(9), 0.016).position, 9.0);
    }

    #[test]
    fn a_film_without_nodes_moves_nothing() {
        assert_eq!(advance(STILL, 1.0, None, 1.0), STILL);
        assert_eq!(advance(STILL, 1.0, Some(1), 1.0).position, 1.0);
    }

    #[test]
    fn a_range_is_repeated_while_it_plays() {
        let at = |position: f64| Motion { position, playing: true, following: false };
        assert_eq!(repeated(at(5.2), (3, 5)).position, 5.2);
        assert_eq!(repeated(at(5.6), (3, 5)).position, 3.0);
        assert_eq!(repeated(at(1.0), (3, 5)).position, 3.0);
        assert_eq!(repeated(STILL, (7, 9)), STILL, "a person may look outside of it");
    }

    #[test]
    fn no_motion_where_none_is_wanted() {
        assert_eq!(ease(0.0, 9.0, 0.001, true), 9.0);
    }

    #[test]
    fn speeds_stop_at_their_ends() {
        assert_eq!((next_speed(1.0, 1), next_speed(1.0, -1)), (2.0, 0.5));
        assert_eq!((next_speed(16.0, 1), next_speed(4096.0, 1), next_speed(0.1, -1)), (64.0, 4096.0, 0.1));
    }
}
