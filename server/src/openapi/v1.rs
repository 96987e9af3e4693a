//! The API of SDKs and scripts, and OpenTelemetry.

use super::Operation;

const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";
const BYTES: &str = "application/octet-stream";
const STEP_ROW: &str = "{steps: [object], next_after: integer?, next_after_seq: integer?}";
const APPENDED: &str = "{accepted: integer, duplicates: integer, first_seq: integer?, last_seq: integer?}";
const ARTIFACT: &str = "{seq: integer, at: string, episode: string?, step: integer?, name: string, mime_type: string, \
    size_bytes: integer, sha256: string, role: string, stored: boolean}";
const IMPORT: &str = "{id: string, name: string, phase: string, size_bytes: integer?, received_bytes: integer, \
     done_bytes: integer, created_at: string, run: string?, run_name: string, steps: integer, episodes: integer, \
     warnings: [string], error: object?}";
const COMMANDS: &str = "{commands: [{command_id: string, action: string, parameters: object, author: string, \
    issued_at: string}]}";
const EPISODE: &str = "{episode: string, task: string?, status: string?, started_at: string?, finished_at: string?, \
    return: number?, latency_ms: number?, cost: number?, error: string?, steps: integer, failing: integer, \
    mean_root: number?}";

/// Every operation under `/api/v1` and `/v1`, and the probes.
pub fn operations() -> Vec<Operation> {
    [runs(), events(), film(), commands(), files(), search(), server()].concat()
}

fn op(method: &'static str, path: &'static str, tag: &'static str, summary: &'static str) -> Operation {
    Operation::new(method, path, tag, summary)
}

fn search() -> Vec<Operation> {
    vec![
        op("get", "/api/v1/search", "Search", "Search every text")
            .about(
                "Words, `\"a phrase\"`, `prefix*`, `-without`, `one OR other`. Best first, newer first where two match \
                 equally well; without words, newest first. Texts follow the log in the background: `complete` says \
                 whether all are indexed, `indexed_up_to` up to which time they are, `waiting` how many events are not.",
            )
            .query("q", "string", "What to look for.")
            .query("project", "string", "Only this project's.")
            .query("run", "string", "Only this run's.")
            .query("failing", "string", "Only steps that fail: `any`, a kind of failure, or a rubric path.")
            .query("limit", "integer", "Most results on the page, 1 to 200; 20 unless said.")
            .query("cursor", "string", "`next_cursor` of the page before.")
            .json(
                200,
                "A page.",
                "{items: [{run: string, run_name: string, project: string, seq: integer, at: string, kind: string, \
                 episode: string?, step: integer?, root: number?, failure: string?, failing: [{path: string, \
                 value: number, failure: string}], declared: [string], field: string?, snippet: [{text: string, \
                 hit: boolean}], rank: number?}], next_cursor: string?, more: boolean, complete: boolean, \
                 indexed_up_to: string?, waiting: integer}",
            )
            .refuses(404, "There is no such run.")
            .refuses(422, "The query, the limit or the cursor cannot be used; the message says why."),
    ]
}

fn runs() -> Vec<Operation> {
    vec![
        op("post", "/api/v1/runs", "Runs", "Create a run")
            .about("Safe to repeat: the same id with the same content answers 200 and changes nothing.")
            .body(JSON, "RunSpec")
            .json(201, "Created.", "Run")
            .json(200, "It was there already, with the same content.", "Run")
            .refuses(409, "There is a run of that id with other content.")
            .refuses(422, "A field breaks a rule; `details` names it."),
        op("get", "/api/v1/runs", "Runs", "List runs")
            .query("cursor", "string", "`next_cursor` of the page before.")
            .query("limit", "integer", "Most runs on the page, 1 to 200; 50 unless said.")
            .query("project", "string", "Only this project's.")
            .query("status", "string", "Only runs of this status.")
            .query("q", "string", "Only runs whose name, id, task or notes hold this.")
            .query("tag", "string", "Only runs with this tag.")
            .query("sort", "string", "`created` (newest first), `updated` or `name`.")
            .json(200, "A page.", "{items: [Run], next_cursor: string?}")
            .refuses(422, "A parameter is not what it should be."),
        op("get", "/api/v1/runs/{run}", "Runs", "Read a run").json(200, "The run.", "Run").needs_run(),
        op("patch", "/api/v1/runs/{run}", "Runs", "Change name, tags, notes or status")
            .body(JSON, "RunPatch")
            .json(200, "The run as it is now.", "Run")
            .needs_run()
            .refuses(422, "A field breaks a rule."),
        op("delete", "/api/v1/runs/{run}", "Runs", "Delete a run")
            .query("name", "string", "The run's name, said back.")
            .answers(204, "Deleted.", "", "")
            .needs_run()
            .refuses(409, "`name` is not the run's."),
        op("get", "/api/v1/runs/{run}/episodes", "Runs", "List the episodes of a run")
            .query("after", "string", "The last episode of the page before.")
            .query("limit", "integer", "Most episodes on the page, 1 to 1000; 200 unless said.")
            .json(200, "A page.", &format!("{{items: [{EPISODE}], next_after: string?}}"))
            .needs_run()
            .refuses(422, "`after` is no episode of this run."),
    ]
}

