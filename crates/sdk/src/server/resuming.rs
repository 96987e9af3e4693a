//! A run that goes on in another process: after which step.

use std::time::Duration;

use gauntlet_model::RunId;
use gauntlet_telemetry::Endpoint;
use serde_json::Value;

/// How long the start of a run that names its id waits for the server to answer.
const FIND_TIMEOUT: Duration = Duration::from_secs(3);

/// The `last_step` of a run as the server has it.
pub(super) fn last_step(server: &Endpoint, run: &RunId) -> Option<u64> {
    let answer = server.get_within(&server.run_url(run, ""), FIND_TIMEOUT).ok()?;
    serde_json::from_str::<Value>(&answer).ok()?.get("last_step")?.as_u64()
}
