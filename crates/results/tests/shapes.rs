//! Every shape of result file opens as the run it describes.

mod common;

use common::{comes_back, now, open, steps};
use gauntlet_model::{Body, FailureKind, Status, Timestamp};
use gauntlet_results::Imported;
use serde_json::{Value, json};

/// Opens `file`, checks that its exports come back, and that its steps are (step, root) as expected.
fn check(file: &Value, expected: &[(u64, Option<f64>)]) -> Imported {
    let imported = open("some/folder/file.json", file.to_string()).unwrap_or_else(|e| panic!("{e}\n{file}"));
    let found: Vec<_> = steps(&imported).iter().map(|(e, b)| (e.step().unwrap(), b.scores.root())).collect();
    assert_eq!(found, expected);
    comes_back(&imported);
    imported
}

fn detail(index: u64, reward: f64, refusal: bool) -> Value {
    json!({
        "index": index, "reward": reward,
        "metrics": {"refusal": refusal, "hallucination": false, "inconsistency": false, "safe": !refusal},
        "response": format!("answer {index}"),
        "ground_truth": {
            "context": "what is known", "question": "what is it?",
            "expected_answer": {"final": "x", "proof": "y"},
        },
        "parsed": {"analysis": "a", "proof": "p", "final": "f", "format_error": false},
        "extra": [1, 2.5, null],
    })
}

fn entry() -> Value {
    json!({
        "timestamp": "2026-11-21T00:06:33.885877",
        "summary": {"rewards": [1.5, -15.0], "mean_reward": -6.75, "saved_to": null},
        "detailed_results": [detail(0, 1.5, false), detail(1, -15.0, true)],
    })
}

const TWO: [(u64, Option<f64>); 2] = [(1, Some(1.5)), (2, Some(-15.0))];

#[test]
fn reports_open_at_every_depth() {
    let agent = json!({"purple_agent": "agent-7"});
    let nested = json!({"participants": agent, "results": [{"participants": agent, "results": [entry()]}]});
    let half = json!({"participants": agent, "results": [entry()]});
    let mut top = entry();
    top["participants"] = agent.clone();
    for (shape, file) in [("nested", nested), ("half nested", half), ("summary and detailed results", top)] {
        let imported = check(&file, &TWO);
        assert_eq!(imported.warnings, Vec::<String>::new());
        assert_eq!((imported.steps, imported.episodes), (2, 0));
        let spec = &imported.spec;
        assert_eq!(
            (spec.name.as_str(), spec.kind.as_deref(), spec.agent.as_deref()),
            ("file", Some("evaluation"), Some("agent-7"))
        );
        assert_eq!(spec.metadata["participants"], agent);
        assert_eq!(spec.metadata["timestamp"], "2026-11-21T00:06:33.885877");
        assert_eq!(spec.metadata["summary"], json!({"mean_reward": -6.75, "saved_to": null}));
        assert_eq!(spec.metadata["imported_from"], json!({"file": "file.json", "shape": shape}));
        let (event, body) = steps(&imported)[1];
        assert_eq!(event.at().to_string(), "2026-11-21T00:06:33.885877Z");
        assert_eq!(body.action, "answer 1");
        assert_eq!(body.observation, "what is known\n\nwhat is it?");
        assert_eq!(body.failures, [FailureKind::Refusal]);
        assert_eq!(body.scores.len(), 1, "the other rubrics were not evaluated");
        let mut rest = detail(1, -15.0, true);
        rest.as_object_mut().unwrap().shift_remove("response");
        assert_eq!(Value::Object(body.metadata.clone()), rest);
    }
}

