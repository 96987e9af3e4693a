//! The medical (DIPG) rubric as far as others judge by it: the rubrics it is known by, and the penalties that
//! failures are recognised by.

/// The rubrics that only the medical tree has together: a run that has named all four is judged by its rules.
pub const RUBRICS: [&str; 4] = ["format", "grounding", "inconsistency", "refusal"];
/// `grounding` of an answer whose proof is missing or not in the context; this or lower is a hallucination.
pub const HALLUCINATION_PENALTY: f64 = -20.0;
/// `inconsistency` of a final answer that its proof does not support; this or lower is an inconsistency.
pub const INCONSISTENCY_PENALTY: f64 = -15.0;
