//! Which trials a design asks for, and in which order.

use gauntlet_model::{EvaluationJob, ExperimentalDesign, RandomizationStrategy};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// A trial to execute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedTrial {
    /// Its id: the program and the index.
    pub trial_id: String,
    /// The program.
    pub program: String,
    /// Which trial of the program it is, from 0.
    pub index: u64,
    /// The data point of the dataset, from 0.
    pub data_point: u64,
}

/// Every trial of a design in the order of its strategy; the same seed gives the same order.
pub fn plan(design: &ExperimentalDesign, jobs: &[EvaluationJob]) -> Vec<PlannedTrial> {
    let trial = |job: &EvaluationJob, index: u64| PlannedTrial {
        trial_id: trial_id(&job.program, index),
        program: job.program.clone(),
        index,
        data_point: index % job.dataset.size.max(1),
    };
    let by_program =
        || jobs.iter().flat_map(|job| (0..design.sample_size).map(move |index| trial(job, index)));
    match design.randomization_strategy {
        RandomizationStrategy::Sequential => by_program().collect(),
        RandomizationStrategy::Interleaved => {
            let indices = 0..design.sample_size;
            indices.flat_map(|index| jobs.iter().map(move |job| trial(job, index))).collect()
        }
        RandomizationStrategy::Shuffled => {
            let mut trials: Vec<_> = by_program().collect();
            shuffle(&mut trials, design.seed);
            trials
        }
    }
}

/// The id of a planned trial.
pub(crate) fn trial_id(program: &str, index: u64) -> String {
    format!("{program}/{index}")
}

/// Fisher and Yates' shuffle.
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for last in (1..items.len()).rev() {
        // The upper half of a product of 64 bits with the length is an index.
        let index = ((u128::from(random.next_u64()) * (last as u128 + 1)) >> 64) as usize;
        items.swap(last, index);
    }
}
