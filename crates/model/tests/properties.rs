//! What holds for any event and any text: nothing panics, and an event written is the same event read.

use gauntlet_model::*;
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::{Value, json};

fn finite() -> impl Strategy<Value = f64> {
    prop_oneof![
        prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO,
        (-50_i32..50).prop_map(f64::from)
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        finite().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let map = btree_map(any::<String>(), inner.clone(), 0..4);
        prop_oneof![
            vec(inner, 0..4).prop_map(Value::from),
            map.prop_map(|m| Value::Object(m.into_iter().collect()))
        ]
    })
}

fn object() -> impl Strategy<Value = Object> {
    btree_map(any::<String>(), value(), 0..4).prop_map(|map| map.into_iter().collect())
}

fn label() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 é_.:-]{1,20}[a-z]"
}

fn instant() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp::from_micros)
}

fn path() -> impl Strategy<Value = String> {
    "[a-zé_]{1,6}(\\.[a-z0-9]{1,4}){0,3}"
}

fn status() -> impl Strategy<Value = Status> {
    select(Status::ALL.to_vec())
}

fn score() -> impl Strategy<Value = Score> {
    finite().prop_map(|value| Score::new(value).unwrap())
}

fn snapshot() -> impl Strategy<Value = Body> {
    let asked = (label(), any::<String>(), vec(label(), 0..3), of(any::<String>()));
    let asked = asked.prop_map(|(kind, question, options, expected_answer)| Challenge {
        kind,
        question,
        options,
        expected_answer,
    });
    let first = (
        btree_map(path(), finite(), 0..8),
        vec("[A-Z]{1,4}", 0..3),
        vec(select(FailureKind::ALL.to_vec()), 0..3),
    );
    let second = (any::<String>(), any::<String>(), of(0.0..1e12_f64), any::<bool>());
    let third = (of(asked), object(), of(label()), posted());
    (first, second, third).prop_map(
        |((scores, not_evaluated, failures), (action, observation, duration_ms, is_paused), rest)| {
            let (challenge, metadata, timestamp, posted) = rest;
            let scores = Scores::new(scores).unwrap();
            let body = SnapshotScored {
                scores,
                not_evaluated,
                failures,
                action,
                observation,
                duration_ms,
                is_paused,
                challenge,
                metadata,
                timestamp,
                posted,
            };
            body.into()
        },
    )
}

/// Some of the keys a snapshot has, each once, in any order.
fn posted() -> impl Strategy<Value = Vec<String>> {
    let keys = ["session_id", "step", "scores", "timestamp", "is_paused", "challenge", "metadata"];
    subsequence(keys.map(str::to_owned).to_vec(), 0..=7).prop_shuffle()
}

fn recorded() -> impl Strategy<Value = Body> {
    let error = (label(), any::<String>(), of(any::<String>()))
        .prop_map(|(kind, message, traceback)| StepError { kind, message, traceback });
    let span = || "[0-9a-f]{16}";
    (of(label()), span(), of(span()), instant(), of(0_i64..1_000_000_000), object(), of(error), object())
        .prop_map(|(name, span_id, parent_span_id, started_at, lasted, payload, error, metadata)| {
            let ended_at = lasted.map(|micros| Timestamp::from_micros(started_at.micros() + micros));
            let step_kind = StepKind::PlanUpdate;
            StepRecorded {
                step_kind,
                name,
                span_id,
                parent_span_id,
                started_at,
                ended_at,
                payload,
                error,
                metadata,
            }
            .into()
        })
}

fn experiment() -> impl Strategy<Value = Body> {
    prop_oneof![
        (label(), ".+", vec("[a-c]", 1), any::<String>(), object()).prop_map(
            |(hypothesis_id, research_question, variables, prediction, metadata)| ExperimentRegistered {
                hypothesis_id,
                research_question,
                independent_variables: variables.clone(),
                dependent_variables: variables,
                prediction,
                hypothesis_type: HypothesisType::Exploratory,
                metadata,
            }
            .into()
        ),
        (of(label()), object()).prop_map(|(code_version, environment)| ExperimentStarted {
            code_version,
            environment
        }
        .into()),
        (vec(".+", 0..3), of(any::<String>())).prop_map(|(research_insights, reason)| ExperimentFinished {
            status: Status::Failed,
            reason,
            research_insights
        }
        .into()),
        (label(), label(), 0..=MAX_STEP).prop_map(|(trial_id, program, index)| TrialStarted {
            trial_id,
            program,
            index
        }
        .into()),
        trial(),
    ]
}

