//! Events of an experiment: what they say at most and at least, and what is refused.

use gauntlet_model::*;
use serde_json::{Value, json};

fn object(value: Value) -> Object {
    value.as_object().cloned().unwrap()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

pub(crate) fn registered() -> ExperimentRegistered {
    ExperimentRegistered {
        hypothesis_id: "retrieval-helps".into(),
        research_question: "Does retrieval raise the accuracy of short answers?".into(),
        independent_variables: names(&["program"]),
        dependent_variables: names(&["accuracy", "latency_ms"]),
        prediction: "rag-2 is more accurate than rag-1.".into(),
        hypothesis_type: HypothesisType::Comparative,
        metadata: object(json!({"ticket": 12})),
    }
}

pub(crate) fn least_registered() -> ExperimentRegistered {
    ExperimentRegistered {
        dependent_variables: Vec::new(),
        independent_variables: Vec::new(),
        prediction: String::new(),
        hypothesis_type: HypothesisType::Exploratory,
        metadata: Object::new(),
        ..registered()
    }
}

fn job(program: &str) -> EvaluationJob {
    EvaluationJob {
        program: program.into(),
        dataset: Dataset {
            name: "short-answers".into(),
            size: 120,
            sha256: Some("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824".into()),
        },
        metrics: names(&["accuracy"]),
        evaluation_type: EvaluationType::Comparison,
    }
}

pub(crate) fn designed() -> ExperimentDesigned {
    ExperimentDesigned {
        design: ExperimentalDesign {
            controlled_variables: names(&["temperature = 0"]),
            randomization_strategy: RandomizationStrategy::Shuffled,
            sample_size: 120,
            measurement_protocol: "Each program answers each question once.".into(),
            pairing: Pairing::Paired,
            statistical_tests: vec![StatisticalTest::PairedT, StatisticalTest::Mcnemar],
            alpha: 0.05,
            seed: 7,
            primary: Some(PrimaryComparison {
                metric: "accuracy".into(),
                baseline: "rag-1".into(),
                candidate: "rag-2".into(),
                direction: Direction::Increase,
            }),
            power_analysis: Some(PowerAnalysis {
                effect_size: 0.3,
                target_power: 0.8,
                required_sample_size: 90,
                achieved_power: 0.9,
            }),
        },
        jobs: vec![job("rag-1"), job("rag-2")],
        tags: names(&["nightly"]),
    }
}

pub(crate) fn least_designed() -> ExperimentDesigned {
    let design = ExperimentalDesign {
        controlled_variables: Vec::new(),
        randomization_strategy: RandomizationStrategy::Sequential,
        sample_size: 1,
        measurement_protocol: String::new(),
        pairing: Pairing::Independent,
        statistical_tests: vec![StatisticalTest::Welch],
        alpha: 0.01,
        seed: 0,
        primary: None,
        power_analysis: None,
    };
    let dataset = Dataset { name: "d".into(), size: 1, sha256: None };
    let evaluation_type = EvaluationType::Standard;
    let job = EvaluationJob { program: "p".into(), dataset, metrics: Vec::new(), evaluation_type };
    ExperimentDesigned { design, jobs: vec![job], tags: Vec::new() }
}

pub(crate) fn started() -> ExperimentStarted {
    ExperimentStarted {
        code_version: Some("3f2a91c".into()),
        environment: object(json!({"python": "3.13.1", "host": "trainer-1"})),
    }
}

pub(crate) fn finished() -> ExperimentFinished {
    ExperimentFinished {
        status: Status::Completed,
        reason: Some("all trials are finished".into()),
        research_insights: names(&["Retrieval helps where the question names a number."]),
    }
}

pub(crate) fn trial() -> TrialFinished {
    TrialFinished {
        trial_id: "rag-2/7".into(),
        program: "rag-2".into(),
        index: 7,
        status: Status::Failed,
        started_at: "2026-11-21T00:06:33.100000Z".parse().unwrap(),
        ended_at: "2026-11-21T00:06:33.350000Z".parse().unwrap(),
        data_point: json!({"question": "What was the rate?", "answer": "30%"}),
        configuration: object(json!({"instructions": "Answer in one word.", "temperature": 0})),
        prediction: json!("40%"),
        metrics: Scores::new([("accuracy", 0.0), ("conciseness", 1.0)]).unwrap(),
        score: Some(Score::new(0.5).unwrap()),
        latency_ms: Some(250.0),
        cost: Some(TrialCost { tokens: 412, financial: 0.0021 }),
        error: Some(StepError {
            kind: "ValueError".into(),
            message: "the answer has no number".into(),
            traceback: Some("File \"rag.py\", line 12".into()),
        }),
    }
}

pub(crate) fn least_trial() -> TrialFinished {
    TrialFinished {
        status: Status::Completed,
        data_point: Value::Null,
        configuration: Object::new(),
        prediction: Value::Null,
        metrics: Scores::default(),
        score: None,
        latency_ms: None,
        cost: None,
        error: None,
        ..trial()
    }
}

/// The body with the value at a pointer replaced.
fn with(body: impl Into<Body>, pointer: &str, value: Value) -> (&'static str, Value) {
    let body = body.into();
    let mut json: Value = serde_json::from_str(&body.to_json()).unwrap();
    let (above, key) = pointer.rsplit_once('/').unwrap();
    json.pointer_mut(above).unwrap()[key] = value;
    (body.kind().as_str(), json)
}

/// What is wrong, the kind and body, the field, what the message contains.
type Refused = (&'static str, (&'static str, Value), &'static str, &'static str);