#[test]
fn a_snapshot_in_a_result_brings_its_scores() {
    let mut file = entry();
    file["detailed_results"][1]["snapshot"] = json!({
        "session_id": "local", "step": 0, "timestamp": "2026-02-06T10:42:49.719311", "is_paused": true,
        "scores": {"root": -20.25, "format": 1.0, "grounding.claims": -20.0},
        "challenge": {
            "type": "HALLUCINATION_GUARD", "question": "Is it there?", "options": ["yes", "no"],
            "expected_answer": "no",
        },
        "metadata": {"action": "", "observation": "", "task_id": "T1"},
    });
    let imported = check(&file, &[(1, Some(1.5)), (2, Some(-20.25))]);
    let (event, body) = steps(&imported)[1];
    assert_eq!(event.at().to_string(), "2026-02-06T10:42:49.719311Z");
    assert_eq!(body.timestamp.as_deref(), Some("2026-02-06T10:42:49.719311"));
    assert_eq!(body.scores.get("grounding.claims"), Some(-20.0));
    assert_eq!(body.failures, [], "the scores say it");
    assert!(body.is_paused);
    assert_eq!(body.challenge.as_ref().unwrap().options, ["yes", "no"]);
    assert_eq!(body.metadata["reward"], -15.0);
    assert_eq!(body.metadata["snapshot"]["metadata"]["task_id"], "T1");
}

#[test]
fn the_flat_benchmark_has_a_step_for_each_reward() {
    let file = json!({
        "total_responses": 3, "mean_reward": -5.0, "rewards": [-15, 0, 0.1], "refusal_rate": 0.0,
        "hallucination_outcomes": [1, 0, 0], "saved_to": null, "statistics": {"q1": -15.0},
        "model_name": "m:20b", "num_samples": 3, "provider": "p", "timestamp": "2025-11-28T04:40:02.507168",
    });
    let imported = check(&file, &[(1, Some(-15.0)), (2, Some(0.0)), (3, Some(0.1))]);
    assert_eq!(imported.warnings, Vec::<String>::new());
    let spec = &imported.spec;
    assert_eq!(spec.agent.as_deref(), Some("m:20b"));
    assert_eq!(spec.metadata["statistics"], json!({"q1": -15.0}));
    assert_eq!(spec.metadata["summary"]["refusal_rate"], 0.0);
    assert_eq!(spec.metadata["summary"]["saved_to"], Value::Null);
    let steps = steps(&imported);
    assert_eq!(steps[0].1.failures, [FailureKind::Hallucination]);
    assert_eq!(steps[2].0.at().to_string(), "2025-11-28T04:40:02.507168Z");
    let end = imported.events.last().unwrap();
    assert!(matches!(end.body(), Body::RunFinished(end) if end.status == Status::Completed));
}

#[test]
fn several_entries_continue_the_numbers_and_keep_their_facts() {
    let mut second = entry();
    second["timestamp"] = json!("2026-11-22T00:00:00");
    let file = json!({"results": [{"participants": {"a": 1}, "results": [entry()]}, {"results": [second]}]});
    let imported = check(&file, &[(1, Some(1.5)), (2, Some(-15.0)), (3, Some(1.5)), (4, Some(-15.0))]);
    assert_eq!(imported.warnings, ["the file holds 2 entries; their steps are numbered on"]);
    let entries = &imported.spec.metadata["entries"];
    assert_eq!((entries[1]["first_step"].as_u64(), entries[1]["steps"].as_u64()), (Some(3), Some(2)));
    assert_eq!(entries[1]["timestamp"], "2026-11-22T00:00:00");
    assert_eq!(steps(&imported)[3].0.at().to_string(), "2026-11-22T00:00:00.000000Z");
}

#[test]
fn unusual_reports_open_with_a_note() {
    let with = |change: fn(&mut Value)| {
        let mut file = entry();
        change(&mut file);
        file
    };
    let swapped = [(1, Some(-15.0)), (2, Some(1.5))];
    for (file, expected, warning) in [
        (with(|f| f["detailed_results"].as_array_mut().unwrap().reverse()), &TWO, "ordered by their index"),
        (
            with(|f| f["detailed_results"] = json!([detail(4, -15.0, true), detail(4, 1.5, false)])),
            &swapped,
            "the file's order counts",
        ),
        (with(|f| f["summary"]["rewards"] = json!([9.0])), &TWO, "`rewards` differ"),
        (
            with(|f| f["summary"]["detailed_results"] = json!([detail(0, 3.0, false)])),
            &TWO,
            "summary.detailed_results differs",
        ),
        (with(|f| f["detailed_results"] = json!([])), &TWO, "only rewards"),
        (with(|f| f["timestamp"] = json!("yesterday")), &TWO, "timestamp \"yesterday\" is not a time"),
        (with(|f| f["snapshots"] = json!([{"scores": {}}])), &TWO, "`snapshots` was not read"),
    ] {
        let imported = check(&file, expected);
        assert!(imported.warnings.iter().any(|w| w.contains(warning)), "{warning}: {:?}", imported.warnings);
    }
    let empty = json!({"summary": {"rewards": []}, "detailed_results": []});
    let imported = open("a.json", empty.to_string()).unwrap();
    assert_eq!(imported.warnings, ["the file holds no scored step"]);
}

