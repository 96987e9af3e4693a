//! The hub's paths.

use super::Operation;

const SNAPSHOT: &str = "{step: integer, scores: object}";

/// Every operation of the hub.
pub fn operations() -> Vec<Operation> {
    let op = |method, path, summary| Operation::new(method, path, "Hub", summary);
    vec![
        op("get", "/health", "Whether the hub lives").json(
            200,
            "It does.",
            "{status: string, service: string}",
        ),
        op("get", "/ws/gauntlet/{sid}", "Follow a session")
            .about("A WebSocket: the stored snapshots in order, then each new one, one text frame each.")
            .query("replay", "string", "`0` for new snapshots only.")
            .answers(101, "A WebSocket.", "", ""),
        op("post", "/gauntlet/stream/{sid}", "Post a snapshot")
            .about("Answered when it is on the disk. A step that was posted before is kept as it was.")
            .body("application/json", SNAPSHOT)
            .json(200, "Kept.", "{status: string}")
            .answers(422, "It is not a snapshot.", "application/json", "{detail: [object]}"),
        op("get", "/gauntlet/sessions", "List sessions").json(
            200,
            "All of them.",
            "{sessions: [{session_id: string, metadata: object, step_count: integer}]}",
        ),
        op("get", "/gauntlet/data/{sid}", "Every snapshot of a session").json(
            200,
            "By step.",
            "{session_id: string, snapshots: [object]}",
        ),
        op("get", "/gauntlet/comparison", "Two sessions side by side")
            .query("sft_session", "string", "The one.")
            .query("grpo_session", "string", "The other.")
            .json(200, "Paired by step.", "{sft: string, grpo: string, pairs: [object]}")
            .answers(422, "A session is not named.", "application/json", "{detail: [object]}"),
        op("get", "/gauntlet/evolution/{task}", "A task before and after").json(
            200,
            "Paired by step.",
            "{task_id: string, pairs: [object]}",
        ),
        op("get", "/gauntlet/search", "Search snapshots")
            .about(
                "No model is involved: `semantic=false` finds snapshots with every word (`search_type` is `keyword`), \
                 `semantic=true` those with any of the words, by their stems (`expanded_keyword`). `similarity` is the \
                 match's rank against the best one's.",
            )
            .query("query", "string", "Words; marks between them mean nothing.")
            .query("semantic", "string", "`true` or `false`; `false` unless said.")
            .json(
                200,
                "At most 20 snapshots, best first.",
                "{query: string, semantic: boolean, results: [{id: string, session_id: string, step: integer, \
                 scores: object, metadata: object, search_type: string, similarity: number}]}",
            )
            .answers(422, "The query cannot be looked for.", "application/json", "{detail: [object]}"),
        op("get", "/gauntlet/rag", "Snapshots as context for a prompt")
            .query("query", "string", "Words; any of them will do, by their stems.")
            .json(200, "The five best matches as text.", "{query: string, context: string}")
            .answers(422, "The query cannot be looked for.", "application/json", "{detail: [object]}"),
        op("post", "/gauntlet/command/{sid}", "Queue a command")
            .body("application/json", "{action: string, tweak?: object}")
            .json(200, "Queued.", "{status: string}")
            .answers(422, "It is not a command.", "application/json", "{detail: [object]}"),
        op("get", "/gauntlet/command/{sid}", "Take the oldest command").json(
            200,
            "It; `{\"action\": \"NONE\"}` where there is none.",
            "{action: string}",
        ),
    ]
}
