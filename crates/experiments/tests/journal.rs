//! The journal: what may happen when, what is left after an interruption, and the fold in any batching.

mod common;

use std::collections::HashSet;

use common::{BASELINE, CANDIDATE, Log, hypothesis, outcome, request, stamp};
use gauntlet_experiments::{DesignRequest, Journal, PlannedTrial, TrialCounts, plan};
use gauntlet_model::*;
use proptest::prelude::*;

fn refused(result: Result<Event, FieldError>, expected: &str) {
    let error = result.expect_err(expected).to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn each_step_needs_the_one_before_it() {
    let mut log = Log::new();
    let journal = &log.journal;
    refused(journal.design_experiment(stamp(0), request(4, Pairing::Paired)), "hypothesis: is missing");
    refused(journal.start(stamp(0), ExperimentStarted::default()), "design: is missing");
    log.add(|journal, stamp| journal.register_hypothesis(stamp, hypothesis()));
    refused(
        log.journal.register_hypothesis(stamp(1), hypothesis()),
        "hypothesis_id: the experiment has the hypothesis \"retrieval-helps\" already",
    );
    log.add(|journal, stamp| journal.design_experiment(stamp, request(4, Pairing::Paired)));
    let first = log.journal.remaining().remove(0);
    refused(log.journal.start_trial(stamp(2), None, &first), "the experiment has not started");
    log.add(|journal, stamp| journal.design_experiment(stamp, request(2, Pairing::Paired)));
    log.add(|journal, stamp| journal.start(stamp, ExperimentStarted::default()));
    refused(
        log.journal.design_experiment(stamp(4), request(4, Pairing::Paired)),
        "design: cannot change any more",
    );
    refused(log.journal.complete(stamp(4), Vec::new()), "status: 4 of 4 trials are not finished");
    log.execute(9, |_| 1.0);
    log.add(|journal, stamp| journal.complete(stamp, vec!["It helps.".to_owned()]));
    refused(log.journal.cancel(stamp(99), None), "status: the experiment is completed already");
    assert_eq!(log.journal.experiment().research_insights, ["It helps."]);
    assert!(log.journal.experiment().contradictions.is_empty());
}

#[test]
fn a_trial_finishes_once_and_only_where_it_is_planned() {
    let mut log = Log::started(request(3, Pairing::Paired));
    let trial = log.journal.remaining().remove(0);
    log.add(|journal, stamp| journal.finish_trial(stamp, None, outcome(&trial, 1.0)));
    refused(log.journal.finish_trial(stamp(9), None, outcome(&trial, 0.0)), "is finished already");
    let renamed = PlannedTrial { trial_id: "another".to_owned(), ..trial.clone() };
    refused(log.journal.finish_trial(stamp(9), None, outcome(&renamed, 0.0)), "is finished already");
    let unknown = PlannedTrial { program: "rag-9".to_owned(), ..renamed.clone() };
    refused(
        log.journal.start_trial(stamp(9), None, &unknown),
        "program: \"rag-9\" is not one of rag-1, rag-2",
    );
    let beyond = PlannedTrial { index: 3, ..renamed };
    refused(
        log.journal.start_trial(stamp(9), None, &beyond),
        "index: is 3; the design has 3 trials of a program",
    );
    let invalid = TrialFinished { latency_ms: Some(-1.0), ..outcome(&log.journal.remaining()[0], 1.0) };
    refused(log.journal.finish_trial(stamp(9), None, invalid), "latency_ms: is -1");
}

#[test]
fn what_a_log_contradicts_does_not_count_and_is_listed() {
    let mut log = Log::started(request(2, Pairing::Paired));
    log.execute(1, |_| 1.0);
    let before = log.journal.clone();
    let seq = log.events.len() as u64;
    // The log took it: another client wrote the same trial.
    let repeated = log.events.last().cloned().unwrap();
    log.journal.apply(seq, &repeated);
    let experiment = log.journal.experiment();
    assert_eq!(experiment.trials, before.experiment().trials);
    let listed = &experiment.contradictions;
    assert!(listed[0].starts_with("event 5 (trial.finished): trial_id: "), "{listed:?}");
    assert!(listed[0].ends_with("is finished already"), "{listed:?}");
}

#[test]
fn an_interrupted_experiment_goes_on_without_repeating_a_trial() {
    let mut log = Log::started(request(5, Pairing::Paired));
    log.execute(3, |_| 1.0);
    let begun = log.journal.remaining().remove(0);
    log.add(|journal, stamp| journal.start_trial(stamp, None, &begun));
    assert_eq!(log.journal.progress(), TrialCounts { planned: 10, finished: 3, failed: 0, running: 1 });

    // The process is killed; another one reads the log.
    let mut journal = Journal::new(RunId::new("x").unwrap());
    log.events.iter().zip(0..).for_each(|(event, seq)| journal.apply(seq, event));
    let mut resumed = Log { journal, events: log.events };
    resumed.add(|journal, stamp| journal.start(stamp, ExperimentStarted::default()));
    assert_eq!(resumed.journal.progress().running, 0, "what was interrupted does not run any more");
    assert_eq!(resumed.journal.remaining()[0], begun, "it is executed again");
    assert_eq!(resumed.journal.remaining().len(), 7);
    resumed.execute(99, |_| 1.0);
    resumed.add(|journal, stamp| journal.complete(stamp, Vec::new()));
    let experiment = resumed.journal.into_experiment();
    let ids: HashSet<_> = experiment.trials.iter().map(|trial| &trial.outcome.trial_id).collect();
    assert_eq!((ids.len(), experiment.trials.len(), experiment.starts.len()), (10, 10, 2));
    assert!(experiment.contradictions.is_empty());
}

#[test]
fn a_cancelled_experiment_keeps_its_trials_and_takes_no_more() {
    let mut log = Log::started(request(5, Pairing::Paired));
    log.execute(3, |_| 1.0);
    log.add(|journal, stamp| journal.cancel(stamp, Some("too costly".to_owned())));
    let experiment = log.journal.experiment();
    assert_eq!((experiment.status, experiment.trials.len()), (Status::Cancelled, 3));
    let next = log.journal.remaining().remove(0);
    refused(log.journal.start_trial(stamp(99), None, &next), "status: the experiment is cancelled already");
}

#[test]
fn a_design_gets_its_power_and_has_to_fit_the_hypothesis() {
    let mut log = Log::new();
    log.add(|journal, stamp| journal.register_hypothesis(stamp, hypothesis()));
    let check = |change: &dyn Fn(&mut DesignRequest), expected: &str| {
        let mut changed = request(34, Pairing::Paired);
        change(&mut changed);
        refused(log.journal.design_experiment(stamp(1), changed), expected);
    };
    check(&|r| r.design.primary = None, "design.primary: is missing; a comparative hypothesis");
    check(
        &|r| r.design.primary.as_mut().unwrap().metric = "grace".to_owned(),
        "design.primary.metric: \"grace\" is not a dependent variable of the hypothesis: accuracy,",
    );
    check(&|r| r.power.as_mut().unwrap().effect_size = 0.0, "power.effect_size: is 0");
    check(&|r| r.power.as_mut().unwrap().target_power = 1.0, "power.target_power: is 1, not between 0 and 1");
    check(&|r| r.design.alpha = 0.0, "design.alpha: is 0, not between 0 and 1");
    check(&|r| r.design.sample_size = 900_000, "design.sample_size: is 900000: 1800000 trials");
    check(&|r| r.jobs[1].program = "p".repeat(401), "jobs[1].program: is 401 bytes long");
    check(
        &|r| r.design.statistical_tests = vec![StatisticalTest::Welch],
        "design.statistical_tests[0]: \"welch\" does not fit paired trials",
    );
    log.add(|journal, stamp| journal.design_experiment(stamp, request(34, Pairing::Paired)));
    let power = log.journal.experiment().design.as_ref().unwrap().power_analysis.unwrap();
    // statsmodels: TTestPower().solve_power(0.5, power=0.8, alpha=0.05) is 33.4.
    assert_eq!(power.required_sample_size, 34);
    assert!((power.achieved_power - 0.8078).abs() < 1e-4, "{}", power.achieved_power);
}

#[test]
fn each_strategy_plans_every_trial_once() {
    let of = |strategy, seed| {
        let mut request = request(4, Pairing::Paired);
        request.design.randomization_strategy = strategy;
        request.design.seed = seed;
        request.jobs[0].dataset.size = 3;
        plan(&request.design, &request.jobs)
    };
    let programs = |trials: &[PlannedTrial]| trials.iter().map(|t| t.program.clone()).collect::<Vec<_>>();
    let sequential = of(RandomizationStrategy::Sequential, 0);
    assert_eq!(programs(&sequential)[..5], [BASELINE, BASELINE, BASELINE, BASELINE, CANDIDATE]);
    assert_eq!(sequential[3].data_point, 0, "the dataset begins again");
    let interleaved = of(RandomizationStrategy::Interleaved, 0);
    assert_eq!(programs(&interleaved)[..3], [BASELINE, CANDIDATE, BASELINE]);
    let shuffled = of(RandomizationStrategy::Shuffled, 7);
    assert_eq!(shuffled, of(RandomizationStrategy::Shuffled, 7), "the seed decides");
    assert_ne!(shuffled, of(RandomizationStrategy::Shuffled, 8));
    let ids = |trials: &[PlannedTrial]| trials.iter().map(|t| t.trial_id.clone()).collect::<HashSet<_>>();
    assert_eq!(ids(&shuffled), ids(&sequential));
    assert_eq!(ids(&interleaved), ids(&sequential));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// Batches that overlap, as a follower reads them after a crash, give the same state.
    #[test]
    fn a_log_in_any_batching_gives_the_same_experiment(
        sizes in prop::collection::vec((1usize..9, 0usize..4), 1..40), executed in 0usize..12,
    ) {
        let mut log = Log::started(request(6, Pairing::Paired));
        log.execute(executed, |trial| trial.index as f64);
        let mut journal = Journal::new(RunId::new("x").unwrap());
        let mut at = 0;
        for (size, back) in sizes.into_iter().chain([(usize::MAX, 3)]) {
            let from = at - back.min(at);
            let to = at.saturating_add(size).min(log.events.len());
            for seq in from..to {
                journal.apply(seq as u64, &log.events[seq]);
            }
            at = to;
        }
        prop_assert_eq!(&journal, &log.journal);
        // What is stored as JSON is read as the same experiment.
        let json = serde_json::to_string(journal.experiment()).unwrap();
        let read = serde_json::from_str::<gauntlet_experiments::Experiment>(&json).unwrap();
        prop_assert_eq!(&read, journal.experiment());
    }
}
