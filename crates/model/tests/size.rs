//! An event whose body is over the limit does not exist: it cannot be built, and it cannot be read.

use gauntlet_model::*;
use serde_json::{Value, json};

fn object(value: Value) -> Object {
    value.as_object().cloned().unwrap()
}

fn build(body: Body) -> Result<Event, FieldError> {
    let episode = EpisodeId::new("e").ok();
    Event::new(EventId::from_u128(1), Timestamp::default(), episode, Some(1), body)
}

fn step() -> StepRecorded {
    StepRecorded {
        step_kind: StepKind::Error,
        name: None,
        span_id: "0".repeat(16),
        parent_span_id: None,
        started_at: Timestamp::default(),
        ended_at: None,
        payload: Object::new(),
        error: None,
        metadata: Object::new(),
    }
}

fn trial() -> TrialFinished {
    TrialFinished {
        trial_id: "t".to_owned(),
        program: "p".to_owned(),
        index: 0,
        status: Status::Failed,
        started_at: Timestamp::default(),
        ended_at: Timestamp::default(),
        data_point: Value::Null,
        configuration: Object::new(),
        prediction: Value::Null,
        metrics: Scores::default(),
        score: None,
        latency_ms: None,
        cost: None,
        error: None,
    }
}

fn run() -> RunStarted {
    RunSpec::named("n").started()
}

fn asked(challenge: Challenge) -> Body {
    SnapshotScored { challenge: Some(challenge), ..SnapshotScored::default() }.into()
}

/// Every place where a body can grow, grown beyond the limit.
fn too_large() -> Vec<(&'static str, Body)> {
    let text = || object(json!({"text": "x".repeat(MAX_BODY_BYTES)}));
    let numbers = || object(json!({"numbers": vec![-f64::MIN_POSITIVE; MAX_BODY_BYTES / 24]}));
    let keys = || object(json!({"inner": {"k".repeat(MAX_BODY_BYTES): null}}));
    // One byte here is six in JSON.
    let escaped = || "\u{1}".repeat(MAX_TEXT_BYTES);
    let question = Challenge {
        kind: "GUARD".to_owned(),
        question: String::new(),
        options: Vec::new(),
        expected_answer: None,
    };
    let wordy = Challenge { question: escaped(), expected_answer: Some(escaped()), ..question.clone() };
    let options = Challenge { options: vec!["o".repeat(500); MAX_BODY_BYTES / 500], ..question };
    let (action, observation) = (escaped(), escaped());
    let error = StepError { kind: "E".to_owned(), message: escaped(), traceback: Some(escaped()) };
    let parameters = CommandIssued {
        command_id: "c".to_owned(),
        action: Action::Tweak,
        parameters: text(),
        author: "a".to_owned(),
    };
    let wordy_error = error.clone();
    let ended = ExperimentFinished { status: Status::Failed, reason: None, research_insights: Vec::new() };
    vec![
        ("config", RunStarted { config: text(), ..run() }.into()),
        ("run metadata", RunStarted { metadata: numbers(), ..run() }.into()),
        ("summary", RunFinished { status: Status::Completed, summary: Some(keys()) }.into()),
        ("episode metadata", EpisodeStarted { task: None, metadata: text() }.into()),
        ("snapshot metadata", SnapshotScored { metadata: numbers(), ..SnapshotScored::default() }.into()),
        ("texts", SnapshotScored { action, observation, ..SnapshotScored::default() }.into()),
        (
            "failures",
            SnapshotScored { failures: vec![FailureKind::Format; MAX_BODY_BYTES / 8], ..Default::default() }
                .into(),
        ),
        ("question", asked(wordy)),
        ("options", asked(options)),
        ("payload", StepRecorded { payload: text(), ..step() }.into()),
        ("step metadata", StepRecorded { metadata: keys(), ..step() }.into()),
        ("error", StepRecorded { error: Some(error), ..step() }.into()),
        ("parameters", parameters.into()),
        ("environment", ExperimentStarted { environment: text(), ..Default::default() }.into()),
        ("insights", ExperimentFinished { research_insights: vec![escaped(); 2], ..ended }.into()),
        ("data point", TrialFinished { data_point: text().into(), ..trial() }.into()),
        ("trial configuration", TrialFinished { configuration: keys(), ..trial() }.into()),
        ("prediction", TrialFinished { prediction: numbers().into(), ..trial() }.into()),
        ("trial error", TrialFinished { error: Some(wordy_error), ..trial() }.into()),
    ]
}

#[test]
fn a_body_over_the_limit_is_refused_wherever_it_grew() {
    for (what, body) in too_large() {
        let refusal = build(body).expect_err(what);
        assert_eq!(refusal.field, "body", "{what}");
        assert!(refusal.message.ends_with("bytes long; at most 8388608 are allowed"), "{what}: {refusal}");
    }
}

#[test]
fn a_body_of_just_the_limit_is_taken_and_read_again() {
    let with = |text: String| {
        let metadata = object(json!({ "text": text }));
        SnapshotScored { metadata, ..SnapshotScored::default() }
    };
    let room = MAX_BODY_BYTES - Body::from(with(String::new())).to_json().len();
    let event = build(with("x".repeat(room)).into()).unwrap();
    assert_eq!(event.body().to_json().len(), MAX_BODY_BYTES);
    assert_eq!(decode_one(&serde_json::to_string(&event).unwrap()).unwrap(), event);
    assert_eq!(build(with("x".repeat(room + 1)).into()).unwrap_err().field, "body");
}

#[test]
fn a_text_that_grows_beyond_the_limit_when_it_is_written_is_refused() {
    let numbers = ["1e5"; MAX_BODY_BYTES / 8].join(",");
    let json = format!(
        r#"{{"id":"01920000-0000-7000-8000-000000000001","at":"2026-11-21T00:06:33Z",
        "kind":"snapshot.scored","v":1,"step":1,"body":{{"scores":{{}},"metadata":{{"n":[{numbers}]}}}}}}"#
    );
    assert!(json.len() < MAX_BODY_BYTES);
    assert_eq!(decode_one(&json).unwrap_err().field, "body");
}

#[test]
fn what_is_stored_stays_readable_at_any_size() {
    let event = build(SnapshotScored::default().into()).unwrap();
    let body = format!(r#"{{"scores":{{}},"metadata":{{"text":"{}"}}}}"#, "x".repeat(MAX_BODY_BYTES));
    let record = Record { body: body.clone(), ..event.record(0, Timestamp::default()) };
    assert!(record.event().is_ok());
    let sent = serde_json::to_string(&record).unwrap();
    assert_eq!(decode_one(&sent).unwrap_err().field, "body", "from outside it is refused");
}
