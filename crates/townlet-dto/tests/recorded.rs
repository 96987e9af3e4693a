//! The field names of a recorded stream and of a recorded envelope: both were made by an older simulation.

use gauntlet_townlet_dto::envelope::Envelope;
use gauntlet_townlet_dto::event::WorldEvent;
use gauntlet_townlet_dto::policy::{PolicyChoice, PolicyIdentity};
use gauntlet_townlet_dto::stability::{PromotionState, StabilityMetrics};
use gauntlet_townlet_dto::state::{
    EmploymentSnapshot, PerturbationBoard, QueueMetrics, RelationshipMetrics, RivalryEvent, Tie,
};
use gauntlet_townlet_dto::telemetry::RewardBreakdown;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const STREAM: &str = include_str!("data/recorded.jsonl");
const ENVELOPE: &str = include_str!("data/envelope_0.2.0.json");

/// Absent optional keys are omitted; the older simulation wrote `null`.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let some = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(some.map(|(key, value)| (key.clone(), without_nulls(value))).collect())
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

/// Reads a part of a line and writes it again: nothing is lost and nothing is added.
fn check<T: DeserializeOwned + Serialize>(line: &Value, pointer: &str) {
    let part = line.pointer(pointer).unwrap_or_else(|| panic!("no {pointer}"));
    let read: T = serde_json::from_value(part.clone()).unwrap_or_else(|error| panic!("{pointer}: {error}"));
    assert_eq!(serde_json::to_value(&read).unwrap(), without_nulls(part), "{pointer}");
}

#[test]
fn the_types_read_and_write_what_was_recorded() {
    let lines: Vec<Value> = STREAM.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 5);
    for line in &lines {
        check::<QueueMetrics>(line, "/queue_metrics");
        check::<EmploymentSnapshot>(line, "/employment");
        check::<Vec<RivalryEvent>>(line, "/conflict/rivalry_events");
        check::<RelationshipMetrics>(line, "/relationships");
        check::<BTreeMap<String, BTreeMap<String, Tie>>>(line, "/relationship_snapshot");
        check::<BTreeMap<String, RewardBreakdown>>(line, "/reward_breakdown");
        check::<StabilityMetrics>(line, "/stability/metrics");
        check::<PromotionState>(line, "/promotion");
        check::<PerturbationBoard>(line, "/perturbations");
        check::<PolicyIdentity>(line, "/policy_identity");
        check::<BTreeMap<String, PolicyChoice>>(line, "/policy_snapshot");
        check::<Vec<WorldEvent>>(line, "/events");
    }
    let events = lines.iter().map(|line| line["events"].as_array().map_or(0, Vec::len)).sum::<usize>();
    assert!(events >= 4, "the recorded lines hold {events} events");
    assert!(lines.iter().any(|line| !line["relationship_snapshot"].as_object().unwrap().is_empty()));
}

/// The recorded envelope as this version writes it.
fn renewed() -> Value {
    let mut envelope: Value = serde_json::from_str(ENVELOPE).unwrap();
    envelope["dto_schema_version"] = json!("0.3.0");
    let global = envelope["global"].as_object_mut().unwrap();
    // Durations of a clock have no place in a deterministic envelope.
    global.remove("queue_affinity_metrics");
    global.insert("rng_seed".to_owned(), json!(7));
    global.insert("objects".to_owned(), json!({}));
    without_nulls(&envelope)
}

#[test]
fn a_recorded_envelope_is_read_once_it_is_renewed() {
    let envelope: Envelope = serde_json::from_value(renewed()).unwrap();
    assert_eq!(serde_json::to_value(&envelope).unwrap(), renewed());
}

#[test]
fn an_envelope_of_another_version_or_with_unknown_fields_is_refused() {
    let refused = |envelope: Value| serde_json::from_value::<Envelope>(envelope).unwrap_err().to_string();
    let old = refused(serde_json::from_str(ENVELOPE).unwrap());
    assert!(old.contains("dto_schema_version is \"0.2.0\"; this reads \"0.3.0\""), "{old}");
    for pointer in ["", "/global", "/global/stability_metrics/thresholds/starvation"] {
        let mut envelope = renewed();
        envelope
            .pointer_mut(pointer)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .insert("surprise".to_owned(), json!(1));
        let message = refused(envelope);
        assert!(message.contains("unknown field `surprise`"), "{pointer}: {message}");
    }
    let mut envelope = renewed();
    envelope["global"].as_object_mut().unwrap().remove("rng_seed");
    assert!(refused(envelope).contains("missing field `rng_seed`"));
}

#[test]
fn canonical_json_has_one_spelling() {
    let text = gauntlet_townlet_dto::canonical::to_vec(&json!({"b": 1.0, "a": [0.1, 1e21, -0.0]})).unwrap();
    assert_eq!(String::from_utf8(text).unwrap(), r#"{"a":[0.1,1e+21,0],"b":1}"#);
    let envelope: Envelope = serde_json::from_value(renewed()).unwrap();
    let hash = envelope.content_hash().unwrap();
    let again: Envelope = serde_json::from_slice(&envelope.canonical_json().unwrap()).unwrap();
    assert_eq!(again.content_hash().unwrap(), hash);
    let later = Envelope { tick: envelope.tick + 1, ..envelope };
    assert_ne!(later.content_hash().unwrap(), hash);
    assert!(gauntlet_townlet_dto::canonical::to_vec(&f64::NAN).is_err());
}
