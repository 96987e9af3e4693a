//! From `tracing` to a run: a program that is instrumented already is recorded by adding one layer.
//!
//! | `tracing` | the run |
//! | --- | --- |
//! | a span with a field `gauntlet.episode` or `episode` | an episode of that id (a new one where the field is empty); its end when the span closes |
//! | a span inside of one | a `step.recorded` with the span's times and fields; `gen_ai.operation.name = "execute_tool"` becomes a `tool_call` when it opens and its `tool_result` when it closes, `chat`, `text_completion` and `generate_content` become `message`; `gauntlet.kind` names any other kind |
//! | an event that has only `error` or `return`, as `#[instrument(err, ret)]` writes them | the error or the result of its span |
//! | any other event inside of one | `ERROR` an `error`, `WARN` and `INFO` a `message`, `DEBUG` and `TRACE` a `thought`; `gauntlet.kind` overrides |
//! | fields `score.<path>` | a judged rollout where `score.root` is among them, at the step the field `step` names, or after every other; otherwise scores of that step, or of the episode's rollout |
//! | an episode that has no rollout at its end | one point of the path; the field `gauntlet.return` is its height |
//! | fields `error`, `error.type`, `exception.message`, `exception.stacktrace` | the error of the step, or of the episode |
//!
//! What happens outside an episode is not recorded, and nothing that happens on a sink's own threads is: the
//! layer never films itself.

mod fields;
mod layer;

pub use layer::Layer;
