//! What a released version wrote is read for ever. These files are never rewritten: `UPDATE_EXPECT`
//! leaves them.

use std::fs;

use gauntlet_model::decode_one;
use serde_json::Value;

/// Whether `now` has everything that `then` had; it may have more.
fn holds(now: &Value, then: &Value) -> bool {
    match (now, then) {
        (Value::Object(now), Value::Object(then)) => {
            then.iter().all(|(key, value)| now.get(key).is_some_and(|found| holds(found, value)))
        }
        _ => now == then,
    }
}

#[test]
fn every_released_event_is_still_read_and_means_the_same() {
    let mut read = 0;
    for file in fs::read_dir(super::folder().join("released")).unwrap() {
        let path = file.unwrap().path();
        for (number, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            let place = format!("{}:{}", path.display(), number + 1);
            let event = decode_one(line).unwrap_or_else(|e| panic!("{place}: {e}"));
            let (then, now) = (serde_json::from_str(line).unwrap(), serde_json::to_value(&event).unwrap());
            assert!(holds(&now, &then), "{place}: {then}\nis now\n{now}");
            read += 1;
        }
    }
    assert!(read >= 24, "only {read} released events were found");
}