/// Bodies that break one rule each.
pub(crate) fn refused() -> Vec<Refused> {
    let unpaired = with(
        designed(),
        "/jobs",
        json!([job("rag-1"), {
            "program": "rag-2", "dataset": {"name": "other", "size": 3}, "metrics": [],
            "evaluation_type": "standard",
        }]),
    );
    vec![
        (
            "an empty question",
            with(registered(), "/research_question", json!("")),
            "body.research_question",
            "must not be empty",
        ),
        (
            "a variable named twice",
            with(registered(), "/dependent_variables", json!(["accuracy", "accuracy"])),
            "body.dependent_variables[1]",
            "named twice",
        ),
        (
            "an unknown field of a design",
            with(designed(), "/design/size", json!(1)),
            "body.design.size",
            "unknown field",
        ),
        (
            "a sample of no trial",
            with(designed(), "/design/sample_size", json!(0)),
            "body.design.sample_size",
            "is 0",
        ),
        (
            "a level of significance of 1",
            with(designed(), "/design/alpha", json!(1.0)),
            "body.design.alpha",
            "is 1; it must be between 0 and 1",
        ),
        (
            "a test that does not fit the pairing",
            with(designed(), "/design/statistical_tests", json!(["paired_t", "welch"])),
            "body.design.statistical_tests[1]",
            "\"welch\" does not fit paired trials",
        ),
        (
            "a test named twice",
            with(designed(), "/design/statistical_tests", json!(["wilcoxon", "wilcoxon"])),
            "body.design.statistical_tests[1]",
            "named twice",
        ),
        (
            "no test",
            with(designed(), "/design/statistical_tests", json!([])),
            "body.design.statistical_tests",
            "one test or more",
        ),
        (
            "a program compared with itself",
            with(designed(), "/design/primary/candidate", json!("rag-1")),
            "body.design.primary.candidate",
            "named twice",
        ),
        (
            "a program without a job",
            with(designed(), "/design/primary/baseline", json!("rag-9")),
            "body.design.primary.baseline",
            "\"rag-9\" is not a program",
        ),
        (
            "an effect of 0",
            with(designed(), "/design/power_analysis/effect_size", json!(0.0)),
            "body.design.power_analysis.effect_size",
            "above 0",
        ),
        (
            "a program with two jobs",
            with(designed(), "/jobs", json!([job("rag-1"), job("rag-1")])),
            "body.jobs[1].program",
            "named twice",
        ),
        ("no job", with(designed(), "/jobs", json!([])), "body.jobs", "one program or more"),
        (
            "a hash of a dataset that is none",
            with(designed(), "/jobs/0/dataset", json!({"name": "d", "size": 1, "sha256": "abc"})),
            "body.jobs[0].dataset.sha256",
            "64 lowercase hexadecimal digits",
        ),
        ("pairs of different datasets", unpaired, "body.jobs[1].dataset", "paired trials"),
        (
            "an experiment that finished as running",
            with(finished(), "/status", json!("running")),
            "body.status",
            "does not end an experiment",
        ),
        (
            "a trial that finished as paused",
            with(trial(), "/status", json!("paused")),
            "body.status",
            "does not end a trial",
        ),
        (
            "a trial that ended before it began",
            with(trial(), "/ended_at", json!("2026-11-21T00:06:33Z")),
            "body.ended_at",
            "before started_at",
        ),
        (
            "a completed trial with an error",
            with(trial(), "/status", json!("completed")),
            "body.error",
            "status is completed",
        ),
        (
            "a trial with a negative cost",
            with(trial(), "/cost/financial", json!(-0.5)),
            "body.cost.financial",
            "0 or more",
        ),
        (
            "a trial with a metric that is no number",
            with(trial(), "/metrics/accuracy", json!("high")),
            "body.metrics.accuracy",
            "a finite number",
        ),
    ]
}
