//! The numbers that stand for words. A number once given is never given to another word.

use gauntlet_model::{Action, FailureKind, Status, StepKind};

macro_rules! codes {
    ($($type:ident { $($word:ident = $code:literal),* $(,)? })*) => {
        $(impl Word for $type {
            const NAME: &'static str = stringify!($type);
            fn code(self) -> u8 {
                match self { $($type::$word => $code,)* }
            }
            fn of(code: u64) -> Option<Self> {
                match code { $($code => Some($type::$word),)* _ => None }
            }
        })*
    };
}

/// A word with a number.
pub(super) trait Word: Copy {
    /// What sort of word, for errors.
    const NAME: &'static str;
    /// Its number.
    fn code(self) -> u8;
    /// The word of a number.
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
}

codes! {
    Kind {
        Scored = 0, Added = 1, RunStarted = 2, Status = 3, EpisodeStarted = 4, EpisodeFinished = 5, Recorded = 6,
        Command = 7, Applied = 8, Answered = 9, Note = 10, Artifact = 11, Gap = 12,
    }
    Status {
        Pending = 0, Running = 1, Paused = 2, Completed = 3, Failed = 4, TimedOut = 5, Cancelled = 6,
    }
    FailureKind { Hallucination = 0, Format = 1, Refusal = 2, Inconsistency = 3, Generic = 4 }
    StepKind {
        Thought = 0, ToolCall = 1, ToolResult = 2, Observation = 3, Error = 4, PlanUpdate = 5, Message = 6,
        Handoff = 7, Decision = 8, Reward = 9, Tick = 10,
    }
    Action { Pause = 0, Resume = 1, Tweak = 2, Answer = 3, Stop = 4 }
}