fn events() -> Vec<Operation> {
    vec![
        op("post", "/api/v1/runs/{run}/events", "Events", "Append events")
            .about(
                "All or nothing, answered when the events are on the disk. `Content-Encoding` may be `gzip` or \
                 `zstd`. The `id` of an event is its idempotency key: sending it again appends nothing.",
            )
            .body(JSON, "[Event]")
            .body(LINES, "Event")
            .json(200, "Kept.", APPENDED)
            .needs_run()
            .refuses(413, "The body is over the limit.")
            .refuses(415, "The media type or the encoding is unknown.")
            .refuses(422, "An event breaks a rule: `details` holds its `index`, `field` and `message`.")
            .refuses(503, "The queue is full; `Retry-After` says when to come back. Nothing was kept."),
        op("get", "/api/v1/runs/{run}/events", "Events", "Read events")
            .query("after", "integer", "Sequence number to read after; from the first one unless said.")
            .query("limit", "integer", "Most events, 1 to 10000; 1000 unless said.")
            .query("kind", "string", "Only these kinds, separated by commas.")
            .json(200, "A stretch of the log.", "{events: [Event], next_after: integer?, head: integer}")
            .needs_run()
            .refuses(422, "A parameter is not what it should be."),
        op("get", "/api/v1/runs/{run}/live", "Events", "Follow a run")
            .about(
                "A WebSocket where the request asks for an upgrade, else server-sent events. First everything after \
                 `after`, then what comes, as facts: events without their long texts. A slow reader falls behind and \
                 catches up from the log.",
            )
            .query("after", "integer", "Sequence number to go on after. `Last-Event-ID` says the same for SSE.")
            .query("format", "string", "`json` or `binary` (the film's codec); WebSocket only.")
            .answers(101, "A WebSocket.", "", "")
            .answers(200, "Server-sent events: `id` is the sequence number, `data` a fact.", "text/event-stream", "string")
            .needs_run(),
        op("get", "/api/v1/runs/{run}/steps", "Events", "List scored steps")
            .query("failing", "string", "`any`, a kind of failure, or a rubric's path.")
            .query("after", "integer", "Step to go on after.")
            .query("after_seq", "integer", "Sequence number inside of that step.")
            .query("limit", "integer", "Most steps, 1 to 10000; 1000 unless said.")
            .json(200, "A page.", STEP_ROW)
            .needs_run()
            .refuses(422, "A parameter is not what it should be."),
        op("get", "/api/v1/runs/{run}/steps/{step}", "Events", "Everything about a step")
            .json(200, "Its events.", "{step: integer, events: [Event]}")
            .refuses(404, "There is no such run or step."),
    ]
}

fn film() -> Vec<Operation> {
    vec![
        op("get", "/api/v1/runs/{run}/film", "Film", "The manifest")
            .json(200, "Head, steps, rubric paths, levels and chunks.", "object")
            .needs_run(),
        op("get", "/api/v1/runs/{run}/film/{level}/{chunk}", "Film", "A sealed chunk")
            .about("Packed facts, zstd-compressed; immutable once there. Sent decompressed to clients without zstd.")
            .query("v", "string", "The manifest's `version`; with it the chunk may be cached for ever.")
            .answers(200, "The chunk.", BYTES, "binary")
            .answers(304, "It is the one you have.", "", "")
            .refuses(404, "There is no such run, or the chunk is not sealed yet."),
        op("get", "/api/v1/runs/{run}/series", "Film", "A rubric's history")
            .about("Thinned so that every minimum and maximum stays.")
            .query("path", "string", "The rubric; `root` unless said.")
            .query("from", "integer", "First step.")
            .query("to", "integer", "Last step.")
            .query("points", "integer", "Most points, 2 to 20000; 2000 unless said.")
            .json(
                200,
                "The history.",
                "{path: string, points: [{step: integer, value: number, failed: boolean}], head: integer}",
            )
            .needs_run()
            .refuses(422, "The run has no such rubric; the message names those it has."),
    ]
}

