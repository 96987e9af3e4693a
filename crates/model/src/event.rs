//! The event: one fact about one run, and the line of the log it becomes.

use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::body::*;
use crate::limits::{self, FieldError, MAX_BODY_BYTES, MAX_LABEL_BYTES};
use crate::{EpisodeId, EventId, Timestamp};

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident($body:ty) = $name:literal, needs_step: $step:literal;)*) => {
        /// Which fact an event states.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[$doc])* $variant,)*
        }

        impl Kind {
            /// Every kind, in the order of the catalogue.
            pub const ALL: &[Kind] = &[$(Kind::$variant,)*];

            /// The word on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Kind::$variant => $name,)* }
            }

            /// Whether such an event must have a `step`.
            pub fn needs_step(self) -> bool {
                match self { $(Kind::$variant => $step,)* }
            }
        }

        /// The body of an event; the variant is its kind.
        #[derive(Debug, Clone, PartialEq)]
        #[allow(clippy::large_enum_variant)]
        pub enum Body {
            $($(#[$doc])* $variant($body),)*
        }

        impl Body {
            /// The kind of event this is the body of.
            pub fn kind(&self) -> Kind {
                match self { $(Body::$variant(_) => Kind::$variant,)* }
            }

            pub(crate) fn check(&self) -> Result<(), FieldError> {
                match self { $(Body::$variant(body) => body.check(),)* }
            }

            /// At least as many bytes as [`Body::to_json`] has, or 0 where that can never be too long.
            fn most_bytes(&self) -> u64 {
                match self { $(Body::$variant(body) => body.most_bytes(),)* }
            }

            /// The body as JSON text, as the log stores it.
            pub fn to_json(&self) -> String {
                let written = match self { $(Body::$variant(body) => serde_json::to_string(body),)* };
                // Bodies hold strings, finite numbers and maps with string keys: nothing JSON cannot hold.
                written.unwrap_or_default()
            }

            pub(crate) fn parse(kind: Kind, json: &str) -> Result<Self, serde_json::Error> {
                match kind { $(Kind::$variant => serde_json::from_str(json).map(Body::$variant),)* }
            }

            /// The JSON Schema of a kind's body.
            pub(crate) fn schema(kind: Kind, to: &mut schemars::SchemaGenerator) -> schemars::Schema {
                match kind { $(Kind::$variant => to.subschema_for::<$body>(),)* }
            }

            /// Parses slowly, to learn the path of the field that is wrong.
            pub(crate) fn locate(kind: Kind, json: &str) -> Option<(String, serde_json::Error)> {
                let mut reader = serde_json::Deserializer::from_str(json);
                match kind {
                    $(Kind::$variant => serde_path_to_error::deserialize::<_, $body>(&mut reader)
                        .err()
                        .map(|e| (e.path().to_string(), e.into_inner())),)*
                }
            }
        }

        $(impl From<$body> for Body {
            fn from(body: $body) -> Self { Body::$variant(body) }
        })*
    };
}

