//! Two programs side by side, by one metric.

use gauntlet_model::{ExperimentalDesign, Pairing, StatisticalTest};
use gauntlet_statistics::{
    Interval, StatisticsError, bootstrap, cliffs_delta, cohens_d, holm, mann_whitney, mcnemar, paired_d,
    paired_t, welch, wilcoxon,
};
use serde::{Deserialize, Serialize};

use crate::experiment::{Experiment, Trial};

/// From this value on a trial passes.
const PASSES_FROM: f64 = 0.5;
/// How often samples are drawn for an interval.
const RESAMPLES: usize = 2_000;

/// What one test found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestResult {
    /// The test.
    pub test: StatisticalTest,
    /// Its statistic: t, U, or the smaller sum of ranks or counts.
    pub statistic: Option<f64>,
    /// How probable so large a difference is if nothing differs; two-sided. `None` where the test cannot be
    /// made.
    pub p_value: Option<f64>,
    /// The p value with Holm's correction over all comparisons of this test.
    pub p_adjusted: Option<f64>,
    /// Why the test cannot be made.
    pub note: Option<String>,
}

/// How large a difference is. `None` where it cannot be computed, as of values that do not vary.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EffectSizes {
    /// Cohen's d: of pairs by the spread of the differences, else by the pooled one.
    pub cohens_d: Option<f64>,
    /// Cliff's delta, -1 to 1.
    pub cliffs_delta: Option<f64>,
}

/// Two programs compared by one metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProgramComparison {
    /// The metric.
    pub metric: String,
    /// The program that is compared with.
    pub baseline: String,
    /// The other program.
    pub candidate: String,
    /// The values of the baseline that were compared; of pairs, as many as of the candidate.
    pub baseline_count: u64,
    /// The values of the candidate that were compared.
    pub candidate_count: u64,
    /// The candidate's mean less the baseline's; `None` where one has no value.
    pub difference: Option<f64>,
    /// The 95 % interval of that difference, by the t distribution.
    pub interval: Option<Interval>,
    /// The 95 % interval of that difference, by drawing samples with the seed of the design.
    pub bootstrap_interval: Option<Interval>,
    /// How large the difference is.
    pub effect_sizes: EffectSizes,
    /// The tests of the design, in its order.
    pub test_results: Vec<TestResult>,
}

/// Every comparison of a design.
pub(super) fn all(experiment: &Experiment, design: &ExperimentalDesign) -> Vec<ProgramComparison> {
    let metrics = metrics(experiment);
    let mut comparisons: Vec<ProgramComparison> = pairs(experiment, design)
        .into_iter()
        .flat_map(|(baseline, candidate)| {
            let (a, b) = (experiment.trials_of(candidate), experiment.trials_of(baseline));
            metrics.iter().map(move |metric| {
                let samples = Samples::of(design.pairing, metric, &a, &b);
                samples.compared(design, metric, baseline, candidate)
            })
        })
        .collect();
    for test in 0..design.statistical_tests.len() {
        correct(&mut comparisons, test);
    }
    comparisons
}

/// The dependent variables; without any, the metrics of the jobs.
fn metrics(experiment: &Experiment) -> Vec<String> {
    let declared = experiment.hypothesis.iter().flat_map(|hypothesis| &hypothesis.dependent_variables);
    let mut metrics: Vec<String> = declared.cloned().collect();
    if metrics.is_empty() {
        for name in experiment.jobs.iter().flat_map(|job| &job.metrics) {
            if !metrics.contains(name) {
                metrics.push(name.clone());
            }
        }
    }
    metrics
}

/// Baselines and candidates.
fn pairs<'a>(experiment: &'a Experiment, design: &'a ExperimentalDesign) -> Vec<(&'a str, &'a str)> {
    let programs: Vec<&str> = experiment.program_names().collect();
    match &design.primary {
        Some(primary) => {
            let baseline = primary.baseline.as_str();
            programs
                .into_iter()
                .filter(|program| *program != baseline)
                .map(|other| (baseline, other))
                .collect()
        }
        None => {
            let later = |i: usize| programs.iter().skip(i + 1);
            programs.iter().enumerate().flat_map(|(i, one)| later(i).map(|other| (*one, *other))).collect()
        }
    }
}

/// The values of both programs; of pairs, those of trials with the same index.
struct Samples {
    candidate: Vec<f64>,
    baseline: Vec<f64>,
    is_paired: bool,
}

