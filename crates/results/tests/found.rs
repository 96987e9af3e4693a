//! Files that other programs wrote and that went wrong once, each with exactly what it holds.

mod common;

use std::path::Path;

use common::{now, open, open_as, steps};
use gauntlet_model::{Body, Event, SnapshotScored, StepKind};
use gauntlet_results::{ColumnMap, Imported, Options};
use serde_json::{Value, json};

fn bytes(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/found");
    std::fs::read(folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn found(name: &str) -> Imported {
    open(name, bytes(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Step and root of each rollout, in the order of the file.
fn roots(run: &Imported) -> Vec<(u64, Option<f64>)> {
    steps(run).iter().map(|(event, body)| (step(event), body.scores.root())).collect()
}

fn step(event: &Event) -> u64 {
    event.step().unwrap()
}

/// Every rollout is a node: no two have the same step and episode.
fn nodes(run: &Imported) -> usize {
    let keys = steps(run).into_iter().map(|(event, _)| (event.step(), event.episode().cloned()));
    keys.collect::<std::collections::BTreeSet<_>>().len()
}

fn scores(body: &SnapshotScored) -> Vec<(&str, f64)> {
    body.scores.iter().collect()
}

#[test]
fn equal_rows_are_rollouts() {
    let run = found("02.csv");
    let mean = |of: u64| {
        let roots: Vec<_> = roots(&run).into_iter().filter(|(step, _)| *step == of).collect();
        (roots.len(), roots.iter().filter_map(|(_, root)| *root).sum::<f64>() / roots.len() as f64)
    };
    assert_eq!((steps(&run).len(), nodes(&run), mean(1), mean(2)), (8, 8, (4, 0.75), (4, 0.25)));
    assert_eq!(run.warnings, Vec::<String>::new());
    let names: Vec<_> = steps(&run).iter().map(|(e, _)| e.episode().unwrap().as_str().to_owned()).collect();
    assert_eq!((names[0].as_str(), names[7].as_str()), ("02-1", "02-8"));

    let run = found("02b.jsonl");
    assert_eq!((roots(&run), nodes(&run)), (vec![(1, Some(1.0)), (1, Some(1.0)), (1, Some(0.0))], 3));
    let run = found("02e.csv");
    assert_eq!((roots(&run), nodes(&run)), (vec![(1, Some(1.0)), (2, Some(1.0)), (3, Some(0.0))], 3));
    assert_eq!(steps(&run)[2].1.action, "B");
}

#[test]
fn completions_of_trl_open() {
    for name in ["03a.csv", "03a.parquet"] {
        let run = found(name);
        assert_eq!(
            roots(&run),
            [(1, Some(2.0)), (1, Some(1.0)), (2, Some(1.0)), (2, Some(2.0))],
            "{name}: {:?}",
            run.warnings
        );
        assert_eq!(nodes(&run), 4, "{name}");
        let (_, first) = steps(&run)[0];
        assert_eq!(
            scores(first),
            [("root", 2.0), ("accuracy_reward", 1.0), ("format_reward", 1.0), ("metrics.advantage", 0.5)],
            "{name}"
        );
        assert_eq!((first.observation.as_str(), first.action.as_str()), ("p", "a"), "{name}");
        assert_eq!(first.metadata["advantage"], json!(0.5), "{name}");
        assert!(run.warnings.iter().any(|note| note.contains("is the sum of")), "{name}: {:?}", run.warnings);
    }
    let run = found("03a2.parquet");
    let (_, first) = steps(&run)[0];
    assert!(!first.action.is_empty() && !first.action.contains("role"), "{}", first.action);
    assert_eq!(first.metadata["completion"][0]["role"], "assistant");
    assert_eq!(first.metadata["prompt"][0]["role"], "user");
}

#[test]
fn results_of_verifiers_open() {
    let run = found("03b.jsonl");
    assert_eq!((roots(&run), nodes(&run)), (vec![(1, Some(1.0)), (2, Some(1.0))], 2));
    let (_, second) = steps(&run)[1];
    assert_eq!(scores(second), [("root", 1.0), ("correct_answer", 1.0)]);
    assert_eq!((second.observation.as_str(), second.action.as_str()), ("2+2", "4"));
    assert_eq!((&second.metadata["task_id"], &second.metadata["answer"]), (&json!("1"), &json!("4")));
    assert_eq!(second.metadata["prompt"], json!([{"role": "user", "content": "2+2"}]));
}

#[test]
fn rollouts_of_verl_open() {
    let run = found("03c.jsonl");
    assert_eq!((roots(&run), nodes(&run)), (vec![(3, Some(1.0)), (3, Some(0.0))], 2));
    let (_, first) = steps(&run)[0];
    assert_eq!(scores(first), [("root", 1.0), ("acc", 1.0)]);
    assert_eq!((first.observation.as_str(), first.action.as_str()), ("q", "a"));
    assert_eq!(first.metadata["gts"], "a");
}

#[test]
fn logs_of_inspect_open() {
    for name in ["03d.json", "03d.eval"] {
        let run = found(name);
        assert_eq!(run.steps, 1, "{name}");
        assert_eq!((run.spec.task.as_deref(), run.spec.agent.as_deref()), (Some("t"), Some("m")), "{name}");
        let (event, body) = steps(&run)[0];
        assert_eq!(scores(body), [("root", 1.0), ("match", 1.0)], "{name}");
        assert_eq!((body.observation.as_str(), body.action.as_str()), ("q", "a"), "{name}");
        assert_eq!((&body.metadata["epoch"], &body.metadata["task_id"]), (&json!(1), &json!("1")), "{name}");
        assert_eq!(event.at().to_string(), "2025-01-01T00:00:00.000000Z", "{name}");
        let found: Vec<_> = run
            .events
            .iter()
            .filter_map(|event| match event.body() {
                Body::StepRecorded(step) => {
                    Some((step.step_kind, step.payload["role"].clone(), step.payload["text"].clone()))
                }
                _ => None,
            })
            .collect();
        assert_eq!(
            found,
            [
                (StepKind::Message, json!("user"), json!("q")),
                (StepKind::Message, json!("assistant"), json!("a"))
            ],
            "{name}"
        );
        let episode = event.episode().unwrap();
        assert_eq!(episode.as_str(), "1-1", "{name}");
        let all = run.events.iter().filter(|e| !matches!(e.body(), Body::RunFinished(_)));
        assert!(all.clone().all(|e| e.episode() == Some(episode)), "{name}");
        assert_eq!(all.count(), 4, "{name}");
    }
}

#[test]
fn a_line_takes_what_a_table_takes() {
    let run = found("03e.jsonl");
    assert_eq!(roots(&run), [(1, Some(1.0))]);
    let (_, body) = steps(&run)[0];
    assert_eq!((body.observation.as_str(), body.action.as_str()), ("p", "a"));
}

#[test]
fn times_have_the_unit_of_their_magnitude() {
    let run = found("07.jsonl");
    let times: Vec<_> = steps(&run).iter().map(|(event, _)| event.at().to_string()).collect();
    assert_eq!(
        times,
        [
            "2025-11-24T16:00:00.000000Z",
            "2025-11-24T16:00:00.123000Z",
            "2025-11-24T16:00:00.123456Z",
            "2025-11-24T16:00:00.123456Z",
            "2025-11-24T16:00:00.000000Z",
            "2025-11-24T16:00:00.123456Z",
            &now().to_string(),
        ]
    );
    assert_eq!(steps(&run)[6].1.metadata["timestamp"], json!(-5));
    assert_eq!(run.warnings, ["1 `timestamp` is not a time: -5; it is in the step's metadata"]);
    let run = found("07.csv");
    let times: Vec<_> = steps(&run).iter().map(|(event, _)| event.at().to_string()).collect();
    assert_eq!(
        times,
        [
            "2025-11-24T16:00:00.000000Z",
            "2025-11-24T16:00:00.123000Z",
            "2025-11-24T16:00:00.123456Z",
            "2025-11-24T16:00:00.123456Z"
        ]
    );
    let run = found("07-us.parquet");
    for (event, _) in steps(&run) {
        assert!(event.at().to_string().starts_with("2025-11-24T16:00:0"), "{}", event.at());
    }
    assert_eq!(run.warnings, Vec::<String>::new());
}

#[test]
fn what_was_not_evaluated_is_counted_and_the_step_stays() {
    for (name, expected, count) in [
        ("16a.json", vec![(1, Some(1.0)), (2, None), (3, Some(0.0))], 1),
        ("16b.jsonl", vec![(1, None), (2, Some(1.0))], 1),
        ("16c.jsonl", vec![(1, None)], 1),
        ("16d.csv", vec![(1, None), (2, None), (3, Some(1.0))], 2),
        ("16e.csv", vec![(1, None), (2, None), (3, Some(1.0))], 3),
    ] {
        let run = found(name);
        assert_eq!(roots(&run), expected, "{name}");
        let words = if count == 1 { "1 score is".to_owned() } else { format!("{count} scores are") };
        let note = format!("{words} not evaluated: null, empty, NaN or infinite in the file");
        assert_eq!(run.warnings, std::slice::from_ref(&note), "{name}");
        assert_eq!(run.spec.metadata["import_notes"], json!([note]), "{name}");
        let (_, first) = steps(&run).into_iter().find(|(_, b)| b.scores.root().is_none()).unwrap();
        assert_eq!(first.not_evaluated, ["root"], "{name}");
    }
}

#[test]
fn values_read_the_same_at_each_door() {
    let run = found("17a.jsonl");
    assert_eq!(roots(&run), [(3, Some(1.0))]);
    assert_eq!(scores(steps(&run)[0].1), [("root", 1.0), ("len", 3.0)]);
    assert_eq!(steps(&run)[0].1.not_evaluated, ["format"]);
    assert_eq!(roots(&found("17b.jsonl")), [(3, Some(1.0))]);
    assert_eq!(roots(&found("17c.jsonl")), [(3, Some(1.0))]);
    assert_eq!(roots(&found("17d.jsonl")), [(3, Some(1.0))]);
    assert_eq!(roots(&found("17-pdbool.csv")), [(1, Some(1.0)), (2, Some(0.0))]);
    let run = found("17-bool.parquet");
    assert!(!roots(&run).is_empty());
    assert!(roots(&run).iter().all(|(_, root)| matches!(root, Some(0.0 | 1.0))), "{:?}", roots(&run));
    let run = found("17-pd.jsonl");
    assert_eq!(scores(steps(&run)[0].1), [("root", 1.0)]);
    assert_eq!(scores(steps(&run)[1].1), [("root", 0.0), ("f", 2.0)]);
}

/// A log of 1,000 steps that ends in the middle of a line.
fn cut_log() -> String {
    let line = |n| format!("{{\"step\": {n}, \"scores\": {{\"root\": 1}}, \"action\": \"a\"}}\n");
    (0..1000).map(line).collect::<String>() + "{\"step\":1000,\"scores\":{\"ro"
}

#[test]
fn a_file_that_is_cut_is_refused_with_the_way_on_and_opens_in_part() {
    let error = open("18a.jsonl", cut_log()).unwrap_err();
    assert_eq!((error.line, error.readable), (Some(1001), Some(1000)), "{error}");
    assert!(error.hint().unwrap().contains("--partial"), "{error}");
    let partial = Options::default().partial_allowed(true);
    let run = open_as("18a.jsonl", cut_log(), &partial).unwrap();
    assert_eq!(run.steps, 1000);
    assert!(run.warnings[0].starts_with("1 record was left out: "), "{:?}", run.warnings);
    assert!(run.warnings[0].contains("line 1001"), "{:?}", run.warnings);
    assert_eq!(run.spec.metadata["import_notes"], json!(run.warnings));
    // In the middle as well, and in every other format.
    let text = "step,root\n1,1\n2,much\n3,3\n";
    let run = open_as("a.csv", text, &partial).unwrap();
    assert_eq!(roots(&run), [(1, Some(1.0)), (3, Some(3.0))]);
    let run = open_as("a.json", "{\"rewards\": [1, 0, 1, 0.5", &partial).unwrap();
    assert_eq!(roots(&run), [(1, Some(1.0)), (2, Some(0.0)), (3, Some(1.0))]);
    assert!(run.warnings.iter().any(|note| note.contains("ends in the middle")), "{:?}", run.warnings);
    assert!(open_as("a.csv", "step,root\n1,much\n", &partial).is_err(), "nothing can be read");
}

#[test]
fn names_match_without_regard_to_their_spelling() {
    assert_eq!(roots(&found("25a.csv")), [(1, Some(1.0)), (2, Some(0.5))]);
    assert_eq!(roots(&found("25b.csv")), [(1, Some(1.0)), (2, Some(0.5))]);
    assert_eq!(roots(&found("25c.csv")), [(1, Some(0.5)), (2, Some(1.0))]);
    let run = found("25e.csv");
    assert_eq!(steps(&run)[0].1.action, "line1\nline2, \"q\"");
    assert_eq!(scores(steps(&found("25k.csv"))[0].1), [("root", 1.0), ("a", 1.0), ("b", 2.0)]);

    let run = open("a.csv", "step,reward,completoin\n1,1,a\n").unwrap();
    assert!(run.warnings[0].contains("`completoin` was kept as metadata"), "{:?}", run.warnings);
    let error = open("a.csv", "step,rewrd\n1,1\n").unwrap_err();
    assert!(error.message.contains("`rewrd` is close to `reward`"), "{error}");
}

#[test]
fn a_column_that_is_not_read_for_another_is_named() {
    for (header, column, field) in [
        ("step,reward,score", "score", "root"),
        ("step,root,Reward", "Reward", "root"),
        ("step,root,global_step", "global_step", "step"),
    ] {
        let run = open("a.csv", format!("{header}\n1,0.5,0.25\n")).unwrap();
        assert_eq!(roots(&run), [(1, Some(0.5))], "{header}");
        let note = format!(
            "column `{column}` was kept as metadata: another column is read as `{field}`, and \
             `--map {field}={column}` reads this one"
        );
        assert_eq!(run.warnings, [note], "{header}");
    }
    let run = open("a.jsonl", "{\"step\":1,\"reward\":1,\"Response\":\"a\",\"completion\":\"b\"}\n").unwrap();
    assert!(run.warnings[0].contains("column `completion`"), "{:?}", run.warnings);
    let run = open("a.csv", "step,reward,id,at\n1,1,7,noon\n");
    assert!(run.is_err(), "with both, a row is a whole event");
}

#[test]
fn a_score_that_is_spelled_almost_as_root_is_named() {
    for (name, text) in [
        ("a.json", r#"{"snapshots":[{"step":3,"scores":{"Root":0.5,"a":1}}]}"#),
        ("a.jsonl", "{\"step\":3,\"scores\":{\"Root\":0.5}}\n{\"step\":4,\"scores\":{\"Root\":0.5}}\n"),
    ] {
        let run = open(name, text).unwrap();
        let note = "the score `Root` is a rubric of its own; the score of a whole step is `root`";
        assert_eq!(run.warnings, [note], "{name}");
    }
    let run = open("a.jsonl", "{\"step\":3,\"scores\":{\"root\":1,\"reward\":0.5}}\n").unwrap();
    assert_eq!(run.warnings, Vec::<String>::new(), "there is a root");
}

#[test]
fn a_text_that_cannot_be_read_does_not_cost_its_record() {
    for (name, bytes) in [
        ("a.jsonl", &b"{\"reward\":1,\"completion\":\"na\xefve\"}\n{\"reward\":0}\n"[..]),
        ("a.json", &b"[{\"reward\":1,\"completion\":\"na\xefve\"},{\"reward\":0}]"[..]),
        ("b.jsonl", &b"{\"reward\":1,\"completion\":\"na\\ud83dve\"}\n{\"reward\":0}\n"[..]),
    ] {
        let run = open(name, bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(steps(&run)[0].1.action, "na\u{fffd}ve", "{name}");
        assert_eq!(run.warnings, ["1 text was repaired: U+FFFD replaces what could not be read"], "{name}");
    }
}

#[test]
fn a_damaged_table_is_refused() {
    let error = open("sp-panic.parquet", bytes("sp-panic.parquet")).unwrap_err();
    assert!(error.to_string().contains("is not a Parquet table that can be read"), "{error}");
}

#[test]
fn a_map_reads_what_is_unknown() {
    let map = |text: &str| Options::default().mapped(ColumnMap::parse(text).unwrap());
    for (name, text) in [
        ("a.csv", "iteration,points,question,answer\n4,0.5,Why?,So.\n"),
        ("a.jsonl", "{\"iteration\":4,\"points\":0.5,\"question\":\"Why?\",\"answer\":\"So.\"}\n"),
    ] {
        assert!(open(name, text).is_err(), "{name}");
        let options = map("reward=points,step=iteration,prompt=question,completion=answer");
        let run = open_as(name, text, &options).unwrap();
        assert_eq!(roots(&run), [(4, Some(0.5))], "{name}");
        let (_, body) = steps(&run)[0];
        assert_eq!((body.observation.as_str(), body.action.as_str()), ("Why?", "So."), "{name}");
        assert_eq!(Value::Object(body.metadata.clone()), json!({}), "{name}");
        let error = open_as(name, text, &map("reward=points,step=missing")).unwrap_err();
        assert!(error.message.contains("`missing`"), "{name}: {error}");
    }
}
