//! Files in and out, artifacts.

use super::Operation;
use super::operation::{BYTES, JSON};

const ARTIFACT: &str = "{seq: integer, at: string, episode: string?, step: integer?, name: string, mime_type: string, \
    size_bytes: integer, sha256: string, role: string, stored: boolean}";
const IMPORT: &str = "{id: string, name: string, phase: string, size_bytes: integer?, received_bytes: integer, \
     done_bytes: integer, created_at: string, run: string?, run_name: string, steps: integer, episodes: integer, \
     warnings: [string], error: object?}";

/// Every operation.
pub fn operations() -> Vec<Operation> {
    let op = |method, path, summary| Operation::new(method, path, "Files", summary);
    vec![
        op("post", "/api/v1/import", "Open a result file as a run")
            .query("name", "string", "The file's name, which names the run.")
            .query("map", "string", "Which column is which field, such as `completion=answer,step=iteration`.")
            .query("partial", "boolean", "Whether a file that is broken or cut is imported as far as it can be read.")
            .body(BYTES, "binary")
            .json(
                201,
                "The run it became.",
                "{run: string, name: string, steps: integer, episodes: integer, warnings: [string]}",
            )
            .refuses(413, "The file is over the limit.")
            .refuses(422, "No known shape; the message says what was expected and where it broke."),
        op("post", "/api/v1/imports", "Announce a file that comes in slices")
            .about(
                "The body is `{name, size_bytes?, key?, map?, partial?}`. Announced again under the same key, such as the file's path, \
                 size and time of change, it goes on where it was: `received_bytes` says where the next slice begins.",
            )
            .body(JSON, "{name: string, size_bytes: integer?, key: string?, map: string?, partial: boolean?}")
            .json(201, "It is new.", IMPORT)
            .json(200, "It is under way.", IMPORT)
            .refuses(422, "A field is wrong; the message names it."),
        op("get", "/api/v1/imports", "List files under way")
            .json(200, "The oldest first.", &format!("{{items: [{IMPORT}]}}")),
        op("put", "/api/v1/imports/{id}", "Send a slice of a file")
            .about("With the last slice the file is checked to its end, and only then imported.")
            .query("offset", "integer", "Where in the file the slice begins.")
            .query("last", "boolean", "Whether it is the last one, where no size was announced.")
            .body(BYTES, "binary")
            .json(200, "How far the file has come.", IMPORT)
            .refuses(404, "No such file is under way.")
            .refuses(409, "The next slice begins elsewhere; the details say where."),
        op("get", "/api/v1/imports/{id}", "How far a file has come")
            .about(
                "The phase is one of receiving, checking, importing, done, failed; `error` says why it failed, or why \
                 it waits.",
            )
            .json(200, "The file.", IMPORT)
            .refuses(404, "No such file is under way."),
        op("delete", "/api/v1/imports/{id}", "Forget a file, or give it up")
            .about("A file that is not done leaves nothing: its run goes with it.")
            .answers(204, "Forgotten.", "", "")
            .refuses(404, "No such file is under way."),
        op("get", "/api/v1/runs/{run}/export", "Write a run as a file")
            .query("format", "string", "`results`, `jsonl`, `film`, `parquet`, `csv`, `dpo` or `otlp`; `results` unless said.")
            .query("with", "string", "For `dpo`: the run whose answers are compared with this one's.")
            .answers(200, "The file, streamed.", BYTES, "binary")
            .refuses(422, "There is no such format; the message names those there are."),
        op("get", "/api/v1/runs/{run}/artifacts", "List artifacts")
            .query("after", "integer", "Sequence number to go on after.")
            .limit(200, 1000)
            .json(200, "A page.", &format!("{{items: [{ARTIFACT}], next_after: integer?}}")),
        op("put", "/api/v1/runs/{run}/artifacts/{sha256}", "Keep an artifact's bytes")
            .about("Safe to repeat. The event `artifact.added` says what they are.")
            .body(BYTES, "binary")
            .answers(201, "Kept.", "", "")
            .answers(200, "They were here already.", "", "")
            .refuses(410, "The run was deleted; stop sending for it.")
            .refuses(413, "The body is over the limit.")
            .refuses(422, "The hash of the body is another."),
        op("get", "/api/v1/runs/{run}/artifacts/{sha256}", "An artifact's bytes")
            .answers(200, "The bytes, as a download.", BYTES, "binary")
            .refuses(404, "There is no such run or artifact.")
            .refuses(500, "The stored bytes are damaged (code `damaged`); sending them again repairs the artifact."),
    ]
}
