//! Rubrics that score an episode once it is over, and spread the score over its steps.

use parking_lot::{Mutex, MutexGuard};

use crate::node::Call;
use crate::parameter::Parameter;
use crate::{Rubric, RubricError};

/// What a trajectory rubric needs to know of its episodes.
pub trait Outcome<A, O>: Send + Sync {
    /// Whether this observation ends the episode.
    fn is_done(&self, observation: &O) -> bool;
    /// The score of a complete episode; called with at least one step.
    fn score(&self, trajectory: &[(A, O)]) -> f64;
}

/// Collects (action, observation); returns the intermediate reward until the episode is done, then its score.
/// Reset clears it. One instance follows one episode at a time. Steps are kept in memory until the reset.
pub struct Trajectory<A, O, T> {
    outcome: T,
    steps: Mutex<Vec<(A, O)>>,
    intermediate_reward: Parameter,
}

impl<A: Clone + Send, O: Clone + Send, T: Outcome<A, O>> Trajectory<A, O, T> {
    /// A trajectory rubric with the reward of steps that do not end the episode (usually 0).
    pub fn new(outcome: T, intermediate_reward: f64) -> Self {
        let intermediate_reward = Parameter::number("intermediate_reward", intermediate_reward);
        Self { outcome, steps: Mutex::default(), intermediate_reward }
    }

    /// A copy of the steps collected so far.
    pub fn steps(&self) -> Vec<(A, O)> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(A, O)>> {
        self.steps.lock()
    }

    fn advance(&self, action: &A, observation: &O) -> f64 {
        let mut steps = self.lock();
        steps.push((action.clone(), observation.clone()));
        if self.outcome.is_done(observation) {
            self.outcome.score(&steps)
        } else {
            self.intermediate_reward.get()
        }
    }
}

impl<A: Clone + Send, O: Clone + Send, T: Outcome<A, O>> Rubric<A, O> for Trajectory<A, O, T> {
    fn forward(&self, call: &Call<'_, A, O>) -> Result<f64, RubricError> {
        Ok(self.advance(call.action(), call.observation()))
    }
    fn parameters(&self) -> Vec<&Parameter> {
        vec![&self.intermediate_reward]
    }
    fn reset(&self) {
        self.lock().clear();
    }
}

/// A trajectory rubric whose steps share the final score R by exponential discounting:
/// `r_t = gamma^(T-1-t) * R` for t from 0 to T-1. With gamma 1 every step gets R, with 0 only the last does.
pub struct ExponentialDiscounting<A, O, T> {
    trajectory: Trajectory<A, O, T>,
    gamma: Parameter,
}

impl<A: Clone + Send, O: Clone + Send, T: Outcome<A, O>> ExponentialDiscounting<A, O, T> {
    /// The usual discount.
    pub const GAMMA: f64 = 0.99;

    /// Refuses a gamma outside 0 to 1.
    pub fn new(outcome: T, gamma: f64, intermediate_reward: f64) -> Result<Self, RubricError> {
        if !(0.0..=1.0).contains(&gamma) {
            return Err(RubricError::Range { name: "gamma", value: gamma, expected: "from 0 to 1" });
        }
        let trajectory = Trajectory::new(outcome, intermediate_reward);
        Ok(Self { trajectory, gamma: Parameter::within("gamma", gamma, 0.0..=1.0) })
    }

    /// One reward a collected step, the first step's first; empty before the first step.
    pub fn step_rewards(&self) -> Vec<f64> {
        let steps = self.trajectory.lock();
        if steps.is_empty() {
            return Vec::new();
        }
        let (last, gamma) = (self.trajectory.outcome.score(&steps), self.gamma.get());
        (0..steps.len()).rev().map(|steps_to_go| last * gamma.powf(steps_to_go as f64)).collect()
    }
}

impl<A: Clone + Send, O: Clone + Send, T: Outcome<A, O>> Rubric<A, O> for ExponentialDiscounting<A, O, T> {
    fn forward(&self, call: &Call<'_, A, O>) -> Result<f64, RubricError> {
        Ok(self.trajectory.advance(call.action(), call.observation()))
    }
    fn parameters(&self) -> Vec<&Parameter> {
        vec![&self.trajectory.intermediate_reward, &self.gamma]
    }
    fn reset(&self) {
        self.trajectory.lock().clear();
    }
}