kinds! {
    /// The run began.
    RunStarted(RunStarted) = "run.started", needs_step: false;
    /// The run's status changed.
    RunStatus(RunStatus) = "run.status", needs_step: false;
    /// The run ended.
    RunFinished(RunFinished) = "run.finished", needs_step: false;
    /// An episode began.
    EpisodeStarted(EpisodeStarted) = "episode.started", needs_step: false;
    /// An episode ended.
    EpisodeFinished(EpisodeFinished) = "episode.finished", needs_step: false;
    /// A rubric was called.
    SnapshotScored(SnapshotScored) = "snapshot.scored", needs_step: true;
    /// The agent did something.
    StepRecorded(StepRecorded) = "step.recorded", needs_step: true;
    /// A score came later.
    ScoreAdded(ScoreAdded) = "score.added", needs_step: false;
    /// A blob was tied to the run.
    ArtifactAdded(ArtifactAdded) = "artifact.added", needs_step: false;
    /// A person intervened.
    CommandIssued(CommandIssued) = "command.issued", needs_step: false;
    /// The training side applied a command.
    CommandApplied(CommandApplied) = "command.applied", needs_step: false;
    /// A person answered a challenge.
    ChallengeAnswered(ChallengeAnswered) = "challenge.answered", needs_step: true;
    /// A person wrote a note.
    AnnotationAdded(AnnotationAdded) = "annotation.added", needs_step: false;
    /// A monitor's rule began to hold, or the producer called for attention.
    AlertRaised(AlertRaised) = "alert.raised", needs_step: false;
    /// The hypothesis of an experiment was stated.
    ExperimentRegistered(ExperimentRegistered) = "experiment.registered", needs_step: false;
    /// The experiment was designed.
    ExperimentDesigned(ExperimentDesigned) = "experiment.designed", needs_step: false;
    /// The experiment began, or was resumed.
    ExperimentStarted(ExperimentStarted) = "experiment.started", needs_step: false;
    /// The experiment ended.
    ExperimentFinished(ExperimentFinished) = "experiment.finished", needs_step: false;
    /// A trial began.
    TrialStarted(TrialStarted) = "trial.started", needs_step: false;
    /// A trial ended.
    TrialFinished(TrialFinished) = "trial.finished", needs_step: false;
    /// Events were lost upstream.
    Gap(Gap) = "gap", needs_step: false;
}

impl Kind {
    /// The kind of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|k| k.as_str() == name)
    }

    /// Whether the step of such an event is one that a resumed run continues after: of what is recorded in an
    /// episode it is a number within the episode.
    pub fn counts_steps(self, is_in_episode: bool) -> bool {
        match self {
            Self::SnapshotScored | Self::ScoreAdded => true,
            Self::StepRecorded => !is_in_episode,
            _ => false,
        }
    }

    /// The schema version written today.
    pub fn version(self) -> u16 {
        1
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let word = String::deserialize(d)?;
        Kind::from_name(&word)
            .ok_or_else(|| serde::de::Error::custom(format!("{word:?} is not a kind of event")))
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One validated fact about a run. There is no way to hold one that breaks a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    id: EventId,
    at: Timestamp,
    episode: Option<EpisodeId>,
    step: Option<u64>,
    body: Body,
}

impl Event {
    /// Builds an event; the error names the field that breaks a rule, and the rule.
    pub fn new(
        id: EventId,
        at: Timestamp,
        episode: Option<EpisodeId>,
        step: Option<u64>,
        body: impl Into<Body>,
    ) -> Result<Self, FieldError> {
        Self::of_any_size(id, at, episode, step, body)?.bounded()
    }

    /// Refuses a body over the limit. Nearly every one is known to be far below it without being written.
    pub(crate) fn bounded(self) -> Result<Self, FieldError> {
        if self.body.most_bytes() > MAX_BODY_BYTES as u64 {
            limits::bounded("body", &self.body.to_json(), MAX_BODY_BYTES)?;
        }
        Ok(self)
    }

    /// As [`Event::new`], without a limit on the whole: what is stored must stay readable whatever the limit
    /// becomes.
    pub(crate) fn of_any_size(
        id: EventId,
        at: Timestamp,
        episode: Option<EpisodeId>,
        step: Option<u64>,
        body: impl Into<Body>,
    ) -> Result<Self, FieldError> {
        let body = body.into();
        let kind = body.kind();
        match (step, &body) {
            (Some(step), _) => limits::step("step", step)?,
            (None, _) if kind.needs_step() => {
                return Err(FieldError::new("step", format!("is missing; {kind} needs one")));
            }
            (None, Body::ScoreAdded(s)) if s.target == ScoreTarget::Step => {
                return Err(FieldError::new("step", "is missing; a score of a step needs one"));
            }
            (None, _) => {}
        }
        let needs_episode = matches!(kind, Kind::EpisodeStarted | Kind::EpisodeFinished)
            || matches!(&body, Body::ScoreAdded(s) if s.target == ScoreTarget::Episode);
        if needs_episode && episode.is_none() {
            return Err(FieldError::new("episode", format!("is missing; {kind} needs one")));
        }
        body.check().map_err(|e| FieldError::new(format!("body.{}", e.field), e.message))?;
        Ok(Self { id, at, episode, step, body })
    }

