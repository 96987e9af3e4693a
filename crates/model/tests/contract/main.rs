//! The contract with every SDK: `sdk/contract` holds what this crate writes, reads and refuses.
//!
//! `UPDATE_EXPECT=1 cargo test -p gauntlet-model --test contract` rewrites the files; without it every
//! file must be there, to the letter, and nothing else beside it.

mod effects;
mod events;
mod experiments;
mod refused;
mod released;
mod schemas;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use expect_test::expect_file;
use gauntlet_model::{
    Event, EventId, Kind, Record, Snapshot, Timestamp, decode_array, decode_lines, decode_one,
};
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdk/contract"))
}

fn pretty(value: &Value) -> String {
    format!("{}\n", serde_json::to_string_pretty(value).unwrap())
}

/// The file `name` holds exactly `text`.
fn check(name: &str, text: &str) {
    expect_file![folder().join(name)].assert_eq(text);
}

/// The folder has these files and no other.
fn holds_only(name: &str, files: &BTreeSet<String>) {
    let present: BTreeSet<String> = fs::read_dir(folder().join(name))
        .unwrap()
        .map(|f| f.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(&present, files, "{name} holds goldens only");
}

/// The least JSON that is read as the same event: every optional key left out.
fn least(event: &Event) -> Value {
    let mut json = serde_json::to_value(event).unwrap();
    loop {
        let same = |candidate: &Value| decode_one(&candidate.to_string()).as_ref() == Ok(event);
        let keys: Vec<String> = json["body"].as_object().unwrap().keys().cloned().collect();
        let smaller = keys.iter().find_map(|key| {
            let mut without = json.clone();
            without["body"].as_object_mut().unwrap().shift_remove(key);
            same(&without).then_some(without)
        });
        match smaller {
            Some(smaller) => json = smaller,
            None => return json,
        }
    }
}

#[test]
fn every_kind_is_written_and_read_as_in_its_golden() {
    let kinds: BTreeSet<Kind> = events::full().iter().map(Event::kind).collect();
    assert_eq!(kinds, Kind::ALL.iter().copied().collect(), "each kind needs a golden");
    let mut files = BTreeSet::new();
    let mut golden = |name: String, event: &Event, json: &Value| {
        let text = pretty(json);
        check(&format!("events/{name}"), &text);
        assert_eq!(decode_one(&text).as_ref(), Ok(event), "{name}");
        files.insert(name);
    };
    for event in events::full() {
        let json = serde_json::to_value(&event).unwrap();
        golden(format!("{}.json", event.kind()), &event, &json);
    }
    for event in events::minimal() {
        golden(format!("{}.min.json", event.kind()), &event, &least(&event));
    }
    holds_only("events", &files);
}

#[test]
fn batches_read_like_single_events() {
    let events = [events::full(), events::minimal()].concat();
    let array = serde_json::to_string(&events).unwrap();
    assert_eq!(decode_array(array.as_bytes()).unwrap(), events);
    let lines: String =
        events.iter().map(|e| format!("{}\r\n\n", serde_json::to_string(e).unwrap())).collect();
    assert_eq!(decode_lines(lines.as_bytes()).unwrap(), events);
    for (seq, event) in events.iter().enumerate() {
        let record = event.record(seq as u64, event.at());
        let json = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record);
        assert_eq!(decode_one(&json).as_ref(), Ok(event), "what the server adds is not part of the event");
        assert_eq!(record.event().as_ref(), Ok(event));
    }
}

#[test]
fn one_bad_event_refuses_the_batch_and_is_numbered() {
    let mut batch: Vec<Value> = events::full().iter().map(|e| serde_json::to_value(e).unwrap()).collect();
    batch[3]["v"] = 7.into();
    let error = decode_array(Value::Array(batch.clone()).to_string().as_bytes()).unwrap_err();
    assert_eq!((error.index, error.field.as_str()), (3, "v"));
    let lines: String = batch.iter().map(|e| format!("\n{e}\n")).collect();
    assert_eq!(decode_lines(lines.as_bytes()).unwrap_err(), error);
    assert_eq!(decode_array(b"{}").unwrap_err().index, 0);
    assert!(decode_array(b"[\xff]").unwrap_err().message.contains("UTF-8"));
}

#[test]
fn the_hub_snapshot_goes_in_and_comes_out_unchanged() {
    let text = pretty(&refused::snapshot());
    check("snapshot.json", &text);
    let snapshot = Snapshot::from_json(&text).unwrap();
    let now = Timestamp::from_micros(0);
    let event = snapshot.clone().into_event(EventId::from_u128(7), now).unwrap();
    assert_eq!(event.at().to_string(), "2026-11-21T00:06:33.885877Z");
    let run = snapshot.session_id.clone().unwrap();
    let back = Snapshot::of_event(&run, &event).unwrap();
    assert_eq!(pretty(&serde_json::to_value(&back).unwrap()), text);
    for (name, json, loc, contains) in refused::snapshots() {
        let error = Snapshot::from_json(&json).unwrap_err();
        assert_eq!(error.loc.join("."), loc, "{name}: {error}");
        assert!(error.message.contains(contains), "{name}: {error}");
    }
}

#[test]
fn what_breaks_a_rule_is_refused_by_its_field() {
    let examples = refused::examples();
    let list: Vec<Value> = examples.iter().map(refused::Example::to_json).collect();
    check("refused.json", &pretty(&Value::Array(list)));
    let wrong: Vec<String> = examples.iter().filter_map(misjudged).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// How an example's refusal differs from the expected one, if it does.
fn misjudged(example: &refused::Example) -> Option<String> {
    let found = match decode_one(&example.text()) {
        Ok(event) => format!("accepted {event:?}"),
        Err(error) if error.field == example.field && error.message.contains(example.contains) => {
            return None;
        }
        Err(error) => format!("refused with {:?}: {}", error.field, error.message),
    };
    Some(format!("{}: {found}, not with {:?}: ...{}...", example.name, example.field, example.contains))
}
