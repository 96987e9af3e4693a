//! Any run, exported as a report or as lines, opens as the same run: every event, every bit of every score.

mod common;

use common::{comes_back, lines, now, open, report};
use gauntlet_model::{
    Action, AnnotationAdded, ArtifactAdded, Body, Challenge, ChallengeAnswered, CommandApplied,
    CommandIssued, EpisodeFinished, EpisodeId, EpisodeStarted, Event, EventId, FailureKind, Gap, MAX_STEP,
    Object, RunFinished, RunSpec, RunStatus, Score, ScoreAdded, ScoreTarget, Scores, SnapshotScored, Status,
    StepKind, StepRange, StepRecorded, Timestamp,
};
use gauntlet_results::Imported;
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use serde_json::{Value, json};

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        finite().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(text(), inner, 0..4).prop_map(|m| Value::Object(m.into_iter().collect()))
        ]
    })
}

/// Any text, with more of what needs care: quotes, escapes, line separators, the keys that imports know.
fn text() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "index",
        "reward",
        "metrics",
        "snapshot",
        "action",
        "step",
        "event",
        "ground_truth",
        "timestamp",
        "a\u{2028}\"\\\u{7}",
    ]);
    prop_oneof![2 => any::<String>(), 1 => known.prop_map(str::to_owned)]
}

fn object() -> impl Strategy<Value = Object> {
    btree_map(text(), value(), 0..5).prop_map(|map| map.into_iter().collect())
}

fn finite() -> impl Strategy<Value = f64> {
    prop_oneof![
        prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO,
        (-50_i32..50).prop_map(f64::from)
    ]
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 é_-]{1,12}"
}

/// Some of the keys a snapshot has, each once, in any order.
fn posted() -> impl Strategy<Value = Vec<String>> {
    let keys = ["session_id", "step", "scores", "timestamp", "is_paused", "challenge", "metadata"];
    prop::sample::subsequence(keys.map(str::to_owned).to_vec(), 0..=7).prop_shuffle()
}

fn snapshot() -> impl Strategy<Value = Body> {
    let scores = btree_map("(root|format|[a-z]{1,4}(\\.[a-z]{1,3}){0,2})", finite(), 0..6);
    let asked = (name(), text(), vec(name(), 0..3), of(text())).prop_map(
        |(kind, question, options, expected_answer)| Challenge { kind, question, options, expected_answer },
    );
    let failures = vec(prop::sample::select(FailureKind::ALL.to_vec()), 0..3);
    let times = prop_oneof![
        name(),
        Just("2026-11-21T00:06:33.885877".to_owned()),
        Just("2026-11-21T00:06:33.000000Z".to_owned())
    ];
    let first = (scores, vec("[A-Z]{1,4}", 0..3), failures, text(), text());
    let second = (of(0.0..1e9_f64), any::<bool>(), of(asked), object(), of(times), posted());
    (first, second).prop_map(|(first, second)| {
        let (scores, not_evaluated, failures, action, observation) = first;
        let (duration_ms, is_paused, challenge, metadata, timestamp, posted) = second;
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
        Body::from(body)
    })
}

fn other() -> impl Strategy<Value = Body> {
    prop_oneof![
        of(text()).prop_map(|reason| RunStatus { status: Status::Paused, reason }.into()),
        (of(name()), object()).prop_map(|(task, metadata)| EpisodeStarted { task, metadata }.into()),
        (of(finite()), of(text())).prop_map(|(r, error)| {
            EpisodeFinished {
                status: Status::Failed,
                return_: r.and_then(|r| Score::new(r).ok()),
                latency_ms: r.map(f64::abs),
                cost: None,
                error,
            }
            .into()
        }),
        (of(name()), object(), object()).prop_map(|(name, payload, metadata)| {
            StepRecorded {
                step_kind: StepKind::ToolCall,
                name,
                span_id: "0123456789abcdef".to_owned(),
                parent_span_id: None,
                started_at: now(),
                ended_at: Some(now()),
                payload,
                error: None,
                metadata,
            }
            .into()
        }),
        (finite(), of(text())).prop_map(|(value, explanation)| {
            let value = Score::new(value).unwrap();
            ScoreAdded {
                target: ScoreTarget::Step,
                path: "a.b".to_owned(),
                value,
                label: None,
                explanation,
                source: "me".to_owned(),
            }
            .into()
        }),
        any::<u64>().prop_map(|size_bytes| {
            let [name, mime_type, role] = ["n", "m/t", "r"].map(str::to_owned);
            ArtifactAdded { name, mime_type, size_bytes, sha256: "0".repeat(64), role }.into()
        }),
        (name(), object()).prop_map(|(author, parameters)| {
            CommandIssued { command_id: "c".to_owned(), action: Action::Tweak, parameters, author }.into()
        }),
        text().prop_map(|result| CommandApplied { command_id: "c".to_owned(), result }.into()),
        (name(), of(any::<bool>())).prop_map(|(answer, correct)| ChallengeAnswered {
            answer,
            author: "me".to_owned(),
            correct
        }
        .into()),
        (text(), name()).prop_map(|(text, author)| AnnotationAdded {
            text,
            author,
            range: Some(StepRange { from: 1, to: 2 })
        }
        .into()),
        (any::<u64>(), name()).prop_map(|(lost, reason)| Gap { lost, reason }.into()),
    ]
}

