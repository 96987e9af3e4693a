//! The contract with every other SDK: what `sdk/contract` holds goes in, what it refuses does not.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gauntlet_sdk::model::{Event, decode_one};
use gauntlet_sdk::rubric::sinks::{DeliveryError, Sink};
use gauntlet_sdk::{Mode, ObservabilityProvider};
use serde_json::Value;

fn contract() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdk/contract"))
}

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Value>>>);

impl Sink for Kept {
    fn deliver(&mut self, batch: &[Arc<Event>]) -> Result<(), DeliveryError> {
        let values = batch.iter().map(|event| serde_json::to_value(event.as_ref()).unwrap());
        self.0.lock().unwrap().extend(values);
        Ok(())
    }
}

#[test]
fn every_golden_event_goes_through_to_the_letter() {
    let folder = tempfile::tempdir().unwrap();
    let kept = Kept::default();
    let run = ObservabilityProvider::builder()
        .unwrap()
        .mode(Mode::Offline)
        .spool(folder.path(), 1 << 20)
        .sink("kept", kept.clone())
        .start()
        .unwrap();
    let mut goldens = Vec::new();
    for entry in std::fs::read_dir(contract().join("events")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let event = decode_one(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        run.log_event(event);
        if !path.to_string_lossy().ends_with(".min.json") {
            goldens.push(serde_json::from_str::<Value>(&text).unwrap());
        }
    }
    assert!(goldens.len() >= 14, "{} goldens", goldens.len());
    run.flush(Duration::from_secs(30)).unwrap();
    let kept = kept.0.lock().unwrap();
    for golden in goldens {
        assert!(kept.contains(&golden), "{golden}");
    }
}

#[test]
fn what_the_contract_refuses_never_becomes_an_event() {
    let text = std::fs::read_to_string(contract().join("refused.json")).unwrap();
    let entries: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(entries.len() > 20, "{} entries", entries.len());
    let mut tried = 0;
    for entry in &entries {
        let text = match (&entry["event"], entry["text"].as_str()) {
            // Written out at length by the model's own test.
            _ if entry.get("repeat").is_some() => continue,
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
        tried += 1;
    }
    assert!(tried > 20, "only {tried} were tried");
}
