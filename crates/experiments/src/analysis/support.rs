//! The verdict about a hypothesis, and the rule it follows in words.

use gauntlet_model::{Direction, ExperimentalDesign, HypothesisType, Pairing, PrimaryComparison, Status};
use gauntlet_statistics::{Design, sample_size};

use super::compare::ProgramComparison;
use crate::experiment::{Experiment, HypothesisSupport};

/// The power that a recommended sample size has where the design names none.
const USUAL_POWER: f64 = 0.8;

/// The comparison that decides, and what it was predicted to show.
fn primary<'a>(
    design: &'a ExperimentalDesign,
    comparisons: &'a [ProgramComparison],
) -> Option<(&'a PrimaryComparison, &'a ProgramComparison)> {
    let primary = design.primary.as_ref()?;
    let is_primary = |c: &&ProgramComparison| {
        c.metric == primary.metric && c.baseline == primary.baseline && c.candidate == primary.candidate
    };
    Some((primary, comparisons.iter().find(is_primary)?))
}

/// The verdict and its rule.
pub(super) fn verdict(
    experiment: &Experiment,
    design: &ExperimentalDesign,
    comparisons: &[ProgramComparison],
) -> (HypothesisSupport, String) {
    use HypothesisSupport::{Confirmed, Inconclusive, Rejected};
    let kind = experiment.hypothesis.as_ref().map(|hypothesis| hypothesis.hypothesis_type);
    if kind == Some(HypothesisType::Exploratory) {
        return (Inconclusive, "An exploratory hypothesis is reported without a verdict.".to_owned());
    }
    let Some((primary, comparison)) = primary(design, comparisons) else {
        return (Inconclusive, "The design names no comparison that decides.".to_owned());
    };
    let (planned, finished) = (experiment.planned_trials(), experiment.trials.len());
    if experiment.status != Status::Completed {
        // Who looks at every trial and ends where it pays finds differences where there are none.
        let status = experiment.status.as_str();
        let rule = format!(
            "The experiment is {status} with {finished} of {planned} trials finished; only a completed one \
             is decided."
        );
        return (Inconclusive, rule);
    }
    let test = design.statistical_tests.first().map_or("", |test| test.as_str());
    let result = comparison.test_results.first();
    let (Some(p), Some(difference)) = (result.and_then(|result| result.p_adjusted), comparison.difference)
    else {
        let note = result.and_then(|result| result.note.as_deref()).unwrap_or("there are no values");
        let rule = format!("The test {test} of {} is not possible: {note}.", primary.metric);
        return (Inconclusive, rule);
    };
    let (sign, word) = match primary.direction {
        Direction::Increase => (1.0, "an increase"),
        Direction::Decrease => (-1.0, "a decrease"),
    };
    let found = format!(
        "{} of {} less that of {} is {difference:.4}; {test} with Holm's correction has p = {p:.4}, the \
         level is {}, and {word} was predicted",
        primary.metric, primary.candidate, primary.baseline, design.alpha,
    );
    if p < design.alpha && sign * difference > 0.0 {
        return (Confirmed, format!("{found}: p is below the level in the predicted direction."));
    }
    if p < design.alpha && sign * difference < 0.0 {
        return (Rejected, format!("{found}: p is below the level in the opposite direction."));
    }
    if let Some((largest, of_interest)) = largest_effect(design, comparison, sign)
        && largest < of_interest
    {
        let rule = format!(
            "{found}: the 95 % interval ends at an effect of d = {largest:.3}, below the smallest effect of \
             interest, {of_interest}."
        );
        return (Rejected, rule);
    }
    (Inconclusive, format!("{found}: p is not below the level, and an effect of interest is not excluded."))
}

/// The end of the difference's interval in the predicted direction, as Cohen's d, and the smallest effect of
/// interest.
fn largest_effect(
    design: &ExperimentalDesign,
    comparison: &ProgramComparison,
    sign: f64,
) -> Option<(f64, f64)> {
    let of_interest = design.power_analysis.as_ref()?.effect_size;
    let (interval, d) = (comparison.interval?, comparison.effect_sizes.cohens_d?);
    // The spread that d is in units of; a d of 0 has lost it.
    let spread = comparison.difference? / d;
    let end = if sign > 0.0 { interval.high } else { -interval.low };
    (spread.is_finite() && spread > 0.0).then_some((end / spread, of_interest))
}

/// What to do next.
pub(super) fn recommendations(
    experiment: &Experiment,
    design: &ExperimentalDesign,
    comparisons: &[ProgramComparison],
    support: HypothesisSupport,
) -> Vec<String> {
    let mut found = Vec::new();
    for (program, failed) in failures(experiment) {
        found.push(format!("{failed} trials of {program} failed; look at their errors first."));
    }
    let Some((_, comparison)) = primary(design, comparisons) else { return found };
    let compared = comparison.baseline_count.min(comparison.candidate_count);
    if experiment.status == Status::Completed && compared < design.sample_size {
        let missing = design.sample_size - compared;
        found.push(format!(
            "{missing} of {} trials have no value of {} and are not compared.",
            design.sample_size, comparison.metric,
        ));
    }
    if let Some(power) = &design.power_analysis
        && design.sample_size < power.required_sample_size
    {
        found.push(format!(
            "The design has {} trials of a program; {} find an effect of d = {} with a power of {}.",
            design.sample_size, power.required_sample_size, power.effect_size, power.target_power,
        ));
    }
    if support == HypothesisSupport::Inconclusive
        && experiment.status == Status::Completed
        && let Some(size) = size_for(design, comparison)
        && size > compared
    {
        found.push(format!(
            "If the effect is as large as it seems, {size} trials of a program would find it."
        ));
    }
    found
}

fn failures(experiment: &Experiment) -> impl Iterator<Item = (&str, usize)> {
    let failed = |program: &str| {
        let trials = experiment.trials_of(program);
        trials.iter().filter(|trial| trial.outcome.status.is_failure()).count()
    };
    experiment
        .program_names()
        .map(move |program| (program, failed(program)))
        .filter(|(_, failed)| *failed > 0)
}

/// The sample size that finds an effect of the size that was observed.
fn size_for(design: &ExperimentalDesign, comparison: &ProgramComparison) -> Option<u64> {
    let pairing = match design.pairing {
        Pairing::Paired => Design::Paired,
        Pairing::Independent => Design::Independent,
    };
    let power = design.power_analysis.map_or(USUAL_POWER, |power| power.target_power);
    sample_size(pairing, comparison.effect_sizes.cohens_d?, power, design.alpha).ok()
}
