//! What the page draws.

use super::Operation;
use super::operation::BYTES;

/// Every operation.
pub fn operations() -> Vec<Operation> {
    let op = |method, path, summary| Operation::new(method, path, "Film", summary);
    vec![
        op("get", "/api/v1/runs/{run}/film", "The manifest")
            .json(200, "Head, steps, rubric paths, levels and chunks.", "object"),
        op("get", "/api/v1/runs/{run}/film/{level}/{chunk}", "A sealed chunk")
            .about("Packed facts, zstd-compressed; immutable once there. Sent decompressed to clients without zstd.")
            .query("v", "string", "The manifest's `version`; with it the chunk may be cached for ever.")
            .answers(200, "The chunk.", BYTES, "binary")
            .answers(304, "It is the one you have.", "", "")
            .refuses(404, "There is no such run, or the chunk is not sealed yet."),
        op("get", "/api/v1/runs/{run}/series", "A rubric's history")
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
            .refuses(422, "The run has no such rubric; the message names those it has."),
    ]
}