fn commands() -> Vec<Operation> {
    vec![
        op("post", "/api/v1/runs/{run}/commands", "Commands", "Issue a command")
            .about("`action` is `pause`, `resume`, `tweak`, `answer` or `stop`.")
            .body(JSON, "{action: string, parameters?: object, author?: string, id?: string}")
            .json(201, "Queued until it is acknowledged.", "{command_id: string}")
            .needs_run()
            .refuses(422, "It is not a command; nothing was queued."),
        op("get", "/api/v1/runs/{run}/commands", "Commands", "Fetch the commands that wait")
            .query("wait", "integer", "Seconds to wait for one, up to 60.")
            .json(200, "In order, again and again until acknowledged.", COMMANDS)
            .needs_run(),
        op("post", "/api/v1/runs/{run}/commands/{command}/ack", "Commands", "Acknowledge a command")
            .body(JSON, "{result?: string}")
            .json(200, "Acknowledged; it is not delivered again.", "{status: string}")
            .refuses(404, "There is no such run or command."),
    ]
}

fn files() -> Vec<Operation> {
    vec![
        op("post", "/api/v1/import", "Files", "Open a result file as a run")
            .query("name", "string", "The file's name, which names the run.")
            .body(BYTES, "binary")
            .json(
                201,
                "The run it became.",
                "{run: string, name: string, steps: integer, episodes: integer, warnings: [string]}",
            )
            .refuses(413, "The file is over the limit.")
            .refuses(422, "No known shape; the message says what was expected and where it broke."),
        op("post", "/api/v1/imports", "Files", "Announce a file that comes in slices")
            .about(
                "The body is `{name, size_bytes?, key?}`. Announced again under the same key, such as the file's path, \
                 size and time of change, it goes on where it was: `received_bytes` says where the next slice begins.",
            )
            .body(JSON, "{name: string, size_bytes: integer?, key: string?}")
            .json(201, "It is new.", IMPORT)
            .json(200, "It is under way.", IMPORT)
            .refuses(422, "A field is wrong; the message names it."),
        op("get", "/api/v1/imports", "Files", "List files under way")
            .json(200, "The oldest first.", &format!("{{items: [{IMPORT}]}}")),
        op("put", "/api/v1/imports/{id}", "Files", "Send a slice of a file")
            .about("With the last slice the file is checked to its end, and only then imported.")
            .query("offset", "integer", "Where in the file the slice begins.")
            .query("last", "boolean", "Whether it is the last one, where no size was announced.")
            .body(BYTES, "binary")
            .json(200, "How far the file has come.", IMPORT)
            .refuses(404, "No such file is under way.")
            .refuses(409, "The next slice begins elsewhere; the details say where."),
        op("get", "/api/v1/imports/{id}", "Files", "How far a file has come")
            .about(
                "The phase is one of receiving, checking, importing, done, failed; `error` says why it failed, or why \
                 it waits.",
            )
            .json(200, "The file.", IMPORT)
            .refuses(404, "No such file is under way."),
        op("delete", "/api/v1/imports/{id}", "Files", "Forget a file, or give it up")
            .about("A file that is not done leaves nothing: its run goes with it.")
            .answers(204, "Forgotten.", "", "")
            .refuses(404, "No such file is under way."),
        op("get", "/api/v1/runs/{run}/export", "Files", "Write a run as a file")
            .query("format", "string", "A format's name; `results` unless said.")
            .query("with", "string", "For `dpo`: the run whose answers are compared with this one's.")
            .answers(200, "The file, streamed.", BYTES, "binary")
            .needs_run()
            .refuses(422, "There is no such format; the message names those there are."),
        op("get", "/api/v1/runs/{run}/artifacts", "Files", "List artifacts")
            .query("after", "integer", "Sequence number to go on after.")
            .query("limit", "integer", "Most artifacts on the page, 1 to 1000; 200 unless said.")
            .json(200, "A page.", &format!("{{items: [{ARTIFACT}], next_after: integer?}}"))
            .needs_run(),
        op("put", "/api/v1/runs/{run}/artifacts/{sha256}", "Files", "Keep an artifact's bytes")
            .about("Safe to repeat. The event `artifact.added` says what they are.")
            .body(BYTES, "binary")
            .answers(201, "Kept.", "", "")
            .answers(200, "They were here already.", "", "")
            .needs_run()
            .refuses(413, "The body is over the limit.")
            .refuses(422, "The hash of the body is another."),
        op("get", "/api/v1/runs/{run}/artifacts/{sha256}", "Files", "An artifact's bytes")
            .answers(200, "The bytes, as a download.", BYTES, "binary")
            .refuses(404, "There is no such run or artifact."),
    ]
}

fn server() -> Vec<Operation> {
    vec![
        op("get", "/healthz", "Server", "Whether it lives").answers(200, "It lives.", "", ""),
        op("get", "/readyz", "Server", "Whether it can write")
            .answers(200, "It can.", "", "")
            .refuses(503, "The log cannot be written now."),
        op("get", "/api/v1/openapi.json", "Server", "This document").json(200, "This document.", "object"),
    ]
}
