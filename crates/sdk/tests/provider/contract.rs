//! The contract with every other SDK: what `sdk/contract` holds goes in, what it refuses does not.

use std::path::PathBuf;

use crate::recorder::RecordedRun;
use gauntlet_sdk::model::{Body, Severity, decode_one};
use serde_json::Value;

fn contract() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdk/contract"))
}

#[test]
fn every_golden_event_goes_through_to_the_letter() {
    let recorded_run = RecordedRun::start();
    let mut goldens = Vec::new();
    for entry in std::fs::read_dir(contract().join("events")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let event = decode_one(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        recorded_run.run.log_event(event);
        if !path.to_string_lossy().ends_with(".min.json") {
            goldens.push(serde_json::from_str::<Value>(&text).unwrap());
        }
    }
    assert!(goldens.len() >= 14, "{} goldens", goldens.len());
    let recorded: Vec<_> =
        recorded_run.events().0.iter().map(|event| serde_json::to_value(&**event).unwrap()).collect();
    for golden in goldens {
        assert!(recorded.contains(&golden), "{golden}");
    }
}

#[test]
fn what_the_contract_refuses_never_becomes_an_event() {
    let text = std::fs::read_to_string(contract().join("refused.json")).unwrap();
    let entries: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(entries.len() > 20, "{} entries", entries.len());
    for entry in &entries {
        let text = match (&entry["event"], entry["text"].as_str()) {
            _ if entry.get("repeat").is_some() => repeated(entry),
            (Value::Null, Some(text)) => text.to_owned(),
            (event, _) => event.to_string(),
        };
        let refusal = decode_one(&text).expect_err(&entry["name"].to_string());
        assert_eq!(refusal.field, entry["field"].as_str().unwrap(), "{}", entry["name"]);
        assert!(
            refusal.message.contains(entry["contains"].as_str().unwrap()),
            "{}: {refusal}",
            entry["name"]
        );
    }
}

#[test]
fn the_text_of_an_alert_is_that_of_the_other_sdks() {
    let text = std::fs::read_to_string(contract().join("alerts.json")).unwrap();
    let vectors: Value = serde_json::from_str(&text).unwrap();
    let recorded_run = RecordedRun::start();
    let mut expected = Vec::new();
    for case in vectors["texts"].as_array().unwrap() {
        let (title, words) = (case["title"].as_str().unwrap(), case["text"].as_str().unwrap());
        recorded_run.run.alert(title, words, Severity::Error, Some(3)).unwrap();
        expected.push((case["is"].as_str().unwrap().to_owned(), Severity::Error));
    }
    assert_eq!(recorded_run.run.alert(" ", "", Severity::Info, None).unwrap_err().field, "body.text");
    let events = recorded_run.events().0;
    let raised: Vec<_> = events
        .iter()
        .filter_map(|event| match event.body() {
            Body::AlertRaised(alert) => Some((alert.text.clone(), alert.severity)),
            _ => None,
        })
        .collect();
    assert_eq!(raised, expected);
    assert!(raised.len() >= 4);
}

/// An event with a text written out at length.
fn repeated(entry: &Value) -> String {
    let path = entry["repeat"]["path"].as_array().unwrap().iter().map(|key| key.as_str().unwrap());
    let pointer: String = path.flat_map(|key| ["/", key]).collect();
    let (outer, key) = pointer.rsplit_once('/').unwrap();
    let times = entry["repeat"]["times"].as_u64().unwrap() as usize;
    let mut event = entry["event"].clone();
    event.pointer_mut(outer).unwrap()[key] =
        Value::from(entry["repeat"]["text"].as_str().unwrap().repeat(times));
    event.to_string()
}
