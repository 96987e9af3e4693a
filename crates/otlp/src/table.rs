//! The table that maps each attribute to a field, and back. `docs/opentelemetry.md` is written from it.

use gauntlet_model::{Object, StepKind};

/// The version of the mapping; stored in the metadata of every run that came as OTLP. Incremented when
/// the meaning of a line changes.
pub const VERSION: u16 = 3;

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
    /// Vercel's AI SDK.
    Vercel,
    /// MLflow.
    MlFlow,
    /// Langfuse.
    Langfuse,
    /// Pydantic AI.
    PydanticAi,
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
            Self::Vercel => "Vercel AI SDK",
            Self::MlFlow => "MLflow",
            Self::Langfuse => "Langfuse",
            Self::PydanticAi => "Pydantic AI",
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
    /// Numbered keys (`name.0.role`, `name.0.content`) are gathered into a list; a key without a number is
    /// read as [`Shape::Json`].
    Numbered,
    /// As [`Shape::Json`], unless it is a JSON schema: one name serves for a tool's arguments and for what
    /// they may be.
    Arguments,
    /// This member of a JSON object. The attribute itself is kept as it is.
    Member(&'static str),
}

/// One line of the table: an attribute, and the field of the step's payload that it becomes.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// The attribute; of [`Shape::Numbered`] the part before the number.
    pub attribute: &'static str,
    /// The key in the payload. Of several attributes for one key the first in the table counts, the others
    /// are kept as they are.
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

const fn member(
    attribute: &'static str,
    name: &'static str,
    field: &'static str,
    convention: Convention,
) -> Line {
    Line { attribute, field, convention, shape: Shape::Member(name) }
}

