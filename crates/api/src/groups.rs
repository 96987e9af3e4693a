//! Groups: the rollouts of one prompt at one step, side by side and over training.

use gauntlet_model::{FailureKind, RunId, Scores};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Limit;
use crate::page::non_empty;

/// Which groups of a step.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupQuery {
    /// `next_cursor` of the part before.
    #[serde(default, deserialize_with = "non_empty", skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Most groups of the part; it ends earlier where their texts are large.
    #[serde(default)]
    pub limit: Limit<100, 1000>,
    /// Most rollouts of a group: where it has more, the best and the worst are answered, half of each.
    #[serde(default)]
    pub rollouts: Limit<200, 2000>,
}

/// The groups of one step, by the part.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct StepGroups {
    /// The step.
    pub step: u64,
    /// How many groups the step has.
    pub total: u64,
    /// Its groups, in the order of their first rollouts.
    pub groups: Vec<Group>,
    /// What to pass as `cursor` to get the next part; null on the last one.
    pub next_cursor: Option<String>,
}

/// The rollouts of one prompt at one step: those with the same `group` in their metadata, else with the same
/// observation.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// What the agent saw.
    pub prompt: String,
    /// Mean of the rewards (the root scores).
    pub mean: Option<f64>,
    /// Their standard deviation, of the group as the population.
    pub std: Option<f64>,
    /// Whether two or more rewards are all the same, so that nothing is learnt from the group.
    pub is_tied: bool,
    /// How many rollouts it has.
    pub total: u64,
    /// How many of them fail.
    pub failing: u64,
    /// Its rollouts, the highest reward first. Where it has more than were asked for, or their texts are
    /// large, some between the best and the worst are left out.
    pub rollouts: Vec<GroupRollout>,
}

/// One rollout of a group.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct GroupRollout {
    /// Sequence number of its snapshot.
    pub seq: u64,
    /// Its episode, if any.
    pub episode: Option<String>,
    /// Its reward: the root score.
    pub root: Option<f64>,
    /// Its most severe failure.
    pub failure: Option<FailureKind>,
    /// How much better than the group it did: as the trainer logged it, else (reward - mean) / standard
    /// deviation; null where the rewards are all the same.
    pub advantage: Option<f64>,
    /// Whether the advantage was computed here.
    pub is_derived: bool,
    /// The scores of its snapshot.
    pub scores: Scores,
    /// What the agent did.
    pub action: String,
}

/// The groups of a run over its steps, in columns of equal length. Only groups of two or more rollouts with a
/// reward count, and only steps that have one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct GroupHistory {
    /// The steps, rising.
    pub step: Vec<u64>,
    /// How many groups each has.
    pub groups: Vec<u64>,
    /// Of these, groups whose rewards are all the same: no gradient.
    pub tied: Vec<u64>,
    /// Of these, groups with at least one rollout that does not fail.
    pub solved: Vec<u64>,
    /// The mean difference of the highest and the lowest reward in a group.
    pub spread: Vec<f64>,
}

/// Which two runs to compare task by task.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskQuery {
    /// The one.
    pub a: String,
    /// The other.
    pub b: String,
    /// Most tasks described in each of the two lists.
    #[serde(default)]
    pub limit: Limit<100, 1000>,
}

/// Two runs by the tasks that both attempt: those with the same `task_id` in the metadata of their snapshots,
/// the same task of their episodes, or the same observation. Each is judged by the last step that attempts
/// it, and solved where at least half of its rollouts do not fail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskComparison {
    /// The one run.
    pub a: RunId,
    /// The other run.
    pub b: RunId,
    /// Tasks that both attempt.
    pub shared: u64,
    /// Of these, solved by both.
    pub solved_by_both: u64,
    /// Failed by both.
    pub failed_by_both: u64,
    /// Solved by `a` and failed by `b`.
    pub solved_by_a_alone: u64,
    /// Solved by `b` and failed by `a`.
    pub solved_by_b_alone: u64,
    /// The tasks that `a` alone solves, in the order `a` attempted them.
    pub only_a: Vec<TaskDifference>,
    /// The tasks that `b` alone solves.
    pub only_b: Vec<TaskDifference>,
}

/// A task that one of two runs solves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskDifference {
    /// Its id and the beginning of what the agent saw.
    pub prompt: String,
    /// What the one run made of it.
    pub a: TaskResult,
    /// What the other run made of it.
    pub b: TaskResult,
}

/// What a run made of a task at the last step that attempts it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct TaskResult {
    /// The step.
    pub step: u64,
    /// The episode of the first rollout, if any.
    pub episode: Option<String>,
    /// Rollouts of the step.
    pub rollouts: u64,
    /// Rollouts that do not fail.
    pub passed: u64,
    /// Mean root score, if any.
    pub mean: Option<f64>,
}

/// The steps over which rubrics are correlated.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrelationQuery {
    /// First step; 0 without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Last step; the end of the run without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
}

/// Which rubrics of a run rise and fall together over a range of steps.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Correlations {
    /// How many rollouts the range has.
    pub nodes: u64,
    /// How many of them were read, evenly distributed over the range; at most 4,096.
    pub read: u64,
    /// The rubrics, in the order of the tree: the first 24 that have a score in the range.
    pub paths: Vec<String>,
    /// How many more rubrics have one.
    pub left_out: u64,
    /// For each rubric the share of its scores that are its most common one, above 0 and up to 1: near 1, the
    /// rubric is saturated and teaches nothing.
    pub most_common: Vec<f64>,
    /// A row for each rubric, with its coefficient to each rubric: Spearman's, of the rollouts that have both
    /// scores, from -1 (one falls as the other rises) to 1. `null` with fewer than three such rollouts, or
    /// where one of the two never changes.
    pub coefficients: Vec<Vec<Option<f64>>>,
}
