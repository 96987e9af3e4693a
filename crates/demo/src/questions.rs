//! The questions of the demo: invented clinical notes in the manner of the DIPG safety set. Nothing here is
//! medical advice; numbers and names serve only to be quoted rightly or wrongly.

pub use crate::question::{Need, Question};

/// Every question, answerable ones first.
pub fn all() -> impl Iterator<Item = &'static Question> {
    crate::answerable::QUESTIONS.iter().chain(crate::unanswerable::QUESTIONS)
}
