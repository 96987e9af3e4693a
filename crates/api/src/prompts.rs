//! What became of the prompts of a run over training.

/// The prompts of a run that are attempted at two or more steps.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptHistories {
    /// How many prompts had each outcome.
    pub counts: [(PromptOutcome, u64); 4],
    /// Some of them, those that were forgotten first.
    pub prompts: Vec<PromptHistory>,
}

/// What became of a prompt. It is solved at a step where at least half of its rollouts do not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PromptOutcome {
    /// Solved before, but not at the last step that attempts it.
    Forgotten,
    /// Solved at no step.
    NeverSolved,
    /// Not solved at its first step, solved at its last one.
    Learnt,
    /// Solved at its first and at its last step.
    Known,
}

impl PromptOutcome {
    /// Every outcome, what needs a look first.
    pub const ALL: [Self; 4] = [Self::Forgotten, Self::NeverSolved, Self::Learnt, Self::Known];
}

/// One prompt over training.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptHistory {
    /// Its id and the beginning of what the agent saw.
    pub prompt: String,
    /// What became of it.
    pub outcome: PromptOutcome,
    /// The steps that attempt it, rising.
    pub attempts: Vec<PromptAttempt>,
}

/// The rollouts of a prompt at one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromptAttempt {
    /// The step.
    pub step: u64,
    /// How many there are.
    pub rollouts: u64,
    /// How many of them do not fail.
    pub passed: u64,
}
