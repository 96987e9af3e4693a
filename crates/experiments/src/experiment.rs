//! The experiment as its log has it: hypothesis, design, and the trials that are finished.

use gauntlet_model::{
    EpisodeId, EvaluationJob, ExperimentRegistered, ExperimentStarted, ExperimentalDesign, RunId, Status,
    Timestamp, TrialFinished,
};
use serde::{Deserialize, Serialize};

/// What an experiment says about its hypothesis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HypothesisSupport {
    /// The predicted difference was found.
    Confirmed,
    /// The opposite was found, or every effect of interest is excluded.
    Rejected,
    /// Neither.
    Inconclusive,
}

impl HypothesisSupport {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            HypothesisSupport::Confirmed => "confirmed",
            HypothesisSupport::Rejected => "rejected",
            HypothesisSupport::Inconclusive => "inconclusive",
        }
    }
}

/// How far a hypothesis is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HypothesisStatus {
    /// It is stated, and no trial was executed.
    Proposed,
    /// Trials are executed, or they decide nothing.
    Active,
    /// The experiment confirmed it.
    Validated,
    /// The experiment rejected it.
    Rejected,
}

/// A time at which trials began to be executed: the first one, or after an interruption.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExecutionStart {
    /// When.
    pub at: Timestamp,
    /// With which code, in which environment.
    #[serde(flatten)]
    pub setup: ExperimentStarted,
}

/// A finished trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The episode that holds its steps, by which its trace is found.
    pub trace: Option<EpisodeId>,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: TrialFinished,
}

impl Trial {
    /// The value of a metric; of `score`, `latency_ms`, `tokens` and `cost`, the trial's own where no metric
    /// has that name. `None` where it was not measured, which is not 0.
    pub fn value(&self, metric: &str) -> Option<f64> {
        let outcome = &self.outcome;
        outcome.metrics.get(metric).or_else(|| match metric {
            "score" => outcome.score.map(|score| score.get()),
            "latency_ms" => outcome.latency_ms,
            "tokens" => outcome.cost.map(|cost| cost.tokens as f64),
            "cost" => outcome.cost.map(|cost| cost.financial),
            _ => None,
        })
    }
}

/// An experiment, as far as its log goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    /// The run whose log it is.
    pub id: RunId,
    /// Pending until it starts, then running, and a final status at the end.
    pub status: Status,
    /// Why it ended so.
    pub reason: Option<String>,
    /// The hypothesis.
    pub hypothesis: Option<ExperimentRegistered>,
    /// The design.
    pub design: Option<ExperimentalDesign>,
    /// One job a program.
    pub jobs: Vec<EvaluationJob>,
    /// Tags.
    pub tags: Vec<String>,
    /// Each start; the second one and later ones resume.
    pub starts: Vec<ExecutionStart>,
    /// What people conclude.
    pub research_insights: Vec<String>,
    /// When its first event happened.
    pub created_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The finished trials, in the order in which they ended up in the log.
    pub trials: Vec<Trial>,
    /// Events that contradict what is before them in the log, and do not count.
    pub contradictions: Vec<String>,
}

impl Experiment {
    /// An experiment of which nothing is known.
    pub fn new(id: RunId) -> Self {
        Self {
            id,
            status: Status::Pending,
            reason: None,
            hypothesis: None,
            design: None,
            jobs: Vec::new(),
            tags: Vec::new(),
            starts: Vec::new(),
            research_insights: Vec::new(),
            created_at: None,
            ended_at: None,
            trials: Vec::new(),
            contradictions: Vec::new(),
        }
    }

    /// The programs that are evaluated, in the order of the jobs.
    pub fn program_names(&self) -> impl Iterator<Item = &str> {
        self.jobs.iter().map(|job| job.program.as_str())
    }

    /// The finished trials of a program, in the order of their index.
    pub fn trials_of(&self, program: &str) -> Vec<&Trial> {
        let mut trials: Vec<&Trial> =
            self.trials.iter().filter(|trial| trial.outcome.program == program).collect();
        trials.sort_by_key(|trial| trial.outcome.index);
        trials
    }

    /// The number of trials that the design asks for.
    pub fn planned_trials(&self) -> u64 {
        let each = self.design.as_ref().map_or(0, |design| design.sample_size);
        each.saturating_mul(self.jobs.len() as u64)
    }

    /// How far the hypothesis is, with what the analysis says about it.
    pub fn hypothesis_status(&self, support: HypothesisSupport) -> HypothesisStatus {
        match (self.status, support) {
            (Status::Pending, _) => HypothesisStatus::Proposed,
            (Status::Completed, HypothesisSupport::Confirmed) => HypothesisStatus::Validated,
            (Status::Completed, HypothesisSupport::Rejected) => HypothesisStatus::Rejected,
            _ => HypothesisStatus::Active,
        }
    }
}