fn run() -> impl Strategy<Value = Imported> {
    let event = (prop_oneof![3 => snapshot(), 1 => other()], 0..=MAX_STEP, of(name()), any::<i64>());
    let spec = (name(), of(name()), vec(name(), 0..3), object(), object());
    (spec, text(), vec(event, 0..12)).prop_map(|((name, task, tags, config, metadata), notes, drawn)| {
        let spec = RunSpec { task, tags, config, metadata, ..RunSpec::named(name) };
        let mut events: Vec<Event> = Vec::new();
        for (body, step, episode, at) in drawn {
            let id = EventId::from_u128(1000 + events.len() as u128);
            let episode = EpisodeId::new(episode.unwrap_or_else(|| "e".to_owned())).unwrap();
            events.push(Event::new(id, Timestamp::from_micros(at), Some(episode), Some(step), body).unwrap());
        }
        let end = RunFinished { status: Status::Cancelled, summary: None };
        events.push(Event::new(EventId::from_u128(1), now(), None, None, end).unwrap());
        let steps = events.iter().filter(|e| matches!(e.body(), Body::SnapshotScored(_))).count() as u64;
        let episodes =
            events.iter().filter_map(Event::episode).collect::<std::collections::BTreeSet<_>>().len() as u64;
        Imported { spec, notes, events, warnings: Vec::new(), steps, episodes }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_run_comes_back(
        run in run().prop_filter("a run with steps opens without a warning", |run| run.steps > 0),
    ) {
        comes_back(&run);
        let again = open("a.json", report(&run)).unwrap();
        prop_assert_eq!(&again.notes, &run.notes);
        for (new, old) in common::steps(&again).iter().zip(common::steps(&run)) {
            for ((_, new), (_, old)) in new.1.scores.iter().zip(old.1.scores.iter()) {
                prop_assert_eq!(new.to_bits(), old.to_bits());
            }
        }
    }

    #[test]
    fn no_file_panics(
        text in prop_oneof![any::<String>(), value().prop_map(|v| v.to_string())],
        cut in any::<prop::sample::Index>(),
        noise in any::<u8>(),
        run in run(),
    ) {
        let _ = open("a.json", &text);
        for mut bytes in [report(&run).into_bytes(), lines(&run).into_bytes()] {
            let at = cut.index(bytes.len());
            let _ = open("a.json", &bytes[..at]);
            bytes[at] = noise;
            let _ = open("a.jsonl", &bytes);
        }
    }
}

#[test]
fn a_large_report_opens_in_linear_time() {
    let size = |steps: u64| {
        let snapshots: Vec<Value> = (0..steps)
            .map(|i| json!({"step": i, "scores": {"root": i}, "action": "x".repeat(200)}))
            .collect();
        json!({"snapshots": snapshots}).to_string()
    };
    // The best of three: the machine is shared.
    let time = |text: &str| {
        let once = |_| {
            let start = std::time::Instant::now();
            assert!(open("a.json", text).is_ok());
            start.elapsed().as_secs_f64()
        };
        (0..3).map(once).fold(f64::INFINITY, f64::min)
    };
    let (small, large) = (size(1_000), size(16_000));
    let (first, second) = (time(&small).max(1e-3), time(&large));
    assert!(second < first * 16.0 * 5.0, "16 times the file took {second:.2} s after {first:.3} s");
}
