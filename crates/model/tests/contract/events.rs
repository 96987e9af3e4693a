//! Of each kind one realistic event with every field, and one with the required fields only.

use gauntlet_model::*;
use serde_json::{Value, json};

fn object(value: Value) -> Object {
    value.as_object().cloned().unwrap()
}

fn event(n: u64, episode: Option<&str>, step: Option<u64>, body: impl Into<Body>) -> Event {
    let id = EventId::v7(
        1_795_219_593_885 + n,
        u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835),
    );
    let at = Timestamp::from_micros(1_795_219_593_885_877 + n as i64 * 1000);
    Event::new(id, at, episode.map(|e| EpisodeId::new(e).unwrap()), step, body).unwrap()
}

/// Every field.
pub(crate) fn full() -> Vec<Event> {
    let episode = Some("4bf92f3577b34da6a3ce929d0e0e4736");
    vec![
        event(
            0,
            None,
            None,
            RunStarted {
                name: "guard-7b grpo".into(),
                project: "medical-safety".into(),
                kind: "grpo".into(),
                agent: Some("guard-7b".into()),
                task: Some("triage".into()),
                tags: vec!["nightly".into(), "seed 7".into()],
                config: object(json!({
                    "learning_rate": 1e-6, "group_size": 8, "rubric": {"grounding": {"weight": 15.0}},
                })),
                metadata: object(json!({"commit": "3f2a91c", "host": "trainer-1"})),
                rules: FailureRules::Dipg,
            },
        ),
        event(1, None, None, RunStatus { status: Status::Paused, reason: Some("waits at step 2".into()) }),
        event(
            2,
            episode,
            None,
            EpisodeStarted { task: Some("T1".into()), metadata: object(json!({"split": "train"})) },
        ),
        event(
            3,
            episode,
            Some(2),
            SnapshotScored {
                scores: Scores::new([
                    ("root", -20.0),
                    ("format", 1.0),
                    ("grounding", -20.0),
                    ("grounding.claims", -12.5),
                    ("inconsistency", 5.0),
                ])
                .unwrap(),
                not_evaluated: vec!["synthesis".into(), "synthesis.proof".into()],
                failures: vec![FailureKind::Hallucination],
                action: "<answer>30%</answer>".into(),
                observation: "A phase II study reported a response.\n\nWhat was the response rate?".into(),
                duration_ms: Some(12.75),
                is_paused: true,
                challenge: Some(Challenge {
                    kind: "HALLUCINATION_GUARD".into(),
                    question: "Is the rate in the context?".into(),
                    options: vec!["Exists in context".into(), "Missing from context".into()],
                    expected_answer: Some("Missing from context".into()),
                }),
                metadata: object(json!({"task_id": "T1", "run_type": "grpo", "tokens": 412})),
                timestamp: Some("2026-11-21T00:06:33.885877".into()),
                posted: ["session_id", "step", "scores", "timestamp", "is_paused", "challenge", "metadata"]
                    .map(String::from)
                    .into(),
            },
        ),
        event(
            4,
            episode,
            Some(2),
            StepRecorded {
                step_kind: StepKind::ToolCall,
                name: Some("lookup".into()),
                span_id: "00f067aa0ba902b7".into(),
                parent_span_id: Some("53995c3f42cd8ad8".into()),
                started_at: "2026-11-21T00:06:33.100000Z".parse().unwrap(),
                ended_at: Some("2026-11-21T00:06:33.350000Z".parse().unwrap()),
                payload: object(json!({"arguments": {"query": "response rate"}})),
                error: Some(StepError {
                    kind: "TimeoutError".into(),
                    message: "no answer after 250 ms".into(),
                    traceback: Some("File \"lookup.py\", line 12".into()),
                }),
                metadata: object(json!({"attempt": 2})),
            },
        ),
        event(
            5,
            episode,
            Some(2),
            ScoreAdded {
                target: ScoreTarget::Step,
                path: "helpfulness.tone".into(),
                value: Score::new(0.25).unwrap(),
                label: Some("curt".into()),
                explanation: Some("It does not say why.".into()),
                source: "judge-70b".into(),
            },
        ),
        event(
            6,
            episode,
            Some(2),
            ArtifactAdded {
                name: "rollout.txt".into(),
                mime_type: "text/plain; charset=utf-8".into(),
                size_bytes: 5,
                sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824".into(),
                role: "transcript".into(),
            },
        ),
        event(
            7,
            None,
            None,
            CommandIssued {
                command_id: "c-1".into(),
                action: Action::Tweak,
                parameters: object(json!({"grounding.weight": 20.0})),
                author: "dana".into(),
            },
        ),
        event(
            8,
            None,
            None,
            CommandApplied { command_id: "c-1".into(), result: "grounding.weight is 20".into() },
        ),
        event(
            9,
            episode,
            Some(2),
            ChallengeAnswered {
                answer: "Missing from context".into(),
                author: "dana".into(),
                correct: Some(true),
            },
        ),
        event(
            10,
            None,
            None,
            AnnotationAdded {
                text: "The reward falls here.\nSee the format score.".into(),
                author: "dana".into(),
                range: Some(StepRange { from: 2, to: 40 }),
            },
        ),
        event(
            14,
            None,
            Some(40),
            AlertRaised {
                text: "zscore(loss, 50) > 3: zscore(loss, 50) = 4.25".into(),
                severity: Severity::Error,
                monitor: Some("loss jumps".into()),
                rule: Some("zscore(loss, 50) > 3".into()),
            },
        ),
        event(15, None, None, super::experiments::registered()),
        event(16, None, None, super::experiments::designed()),
        event(17, None, None, super::experiments::started()),
        event(
            18,
            episode,
            None,
            TrialStarted { trial_id: "rag-2/7".into(), program: "rag-2".into(), index: 7 },
        ),
        event(19, episode, None, super::experiments::trial()),
        event(32, None, None, super::experiments::finished()),
        event(11, None, None, Gap { lost: 17, reason: "the queue was full".into() }),
        event(
            12,
            episode,
            None,
            EpisodeFinished {
                status: Status::TimedOut,
                return_: Some(Score::new(-41.5).unwrap()),
                latency_ms: Some(60_000.0),
                cost: Some(0.0125),
                error: Some("60 s are over".into()),
            },
        ),
        event(
            13,
            None,
            None,
            RunFinished {
                status: Status::Completed,
                summary: Some(object(json!({"steps": 40, "mean_root": 3.5}))),
            },
        ),
    ]
}

