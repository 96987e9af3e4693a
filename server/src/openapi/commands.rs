//! Commands for a run.

use super::Operation;
use super::operation::JSON;

const COMMANDS: &str = "{commands: [{command_id: string, action: string, parameters: object, author: string, \
    issued_at: string}]}";

/// Every operation.
pub fn operations() -> Vec<Operation> {
    let op = |method, path, summary| Operation::new(method, path, "Commands", summary);
    vec![
        op("post", "/api/v1/runs/{run}/commands", "Issue a command")
            .about("`action` is `pause`, `resume`, `tweak`, `answer` or `stop`.")
            .body(JSON, "{action: string, parameters?: object, author?: string, id?: string}")
            .json(201, "Queued until it is acknowledged.", "{command_id: string}")
            .refuses(410, "The run was deleted.")
            .refuses(422, "It is not a command; nothing was queued."),
        op("get", "/api/v1/runs/{run}/commands", "Fetch the commands that wait")
            .query("wait", "integer", "Seconds to wait for one, up to 60.")
            .json(200, "In order, again and again until acknowledged.", COMMANDS),
        op("post", "/api/v1/runs/{run}/commands/{command}/ack", "Acknowledge a command")
            .body(JSON, "{result?: string}")
            .json(200, "Acknowledged; it is not delivered again.", "{status: string}")
            .refuses(404, "There is no such run or command.")
            .refuses(410, "The run was deleted."),
    ]
}