use Convention::{Deprecated, GenAi, Langfuse, MlFlow, OpenInference, PydanticAi, Traceloop, Vercel};

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
    Line {
        attribute: "tool.parameters",
        field: "arguments",
        convention: OpenInference,
        shape: Shape::Arguments,
    },
    json("tool.parameters", "tool_parameters", OpenInference),
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
    line("user.id", "user", GenAi),
    line("gen_ai.output.type", "output_type", GenAi),
    line("gen_ai.usage.reasoning_tokens", "reasoning_tokens", Deprecated),
    line("gen_ai.usage.details.reasoning_tokens", "reasoning_tokens", PydanticAi),
    line("llm.usage.reasoning_tokens", "reasoning_tokens", Traceloop),
    line("gen_ai.usage.cache_read_input_tokens", "cache_read_tokens", Traceloop),
    line("gen_ai.usage.cache_creation_input_tokens", "cache_creation_tokens", Traceloop),
    line("ai.operationId", "operation", Vercel),
    line("ai.model.provider", "provider", Vercel),
    line("ai.model.id", "model", Vercel),
    line("ai.response.model", "response_model", Vercel),
    line("ai.response.id", "response_id", Vercel),
    line("ai.response.finishReason", "finish_reasons", Vercel),
    line("ai.finishReason", "finish_reasons", Vercel),
    line("ai.settings.temperature", "temperature", Vercel),
    line("ai.settings.topP", "top_p", Vercel),
    line("ai.settings.topK", "top_k", Vercel),
    line("ai.settings.maxOutputTokens", "max_tokens", Vercel),
    line("ai.settings.maxTokens", "max_tokens", Vercel),
    line("ai.settings.frequencyPenalty", "frequency_penalty", Vercel),
    line("ai.settings.presencePenalty", "presence_penalty", Vercel),
    line("ai.settings.seed", "seed", Vercel),
    line("ai.settings.stopSequences", "stop_sequences", Vercel),
    line("ai.usage.inputTokens", "input_tokens", Vercel),
    line("ai.usage.promptTokens", "input_tokens", Vercel),
    line("ai.usage.tokens", "input_tokens", Vercel),
    line("ai.usage.outputTokens", "output_tokens", Vercel),
    line("ai.usage.completionTokens", "output_tokens", Vercel),
    line("ai.usage.totalTokens", "total_tokens", Vercel),
    line("ai.usage.reasoningTokens", "reasoning_tokens", Vercel),
    line("ai.usage.outputTokenDetails.reasoningTokens", "reasoning_tokens", Vercel),
    line("ai.usage.cachedInputTokens", "cache_read_tokens", Vercel),
    line("ai.usage.inputTokenDetails.cacheReadTokens", "cache_read_tokens", Vercel),
    json("ai.prompt.messages", "input", Vercel),
    json("ai.prompt", "input", Vercel),
    json("ai.value", "input", Vercel),
    json("ai.values", "input", Vercel),
    json("ai.response.toolCalls", "output", Vercel),
    line("ai.response.text", "output", Vercel),
    json("ai.response.object", "output", Vercel),
    line("ai.result.text", "output", Vercel),
    json("ai.result.toolCalls", "output", Vercel),
    json("ai.prompt.tools", "tools", Vercel),
    line("ai.toolCall.name", "tool", Vercel),
    line("ai.toolCall.id", "call_id", Vercel),
    json("ai.toolCall.args", "arguments", Vercel),
    json("ai.toolCall.input", "arguments", Vercel),
    json("ai.toolCall.result", "result", Vercel),
    json("ai.toolCall.output", "result", Vercel),
    line("ai.telemetry.functionId", "entity", Vercel),
    line("ai.telemetry.metadata.sessionId", "session", Vercel),
    line("ai.telemetry.metadata.userId", "user", Vercel),
    quoted("mlflow.spanType", "span_kind", MlFlow),
    quoted("mlflow.spanInputs", "input", MlFlow),
    quoted("mlflow.spanOutputs", "output", MlFlow),
    quoted("mlflow.spanFunctionName", "entity", MlFlow),
    quoted("mlflow.llm.model", "model", MlFlow),
    quoted("mlflow.llm.provider", "provider", MlFlow),
    quoted("mlflow.chat.tools", "tools", MlFlow),
    member("mlflow.chat.tokenUsage", "input_tokens", "input_tokens", MlFlow),
    member("mlflow.chat.tokenUsage", "output_tokens", "output_tokens", MlFlow),
    member("mlflow.chat.tokenUsage", "total_tokens", "total_tokens", MlFlow),
    member("mlflow.chat.tokenUsage", "cache_read_input_tokens", "cache_read_tokens", MlFlow),
    member("mlflow.chat.tokenUsage", "cache_creation_input_tokens", "cache_creation_tokens", MlFlow),
    member("mlflow.llm.cost", "total_cost", "cost", MlFlow),
    quoted("mlflow.trace.session", "session", MlFlow),
    quoted("mlflow.trace.user", "user", MlFlow),
    line("langfuse.observation.type", "span_kind", Langfuse),
    json("langfuse.observation.input", "input", Langfuse),
    json("langfuse.trace.input", "input", Langfuse),
    json("langfuse.observation.output", "output", Langfuse),
    json("langfuse.trace.output", "output", Langfuse),
    line("langfuse.observation.model.name", "model", Langfuse),
    json("langfuse.observation.model.parameters", "parameters", Langfuse),
    member("langfuse.observation.usage_details", "input", "input_tokens", Langfuse),
    member("langfuse.observation.usage_details", "prompt_tokens", "input_tokens", Langfuse),
    member("langfuse.observation.usage_details", "output", "output_tokens", Langfuse),
    member("langfuse.observation.usage_details", "completion_tokens", "output_tokens", Langfuse),
    member("langfuse.observation.usage_details", "total", "total_tokens", Langfuse),
    member("langfuse.observation.usage_details", "output_reasoning_tokens", "reasoning_tokens", Langfuse),
    member("langfuse.observation.usage_details", "input_cached_tokens", "cache_read_tokens", Langfuse),
    member("langfuse.observation.cost_details", "total", "cost", Langfuse),
    line("langfuse.session.id", "session", Langfuse),
    line("langfuse.user.id", "user", Langfuse),
    line("langfuse.trace.name", "workflow", Langfuse),
    line("langfuse.trace.tags", "tags", Langfuse),
    line("langfuse.observation.prompt.name", "prompt_name", Langfuse),
    line("langfuse.observation.prompt.version", "prompt_version", Langfuse),
    line("gen_ai.aggregated_usage.input_tokens", "input_tokens", PydanticAi),
    line("gen_ai.aggregated_usage.output_tokens", "output_tokens", PydanticAi),
    json("pydantic_ai.all_messages", "messages", PydanticAi),
    json("all_messages_events", "messages", PydanticAi),
    json("final_result", "output", PydanticAi),
    json("tool_arguments", "arguments", PydanticAi),
    json("tool_response", "result", PydanticAi),
    line("model_name", "model", PydanticAi),
    line("agent_name", "agent", PydanticAi),
];

