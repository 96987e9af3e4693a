//! What the analysis says of experiments whose truth is known.

mod common;

use common::{CANDIDATE, Log, completed, hypothesis, request};
use gauntlet_experiments::{
    Experiment, HypothesisStatus, HypothesisSupport, PlannedTrial, analyze, evaluate,
};
use gauntlet_model::*;

/// A number from 0 to 1 that looks random, from what names it (SplitMix64).
fn uniform(seed: u64, trial: &PlannedTrial, stream: u64) -> f64 {
    let program = u64::from(trial.program == CANDIDATE);
    let mut bits = seed
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(trial.index.wrapping_mul(0xd134_2543_de82_ef95))
        .wrapping_add((2 * stream + program).wrapping_mul(0xbf58_476d_1ce4_e5b9));
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((bits ^ bits >> 31) >> 11) as f64 / (1u64 << 53) as f64
}

/// Nearly normal: the sum of twelve uniform numbers.
fn normal(seed: u64, trial: &PlannedTrial) -> f64 {
    (0..12).map(|stream| uniform(seed, trial, stream)).sum::<f64>() - 6.0
}

/// An experiment in which the candidate differs by that many standard deviations.
fn simulated(seed: u64, effect: f64, pairing: Pairing) -> Experiment {
    completed(request(40, pairing), |trial| {
        normal(seed, trial) + if trial.program == CANDIDATE { effect } else { 0.0 }
    })
}

#[test]
fn two_equal_programs_differ_no_more_often_than_the_level() {
    let (mut significant, mut confirmed) = (0, 0);
    for seed in 0..200 {
        let pairing = if u64::is_multiple_of(seed, 2) { Pairing::Paired } else { Pairing::Independent };
        let analysis = analyze(&simulated(seed, 0.0, pairing)).unwrap();
        let p = analysis.comparisons[0].test_results[0].p_adjusted.unwrap();
        significant += u32::from(p < 0.05);
        confirmed += u32::from(analysis.hypothesis_support == HypothesisSupport::Confirmed);
    }
    // 0.05 of 200 repeats are 10.
    assert!(significant <= 10, "{significant} of 200 equal programs differ");
    assert!(confirmed <= significant, "{confirmed} of {significant}");
}

#[test]
fn a_planted_difference_is_found() {
    for pairing in [Pairing::Paired, Pairing::Independent] {
        let found = (0..50).filter(|seed| {
            let experiment = simulated(*seed, 1.2, pairing);
            let support = analyze(&experiment).unwrap().hypothesis_support;
            experiment.hypothesis_status(support) == HypothesisStatus::Validated
        });
        let found = found.count();
        // The power of 40 trials at d = 1.2 (0.85 of pairs) is above 0.99.
        assert!(found >= 48, "{pairing:?}: {found} of 50");
    }
}

#[test]
fn the_opposite_is_rejected_and_the_rule_says_why() {
    let experiment = simulated(1, -1.2, Pairing::Independent);
    let analysis = analyze(&experiment).unwrap();
    assert_eq!(analysis.hypothesis_support, HypothesisSupport::Rejected);
    assert_eq!(experiment.hypothesis_status(analysis.hypothesis_support), HypothesisStatus::Rejected);
    assert!(analysis.rule.ends_with("p is below the level in the opposite direction."), "{}", analysis.rule);
}

#[test]
fn a_difference_below_the_smallest_of_interest_is_rejected_where_the_sample_is_large() {
    let experiment = completed(request(2_000, Pairing::Paired), |trial| {
        normal(3, trial) + f64::from(trial.program == "x")
    });
    let analysis = analyze(&experiment).unwrap();
    assert_eq!(analysis.hypothesis_support, HypothesisSupport::Rejected, "{}", analysis.rule);
    assert!(analysis.rule.contains("below the smallest effect of interest, 0.5"), "{}", analysis.rule);
}

#[test]
fn an_experiment_that_did_not_complete_decides_nothing() {
    let mut log = Log::started(request(40, Pairing::Paired));
    log.execute(60, |trial| if trial.program == CANDIDATE { 5.0 } else { 0.0 } + normal(1, trial));
    log.add(|journal, stamp| journal.cancel(stamp, None));
    let analysis = analyze(log.journal.experiment()).unwrap();
    assert_eq!(analysis.hypothesis_support, HypothesisSupport::Inconclusive);
    let expected =
        "The experiment is cancelled with 60 of 80 trials finished; only a completed one is decided.";
    assert_eq!(analysis.rule, expected);
    assert!(analysis.comparisons[0].test_results[0].p_value.unwrap() < 1e-6, "the numbers are there");
}

