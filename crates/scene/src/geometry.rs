//! Positions of nodes. A position depends on the node's index and reward only, so that nothing moves as the
//! run grows.

use std::f64::consts::TAU;

use crate::lens::Geometry;
use crate::vector::{V3, narrow};

/// Distance between consecutive steps along the road and the tube, world units.
pub(crate) const STEP: f64 = 3.0;
/// World units of height or radius for one unit of reward.
const LIFT: f64 = 0.4;
/// Rewards up to this size are drawn in proportion; beyond it they are compressed, never to twice of it.
const PROPORTIONAL: f64 = 60.0;
/// Radius of the wormhole's path at reward 0, and its minimum.
const TUNNEL: (f64, f64) = (8.0, 2.0);
/// Turn of the wormhole's path from one step to the next, radians: two turns in 150 steps.
const TURN: f64 = 2.0 * TAU / 150.0;
/// Radius of the innermost shell at reward 0, distance between shells, and the minimum radius of a node.
const SHELLS: (f64, f64, f64) = (25.0, 14.0, 10.0);
/// As [`LIFT`], on a shell: enough to be seen, and no ordinary reward leaves its shell for the next one.
const SHELL_LIFT: f64 = 0.08;
/// Indexes beyond this are drawn as this one: further on, double precision cannot tell neighbours apart.
const FARTHEST: f64 = (1u64 << 48) as f64;

/// The position of a node by `index` and `reward` (its `root` score, or 0), world units. Always finite: NaN
/// counts as 0. A fractional index is between its neighbours, for the same reward.
pub fn path_point(geometry: Geometry, index: f64, reward: f64) -> [f32; 3] {
    narrow(point(geometry, index, reward))
}

/// The turn of the wormhole's path at an index, radians.
pub(crate) fn wormhole_angle(index: f64) -> f64 {
    (index * TURN) % TAU
}

/// Radius of the wire core inside the shells.
pub(crate) const CORE: f64 = 8.0;
/// Radius of the wire tube around the wormhole's path at ordinary rewards.
pub(crate) const TUBE: f64 = 34.0;

pub(crate) fn point(geometry: Geometry, index: f64, reward: f64) -> V3 {
    let index = if index.is_nan() { 0.0 } else { index.clamp(0.0, FARTHEST) };
    let lift = LIFT * drawn(reward);
    match geometry {
        Geometry::Linear => [STEP * index, lift, 0.0],
        Geometry::Wormhole => {
            let radius = at_least(TUNNEL.0 + lift, TUNNEL.1);
            let (sin, cos) = wormhole_angle(index).sin_cos();
            [radius * cos, radius * sin, STEP * index]
        }
        Geometry::Sphere => sphere(index, SHELL_LIFT * drawn(reward)),
    }
}

/// A Fibonacci spiral from pole to pole on each shell, by turns downwards and upwards, so that a shell begins
/// where the one inside it ends.
fn sphere(index: f64, lift: f64) -> V3 {
    let shell = shell_of(index as u64);
    let nodes = capacity(shell) as f64;
    let slot = index - first_of(shell) as f64;
    let slot = if shell.is_multiple_of(2) { slot } else { nodes - 1.0 - slot };
    let height = (-1.0 + 2.0 * (slot + 0.5) / nodes).clamp(-1.0, 1.0);
    let phi = height.acos();
    let theta = (nodes * std::f64::consts::PI).sqrt() * phi;
    let radius = at_least(SHELLS.0 + SHELLS.1 * shell as f64 + lift, SHELLS.2);
    [radius * theta.cos() * phi.sin(), radius * phi.cos(), radius * theta.sin() * phi.sin()]
}

/// How many nodes a shell holds: 150 on the innermost, more outside, so that neighbours stay about 7 to 10
/// apart.
fn capacity(shell: u64) -> u64 {
    150 + 72 * shell + 9 * shell * shell
}

/// The first index on a shell: the capacities below it, summed.
fn first_of(shell: u64) -> u64 {
    let below = shell.saturating_sub(1);
    150 * shell + 36 * shell * below + 3 * (below * shell * (2 * shell).saturating_sub(1)) / 2
}

fn shell_of(index: u64) -> u64 {
    // The capacities sum to about 3 s³; two steps at most correct the root.
    let mut shell = ((index as f64) / 3.0).cbrt() as u64;
    while shell > 0 && first_of(shell) > index {
        shell -= 1;
    }
    while first_of(shell + 1) <= index {
        shell += 1;
    }
    shell
}

/// A reward as height: finite, monotonic, and linear up to 60.
fn drawn(reward: f64) -> f64 {
    if reward.is_nan() {
        return 0.0;
    }
    let excess = (reward.abs().min(1e12) - PROPORTIONAL).max(0.0);
    let size = reward.abs().min(PROPORTIONAL) + excess / (1.0 + excess / PROPORTIONAL);
    size.copysign(reward)
}

/// `x` where it is at least twice the floor, and smoothly never below the floor.
fn at_least(x: f64, floor: f64) -> f64 {
    if x >= 2.0 * floor { x } else { floor + floor * ((x - 2.0 * floor) / floor).exp() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_rewards_stand_where_the_formulae_say() {
        assert_eq!(path_point(Geometry::Linear, 7.0, -20.0), [21.0, -8.0, 0.0]);
        assert_eq!(path_point(Geometry::Wormhole, 0.0, 30.0), [20.0, 0.0, 0.0]);
        let [x, y, z] = path_point(Geometry::Sphere, 40.0, 10.0);
        assert!(((x * x + y * y + z * z).sqrt() - 25.8).abs() < 1e-4);
    }

    #[test]
    fn shells_follow_one_another_without_gaps() {
        let mut index = 0;
        for shell in 0..200 {
            assert_eq!(first_of(shell), index);
            assert_eq!((shell_of(index), shell_of(index + capacity(shell) - 1)), (shell, shell));
            index += capacity(shell);
        }
    }

    #[test]
    fn rewards_keep_their_order_when_compressed() {
        let rewards =
            [f64::NEG_INFINITY, -1e300, -1e6, -61.0, -60.0, 0.0, 59.0, 60.0, 61.0, 1e6, f64::INFINITY];
        assert!(rewards.windows(2).all(|w| drawn(w[0]) <= drawn(w[1])));
        assert!(rewards.iter().all(|r| drawn(*r).abs() <= 2.0 * PROPORTIONAL));
        assert!(drawn(61.0) > 60.9 && drawn(f64::NAN) == 0.0);
    }
}
