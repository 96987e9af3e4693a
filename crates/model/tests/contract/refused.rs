//! Events and snapshots that break one rule each, with the field that must be named.

use serde_json::{Value, json};

/// One refused example.
pub(crate) struct Example {
    /// What is wrong, in words.
    pub name: &'static str,
    /// The field the refusal names.
    pub field: &'static str,
    /// What its message contains.
    pub contains: &'static str,
    given: Given,
}

enum Given {
    /// JSON, but no event.
    Event(Value),
    /// Text that a JSON value cannot hold: NaN, a key twice, the end missing.
    Text(String),
    /// An event whose field holds `x` so many times, written short.
    Repeat(Value, [&'static str; 2], usize),
}

impl Example {
    /// The text to decode.
    pub(crate) fn text(&self) -> String {
        match &self.given {
            Given::Event(event) => event.to_string(),
            Given::Text(text) => text.clone(),
            Given::Repeat(event, [outer, inner], times) => {
                let mut event = event.clone();
                event[outer][inner] = Value::String("x".repeat(*times));
                event.to_string()
            }
        }
    }

    /// The entry of `refused.json`.
    pub(crate) fn to_json(&self) -> Value {
        let mut entry = json!({"name": self.name});
        match &self.given {
            Given::Event(event) => entry["event"] = event.clone(),
            Given::Text(text) => entry["text"] = json!(text),
            Given::Repeat(event, path, times) => {
                entry["event"] = event.clone();
                entry["repeat"] = json!({"path": path, "text": "x", "times": times});
            }
        }
        entry["field"] = json!(self.field);
        entry["contains"] = json!(self.contains);
        entry
    }
}

fn event(kind: &str, step: Value, body: Value) -> Value {
    json!({
        "id": "019f4d1a-7c00-7000-8000-000000000001", "at": "2026-11-21T00:06:33.885877Z",
        "kind": kind, "v": 1,
        "episode": "e1", "step": step, "body": body,
    })
}

fn scored(body: Value) -> Value {
    event("snapshot.scored", json!(2), body)
}

fn good() -> Value {
    scored(json!({"scores": {"root": 1.0}}))
}

/// The good event with one top-level field replaced, or taken away by null.
fn with(key: &str, value: Value) -> Given {
    let mut event = good();
    event[key] = value;
    Given::Event(event)
}

fn without(key: &str) -> Given {
    let mut event = good();
    event.as_object_mut().unwrap().shift_remove(key);
    Given::Event(event)
}

/// The good event's text with the scores' text replaced.
fn scores(text: &str) -> Given {
    Given::Text(good().to_string().replace("{\"root\":1.0}", text))
}

fn recorded(change: Value) -> Given {
    let mut body = json!({
        "step_kind": "tool_call", "span_id": "00f067aa0ba902b7", "started_at": "2026-11-21T00:06:33Z",
    });
    for (key, value) in change.as_object().unwrap() {
        body[key] = value.clone();
    }
    Given::Event(event("step.recorded", json!(1), body))
}

fn artifact(sha256: &str) -> Given {
    let body =
        json!({"name": "a", "mime_type": "text/plain", "size_bytes": 5, "sha256": sha256, "role": "log"});
    Given::Event(event("artifact.added", Value::Null, body))
}

fn started(change: Value) -> Given {
    let mut body = json!({"name": "n", "project": "p", "kind": "grpo"});
    for (key, value) in change.as_object().unwrap() {
        body[key] = value.clone();
    }
    Given::Event(event("run.started", Value::Null, body))
}

fn body(kind: &str, body: Value) -> Given {
    Given::Event(event(kind, Value::Null, body))
}

/// Every refused example, in the order of `refused.json`.
pub(crate) fn examples() -> Vec<Example> {
    let asked = |challenge: Value| Given::Event(scored(json!({"scores": {}, "challenge": challenge})));
    let table: Vec<(&'static str, Given, &'static str, &'static str)> = vec![
        ("not JSON", Given::Text("step 2: -20".into()), "", "JSON object"),
        ("an array", Given::Text("[]".into()), "", "JSON object"),
        ("the end is missing", Given::Text(good().to_string()[..80].into()), "", "EOF"),
        ("unknown field of the event", with("session", json!("s1")), "session", "unknown field"),
        (
            "unknown field of a body",
            Given::Event(scored(json!({"scores": {}, "reward": 1}))),
            "body.reward",
            "unknown field",
        ),
        (
            "unknown field of a challenge",
            asked(json!({"type": "T", "question": "q", "answer": "a"})),
            "body.challenge.answer",
            "unknown field",
        ),
        (
            "unknown field of an error",
            recorded(json!({"error": {"type": "T", "message": "m", "line": 1}})),
            "body.error.line",
            "unknown field",
        ),
        (
            "unknown field of a range",
            body(
                "annotation.added",
                json!({"text": "t", "author": "a", "range": {"from": 1, "to": 2, "by": 1}}),
            ),
            "body.range.by",
            "unknown field",
        ),
        ("id missing", without("id"), "id", "missing"),
        ("id is not a UUID", with("id", json!("event-1")), "id", "not a UUID"),
        ("time missing", without("at"), "at", "missing"),
        ("time without a zone", with("at", json!("2026-11-21T00:06:33")), "at", "RFC 3339"),
        ("time is a number", with("at", json!(1_795_219_593)), "at", "expected"),
        ("time does not exist", with("at", json!("2026-02-30T00:00:00Z")), "at", "RFC 3339"),
        ("unknown kind", with("kind", json!("snapshot.judged")), "kind", "is not one of"),
        ("kind missing", without("kind"), "kind", "missing"),
        ("unknown version", with("v", json!(2)), "v", "is 2"),
        ("version missing", without("v"), "v", "missing"),
        ("version is not a number", with("v", json!("1")), "v", "expected u16"),
        ("body missing", without("body"), "body", "missing"),
        ("body is null", with("body", Value::Null), "body", "JSON object"),
        (
            "body is a list",
            with("body", json!([{"root": 1.0}, [], [], "", "", null, false, null, {}, null])),
            "body",
            "JSON object",
        ),
        ("step missing", without("step"), "step", "is missing"),
        ("step out of range", with("step", json!(9_007_199_254_740_992_u64)), "step", "9007199254740991"),
        (
            "step far out of range",
            Given::Text(good().to_string().replace("\"step\":2", "\"step\":18446744073709551616")),
            "step",
            "expected u64",
        ),
        ("step negative", with("step", json!(-1)), "step", "expected u64"),
        ("step is a fraction", with("step", json!(1.5)), "step", "expected u64"),
        ("step is a text", with("step", json!("2")), "step", "expected u64"),
        ("episode empty", with("episode", json!("")), "episode", "must not be empty"),
        ("episode with a slash", with("episode", json!("a/b")), "episode", "slash"),
        ("episode too long", with("episode", json!("e".repeat(201))), "episode", "at most 200"),
        (
            "episode missing",
            Given::Event({
                let mut started = event("episode.started", Value::Null, json!({}));
                started["episode"] = Value::Null;
                started
            }),
            "episode",
            "is missing",
        ),
        ("scores missing", Given::Event(scored(json!({}))), "body.scores", "missing"),
        ("score is NaN", scores("{\"root\":NaN}"), "body.scores.root", "expected"),
        ("score is Infinity", scores("{\"root\":Infinity}"), "body.scores.root", "expected"),
        ("score is -Infinity", scores("{\"root\":-Infinity}"), "body.scores.root", "number"),
        ("score is beyond a double", scores("{\"root\":1e999}"), "body.scores.root", "out of range"),
        (
            "score is a boolean",
            scores("{\"root\":1,\"format\":true}"),
            "body.scores.format",
            "a finite number",
        ),
        ("score is null", scores("{\"root\":null}"), "body.scores.root", "a finite number"),
        ("score is a text", scores("{\"a.b\":\"1\"}"), "body.scores.a.b", "a finite number"),
        ("score is a list", scores("{\"root\":[1]}"), "body.scores.root", "a finite number"),
        ("scores is a list", scores("[1]"), "body.scores", "rubric paths"),
        ("a path scored twice", scores("{\"root\":1,\"root\":1}"), "body.scores", "scored twice"),
        ("a path with an empty segment", scores("{\"a..b\":1}"), "body.scores", "not a dotted rubric path"),
        ("a path with a line end", scores("{\"a\\nb\":1}"), "body.scores", "control character"),
        ("a path too long", scores(&format!("{{\"{}\":1}}", "p".repeat(257))), "body.scores", "at most 256"),
        (
            "skipped and scored",
            Given::Event(scored(json!({"scores": {"a": 1}, "not_evaluated": ["b", "a"]}))),
            "body.not_evaluated[1]",
            "also has a score",
        ),
        (
            "action too long",
            Given::Repeat(scored(json!({"scores": {}})), ["body", "action"], (1 << 20) + 1),
            "body.action",
            "at most 1048576",
        ),
        (
            "body too long",
            Given::Repeat(scored(json!({"scores": {}})), ["body", "metadata"], 9 << 20),
            "body",
            "at most 8388608",
        ),
        (
            "duration negative",
            Given::Event(scored(json!({"scores": {}, "duration_ms": -0.5}))),
            "body.duration_ms",
            "0 or more",
        ),
        (
            "unknown failure",
            Given::Event(scored(json!({"scores": {}, "failures": ["lie"]}))),
            "body.failures[0]",
            "unknown variant",
        ),
        ("question missing", asked(json!({"type": "T"})), "body.challenge.question", "missing"),
        (
            "option empty",
            asked(json!({"type": "T", "question": "q", "options": ["a", ""]})),
            "body.challenge.options[1]",
            "must not be empty",
        ),
        (
            "metadata is a text",
            Given::Event(scored(json!({"scores": {}, "metadata": "m"}))),
            "body.metadata",
            "expected a map",
        ),
        ("run without a name", started(json!({"name": ""})), "body.name", "must not be empty"),
        ("name too long", started(json!({"name": "n".repeat(513)})), "body.name", "at most 512"),
        ("name of two lines", started(json!({"name": "a\nb"})), "body.name", "control character"),
        ("too many tags", started(json!({"tags": vec!["t"; 65]})), "body.tags", "at most 64"),
        ("a tag is a number", started(json!({"tags": ["t", 1]})), "body.tags[1]", "expected a string"),
        ("unknown status", body("run.status", json!({"status": "done"})), "body.status", "unknown variant"),
        (
            "a finish that is not final",
            body("run.finished", json!({"status": "running"})),
            "body.status",
            "does not end a run",
        ),
        (
            "span id too short",
            recorded(json!({"span_id": "abc"})),
            "body.span_id",
            "16 lowercase hexadecimal",
        ),
        (
            "span id in capitals",
            recorded(json!({"span_id": "00F067AA0BA902B7"})),
            "body.span_id",
            "16 lowercase hexadecimal",
        ),
        (
            "parent span id not hex",
            recorded(json!({"parent_span_id": "zzf067aa0ba902b7"})),
            "body.parent_span_id",
            "16 lowercase hexadecimal",
        ),
        ("unknown step kind", recorded(json!({"step_kind": "dream"})), "body.step_kind", "unknown variant"),
        (
            "ended before it started",
            recorded(json!({"ended_at": "2026-11-21T00:06:32Z"})),
            "body.ended_at",
            "before started_at",
        ),
        (
            "score of a step without a step",
            body("score.added", json!({"target": "step", "path": "a", "value": 1, "source": "s"})),
            "step",
            "is missing",
        ),
        (
            "added score is null",
            body("score.added", json!({"target": "run", "path": "a", "value": null, "source": "s"})),
            "body.value",
            "a finite number",
        ),
        (
            "added score without a path",
            body("score.added", json!({"target": "run", "path": "", "value": 1, "source": "s"})),
            "body.path",
            "not a dotted rubric path",
        ),
        ("sha256 too short", artifact("2cf24d"), "body.sha256", "64 lowercase hexadecimal"),
        ("sha256 in capitals", artifact(&"A".repeat(64)), "body.sha256", "64 lowercase hexadecimal"),
        (
            "unknown command",
            body("command.issued", json!({"command_id": "c", "action": "explode", "author": "a"})),
            "body.action",
            "unknown variant",
        ),
        (
            "command without an author",
            body("command.issued", json!({"command_id": "c", "action": "stop", "author": ""})),
            "body.author",
            "must not be empty",
        ),
        (
            "range beyond the last step",
            body(
                "annotation.added",
                json!({"text": "t", "author": "a", "range": {"from": 3, "to": 9_007_199_254_740_992_u64}}),
            ),
            "body.range.to",
            "9007199254740991",
        ),
        (
            "range backwards",
            body("annotation.added", json!({"text": "t", "author": "a", "range": {"from": 3, "to": 2}})),
            "body.range",
            "is after",
        ),
        ("lost is negative", body("gap", json!({"lost": -1, "reason": "r"})), "body.lost", "expected u64"),
    ];
    let table = table.into_iter().chain(
        super::experiments::refused()
            .into_iter()
            .map(|(name, (kind, given), field, contains)| (name, body(kind, given), field, contains)),
    );
    table.map(|(name, given, field, contains)| Example { name, field, contains, given }).collect()
}

/// The snapshot of an origin client, paused at a failure.
pub(crate) fn snapshot() -> Value {
    json!({
        "session_id": "s1",
        "step": 2,
        "scores": {
            "root": -20.0, "format": 1.0, "abstention": 0.0, "conflict": 0.0, "refusal": 0.0,
            "grounding": -20.0,
            "inconsistency": 5.0, "confidence": 0.0, "synthesis": -10.0,
        },
        "timestamp": "2026-11-21T00:06:33.885877",
        "is_paused": true,
        "challenge": {
            "type": "HALLUCINATION_GUARD",
            "question": "Does the cited proof exist in the context?",
            "options": ["Exists in context", "Missing from context"],
            "expected_answer": "missing",
        },
        "metadata": {
            "task_id": "T1", "run_type": "grpo", "action": "&lt;answer&gt;30%&lt;/answer&gt;",
            "observation": "What was the rate?",
        },
    })
}

/// Snapshots that are refused: what is wrong, the text, the place, what the message contains.
pub(crate) fn snapshots() -> Vec<(&'static str, String, &'static str, &'static str)> {
    let with = |key: &str, text: &str| {
        let mut snapshot = snapshot();
        snapshot[key] = json!("REPLACED");
        snapshot.to_string().replace("\"REPLACED\"", text)
    };
    vec![
        ("not JSON", "step".into(), "", "expected"),
        ("a list", "[null,1,{},null,null,null,{}]".into(), "", "a snapshot is an object"),
        ("the end is missing", "{\"step\":1,".into(), "", "EOF"),
        ("score is NaN", with("scores", "{\"root\":NaN}"), "scores.root", "expected"),
        ("score is a boolean", with("scores", "{\"a.b\":false}"), "scores.a.b", "a finite number"),
        ("score is null", with("scores", "{\"root\":null}"), "scores.root", "a finite number"),
        ("score is a text", with("scores", "{\"root\":\"1\"}"), "scores.root", "a finite number"),
        ("a path scored twice", with("scores", "{\"root\":1,\"root\":2}"), "scores", "scored twice"),
        ("step negative", with("step", "-1"), "step", "expected u64"),
        ("step is a fraction", with("step", "1.0"), "step", "expected u64"),
        ("unknown field", with("reward", "1"), "reward", "unknown field"),
        ("step missing", "{\"scores\":{}}".into(), "step", "missing field"),
        ("scores missing", "{\"step\":1}".into(), "scores", "missing field"),
    ]
}
