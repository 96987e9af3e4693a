//! The numbers of enum variants in the format. A number is never reused for another variant.

use gauntlet_model::{Action, FailureKind, Severity, Status, StepKind};

macro_rules! codes {
    ($($type:ident { $($variant:ident = $code:literal),* $(,)? })*) => {
        $(impl WireEnum for $type {
            const NAME: &'static str = stringify!($type);
            fn code(self) -> u8 {
                match self { $($type::$variant => $code,)* }
            }
            fn of(code: u64) -> Option<Self> {
                match code { $($code => Some($type::$variant),)* _ => None }
            }
        })*
    };
}

/// An enum whose variants have numbers.
pub(super) trait WireEnum: Copy {
    /// The name of the enum, for errors.
    const NAME: &'static str;
    /// The number of the variant.
    fn code(self) -> u8;
    /// The variant of a number.
    fn of(code: u64) -> Option<Self>;
}

/// Which [`crate::What`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Scored,
    Added,
    RunStarted,
    Status,
    EpisodeStarted,
    EpisodeFinished,
    Recorded,
    Command,
    Applied,
    Answered,
    Note,
    Artifact,
    Gap,
    Alert,
    Other,
}

codes! {
    Kind {
        Scored = 0, Added = 1, RunStarted = 2, Status = 3, EpisodeStarted = 4, EpisodeFinished = 5,
        Recorded = 6, Command = 7, Applied = 8, Answered = 9, Note = 10, Artifact = 11, Gap = 12,
        Alert = 13, Other = 14,
    }
    Status {
        Pending = 0, Running = 1, Paused = 2, Completed = 3, Failed = 4, TimedOut = 5, Cancelled = 6,
    }
    FailureKind { Hallucination = 0, Format = 1, Refusal = 2, Inconsistency = 3, Generic = 4 }
    StepKind {
        Thought = 0, ToolCall = 1, ToolResult = 2, Observation = 3, Error = 4, PlanUpdate = 5, Message = 6,
        Handoff = 7, Decision = 8, Reward = 9, Tick = 10,
    }
    Severity { Info = 0, Warning = 1, Error = 2 }
    Action { Pause = 0, Resume = 1, Tweak = 2, Answer = 3, Stop = 4 }
}