#[test]
fn an_equal_copy_in_the_summary_is_dropped() {
    let mut file = entry();
    file["summary"]["detailed_results"] = file["detailed_results"].clone();
    assert_eq!(check(&file, &TWO).spec, check(&entry(), &TWO).spec);
    let mut only = file.clone();
    only.as_object_mut().unwrap().shift_remove("detailed_results");
    assert_eq!(check(&only, &TWO).events, check(&entry(), &TWO).events);
}

#[test]
fn snapshots_open_from_an_object_an_array_and_lines() {
    let small = json!({
        "timestamp": "2026-11-21T00:06:33", "scores": {"root": 2, "a.b": -0.5}, "action": "did",
        "observation": "saw",
    });
    let imported = check(
        &json!({"snapshots": [small, small], "session_id": "s1", "hub": "h"}),
        &[(1, Some(2.0)), (2, Some(2.0))],
    );
    assert_eq!(imported.warnings, Vec::<String>::new());
    assert_eq!(
        (&imported.spec.metadata["session_id"], &imported.spec.metadata["hub"]),
        (&json!("s1"), &json!("h"))
    );
    let (_, body) = steps(&imported)[0];
    assert_eq!((body.action.as_str(), body.observation.as_str()), ("did", "saw"));
    assert_eq!(body.timestamp.as_deref(), Some("2026-11-21T00:06:33"));

    let complete = |step: u64, root: f64| {
        json!({"session_id": "s1", "step": step, "scores": {"root": root}, "odd": {"kept": true},
        "metadata": {
            "task_id": "T1", "run_type": "grpo", "action": "did", "observation": "saw", "n": 1,
        }})
    };
    let list = [complete(3, 1.0), complete(1, -2.0), complete(3, 1.0)];
    let expected = [(3, Some(1.0)), (1, Some(-2.0)), (3, Some(1.0))];
    let imported = check(&json!(list), &expected);
    assert_eq!(imported.warnings, Vec::<String>::new());
    assert_eq!(imported.episodes, 3, "equal snapshots of a step are rollouts of their own");
    let spec = &imported.spec;
    assert_eq!((spec.kind.as_deref(), spec.task.as_deref()), (Some("grpo"), Some("T1")));
    let (event, body) = steps(&imported)[0];
    assert_eq!((body.action.as_str(), event.at()), ("did", now()));
    assert_eq!(
        Value::Object(body.metadata.clone()),
        json!({"task_id": "T1", "run_type": "grpo", "n": 1, "odd": {"kept": true}})
    );

    let lines: String = list.iter().map(|s| format!("{s}\r\n\n")).collect();
    let by_line = open("x.jsonl", lines).unwrap();
    assert_eq!(by_line.steps, imported.steps);
    let pretty = serde_json::to_string_pretty(&complete(7, 0.5)).unwrap();
    assert_eq!(steps(&open("x.json", pretty).unwrap())[0].0.step(), Some(7));
}

#[test]
fn sessions_of_one_file_become_episodes() {
    let shot = |session: Value, step: u64| {
        let scores = json!({"root": 1.0});
        json!({"step": step, "session_id": session, "scores": scores, "metadata": {}})
    };
    let file = json!([shot(json!("b"), 1), shot(json!("a/x"), 1), shot(json!("b"), 2), shot(json!(null), 1)]);
    let imported = check(&file, &[(1, Some(1.0)), (1, Some(1.0)), (2, Some(1.0)), (1, Some(1.0))]);
    assert_eq!((imported.steps, imported.episodes), (4, 3));
    assert_eq!(imported.warnings[0], "the file holds 3 sessions; each became an episode");
    assert!(imported.warnings.iter().any(|w| w.contains("\"a/x\" cannot name an episode")));
    let first = &imported.events[0];
    assert_eq!((first.kind().as_str(), first.episode().unwrap().as_str()), ("episode.started", "b"));
}