    /// The event with that author, where it has one: of a command, an answer or a note. For a server that
    /// knows who asks. The author must be a valid label.
    ///
    /// # Errors
    ///
    /// Where the author cannot be one.
    pub fn with_author(self, author: &str) -> Result<Self, FieldError> {
        let Self { id, at, episode, step, mut body } = self;
        match &mut body {
            Body::CommandIssued(command) => author.clone_into(&mut command.author),
            Body::ChallengeAnswered(answer) => author.clone_into(&mut answer.author),
            Body::AnnotationAdded(note) => author.clone_into(&mut note.author),
            _ => return Ok(Self { id, at, episode, step, body }),
        }
        Self::new(id, at, episode, step, body)
    }

    /// The idempotency key.
    pub fn id(&self) -> EventId {
        self.id
    }

    /// When it happened, by the producer's clock.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The episode it belongs to.
    pub fn episode(&self) -> Option<&EpisodeId> {
        self.episode.as_ref()
    }

    /// The step it belongs to.
    pub fn step(&self) -> Option<u64> {
        self.step
    }

    /// What it says.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.body.kind()
    }

    /// The line of the log it becomes under a sequence number.
    pub fn record(&self, seq: u64, received_at: Timestamp) -> Record {
        Record {
            seq,
            received_at,
            id: self.id,
            at: self.at,
            kind: self.kind(),
            version: self.kind().version(),
            episode: self.episode.clone(),
            step: self.step,
            body: self.body.to_json(),
        }
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let record = self.record(0, self.at);
        record.serialize_parts(s, false)
    }
}

/// One line of the log: an event with its sequence number, its body still text. Reading a log for someone
/// else never parses bodies; [`Record::event`] does.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Position in the run's log, from 0, without holes.
    pub seq: u64,
    /// When the server received it.
    pub received_at: Timestamp,
    /// Idempotency key.
    pub id: EventId,
    /// Producer's time.
    pub at: Timestamp,
    /// Which fact.
    pub kind: Kind,
    /// Schema version of the body.
    pub version: u16,
    /// Episode, if any.
    pub episode: Option<EpisodeId>,
    /// Step, if any.
    pub step: Option<u64>,
    /// The body as JSON text.
    pub body: String,
}

impl Record {
    /// Takes the place of a stored event that cannot be read: a `gap` that names it and what is wrong with
    /// it.
    pub fn unreadable(seq: u64, received_at: Timestamp, id: EventId, why: impl fmt::Display) -> Record {
        let reason = format!("event {seq} cannot be read: {why}");
        let plain = reason.chars().map(|c| if c.is_control() { ' ' } else { c });
        // Cut between two characters, whatever the text is.
        let mut reason = String::new();
        for c in plain {
            if reason.len() + c.len_utf8() > MAX_LABEL_BYTES {
                break;
            }
            reason.push(c);
        }
        let body = Body::from(Gap { lost: 1, reason });
        Record {
            seq,
            received_at,
            id,
            at: received_at,
            kind: Kind::Gap,
            version: Kind::Gap.version(),
            episode: None,
            step: None,
            body: body.to_json(),
        }
    }

    fn serialize_parts<S: Serializer>(&self, s: S, stored: bool) -> Result<S::Ok, S::Error> {
        let raw: &serde_json::value::RawValue =
            serde_json::from_str(&self.body).map_err(serde::ser::Error::custom)?;
        let mut out = s.serialize_struct("Event", 9)?;
        if stored {
            out.serialize_field("seq", &self.seq)?;
            out.serialize_field("received_at", &self.received_at)?;
        }
        out.serialize_field("id", &self.id)?;
        out.serialize_field("at", &self.at)?;
        out.serialize_field("kind", self.kind.as_str())?;
        out.serialize_field("v", &self.version)?;
        match &self.episode {
            Some(episode) => out.serialize_field("episode", episode)?,
            None => out.skip_field("episode")?,
        }
        match &self.step {
            Some(step) => out.serialize_field("step", step)?,
            None => out.skip_field("step")?,
        }
        out.serialize_field("body", raw)?;
        out.end()
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.serialize_parts(s, true)
    }
}
