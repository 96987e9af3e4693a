//! The one table that says where each attribute goes, both ways. `docs/opentelemetry.md` is written from it.

use gauntlet_model::{Object, StepKind};

/// The version of the mapping; kept in the metadata of every run that came as OTLP. A change of meaning raises it.
pub const VERSION: u16 = 2;

/// Whose name an attribute is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// OpenTelemetry's semantic conventions for generative AI.
    GenAi,
    /// The same, under a name that is deprecated.
    Deprecated,
    /// OpenInference.
    OpenInference,
    /// Traceloop's OpenLLMetry.
    Traceloop,
    /// Gauntlet's own.
    Gauntlet,
}

impl Convention {
    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GenAi => "GenAI",
            Self::Deprecated => "GenAI, deprecated",
            Self::OpenInference => "OpenInference",
            Self::Traceloop => "Traceloop",
            Self::Gauntlet => "Gauntlet",
        }
    }
}

/// How the value of an attribute is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// As it is.
    Plain,
    /// A text that holds a JSON object or list is opened.
    Json,
    /// A text that is JSON in any case: a quoted text is opened too.
    Text,
    /// Numbered keys (`name.0.role`, `name.0.content`) are gathered into a list; a key without a number is read as
    /// [`Shape::Json`].
    Numbered,
}

/// One line of the table: an attribute, and the field of the step's payload that it becomes.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// The attribute; of [`Shape::Numbered`] the part before the number.
    pub attribute: &'static str,
    /// The key in the payload. Of several attributes for one key the first in the table counts, the others are kept as
    /// they are.
    pub field: &'static str,
    /// Whose attribute.
    pub convention: Convention,
    /// How it is read.
    pub shape: Shape,
}

const fn line(attribute: &'static str, field: &'static str, convention: Convention) -> Line {
    Line { attribute, field, convention, shape: Shape::Plain }
}

const fn json(attribute: &'static str, field: &'static str, convention: Convention) -> Line {
    Line { attribute, field, convention, shape: Shape::Json }
}

const fn quoted(attribute: &'static str, field: &'static str, convention: Convention) -> Line {
    Line { attribute, field, convention, shape: Shape::Text }
}

const fn numbered(attribute: &'static str, field: &'static str, convention: Convention) -> Line {
    Line { attribute, field, convention, shape: Shape::Numbered }
}

use Convention::{Deprecated, GenAi, OpenInference, Traceloop};

