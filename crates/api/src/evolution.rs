//! One task before and after training: two runs step by step.

use gauntlet_model::RunId;

/// In which order steps are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EvolutionOrder {
    /// By step.
    #[default]
    Step,
    /// The greatest loss first.
    Lost,
    /// The greatest gain first.
    Gained,
}

/// What the steps that two runs have in common gained from the first run to the second.
#[derive(Debug, Clone, PartialEq)]
pub struct Evolution {
    /// The run before training, and the one after it.
    pub runs: [RunId; 2],
    /// How many steps both have; rollouts of one step count one by one.
    pub shared: u64,
    /// How many of them gained, and how many lost.
    pub gained: u64,
    /// How many of them lost.
    pub lost: u64,
    /// The mean gain of the root score, over the steps at which both have one.
    pub mean: Option<f64>,
    /// A part of the steps, in the order that was asked for.
    pub steps: Vec<EvolutionStep>,
}

/// A step of both runs.
#[derive(Debug, Clone, PartialEq)]
pub struct EvolutionStep {
    /// The step.
    pub step: u64,
    /// It in the run before training, and in the one after it.
    pub sides: [EvolutionSide; 2],
}

impl EvolutionStep {
    /// What the root score gained, where both have one.
    pub fn gain(&self) -> Option<f64> {
        let [before, after] = &self.sides;
        Some(after.root? - before.root?)
    }
}

/// A step in one run.
#[derive(Debug, Clone, PartialEq)]
pub struct EvolutionSide {
    /// The sequence number of its snapshot.
    pub seq: u64,
    /// Its episode, if it has one.
    pub episode: Option<String>,
    /// Its root score.
    pub root: Option<f64>,
    /// Whether it fails by the rule in force.
    pub is_failing: bool,
}
