//! Experiments to test with: two programs over a dataset, and what each trial measures.

#![allow(dead_code, reason = "each test file uses some of it")]

use gauntlet_experiments::{DesignRequest, Experiment, Journal, PlannedTrial, PowerRequest, Stamp};
use gauntlet_model::*;

pub(crate) const BASELINE: &str = "rag-1";
pub(crate) const CANDIDATE: &str = "rag-2";

pub(crate) fn stamp(n: u64) -> Stamp {
    Stamp { id: EventId::from_u128(n.into()), at: Timestamp::from_micros(n as i64 * 1_000_000) }
}

pub(crate) fn hypothesis() -> ExperimentRegistered {
    ExperimentRegistered {
        hypothesis_id: "retrieval-helps".to_owned(),
        research_question: "Does retrieval raise the accuracy of short answers?".to_owned(),
        independent_variables: vec!["program".to_owned()],
        dependent_variables: vec!["accuracy".to_owned(), "latency_ms".to_owned()],
        prediction: "rag-2 is more accurate than rag-1.".to_owned(),
        hypothesis_type: HypothesisType::Comparative,
        metadata: Object::new(),
    }
}

pub(crate) fn request(sample_size: u64, pairing: Pairing) -> DesignRequest {
    let statistical_tests = match pairing {
        Pairing::Paired => vec![StatisticalTest::PairedT, StatisticalTest::Wilcoxon],
        Pairing::Independent => vec![StatisticalTest::Welch, StatisticalTest::MannWhitney],
    };
    let job = |program: &str| EvaluationJob {
        program: program.to_owned(),
        dataset: Dataset { name: "short-answers".to_owned(), size: sample_size.max(1), sha256: None },
        metrics: vec!["accuracy".to_owned()],
        evaluation_type: EvaluationType::Comparison,
    };
    DesignRequest {
        design: ExperimentalDesign {
            controlled_variables: vec!["temperature = 0".to_owned()],
            randomization_strategy: RandomizationStrategy::Shuffled,
            sample_size,
            measurement_protocol: String::new(),
            pairing,
            statistical_tests,
            alpha: 0.05,
            seed: 7,
            primary: Some(PrimaryComparison {
                metric: "accuracy".to_owned(),
                baseline: BASELINE.to_owned(),
                candidate: CANDIDATE.to_owned(),
                direction: Direction::Increase,
            }),
            power_analysis: None,
        },
        jobs: vec![job(BASELINE), job(CANDIDATE)],
        tags: vec!["nightly".to_owned()],
        power: Some(PowerRequest { effect_size: 0.5, target_power: 0.8 }),
    }
}

pub(crate) fn outcome(trial: &PlannedTrial, accuracy: f64) -> TrialFinished {
    TrialFinished {
        trial_id: trial.trial_id.clone(),
        program: trial.program.clone(),
        index: trial.index,
        status: Status::Completed,
        started_at: Timestamp::from_micros(0),
        ended_at: Timestamp::from_micros(250_000),
        data_point: serde_json::json!({ "question": trial.data_point }),
        configuration: Object::new(),
        prediction: serde_json::json!("30%"),
        metrics: Scores::new([("accuracy", accuracy)]).unwrap(),
        score: None,
        latency_ms: Some(100.0 + trial.index as f64),
        cost: Some(TrialCost { tokens: 10, financial: 0.5 }),
        error: None,
    }
}

/// A journal that is written: each event is applied and becomes a line of the log.
pub(crate) struct Log {
    pub(crate) journal: Journal,
    pub(crate) events: Vec<Event>,
}

impl Log {
    pub(crate) fn new() -> Self {
        Self { journal: Journal::new(RunId::new("x").unwrap()), events: Vec::new() }
    }

    /// Hypothesis, design and start.
    pub(crate) fn started(request: DesignRequest) -> Self {
        let mut log = Self::new();
        log.add(|journal, stamp| journal.register_hypothesis(stamp, hypothesis()));
        log.add(|journal, stamp| journal.design_experiment(stamp, request));
        log.add(|journal, stamp| journal.start(stamp, ExperimentStarted::default()));
        log
    }

    pub(crate) fn add(&mut self, step: impl FnOnce(&Journal, Stamp) -> Result<Event, FieldError>) {
        let seq = self.events.len() as u64;
        let event = step(&self.journal, stamp(seq)).unwrap();
        self.journal.apply(seq, &event);
        self.events.push(event);
    }

    /// Executes up to `most` of the remaining trials.
    pub(crate) fn execute(&mut self, most: usize, accuracy: impl Fn(&PlannedTrial) -> f64) {
        for trial in self.journal.remaining().into_iter().take(most) {
            let trace = EpisodeId::new(format!("trace-{}-{}", trial.program, trial.index)).ok();
            self.add(|journal, stamp| journal.start_trial(stamp, trace.clone(), &trial));
            let outcome = outcome(&trial, accuracy(&trial));
            self.add(|journal, stamp| journal.finish_trial(stamp, trace, outcome));
        }
    }
}

/// A completed experiment whose trials measured this accuracy.
pub(crate) fn completed(request: DesignRequest, accuracy: impl Fn(&PlannedTrial) -> f64) -> Experiment {
    let mut log = Log::started(request);
    log.execute(usize::MAX, accuracy);
    log.add(|journal, stamp| journal.complete(stamp, Vec::new()));
    log.journal.into_experiment()
}