/// Attributes of a span or log record, by payload key. The first line of a key is the name an export writes.
pub const ATTRIBUTES: &[Line] = &[
    line("gen_ai.operation.name", "operation", GenAi),
    line("gen_ai.provider.name", "provider", GenAi),
    line("gen_ai.system", "provider", Deprecated),
    line("llm.provider", "provider", OpenInference),
    line("llm.system", "provider", OpenInference),
    line("gen_ai.request.model", "model", GenAi),
    line("llm.request.model_name", "model", OpenInference),
    line("llm.model_name", "model", OpenInference),
    line("embedding.model_name", "model", OpenInference),
    line("reranker.model_name", "model", OpenInference),
    line("gen_ai.response.model", "response_model", GenAi),
    line("llm.response.model_name", "response_model", OpenInference),
    line("gen_ai.response.id", "response_id", GenAi),
    line("gen_ai.response.finish_reasons", "finish_reasons", GenAi),
    line("llm.finish_reason", "finish_reasons", OpenInference),
    line("gen_ai.request.temperature", "temperature", GenAi),
    line("gen_ai.request.top_p", "top_p", GenAi),
    line("gen_ai.request.top_k", "top_k", GenAi),
    line("gen_ai.request.max_tokens", "max_tokens", GenAi),
    line("gen_ai.request.frequency_penalty", "frequency_penalty", GenAi),
    line("gen_ai.request.presence_penalty", "presence_penalty", GenAi),
    line("gen_ai.request.choice.count", "choice_count", GenAi),
    line("gen_ai.request.seed", "seed", GenAi),
    line("gen_ai.request.stop_sequences", "stop_sequences", GenAi),
    json("llm.invocation_parameters", "parameters", OpenInference),
    line("gen_ai.usage.input_tokens", "input_tokens", GenAi),
    line("gen_ai.usage.prompt_tokens", "input_tokens", Deprecated),
    line("llm.token_count.prompt", "input_tokens", OpenInference),
    line("gen_ai.usage.output_tokens", "output_tokens", GenAi),
    line("gen_ai.usage.completion_tokens", "output_tokens", Deprecated),
    line("llm.token_count.completion", "output_tokens", OpenInference),
    line("gen_ai.usage.cache_read.input_tokens", "cache_read_tokens", GenAi),
    line("llm.token_count.prompt_details.cache_read", "cache_read_tokens", OpenInference),
    line("gen_ai.usage.cache_creation.input_tokens", "cache_creation_tokens", GenAi),
    line("llm.token_count.prompt_details.cache_write", "cache_creation_tokens", OpenInference),
    line("gen_ai.usage.reasoning.output_tokens", "reasoning_tokens", GenAi),
    line("llm.token_count.completion_details.reasoning", "reasoning_tokens", OpenInference),
    line("llm.token_count.total", "total_tokens", OpenInference),
    line("gen_ai.usage.total_tokens", "total_tokens", Traceloop),
    line("llm.usage.total_tokens", "total_tokens", Traceloop),
    line("llm.cost.total", "cost", OpenInference),
    json("gen_ai.system_instructions", "system", GenAi),
    json("gen_ai.input.messages", "input", GenAi),
    numbered("gen_ai.prompt", "input", Deprecated),
    numbered("llm.input_messages", "input", OpenInference),
    numbered("llm.prompts", "input", OpenInference),
    quoted("traceloop.entity.input", "input", Traceloop),
    line("gen_ai.retrieval.query.text", "input", GenAi),
    json("input.value", "input", OpenInference),
    json("gen_ai.output.messages", "output", GenAi),
    numbered("gen_ai.completion", "output", Deprecated),
    numbered("llm.output_messages", "output", OpenInference),
    numbered("llm.choices", "output", OpenInference),
    quoted("traceloop.entity.output", "output", Traceloop),
    json("output.value", "output", OpenInference),
    json("gen_ai.tool.definitions", "tools", GenAi),
    numbered("llm.tools", "tools", OpenInference),
    json("gen_ai.retrieval.documents", "documents", GenAi),
    numbered("retrieval.documents", "documents", OpenInference),
    line("gen_ai.tool.name", "tool", GenAi),
    line("tool.name", "tool", OpenInference),
    line("gen_ai.tool.type", "tool_type", GenAi),
    line("gen_ai.tool.description", "tool_description", GenAi),
    line("tool.description", "tool_description", OpenInference),
    line("gen_ai.tool.call.id", "call_id", GenAi),
    line("tool.id", "call_id", OpenInference),
    json("gen_ai.tool.call.arguments", "arguments", GenAi),
    json("tool.parameters", "arguments", OpenInference),
    json("gen_ai.tool.call.result", "result", GenAi),
    line("gen_ai.agent.name", "agent", GenAi),
    line("agent.name", "agent", OpenInference),
    line("gen_ai.agent.id", "agent_id", GenAi),
    line("gen_ai.agent.description", "agent_description", GenAi),
    line("gen_ai.agent.version", "agent_version", GenAi),
    line("gen_ai.conversation.id", "conversation", GenAi),
    line("session.id", "session", OpenInference),
    line("gen_ai.workflow.name", "workflow", GenAi),
    line("traceloop.workflow.name", "workflow", Traceloop),
    line("traceloop.entity.name", "entity", Traceloop),
    line("openinference.span.kind", "span_kind", OpenInference),
    line("traceloop.span.kind", "span_kind", Traceloop),
    line("llm.request.type", "request_type", Traceloop),
    line("gen_ai.evaluation.name", "evaluation", GenAi),
    line("gen_ai.evaluation.score.value", "value", GenAi),
    line("gen_ai.evaluation.score.label", "label", GenAi),
    line("gen_ai.evaluation.explanation", "explanation", GenAi),
];