impl Samples {
    fn of(pairing: Pairing, metric: &str, candidate: &[&Trial], baseline: &[&Trial]) -> Self {
        let values = |trials: &[&Trial]| trials.iter().filter_map(|trial| trial.value(metric)).collect();
        if pairing == Pairing::Independent {
            return Self { candidate: values(candidate), baseline: values(baseline), is_paired: false };
        }
        let partner = |trial: &Trial| {
            let index = trial.outcome.index;
            let at = baseline.binary_search_by_key(&index, |other| other.outcome.index).ok()?;
            Some((trial.value(metric)?, baseline[at].value(metric)?))
        };
        let (candidate, baseline) = candidate.iter().filter_map(|trial| partner(trial)).unzip();
        Self { candidate, baseline, is_paired: true }
    }

    fn compared(
        self,
        design: &ExperimentalDesign,
        metric: &str,
        baseline: &str,
        candidate: &str,
    ) -> ProgramComparison {
        let (a, b) = (&self.candidate, &self.baseline);
        let has_values = !a.is_empty() && !b.is_empty();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let by_mean = if self.is_paired { paired_t(a, b) } else { welch(a, b) };
        let cohens_d = if self.is_paired { paired_d(a, b) } else { cohens_d(a, b) };
        ProgramComparison {
            metric: metric.to_owned(),
            baseline: baseline.to_owned(),
            candidate: candidate.to_owned(),
            baseline_count: b.len() as u64,
            candidate_count: a.len() as u64,
            difference: has_values.then(|| mean(a) - mean(b)),
            interval: by_mean.ok().map(|test| test.interval),
            bootstrap_interval: self.drawn(design.seed).ok(),
            effect_sizes: EffectSizes { cohens_d: cohens_d.ok(), cliffs_delta: cliffs_delta(a, b).ok() },
            test_results: design.statistical_tests.iter().map(|test| self.tested(*test)).collect(),
        }
    }

    /// The interval of the difference of the means. Pairs are drawn as pairs.
    fn drawn(&self, seed: u64) -> Result<Interval, StatisticsError> {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        if !self.is_paired {
            return bootstrap((&self.candidate, &self.baseline), |a, b| mean(a) - mean(b), RESAMPLES, seed);
        }
        let differences: Vec<f64> = self.candidate.iter().zip(&self.baseline).map(|(a, b)| a - b).collect();
        bootstrap((&differences, &[0.0]), |a, _| mean(a), RESAMPLES, seed)
    }

    fn tested(&self, test: StatisticalTest) -> TestResult {
        let (a, b) = (&self.candidate, &self.baseline);
        let found = match test {
            StatisticalTest::PairedT => paired_t(a, b).map(|test| (test.t, test.p_value)),
            StatisticalTest::Welch => welch(a, b).map(|test| (test.t, test.p_value)),
            StatisticalTest::Wilcoxon => wilcoxon(a, b).map(|test| (test.statistic, test.p_value)),
            StatisticalTest::MannWhitney => mann_whitney(a, b).map(|test| (test.statistic, test.p_value)),
            StatisticalTest::Mcnemar => {
                let passed = |value: f64| value >= PASSES_FROM;
                let changed = |to: bool| {
                    let pairs = a.iter().zip(b);
                    pairs.filter(|(a, b)| passed(**a) == to && passed(**b) != to).count() as u64
                };
                mcnemar(changed(true), changed(false)).map(|test| (test.statistic, test.p_value))
            }
        };
        match found {
            Ok((statistic, p)) => {
                let (statistic, p_value) = (Some(statistic), Some(p));
                TestResult { test, statistic, p_value, p_adjusted: None, note: None }
            }
            Err(error) => {
                let note = Some(error.to_string());
                TestResult { test, statistic: None, p_value: None, p_adjusted: None, note }
            }
        }
    }
}

/// Corrects the p values of the test at that position over all comparisons in which it was made.
fn correct(comparisons: &mut [ProgramComparison], test: usize) {
    let mut results: Vec<&mut TestResult> = comparisons
        .iter_mut()
        .filter_map(|comparison| comparison.test_results.get_mut(test))
        .filter(|result| result.p_value.is_some())
        .collect();
    let p_values: Vec<f64> = results.iter().filter_map(|result| result.p_value).collect();
    let Ok(adjusted) = holm(&p_values) else { return };
    results.iter_mut().zip(adjusted).for_each(|(result, p)| result.p_adjusted = Some(p));
}