fn trial() -> impl Strategy<Value = Body> {
    let error =
        (label(), any::<String>()).prop_map(|(kind, message)| StepError { kind, message, traceback: None });
    let cost = (0..=MAX_STEP, 0.0..1e9_f64).prop_map(|(tokens, financial)| TrialCost { tokens, financial });
    let given = (value(), object(), value(), btree_map(path(), finite(), 0..4));
    (label(), instant(), 0_i64..1_000_000_000, given, of(score()), of(cost), of(error)).prop_map(
        |(trial_id, started_at, lasted, given, score, cost, error)| {
            let (data_point, configuration, prediction, metrics) = given;
            TrialFinished {
                program: trial_id.clone(),
                trial_id,
                index: 3,
                status: Status::TimedOut,
                started_at,
                ended_at: Timestamp::from_micros(started_at.micros() + lasted),
                data_point,
                configuration,
                prediction,
                metrics: Scores::new(metrics).unwrap(),
                score,
                latency_ms: Some(0.5),
                cost,
                error,
            }
            .into()
        },
    )
}

fn body() -> impl Strategy<Value = Body> {
    let end = select(vec![Status::Completed, Status::Failed, Status::TimedOut, Status::Cancelled]);
    let action = select(vec![Action::Pause, Action::Resume, Action::Tweak, Action::Answer, Action::Stop]);
    prop_oneof![
        (label(), of(label()), vec(label(), 0..4), object(), object()).prop_map(
            |(name, agent, tags, config, metadata)| {
                RunSpec { agent, tags, config, metadata, ..RunSpec::named(name) }.started().into()
            }
        ),
        (status(), of(any::<String>())).prop_map(|(status, reason)| RunStatus { status, reason }.into()),
        (end, of(object())).prop_map(|(status, summary)| RunFinished { status, summary }.into()),
        (of(label()), object()).prop_map(|(task, metadata)| EpisodeStarted { task, metadata }.into()),
        (status(), of(score()), of(0.0..1e9_f64), of(any::<String>())).prop_map(
            |(status, return_, cost, error)| EpisodeFinished {
                status,
                return_,
                latency_ms: cost,
                cost,
                error
            }
            .into()
        ),
        snapshot(),
        recorded(),
        experiment(),
        (
            select(vec![ScoreTarget::Step, ScoreTarget::Episode, ScoreTarget::Run]),
            path(),
            score(),
            of(any::<String>()),
            label()
        )
            .prop_map(|(target, path, value, explanation, source)| {
                ScoreAdded { target, path, value, label: None, explanation, source }.into()
            }),
        (label(), label(), any::<u64>(), "[0-9a-f]{64}", label()).prop_map(
            |(name, mime_type, size_bytes, sha256, role)| {
                ArtifactAdded { name, mime_type, size_bytes, sha256, role }.into()
            }
        ),
        (label(), action, object(), label()).prop_map(|(command_id, action, parameters, author)| {
            CommandIssued { command_id, action, parameters, author }.into()
        }),
        (label(), any::<String>())
            .prop_map(|(command_id, result)| CommandApplied { command_id, result }.into()),
        (label(), label(), of(any::<bool>())).prop_map(|(answer, author, correct)| ChallengeAnswered {
            answer,
            author,
            correct
        }
        .into()),
        (any::<String>(), label(), of((0..=MAX_STEP, 0..=MAX_STEP))).prop_map(|(text, author, range)| {
            let range = range.map(|(a, b)| StepRange { from: a.min(b), to: a.max(b) });
            AnnotationAdded { text, author, range }.into()
        }),
        (".+", select(Severity::ALL.to_vec()), of(label()), of(label()))
            .prop_map(|(text, severity, monitor, rule)| AlertRaised { text, severity, monitor, rule }.into()),
        (any::<u64>(), label()).prop_map(|(lost, reason)| Gap { lost, reason }.into()),
    ]
}