/// The payload keys that say what a step is, and what their values (in lowercase) mean. The first that speaks decides.
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

/// Whether a payload says what its step is, in the words of any convention.
pub(crate) fn speaks(payload: &Object) -> bool {
    KINDS.iter().any(|(field, _)| payload.contains_key(*field))
}

/// Lists of judgements that OpenInference writes into a span's attributes (`annotations.0.annotation.score`): the list,
/// the prefix inside of it, and whether the whole trace is judged instead of the span.
pub const JUDGEMENTS: &[(&str, &str, bool)] = &[
    ("annotations", "annotation", false),
    ("evaluations", "evaluation", false),
    ("trace.annotations", "annotation", true),
    ("trace.evaluations", "evaluation", true),
];

/// What the fields of such a judgement mean; the others are kept under their own names.
pub const JUDGEMENT: &[(&str, &str)] = &[
    ("name", "gen_ai.evaluation.name"),
    ("score", "gen_ai.evaluation.score.value"),
    ("label", "gen_ai.evaluation.score.label"),
    ("explanation", "gen_ai.evaluation.explanation"),
];

/// The operation an export names for a step that names none.
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

/// Attributes of Gauntlet's own that a resource may carry: what the run is.
pub const RESOURCE: &[(&str, &str)] = &[
    ("gauntlet.run.id", "the run; else `gen_ai.conversation.id`, `session.id`, `service.name`"),
    ("gauntlet.run.name", "the run's name; else what names the run"),
    ("gauntlet.project", "the project; else `service.name`"),
    ("gauntlet.run.kind", "what sort of run; else `agent`"),
    ("gauntlet.run.agent", "the agent; else `gen_ai.agent.name` of the first span that has one; empty: none"),
    ("gauntlet.run.task", "what is attempted"),
    ("gauntlet.run.tags", "labels, a list of texts"),
    ("gauntlet.run.config", "configuration, a JSON object as text"),
    ("gauntlet.run.metadata", "anything else, a JSON object as text"),
];

/// Attributes of Gauntlet's own that a span may carry.
pub const SPAN: &[(&str, &str)] = &[
    ("gauntlet.step", "the number of the step; else the next free one of the run"),
    ("gauntlet.step.kind", "the kind of the step, one of the words of `step_kind`"),
    ("gauntlet.task", "what the episode attempts"),
    ("gauntlet.events", "events to append as they are, JSON texts; then nothing else is read from the span"),
];

/// The whole mapping as Markdown tables.
pub fn markdown() -> String {
    let mut text = String::from("| attribute | becomes | convention |\n| --- | --- | --- |\n");
    for line in ATTRIBUTES {
        let number = if line.shape == Shape::Numbered { ".N.*" } else { "" };
        let Line { attribute, field, convention, .. } = line;
        text += &format!("| `{attribute}{number}` | `payload.{field}` | {} |\n", convention.as_str());
    }
    text += "\n| says | value | kind of step |\n| --- | --- | --- |\n";
    for (field, values) in KINDS {
        for (value, kind) in *values {
            text += &format!("| `payload.{field}` | `{value}` | `{}` |\n", kind.as_str());
        }
    }
    text += "\n| attribute | read as | of |\n| --- | --- | --- |\n";
    for (list, prefix, is_of_trace) in JUDGEMENTS {
        let of = if *is_of_trace { "the trace" } else { "the span" };
        for (field, attribute) in JUDGEMENT {
            text += &format!("| `{list}.N.{prefix}.{field}` | `{attribute}` | {of} |\n");
        }
    }
    for (whose, lines) in [("resource attribute", RESOURCE), ("span attribute", SPAN)] {
        text += &format!("\n| {whose} | says |\n| --- | --- |\n");
        for (attribute, meaning) in lines {
            text += &format!("| `{attribute}` | {meaning} |\n");
        }
    }
    text
}