/// Log records that hold one message of a call, and its role; they become texts of the node of the span that
/// they name. A choice is the answer of the model.
pub const MESSAGES: &[(&str, &str)] = &[
    ("gen_ai.system.message", "system"),
    ("gen_ai.user.message", "user"),
    ("gen_ai.assistant.message", "assistant"),
    ("gen_ai.tool.message", "tool"),
    ("gen_ai.choice", CHOICE),
    ("gen_ai.client.inference.operation.details", DETAILS),
];

/// Not a role: the answer of the model.
pub(crate) const CHOICE: &str = "choice";
/// Not a role: the record's attributes hold all messages of the call.
pub(crate) const DETAILS: &str = "details";

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

/// Lists of judgements that OpenInference writes into a span's attributes (`annotations.0.annotation.score`):
/// the list, the prefix inside of it, and whether the whole trace is judged instead of the span.
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

/// Attributes of Gauntlet's own that a resource may carry: what the run is.
pub const RESOURCE: &[(&str, &str)] = &[
    (
        "gauntlet.run.id",
        "the run; else `gen_ai.conversation.id` and `session.id`, where people named them, else the process \
         of `service.name`",
    ),
    ("gauntlet.run.name", "the run's name; else what names the run"),
    ("gauntlet.project", "the project; else `service.name`"),
    ("gauntlet.run.kind", "what sort of run; else `agent`"),
    ("gauntlet.run.agent", "the agent; else `gen_ai.agent.name` of the first span that has one; empty: none"),
    ("gauntlet.run.task", "what is attempted"),
    ("gauntlet.run.tags", "labels, a list of texts"),
    ("gauntlet.rules", "which steps fail, read when the run begins: `auto`, `dipg` or `root_below:NUMBER`"),
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

/// The complete mapping as Markdown tables.
pub fn markdown() -> String {
    let mut text = String::from("| attribute | becomes | convention |\n| --- | --- | --- |\n");
    for line in ATTRIBUTES {
        let more = match line.shape {
            Shape::Numbered => ".N.*`".to_owned(),
            Shape::Member(name) => format!("`, its `{name}`"),
            Shape::Plain | Shape::Json | Shape::Text => "`".to_owned(),
            Shape::Arguments => "`, where it is no schema".to_owned(),
        };
        let Line { attribute, field, convention, .. } = line;
        text += &format!("| `{attribute}{more} | `payload.{field}` | {} |\n", convention.as_str());
    }
    text += "\n| says | value | kind of step |\n| --- | --- | --- |\n";
    for (field, values) in KINDS {
        for (value, kind) in *values {
            text += &format!("| `payload.{field}` | `{value}` | `{}` |\n", kind.as_str());
        }
    }
    text += "\n| log record | message of |\n| --- | --- |\n";
    for (name, speaker) in MESSAGES {
        let speaker = match *speaker {
            CHOICE => "the model's answer",
            DETAILS => "everybody: `gen_ai.input.messages`, `gen_ai.output.messages`",
            speaker => speaker,
        };
        text += &format!("| `{name}` | {speaker} |\n");
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
