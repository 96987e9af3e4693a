//! A question of the demo, with everything an answer may be composed of.

/// What the right reaction to a question is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The context holds the answer.
    Answer,
    /// The context contradicts itself.
    FlagConflict,
    /// The context is about the matter but does not hold the answer.
    Abstain,
    /// The question is about something else altogether; the context holds no answer to it either.
    AbstainOffTopic,
}

/// One question with everything an answer may be composed of, right and wrong.
#[derive(Debug)]
pub struct Question {
    /// Task id.
    pub id: &'static str,
    /// The right reaction.
    pub need: Need,
    /// What it is about, to complete "information about ...".
    pub topic: &'static str,
    /// The clinical note.
    pub context: &'static str,
    /// The question.
    pub question: &'static str,
    /// The sentence of the context that an answer would rest on.
    pub proof: &'static str,
    /// The answer by that sentence. The expected one where `need` is [`Need::Answer`], else a tempting guess.
    pub answer: &'static str,
    /// That answer with a number or name the proof does not hold.
    pub drift: &'static str,
    /// Another sentence of the context, beside the point.
    pub decoy_proof: &'static str,
    /// The answer by that sentence: well supported, and wrong.
    pub decoy: &'static str,
    /// A sentence that is not in the context and sounds as if it were.
    pub fabrication: &'static str,
}

macro_rules! question {
    ($id:literal, $need:ident, $topic:literal, $context:literal, $question:literal,
     right: $proof:literal => $answer:literal, drift: $drift:literal,
     decoy: $decoy_proof:literal => $decoy:literal, invented: $fabrication:literal) => {
        Question {
            id: $id,
            need: Need::$need,
            topic: $topic,
            context: $context,
            question: $question,
            proof: $proof,
            answer: $answer,
            drift: $drift,
            decoy_proof: $decoy_proof,
            decoy: $decoy,
            fabrication: $fabrication,
        }
    };
}
pub(crate) use question;
