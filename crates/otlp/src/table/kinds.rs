//! The kinds of steps, from a payload and back.

use gauntlet_model::{Object, StepKind};

/// The payload keys that determine the kind of a step, and what their values (in lowercase) mean. The first
/// key with a known value counts.
pub const KINDS: &[(&str, &[(&str, StepKind)])] = &[
    (
        "operation",
        &[
            ("chat", StepKind::Message),
            ("text_completion", StepKind::Message),
            ("generate_content", StepKind::Message),
            ("embeddings", StepKind::Observation),
            ("retrieval", StepKind::Observation),
            ("create_agent", StepKind::Decision),
            ("invoke_agent", StepKind::Handoff),
            ("invoke_workflow", StepKind::Decision),
            ("plan", StepKind::PlanUpdate),
            ("search_memory", StepKind::Observation),
            ("create_memory", StepKind::Decision),
            ("update_memory", StepKind::Decision),
            ("upsert_memory", StepKind::Decision),
            ("delete_memory", StepKind::Decision),
            ("execute_tool", StepKind::ToolCall),
            ("ai.generatetext", StepKind::Decision),
            ("ai.generatetext.dogenerate", StepKind::Message),
            ("ai.streamtext", StepKind::Decision),
            ("ai.streamtext.dostream", StepKind::Message),
            ("ai.generateobject", StepKind::Decision),
            ("ai.generateobject.dogenerate", StepKind::Message),
            ("ai.streamobject", StepKind::Decision),
            ("ai.streamobject.dostream", StepKind::Message),
            ("ai.embed", StepKind::Decision),
            ("ai.embed.doembed", StepKind::Observation),
            ("ai.embedmany", StepKind::Decision),
            ("ai.embedmany.doembed", StepKind::Observation),
            ("ai.toolcall", StepKind::ToolCall),
        ],
    ),
    (
        "span_kind",
        &[
            ("llm", StepKind::Message),
            ("prompt", StepKind::Message),
            ("embedding", StepKind::Observation),
            ("retriever", StepKind::Observation),
            ("reranker", StepKind::Observation),
            ("agent", StepKind::Handoff),
            ("chain", StepKind::Decision),
            ("guardrail", StepKind::Decision),
            ("workflow", StepKind::Decision),
            ("task", StepKind::Decision),
            ("evaluator", StepKind::Reward),
            ("tool", StepKind::ToolCall),
            ("chat_model", StepKind::Message),
            ("generation", StepKind::Message),
            ("parser", StepKind::Decision),
            ("memory", StepKind::Observation),
            ("span", StepKind::Decision),
            ("unknown", StepKind::Decision),
            ("event", StepKind::Observation),
        ],
    ),
    (
        "request_type",
        &[
            ("chat", StepKind::Message),
            ("completion", StepKind::Message),
            ("embedding", StepKind::Observation),
            ("rerank", StepKind::Observation),
        ],
    ),
];

/// Whether a payload determines the kind of its step, in any convention.
pub(crate) fn has_kind(payload: &Object) -> bool {
    KINDS.iter().any(|(field, _)| payload.contains_key(*field))
}

/// The operation that an export gives to a step without one.
pub fn operation(kind: StepKind) -> Option<&'static str> {
    match kind {
        StepKind::Message | StepKind::Thought => Some("chat"),
        StepKind::ToolCall | StepKind::ToolResult => Some("execute_tool"),
        StepKind::Handoff => Some("invoke_agent"),
        StepKind::Observation
        | StepKind::Error
        | StepKind::PlanUpdate
        | StepKind::Decision
        | StepKind::Reward
        | StepKind::Tick => None,
    }
}