#[test]
fn equal_values_cannot_be_tested_and_that_is_written() {
    let analysis = analyze(&completed(request(8, Pairing::Paired), |_| 1.0)).unwrap();
    assert_eq!(analysis.hypothesis_support, HypothesisSupport::Inconclusive);
    assert!(analysis.rule.contains("is not possible: the values do not vary"), "{}", analysis.rule);
    let comparison = &analysis.comparisons[0];
    assert_eq!((comparison.difference, comparison.effect_sizes.cohens_d), (Some(0.0), None));
}

#[test]
fn a_failed_trial_is_counted_and_has_no_partner() {
    let mut log = Log::started(request(6, Pairing::Paired));
    let failing = log.journal.remaining().into_iter().find(|t| t.program == CANDIDATE).unwrap();
    let error = StepError { kind: "ValueError".into(), message: "no number".into(), traceback: None };
    let failed = TrialFinished {
        status: Status::Failed,
        metrics: Scores::default(),
        latency_ms: None,
        cost: None,
        error: Some(error),
        ..common::outcome(&failing, 0.0)
    };
    log.add(|journal, stamp| journal.finish_trial(stamp, None, failed));
    log.execute(99, |trial| normal(2, trial));
    log.add(|journal, stamp| journal.complete(stamp, Vec::new()));
    let experiment = log.journal.into_experiment();
    let results = evaluate(&experiment);
    assert_eq!((results[1].trials, results[1].failed, results[0].failed), (6, 1, 0));
    assert_eq!(results[1].summary_statistics["accuracy"].summary.count, 5);
    let analysis = analyze(&experiment).unwrap();
    let comparison = &analysis.comparisons[0];
    assert_eq!(
        (comparison.baseline_count, comparison.candidate_count),
        (5, 5),
        "of pairs, both are left out"
    );
    assert!(
        analysis.recommendations[0].contains("1 trials of rag-2 failed"),
        "{:?}",
        analysis.recommendations
    );
    assert!(analysis.recommendations[1].contains("1 of 6 trials have no value of accuracy"));
}

#[test]
fn a_program_is_summarized_with_latency_and_cost() {
    let experiment = completed(request(101, Pairing::Paired), |trial| trial.index as f64);
    let result = &evaluate(&experiment)[0];
    let accuracy = &result.summary_statistics["accuracy"];
    assert_eq!((accuracy.summary.mean, accuracy.summary.median, accuracy.summary.max), (50.0, 50.0, 100.0));
    assert_eq!(accuracy.distribution.counts.iter().sum::<u64>(), 101);
    let latency = result.latency_summary.unwrap();
    assert_eq!((latency.count, latency.p50, latency.p95, latency.p99), (101, 150.0, 195.0, 199.0));
    let cost = result.cost_summary.unwrap();
    assert_eq!((cost.tokens, cost.financial, cost.mean_financial), (1010, 50.5, 0.5));
}

#[test]
fn p_values_are_corrected_over_the_metrics() {
    let experiment = simulated(5, 0.6, Pairing::Paired);
    let analysis = analyze(&experiment).unwrap();
    // The latencies of pairs are equal: that comparison cannot be tested, and does not count.
    let metrics: Vec<_> = analysis.comparisons.iter().map(|c| c.metric.as_str()).collect();
    assert_eq!(metrics, ["accuracy", "latency_ms"]);
    let result = &analysis.comparisons[0].test_results[0];
    assert_eq!(result.p_value, result.p_adjusted);
    assert_eq!(analysis.comparisons[1].test_results[0].p_adjusted, None);

    let unpaired = analyze(&simulated(5, 0.6, Pairing::Independent)).unwrap();
    let [first, second] = [0, 1].map(|i| &unpaired.comparisons[i].test_results[0]);
    let (p, q) = (first.p_value.unwrap(), second.p_value.unwrap());
    assert!((first.p_adjusted.unwrap() - (2.0 * p.min(q)).min(1.0)).abs() < 1e-12, "{p} {q}");
}

#[test]
fn an_exploratory_hypothesis_has_numbers_and_no_verdict() {
    let mut log = Log::new();
    let exploratory = ExperimentRegistered { hypothesis_type: HypothesisType::Exploratory, ..hypothesis() };
    let mut asked = request(10, Pairing::Paired);
    asked.design.primary = None;
    log.add(|journal, stamp| journal.register_hypothesis(stamp, exploratory));
    log.add(|journal, stamp| journal.design_experiment(stamp, asked));
    log.add(|journal, stamp| journal.start(stamp, ExperimentStarted::default()));
    log.execute(99, |trial| normal(1, trial));
    log.add(|journal, stamp| journal.complete(stamp, Vec::new()));
    let analysis = analyze(log.journal.experiment()).unwrap();
    assert_eq!(analysis.hypothesis_support, HypothesisSupport::Inconclusive);
    assert_eq!(analysis.rule, "An exploratory hypothesis is reported without a verdict.");
    assert_eq!(analysis.comparisons.len(), 2);
}
