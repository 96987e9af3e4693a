//! The table that maps each attribute to a field, and back. `docs/opentelemetry.md` is written from it.

mod attributes;
mod kinds;

pub use attributes::ATTRIBUTES;
pub(crate) use kinds::has_kind;
pub use kinds::{KINDS, operation};

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
            Shape::Arguments => "`, where it is not a schema".to_owned(),
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
