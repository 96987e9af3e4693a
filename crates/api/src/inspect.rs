//! A step and its episode as pages show them: texts that are ready to be read, cut where they are too long.
//! Programs read [`crate::StepDetails`] and events instead.

use gauntlet_model::{Object, Timestamp};
use serde::{Deserialize, Serialize};

/// A step as the inspector of the run page shows it: one of its snapshots, and what belongs to that.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct InspectedStep {
    /// The step.
    pub step: u64,
    /// The snapshot that was asked for.
    pub snapshot: Option<InspectedSnapshot>,
    /// Further snapshots of this step: of other episodes, or earlier readings.
    pub others: u64,
    /// A part of its other events in log order: those without an episode or of the snapshot's one.
    pub events: Vec<InspectedEvent>,
    /// All of these, whether in this part or not.
    pub events_total: u64,
    /// The timeline of the snapshot's episode.
    pub timeline: EpisodeTimeline,
}

/// One scored snapshot, with its texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InspectedSnapshot {
    /// Sequence number.
    pub seq: u64,
    /// Producer's time.
    pub at: Timestamp,
    /// When the server received it.
    pub received_at: Timestamp,
    /// Episode, if any.
    pub episode: Option<String>,
    /// What the agent did.
    pub action: String,
    /// What the agent saw.
    pub observation: String,
    /// Evaluation time, milliseconds.
    pub duration_ms: Option<f64>,
    /// Anything else, without action and observation.
    pub metadata: Object,
}

/// Another event of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InspectedEvent {
    /// Sequence number.
    pub seq: u64,
    /// Producer's time.
    pub at: Timestamp,
    /// Kind, such as `step.recorded`.
    pub kind: String,
    /// The members of its body with their values as texts, cut where they are long.
    pub members: Vec<(String, String)>,
    /// An artifact as HTML that runs nothing: its image and a link.
    pub html: Option<String>,
}

/// The timeline of an episode in log order: both ends of it, and the range between them that was not read.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EpisodeTimeline {
    /// Its beginning.
    pub first: Vec<TimelineEntry>,
    /// The range left out between the two ends, if any.
    pub elided: Option<ElidedRange>,
    /// Its end.
    pub last: Vec<TimelineEntry>,
}

/// A range of an episode that has not been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElidedRange {
    /// Its first sequence number.
    pub from: u64,
    /// The sequence number after it.
    pub to: u64,
    /// Events of the episode in it.
    pub events: u64,
}

/// An entry of a timeline: one event, or a tool call together with its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// Sequence number of its first event.
    pub seq: u64,
    /// Step, if any.
    pub step: Option<u64>,
    /// Producer's time.
    pub at: Timestamp,
    /// What it is, in a word or two: `thought`, `tool call`; for a message the role of its author.
    pub kind: String,
    /// Tool or function name.
    pub name: Option<String>,
    /// Its text, or the arguments of a tool call.
    pub text: String,
    /// Whether it is a message of the conversation.
    pub is_message: bool,
    /// The text as HTML that runs nothing: the Markdown of a message, a tree of arguments, an artifact.
    pub html: Option<String>,
    /// The result of a tool call.
    pub result: Option<String>,
    /// The result as a tree in HTML that runs nothing, where it has members.
    pub result_html: Option<String>,
    /// Its place in time, where it is a span that has ended.
    pub span: Option<SpanTime>,
    /// How long it took, milliseconds.
    pub duration_ms: Option<f64>,
    /// Its error, if it failed.
    pub error: Option<RecordedError>,
    /// Anything else, by name.
    pub more: Vec<(String, String)>,
}

/// The place of a span in its episode.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SpanTime {
    /// Milliseconds after the beginning of the first span that was read.
    pub start_ms: f64,
    /// The number of spans that it is inside of.
    pub depth: u32,
}

/// An error that was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedError {
    /// Class and message, such as `TimeoutError: no answer`.
    pub message: String,
    /// Its stack trace.
    pub traceback: Option<String>,
}
