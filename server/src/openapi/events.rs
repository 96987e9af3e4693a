//! The log of a run, and its steps.

use super::Operation;
use super::operation::{JSON, LINES};

const STEP_ROW: &str = "{steps: [object], next_after: integer?, next_after_seq: integer?}";
const APPENDED: &str = "{accepted: integer, duplicates: integer, first_seq: integer?, last_seq: integer?}";

/// Every operation.
pub fn operations() -> Vec<Operation> {
    let op = |method, path, summary| Operation::new(method, path, "Events", summary);
    vec![
        op("post", "/api/v1/runs/{run}/events", "Append events")
            .about(
                "All or nothing, answered when the events are on the disk. `Content-Encoding` may be `gzip` or \
                 `zstd`. The `id` of an event is its idempotency key: sending it again appends nothing.",
            )
            .body(JSON, "[Event]")
            .body(LINES, "Event")
            .json(200, "Kept.", APPENDED)
            .refuses(410, "The run was deleted; stop sending for it.")
            .refuses(413, "The body is over the limit.")
            .refuses(415, "The media type or the encoding is unknown.")
            .refuses(422, "An event breaks a rule: `details` holds its `index`, `field` and `message`.")
            .refuses(503, "The queue is full; `Retry-After` says when to come back. Nothing was kept."),
        op("get", "/api/v1/runs/{run}/events", "Read events")
            .query("after", "integer", "Sequence number to read after; from the first one unless said.")
            .limit(1000, 10000)
            .query("kind", "string", "Only these kinds, separated by commas.")
            .query("episode", "string", "Only this episode's; empty: those that belong to none.")
            .about("An event that cannot be read any more is a `gap` in its place, which names it.")
            .json(200, "A stretch of the log.", "{events: [Event], next_after: integer?, head: integer}")
            .refuses(409, "The log has no event `after`: the run is another one under the same id.")
            .refuses(422, "A parameter is not what it should be."),
        op("get", "/api/v1/runs/{run}/live", "Follow a run")
            .about(
                "A WebSocket where the request asks for an upgrade, else server-sent events. First everything after \
                 `after`, then what comes. A slow reader falls behind and catches up from the log. Where the run is \
                 deleted, a WebSocket is closed with the code 4410, and server-sent events end with one named `end`, \
                 whose `data` is an error; other codes mean that it is worth coming back, but 1011 (the log is damaged).",
            )
            .query("after", "integer", "Sequence number to go on after. `Last-Event-ID` says the same for SSE.")
            .query("format", "string", "Of a WebSocket: `json`, an event a frame, or `binary`, packed facts without the long texts.")
            .answers(101, "A WebSocket.", "", "")
            .answers(200, "Server-sent events: `id` is the sequence number, `data` the event.", "text/event-stream", "string")
            .refuses(409, "The log has no event `after`: the run is another one under the same id.")
            .refuses(422, "`Last-Event-ID` is no number."),
        op("get", "/api/v1/runs/{run}/steps", "List scored steps")
            .query("failing", "string", "`any`, a kind of failure, or a rubric's path.")
            .query("episode", "string", "Only this episode's; empty: those that belong to none.")
            .query("after", "integer", "Step to go on after.")
            .query("after_seq", "integer", "Sequence number inside of that step.")
            .limit(1000, 10000)
            .json(200, "A page.", STEP_ROW)
            .refuses(422, "A parameter is not what it should be."),
        op("get", "/api/v1/runs/{run}/steps/{step}", "Everything about a step")
            .about("Several episodes may have a step of that number: their events follow each other, not mixed.")
            .query("episode", "string", "Only this episode's; empty: what belongs to none.")
            .json(
                200,
                "How many events each episode has of it, and the events, episode by episode.",
                "{step: integer, episodes: [{episode: string?, events: integer}], events: [Event]}",
            )
            .refuses(404, "There is no such run, step or episode."),
    ]
}
