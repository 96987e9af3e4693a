//! Result files that other people's systems recorded: every one opens, loses nothing and comes back.

mod common;

use common::{comes_back, open, report, samples, steps};
use gauntlet_model::{Body, Status, Timestamp};
use serde_json::Value;

/// The detailed results of a file, wherever they are.
fn records(file: &Value) -> Vec<&Value> {
    let mut entry = file;
    while let Some(inner) = entry["results"].get(0) {
        entry = inner;
    }
    entry["detailed_results"].as_array().map(|list| list.iter().collect()).unwrap_or_default()
}

fn check(name: &str, text: &str) {
    let file: Value = serde_json::from_str(text).unwrap();
    let imported = open(name, text).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(imported.warnings, Vec::<String>::new(), "{name}");
    let records = records(&file);
    let rewards: Vec<f64> = match records.is_empty() {
        true => file["rewards"].as_array().unwrap().iter().filter_map(Value::as_f64).collect(),
        false => records.iter().filter_map(|r| r["reward"].as_f64()).collect(),
    };
    let steps = steps(&imported);
    assert_eq!(steps.len(), rewards.len(), "{name}");
    assert_eq!(imported.steps, rewards.len() as u64, "{name}");
    for (k, (event, body)) in steps.iter().enumerate() {
        assert_eq!(event.step(), Some(k as u64 + 1), "{name}");
        assert_eq!(body.scores.root(), Some(rewards[k]), "{name}");
        let Some(record) = records.get(k) else { continue };
        holds(name, event.at(), body, record);
    }
    let end = imported.events.last().map(|e| e.body().clone());
    assert!(matches!(end, Some(Body::RunFinished(end)) if end.status == Status::Completed), "{name}");
    comes_back(&imported);
    viewers_open(name, &report(&imported), &file, &rewards);
}

/// A step has all that its record has.
fn holds(name: &str, at: Timestamp, body: &gauntlet_model::SnapshotScored, record: &Value) {
    assert_eq!(Some(body.action.as_str()), record["response"].as_str(), "{name}");
    let asked = if record["ground_truth"].is_object() { &record["ground_truth"] } else { record };
    for key in ["context", "question"] {
        assert!(body.observation.contains(asked[key].as_str().unwrap()), "{name}");
    }
    for (key, value) in record.as_object().unwrap() {
        match key.as_str() {
            "response" => {}
            "snapshot" => {
                for (path, score) in value["scores"].as_object().unwrap() {
                    assert_eq!(body.scores.get(path), score.as_f64(), "{name}: {path}");
                }
                assert_eq!(body.timestamp.as_deref(), value["timestamp"].as_str(), "{name}");
                assert_eq!(
                    at,
                    Timestamp::parse_lenient(value["timestamp"].as_str().unwrap()).unwrap(),
                    "{name}"
                );
                for key in ["session_id", "step", "metadata"] {
                    assert_eq!(body.metadata["snapshot"][key], value[key], "{name}");
                }
            }
            _ => assert_eq!(body.metadata[key], *value, "{name}: {key}"),
        }
    }
    let metrics = [("hallucination", "hallucination"), ("format_error", "format"), ("refusal", "refusal")];
    for (metric, failure) in metrics {
        let named = body.failures.iter().any(|f| f.as_str() == failure);
        let expected = record["snapshot"].is_null() && record["metrics"][metric] == true;
        assert_eq!(named, expected, "{name}: {metric}");
    }
}

/// The report has what viewers of such reports read, and the records are the file's own.
fn viewers_open(name: &str, text: &str, file: &Value, rewards: &[f64]) {
    let report: Value = serde_json::from_str(text).unwrap();
    let entry = &report["results"][0]["results"][0];
    let written: Vec<f64> =
        entry["summary"]["rewards"].as_array().unwrap().iter().filter_map(Value::as_f64).collect();
    assert_eq!(written, rewards, "{name}");
    assert!(report["name"].is_string(), "{name}");
    assert_eq!(report["snapshots"].as_array().unwrap().len(), rewards.len(), "{name}");
    for (new, old) in entry["detailed_results"].as_array().unwrap().iter().zip(records(file)) {
        for (key, value) in old.as_object().unwrap() {
            match key.as_str() {
                "snapshot" => assert_eq!(new["snapshot"]["scores"], value["scores"], "{name}"),
                _ => assert_eq!(new[key], *value, "{name}: {key}"),
            }
        }
    }
}

#[test]
fn every_recorded_file_opens_and_comes_back() {
    let Some(folder) = samples() else { return };
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        check(&path.file_name().unwrap().to_string_lossy(), &text);
    }
}
