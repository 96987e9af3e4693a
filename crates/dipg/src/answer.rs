//! The agent's answer and its task, typed. The only place that reads the answer's tags.

use std::fmt;

/// An answer in three parts, read from text such as
/// `<analysis>...</analysis><proof>...</proof><final>...</final>`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// The reasoning.
    pub analysis: String,
    /// The quote the answer rests on; may be empty.
    pub proof: String,
    /// The answer itself: the `final` tag.
    pub final_answer: String,
    /// Whether the text could not be read as three parts.
    pub is_malformed: bool,
    text: String,
}

const TAGS: [&str; 3] = ["analysis", "proof", "final"];

impl Answer {
    /// Reads an answer. It is well formed when each of the three tags opens and closes exactly once, in
    /// order, and the final part is not empty; text between the parts is ignored. A malformed one keeps
    /// whatever could be read.
    pub fn parse(text: impl Into<String>) -> Self {
        let text = text.into();
        let mut parts = [const { String::new() }; 3];
        let mut is_malformed = false;
        let mut end_of_last = 0;
        for (part, tag) in parts.iter_mut().zip(TAGS) {
            let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
            is_malformed |= text.matches(&open).count() != 1 || text.matches(&close).count() != 1;
            let Some(start) = text.find(&open).map(|at| at + open.len()) else { continue };
            let end = text[start..].find(&close).map_or(text.len(), |at| start + at);
            is_malformed |= start < end_of_last;
            end_of_last = end;
            *part = text[start..end].trim().to_owned();
        }
        let [analysis, proof, final_answer] = parts;
        is_malformed |= final_answer.is_empty();
        Self { analysis, proof, final_answer, is_malformed, text }
    }

    /// A well-formed answer from its parts.
    pub fn of(analysis: &str, proof: &str, final_answer: &str) -> Self {
        Self::parse(format!(
            "<analysis>{analysis}</analysis>\n<proof>{proof}</proof>\n<final>{final_answer}</final>"
        ))
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl AsRef<str> for Answer {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

/// A question with what a right answer holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Case {
    /// The text the answer must rest on.
    pub context: String,
    /// The question.
    pub question: String,
    /// The right final answer.
    pub expected_final: String,
    /// The passage it rests on; empty where there is none.
    pub expected_proof: String,
    /// Whether the context holds no answer, so that abstaining is right.
    pub should_abstain: bool,
    /// Whether the context contradicts itself, so that reporting the conflict is right.
    pub has_conflict: bool,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CONTEXT\n{}\n\nQUESTION\n{}", self.context, self.question)
    }
}
