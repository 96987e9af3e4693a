//! Runs and their episodes.

use super::Operation;
use super::operation::JSON;

const EPISODE: &str = "{episode: string, task: string?, status: string?, started_at: string?, finished_at: string?, \
    return: number?, latency_ms: number?, cost: number?, error: string?, steps: integer, failing: integer, \
    mean_root: number?}";

/// Every operation.
pub fn operations() -> Vec<Operation> {
    let op = |method, path, summary| Operation::new(method, path, "Runs", summary);
    vec![
        op("post", "/api/v1/runs", "Create a run")
            .about(
                "Safe to repeat: the same id with the same content answers 200 and changes nothing. A run that was \
                 deleted is created anew.",
            )
            .body(JSON, "RunSpec")
            .json(201, "Created.", "Run")
            .json(200, "It was there already, with the same content.", "Run")
            .refuses(409, "There is a run of that id with other content.")
            .refuses(422, "A field breaks a rule; `details` names it."),
        op("get", "/api/v1/runs", "List runs")
            .query("cursor", "string", "`next_cursor` of the page before.")
            .limit(50, 200)
            .query("project", "string", "Only this project's.")
            .query("status", "string", "Only runs of this status.")
            .query("q", "string", "Only runs that have each of these words in their id, name, project, task, agent, tags or notes.")
            .query("tag", "string", "Only runs with this tag.")
            .query("sort", "string", "`created` (newest first), `updated` or `name`.")
            .json(200, "A page.", "{items: [Run], next_cursor: string?}")
            .refuses(422, "A parameter is not what it should be."),
        op("get", "/api/v1/runs/{run}", "Read a run").json(200, "The run.", "Run"),
        op("patch", "/api/v1/runs/{run}", "Change name, tags, notes or status")
            .body(JSON, "RunPatch")
            .json(200, "The run as it is now.", "Run")
            .refuses(410, "The run was deleted.")
            .refuses(422, "A field breaks a rule."),
        op("delete", "/api/v1/runs/{run}", "Delete a run")
            .query("name", "string", "The run's name, said back.")
            .about("What is sent for it afterwards answers 410, until the run is created anew.")
            .answers(204, "Deleted.", "", "")
            .refuses(409, "`name` is not the run's."),
        op("put", "/api/v1/runs/{run}/writers/{writer}", "Report that a writer lives, or has ended")
            .about(
                "Each process that writes a run draws an id (12 hexadecimal digits) and reports `running` when it \
                 begins and then every `interval_secs` (10 unless said), and `finished` once everything it wrote was \
                 delivered. When the last writer that runs has finished, the server appends `run.finished`: the worst \
                 `status` of those that finished (failed, timed_out, cancelled, completed), the `summary` of the last, \
                 the `exit_code` inside of it. A writer not heard of for three intervals is lost and is not waited \
                 for. Where all are lost and none finished, the run's `contact` says `lost`. A writer that begins in a \
                 run that has ended sets it `running` again.",
            )
            .body(JSON, "WriterReport")
            .json(200, "Noted.", "WriterAnswer")
            .refuses(404, "There is no such run.")
            .refuses(410, "The run was deleted; stop sending for it.")
            .refuses(413, "The body is over the limit.")
            .refuses(422, "A field breaks a rule; `details` names it.")
            .refuses(503, "The queue is full; `Retry-After` says when to come back."),
        op("get", "/api/v1/runs/{run}/episodes", "List the episodes of a run")
            .query("after", "string", "The last episode of the page before.")
            .limit(200, 1000)
            .json(200, "A page.", &format!("{{items: [{EPISODE}], next_after: string?}}"))
            .refuses(422, "`after` is no episode of this run."),
    ]
}
