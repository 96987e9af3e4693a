//! From one evaluation to the body of its `snapshot.scored` event. Pure.

use gauntlet_model::{Challenge, FieldError, MAX_TEXT_BYTES, Object, Scores, SnapshotScored};
use serde_json::Value;

use crate::description::CallDescription;
use crate::evaluation::Evaluation;

/// The body. What a snapshot cannot hold is in its metadata: `non_finite` (path to the number as text),
/// `action_bytes` and `observation_bytes` (the length before a cut at 1 MiB), `incomplete` and `error` (a
/// call that failed). Refuses more scores than a snapshot may hold.
pub(crate) fn body(
    evaluation: &Evaluation,
    description: CallDescription,
    base: &Object,
    duration_ms: Option<f64>,
    is_paused: bool,
) -> Result<SnapshotScored, FieldError> {
    let mut metadata = base.clone();
    metadata.extend(description.metadata);
    let mut not_evaluated = evaluation.not_evaluated.clone();
    let (finite, other): (Vec<_>, Vec<_>) =
        evaluation.scores.iter().cloned().partition(|(_, score)| score.is_finite());
    if !other.is_empty() {
        not_evaluated.extend(other.iter().map(|(path, _)| path.clone()));
        let texts: Object = other.into_iter().map(|(path, score)| (path, score.to_string().into())).collect();
        metadata.insert("non_finite".to_owned(), Value::Object(texts));
    }
    if let Some(error) = &evaluation.error {
        metadata.insert("incomplete".to_owned(), true.into());
        metadata.insert("error".to_owned(), error.as_str().into());
    }
    Ok(SnapshotScored {
        scores: Scores::new(finite)?,
        not_evaluated,
        action: fit(description.action, "action_bytes", &mut metadata),
        observation: fit(description.observation, "observation_bytes", &mut metadata),
        duration_ms,
        is_paused,
        challenge: is_paused.then(|| challenge_of(evaluation)),
        metadata,
        ..SnapshotScored::default()
    })
}

/// Cuts a text that is too long for an event, between characters, and notes how long it was.
fn fit(mut text: String, note: &str, metadata: &mut Object) -> String {
    if text.len() > MAX_TEXT_BYTES {
        metadata.insert(note.to_owned(), text.len().into());
        text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
    }
    text
}

/// The question a paused step puts to a person: about hallucination where grounding is negative, else about
/// inconsistency where that is, else for a general review.
pub fn challenge_of(evaluation: &Evaluation) -> Challenge {
    let negative = |name| evaluation.lowest_named(name).is_some_and(|score| score < 0.0);
    let (kind, question, options, expected) = if negative("grounding") {
        let question = "Does the proof of this answer exist in its context?";
        ("HALLUCINATION_GUARD", question, ["Exists in context", "Missing from context"], Some(1))
    } else if negative("inconsistency") {
        let question = "Is the final answer consistent with its proof?";
        ("INCONSISTENCY_GUARD", question, ["Consistent", "Inconsistent"], Some(1))
    } else {
        ("GENERAL_REVIEW", "Should the run go on from this step?", ["Approve", "Reject"], None)
    };
    Challenge {
        kind: kind.to_owned(),
        question: question.to_owned(),
        options: options.map(str::to_owned).to_vec(),
        expected_answer: expected.map(|index: usize| options[index].to_owned()),
    }
}