#[test]
fn steps_that_are_missing_are_numbered_in_order() {
    let file =
        json!([{"step": 0, "scores": {"root": 1.0}}, {"step": 0, "scores": {"root": 2.0}}, {"scores": {}}]);
    let imported = check(&file, &[(1, Some(1.0)), (2, Some(2.0)), (3, None)]);
    assert!(imported.warnings[0].contains("numbered in the file's order"), "{:?}", imported.warnings);
    assert_eq!(steps(&imported)[1].1.metadata["step"], 0);
}

#[test]
fn odd_values_are_read_and_stay_in_metadata() {
    let file = json!([{
        "scores": {"root": 1e300}, "timestamp": 1_764_000_000_123_u64, "is_paused": 1,
        "action": {"tool": "x"}, "observation": null, "metadata": null,
    }, {"scores": {"root": 0.1}, "timestamp": 1_764_000_000.5}]);
    let imported = check(&file, &[(1, Some(1e300)), (2, Some(0.1))]);
    let steps = steps(&imported);
    assert_eq!(steps[0].0.at(), Timestamp::from_micros(1_764_000_000_123_000));
    assert_eq!(steps[1].0.at(), Timestamp::from_micros(1_764_000_000_500_000));
    assert_eq!(steps[0].1.action, r#"{"tool":"x"}"#);
    assert_eq!(steps[0].1.metadata["action"], json!({"tool": "x"}));
    assert!(steps[0].1.is_paused);
}

#[test]
fn events_of_gauntlet_keep_their_ids() {
    let event = |id: u32, kind: &str, step: Option<u64>, body: Value| {
        json!({"id": format!("00000000-0000-7000-8000-{id:012}"), "at": "2026-11-21T00:06:33.885877Z",
               "kind": kind, "v": 1, "step": step, "body": body, "seq": id,
               "received_at": "2026-11-21T00:06:34Z"})
    };
    let log = [
        event(
            0,
            "run.started",
            None,
            json!({
                "name": "n", "project": "p", "kind": "sft", "tags": ["t"], "config": {"lr": 1e-5},
                "metadata": {},
            }),
        ),
        event(1, "snapshot.scored", Some(4), json!({"scores": {"root": 1.0}})),
        event(
            2,
            "annotation.added",
            None,
            json!({"text": "look", "author": "me", "range": {"from": 4, "to": 4}}),
        ),
        event(1, "snapshot.scored", Some(4), json!({"scores": {"root": 1.0}})),
        event(3, "run.finished", None, json!({"status": "failed"})),
    ];
    let lines: String = log.iter().map(|e| format!("{e}\n")).collect();
    for text in [lines, json!(log).to_string()] {
        let imported = open("log", text).unwrap();
        assert_eq!((imported.spec.name.as_str(), imported.spec.kind.as_deref()), ("n", Some("sft")));
        assert_eq!(imported.spec.tags, ["t"]);
        let kinds: Vec<_> = imported.events.iter().map(|e| e.kind().as_str()).collect();
        assert_eq!(kinds, ["snapshot.scored", "annotation.added", "run.finished"], "it had already ended");
        assert_eq!(imported.events[1].id().to_string(), "00000000-0000-7000-8000-000000000002");
        assert_eq!(imported.warnings, ["1 events stand in the file twice; each was read once"]);
        comes_back(&imported);
    }
    let mixed = format!("{}\n{}\n", log[1], json!({"step": 5, "scores": {"root": 2.0}}));
    assert_eq!(open("a.jsonl", mixed).unwrap().steps, 2);
}

#[test]
fn a_byte_order_mark_and_line_ends_do_not_matter() {
    let text = format!("\u{feff}{}\r\n", entry());
    assert_eq!(open("a.json", text).unwrap().events, open("a.json", entry().to_string()).unwrap().events);
}

#[test]
fn notes_travel_with_the_report() {
    let mut imported = open("a.json", entry().to_string()).unwrap();
    imported.notes = "a note\nof two lines".to_owned();
    assert_eq!(open("b.json", common::report(&imported)).unwrap().notes, imported.notes);
}
