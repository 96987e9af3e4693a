//! What an index knows of an archived experiment: enough to find it and to list it.

use std::collections::BTreeMap;

use gauntlet_model::{RunId, Status, Timestamp};
use serde::{Deserialize, Serialize};

use crate::analysis::{analyze, evaluate};
use crate::experiment::{Experiment, HypothesisSupport};

/// An archived experiment without its trials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArchivedEntry {
    /// Its id.
    pub id: RunId,
    /// When its first event happened.
    pub created_at: Timestamp,
    /// How it ended.
    pub status: Status,
    /// The verdict about its hypothesis.
    pub hypothesis_support: HypothesisSupport,
    /// The id of its hypothesis; empty where it has none.
    pub hypothesis_id: String,
    /// The question; empty where it has no hypothesis.
    pub research_question: String,
    /// What was predicted.
    pub prediction: String,
    /// Its programs.
    pub program_names: Vec<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// The number of its trials.
    pub trials: u64,
    /// The mean of each metric, by metric and program.
    pub metrics: BTreeMap<String, BTreeMap<String, f64>>,
}

impl ArchivedEntry {
    /// The entry of an experiment.
    pub fn of(experiment: &Experiment) -> Self {
        let mut metrics: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
        for result in evaluate(experiment) {
            for (name, metric) in result.summary_statistics {
                metrics.entry(name).or_default().insert(result.program.clone(), metric.summary.mean);
            }
        }
        let hypothesis = experiment.hypothesis.as_ref();
        // One that never had a design ended before there was anything to decide.
        let support = analyze(experiment).map_or(HypothesisSupport::Inconclusive, |a| a.hypothesis_support);
        Self {
            id: experiment.id.clone(),
            created_at: experiment.created_at.unwrap_or_default(),
            status: experiment.status,
            hypothesis_support: support,
            hypothesis_id: hypothesis.map(|h| h.hypothesis_id.clone()).unwrap_or_default(),
            research_question: hypothesis.map(|h| h.research_question.clone()).unwrap_or_default(),
            prediction: hypothesis.map(|h| h.prediction.clone()).unwrap_or_default(),
            program_names: experiment.program_names().map(str::to_owned).collect(),
            tags: experiment.tags.clone(),
            trials: experiment.trials.len() as u64,
            metrics,
        }
    }
}
