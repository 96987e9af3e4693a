//! Runs for tests.

use gauntlet_model::RunSummary;

/// A running run of `head` events.
pub(crate) fn run(id: &str, head: u64) -> RunSummary {
    let json = format!(
        r#"{{"id":"{id}","name":"n","project":"p","kind":"k","agent":null,"task":null,"tags":[],
        "notes":"","config":{{}},"metadata":{{}},"status":"running",
        "created_at":"2026-11-21T00:00:00Z","updated_at":"2026-11-21T00:00:00Z",
        "head":{head},"steps":0,"episodes":0,"last_root":null,"mean_root":null,"failing":0}}"#
    );
    serde_json::from_str(&json).expect("a run")
}
