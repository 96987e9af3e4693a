//! Designing an experiment: what is asked for, checked against the hypothesis, with its power computed.

use gauntlet_model::{
    EvaluationJob, ExperimentDesigned, ExperimentRegistered, ExperimentalDesign, FieldError, HypothesisType,
    Pairing, PowerAnalysis,
};
use gauntlet_statistics::{Design, StatisticsError, power, sample_size};
use serde::{Deserialize, Serialize};

/// The most trials that one experiment plans.
const MAX_TRIALS: u64 = 1_000_000;
/// The longest name of a program, in bytes: the id of a trial is that name and the index of the trial.
const MAX_PROGRAM_BYTES: usize = 400;

/// What the power of a design is computed from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PowerRequest {
    /// The smallest effect of interest, as Cohen's d, above 0.
    pub effect_size: f64,
    /// The power that is asked for, between 0 and 1.
    pub target_power: f64,
}

/// A design to check. Its own `power_analysis` is computed from `power`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesignRequest {
    /// The design.
    pub design: ExperimentalDesign,
    /// One job a program.
    pub jobs: Vec<EvaluationJob>,
    /// Tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// What the power is computed from; absent where no effect is looked for.
    #[serde(default)]
    pub power: Option<PowerRequest>,
}

impl DesignRequest {
    /// The design with its power, fit for this hypothesis.
    pub(crate) fn checked(self, hypothesis: &ExperimentRegistered) -> Result<ExperimentDesigned, FieldError> {
        let Self { mut design, jobs, tags, power } = self;
        fits(&design, hypothesis)?;
        for (i, job) in jobs.iter().enumerate() {
            let length = job.program.len();
            if length > MAX_PROGRAM_BYTES {
                let message = format!("is {length} bytes long; at most {MAX_PROGRAM_BYTES} are allowed");
                return Err(FieldError::new(format!("jobs[{i}].program"), message));
            }
        }
        let trials = design.sample_size.saturating_mul(jobs.len() as u64);
        if trials > MAX_TRIALS {
            let message = format!(
                "is {}: {trials} trials with {} programs; at most {MAX_TRIALS} are allowed",
                design.sample_size,
                jobs.len(),
            );
            return Err(FieldError::new("design.sample_size", message));
        }
        design.power_analysis = match (power, design.power_analysis) {
            (Some(power), _) => Some(analysis(&design, power)?),
            // A power that was not computed here could be any number.
            (None, Some(_)) => {
                let message = "is computed; give the effect size and the target power as `power`";
                return Err(FieldError::new("design.power_analysis", message));
            }
            (None, None) => None,
        };
        Ok(ExperimentDesigned { design, jobs, tags })
    }
}

/// Whether the design can answer the question.
fn fits(design: &ExperimentalDesign, hypothesis: &ExperimentRegistered) -> Result<(), FieldError> {
    match (hypothesis.hypothesis_type, &design.primary) {
        (HypothesisType::Comparative, None) => {
            let message = "is missing; a comparative hypothesis is decided by one comparison";
            Err(FieldError::new("design.primary", message))
        }
        (HypothesisType::Exploratory, Some(_)) => {
            let message = "is there, and the hypothesis is exploratory, which no comparison decides";
            Err(FieldError::new("design.primary", message))
        }
        (_, Some(primary)) if !hypothesis.dependent_variables.contains(&primary.metric) => {
            let known = hypothesis.dependent_variables.join(", ");
            let message =
                format!("{:?} is not a dependent variable of the hypothesis: {known}", primary.metric);
            Err(FieldError::new("design.primary.metric", message))
        }
        _ => Ok(()),
    }
}

fn analysis(design: &ExperimentalDesign, asked: PowerRequest) -> Result<PowerAnalysis, FieldError> {
    let PowerRequest { effect_size, target_power } = asked;
    if !(effect_size.is_finite() && effect_size > 0.0) {
        let message = format!("is {effect_size}; it must be a finite number above 0");
        return Err(FieldError::new("power.effect_size", message));
    }
    let pairing = match design.pairing {
        Pairing::Paired => Design::Paired,
        Pairing::Independent => Design::Independent,
    };
    let required = sample_size(pairing, effect_size, target_power, design.alpha).map_err(out_of_range)?;
    let achieved = match design.sample_size {
        0 | 1 => 0.0,
        size => power(pairing, effect_size, size, design.alpha).map_err(out_of_range)?,
    };
    Ok(PowerAnalysis { effect_size, target_power, required_sample_size: required, achieved_power: achieved })
}

fn out_of_range(error: StatisticsError) -> FieldError {
    match error {
        StatisticsError::OutOfRange { name: "effect", value, range } => {
            FieldError::new("power.effect_size", format!("is {value}, not {range}"))
        }
        StatisticsError::OutOfRange { name: "power", value, range } => {
            FieldError::new("power.target_power", format!("is {value}, not {range}"))
        }
        StatisticsError::OutOfRange { name: "alpha", value, range } => {
            FieldError::new("design.alpha", format!("is {value}, not {range}"))
        }
        other => FieldError::new("design.sample_size", other.to_string()),
    }
}
