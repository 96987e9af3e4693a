//! Experiments: a question, a design, trials, and what follows from them.
//!
//! An experiment is a run, and its record is that run's log: a [`Journal`] folds the `experiment.*` and
//! `trial.*` events into an [`Experiment`], checks each next step before it becomes an event, and says which
//! trials remain ([`Journal::remaining`]), also after a crash. [`analyze`] computes what the trials show.
//! Times, ids and seeds are arguments.
//!
//! ```
//! use gauntlet_experiments::{Journal, Stamp};
//! use gauntlet_model::{EventId, ExperimentRegistered, HypothesisType, Object, RunId, Timestamp};
//!
//! let mut journal = Journal::new(RunId::new("rag-2-against-rag-1")?);
//! let stamp = Stamp { id: EventId::from_u128(1), at: Timestamp::from_micros(0) };
//! let hypothesis = ExperimentRegistered {
//!     hypothesis_id: "retrieval-helps".to_owned(),
//!     research_question: "Does retrieval raise the accuracy of short answers?".to_owned(),
//!     independent_variables: vec!["program".to_owned()],
//!     dependent_variables: vec!["accuracy".to_owned()],
//!     prediction: "rag-2 is more accurate than rag-1.".to_owned(),
//!     hypothesis_type: HypothesisType::Comparative,
//!     metadata: Object::new(),
//! };
//! let event = journal.register_hypothesis(stamp, hypothesis)?;
//! journal.apply(0, &event);
//! assert!(journal.experiment().hypothesis.is_some());
//! # Ok::<(), gauntlet_model::FieldError>(())
//! ```

// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod analysis;
mod design;
mod experiment;
mod journal;
pub mod package;
mod plan;
pub mod result_store;

pub use analysis::{
    CostSummary, EffectSizes, EvaluationResult, LatencySummary, MetricSummary, ProgramComparison,
    StatisticalAnalysis, TestResult, analyze, evaluate,
};
pub use design::{DesignRequest, PowerRequest};
pub use experiment::{ExecutionStart, Experiment, HypothesisStatus, HypothesisSupport, Trial};
pub use journal::{Journal, Stamp, TrialCounts};
pub use plan::{PlannedTrial, plan};