/// Any event, with a step and an episode: every kind may have both.
fn event() -> impl Strategy<Value = Event> {
    (any::<u128>(), instant(), label(), 0..=MAX_STEP, body()).prop_map(|(id, at, episode, step, body)| {
        let episode = EpisodeId::new(episode).unwrap();
        Event::new(EventId::from_u128(id), at, Some(episode), Some(step), body).unwrap()
    })
}

/// A place in a JSON value, by numbers that always lead somewhere; the value there is replaced.
fn replace(value: &mut Value, way: &[Index], new: Value) {
    let next = match (way.first(), &*value) {
        (Some(turn), Value::Object(map)) if !map.is_empty() => turn.index(map.len()),
        (Some(turn), Value::Array(list)) if !list.is_empty() => turn.index(list.len()),
        _ => {
            *value = new;
            return;
        }
    };
    match value {
        Value::Object(map) => {
            if let Some(inner) = map.values_mut().nth(next) {
                replace(inner, &way[1..], new);
            }
        }
        Value::Array(list) => replace(&mut list[next], &way[1..], new),
        _ => {}
    }
}

/// Whatever is accepted is written and read again as the same event.
fn settled(text: &str) {
    if let Ok(event) = decode_one(text) {
        let again = serde_json::to_string(&event).unwrap();
        assert_eq!(decode_one(&again).unwrap(), event, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_event_written_is_the_event_read(event in event(), seq in any::<u64>(), received in instant()) {
        let json = serde_json::to_string(&event).unwrap();
        prop_assert_eq!(&decode_one(&json).unwrap(), &event);
        prop_assert_eq!(&serde_json::from_str::<Event>(&json).unwrap(), &event);
        let record = event.record(seq, received);
        prop_assert_eq!(&record.event().unwrap(), &event);
        let json = serde_json::to_string(&record).unwrap();
        prop_assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record);
    }

    #[test]
    fn scores_keep_every_bit(values in vec(finite(), 0..20)) {
        let scores = Scores::new(values.iter().enumerate().map(|(i, v)| (format!("p{i}"), *v))).unwrap();
        let json = serde_json::to_string(&scores).unwrap();
        let again: Scores = serde_json::from_str(&json).unwrap();
        let bits = |scores: &Scores| scores.iter().map(|(_, v)| v.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&again), bits(&scores));
    }

    #[test]
    fn no_text_panics(text in any::<String>(), bytes in vec(any::<u8>(), 0..200), json in value()) {
        settled(&text);
        settled(&json.to_string());
        let _ = (decode_array(&bytes), decode_lines(&bytes));
        let _ = (Snapshot::from_json(&text), Snapshot::from_json(&json.to_string()));
    }

    #[test]
    fn no_damaged_event_panics(
        event in event(), cut in any::<Index>(), byte in any::<u8>(), way in vec(any::<Index>(), 1..5),
        new in value(),
    ) {
        let json = serde_json::to_string(&event).unwrap();
        let mut bytes = json.clone().into_bytes();
        let at = cut.index(bytes.len());
        let _ = decode_lines(&bytes[..at]);
        bytes[at] = byte;
        if let Ok(text) = std::str::from_utf8(&bytes) {
            settled(text);
        }
        let mut value: Value = serde_json::from_str(&json).unwrap();
        replace(&mut value, &way, new);
        settled(&value.to_string());
        settled(&json!({"id": value}).to_string());
    }

    #[test]
    fn a_hub_snapshot_is_given_back_as_posted(body in snapshot(), step in 0..=MAX_STEP, session in label()) {
        let (id, at) = (EventId::from_u128(1), Timestamp::from_micros(0));
        let event = Event::new(id, at, None, Some(step), body).unwrap();
        let Some(mut shown) = Snapshot::of_event(&session, &event) else { return Ok(()) };
        shown.posted = Vec::new();
        shown.timestamp = Some("2026-11-21T00:06:33.885877".to_owned());
        let posted = serde_json::to_string(&shown).unwrap();
        let read = Snapshot::from_json(&posted).unwrap();
        let stored = read.into_event(EventId::from_u128(2), Timestamp::from_micros(0)).unwrap();
        let given: Value = serde_json::to_value(Snapshot::of_event(&session, &stored).unwrap()).unwrap();
        prop_assert_eq!(given, serde_json::from_str::<Value>(&posted).unwrap());
    }
}
