//! The warm-up of a run whose first step is not there yet: the model agent flies in, and the evaluator
//! circles it. A function of time alone.

use std::f32::consts::TAU;

use crate::color::{EVALUATOR, MODEL, Rgb};

/// When the model agent has arrived and the evaluator begins to pulse, seconds.
const ARRIVAL_SECS: f32 = 2.0;
/// How long the lights take to make room for the path, seconds.
const LEAVING_SECS: f32 = 1.5;
/// Where the model agent comes from, world units along the path.
const START_X: f32 = -40.0;
/// Radius of the evaluator's orbit, world units, and its speed, radians a second.
const ORBIT: (f32, f32) = (3.0, 3.0);
/// Lights of the evaluator's trail, and the time between two of them, seconds.
const TRAIL: (u8, f32) = (7, 0.05);

/// A round light that no distance dims.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Light {
    /// Its centre.
    pub at: [f32; 3],
    /// Its radius, world units.
    pub radius: f32,
    /// Its colour.
    pub color: Rgb,
    /// How strongly it glows, 0 to 1.
    pub glow: f32,
}

/// How far a warm-up has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WarmUp {
    /// Seconds since it began.
    pub secs: f32,
    /// Seconds since the first step came; `None` before that.
    pub leaving_secs: Option<f32>,
}

impl WarmUp {
    /// The share of the light that belongs to the path: 0 before the first step, 1 once the warm-up is over.
    pub fn share_of_path(self) -> f32 {
        let share = self.leaving_secs.unwrap_or(0.0) / LEAVING_SECS;
        if share.is_nan() { 1.0 } else { share.clamp(0.0, 1.0) }
    }
}

/// The lights of a warm-up: the model agent, the evaluator, its trail.
pub(crate) fn lights(warm_up: WarmUp) -> Vec<Light> {
    let strength = 1.0 - warm_up.share_of_path();
    if !warm_up.secs.is_finite() || strength == 0.0 {
        return Vec::new();
    }
    let secs = warm_up.secs.max(0.0);
    let center = |secs: f32| {
        let left = 1.0 - (secs / ARRIVAL_SECS).clamp(0.0, 1.0);
        [START_X * left.powi(3), 0.5 * turned(2.0 * secs).0, 0.0]
    };
    let evaluator = |secs: f32| {
        let [x, y, z] = center(secs);
        let (sin, cos) = turned(ORBIT.1 * secs);
        [x + ORBIT.0 * cos, y, z + ORBIT.0 * sin]
    };
    let pulse = if secs < ARRIVAL_SECS { 0.6 } else { 0.7 + 0.3 * turned((secs - ARRIVAL_SECS) * TAU).0 };
    let model = Light { at: center(secs), radius: 0.4, color: MODEL, glow: strength };
    let trail = (0..=TRAIL.0).map(|i| {
        let left = 1.0 - f32::from(i) / f32::from(TRAIL.0 + 1);
        let at = evaluator((secs - f32::from(i) * TRAIL.1).max(0.0));
        Light { at, radius: 0.3 * left, color: EVALUATOR, glow: strength * pulse * left * left }
    });
    std::iter::once(model).chain(trail).collect()
}

/// Sine and cosine, from those of `f64`: the rest of the scene has them, so that the browser loads no second
/// pair.
fn turned(radians: f32) -> (f32, f32) {
    let (sin, cos) = f64::from(radians).sin_cos();
    (sin as f32, cos as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: f32, leaving_secs: Option<f32>) -> Vec<Light> {
        lights(WarmUp { secs, leaving_secs })
    }

    #[test]
    fn the_agent_arrives_and_the_evaluator_circles_it() {
        assert_eq!(at(0.0, None)[0].at, [START_X, 0.0, 0.0]);
        for tenth in 20..70 {
            let lights = at(tenth as f32 / 10.0, None);
            let (model, evaluator) = (lights[0].at, lights[1].at);
            let away = [0, 1, 2].map(|i| evaluator[i] - model[i]);
            assert!(model[0] == 0.0 && model[1].abs() <= 0.5);
            assert!((away[0].hypot(away[2]) - ORBIT.0).abs() < 1e-4 && away[1] == 0.0);
            assert!(lights.iter().all(|light| (0.0..=1.0).contains(&light.glow)));
        }
    }

    #[test]
    fn it_makes_room_for_the_path_and_ends() {
        let share = |leaving_secs| WarmUp { secs: 9.0, leaving_secs }.share_of_path();
        assert_eq!([None, Some(0.0), Some(0.75), Some(9.0)].map(share), [0.0, 0.0, 0.5, 1.0]);
        assert!(at(9.0, Some(1.4))[0].glow < 0.1);
        assert!(at(9.0, Some(LEAVING_SECS)).is_empty() && at(f32::NAN, None).is_empty());
    }
}