/// Required fields only.
pub(crate) fn minimal() -> Vec<Event> {
    let episode = Some("e1");
    vec![
        event(20, None, None, RunSpec::named("n").started()),
        event(21, None, None, RunStatus { status: Status::Running, reason: None }),
        event(22, episode, None, EpisodeStarted { task: None, metadata: Object::new() }),
        event(23, None, Some(0), SnapshotScored::default()),
        event(
            24,
            None,
            Some(1),
            StepRecorded {
                step_kind: StepKind::Thought,
                name: None,
                span_id: "00f067aa0ba902b7".into(),
                parent_span_id: None,
                started_at: "2026-11-21T00:06:33Z".parse().unwrap(),
                ended_at: None,
                payload: Object::new(),
                error: None,
                metadata: Object::new(),
            },
        ),
        event(
            25,
            None,
            None,
            ScoreAdded {
                target: ScoreTarget::Run,
                path: "root".into(),
                value: Score::new(1.0).unwrap(),
                label: None,
                explanation: None,
                source: "dana".into(),
            },
        ),
        event(
            26,
            None,
            None,
            CommandIssued {
                command_id: "c-2".into(),
                action: Action::Resume,
                parameters: Object::new(),
                author: "dana".into(),
            },
        ),
        event(
            27,
            None,
            Some(2),
            ChallengeAnswered { answer: "Approve".into(), author: "dana".into(), correct: None },
        ),
        event(
            31,
            None,
            None,
            AlertRaised {
                text: "The loss is not a number.".into(),
                severity: Severity::Info,
                monitor: None,
                rule: None,
            },
        ),
        event(28, None, None, AnnotationAdded { text: String::new(), author: "dana".into(), range: None }),
        event(
            29,
            episode,
            None,
            EpisodeFinished {
                status: Status::Completed,
                return_: None,
                latency_ms: None,
                cost: None,
                error: None,
            },
        ),
        event(30, None, None, RunFinished { status: Status::Failed, summary: None }),
        event(33, None, None, super::experiments::least_registered()),
        event(34, None, None, super::experiments::least_designed()),
        event(35, None, None, ExperimentStarted::default()),
        event(36, None, None, super::experiments::least_trial()),
        event(
            37,
            None,
            None,
            ExperimentFinished { status: Status::Cancelled, reason: None, research_insights: Vec::new() },
        ),
    ]
}
