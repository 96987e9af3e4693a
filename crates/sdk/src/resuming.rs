//! A run that goes on in another process: after which step.

use std::path::Path;
use std::time::Duration;

use gauntlet_model::RunId;
use gauntlet_telemetry::Endpoint;
use serde_json::Value;

/// How long the start of a run that names its id waits for the server to answer.
const FIND_TIMEOUT: Duration = Duration::from_secs(3);

/// The greatest step of the run that its server has, or that waits for it in these spool folders; `None` where it has
/// none, or is not known. A server that is away or slow is not waited for.
pub(crate) fn last_step(server: Option<&Endpoint>, folders: &[&Path], run: &RunId) -> Option<u64> {
    let spooled = folders.iter().filter_map(|folder| gauntlet_telemetry::last_step(folder, run)).max();
    server.and_then(|server| ask(server, run)).max(spooled)
}

fn ask(server: &Endpoint, run: &RunId) -> Option<u64> {
    let answer = server.get_within(&server.run_url(run, ""), FIND_TIMEOUT).ok()?;
    serde_json::from_str::<Value>(&answer).ok()?.get("last_step")?.as_u64()
}
