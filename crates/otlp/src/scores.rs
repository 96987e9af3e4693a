//! Evaluations: `gen_ai.evaluation.result`, whether a span's event, a log record or a span of its own.

use gauntlet_model::{EventId, MAX_TEXT_BYTES, Object, Scores, StepError, StepKind, StepRecorded, Timestamp};
use gauntlet_values::{Decimal, Reading};
use serde_json::Value;

use crate::attributes::{MappedAttributes, read};
use crate::draft::EventDraft;
use crate::error::take_text;
use crate::ids::{event_id, span_id};
use crate::source::{Source, note};
use crate::value::{cut, label};

/// The name of the event, and of the log record.
pub(crate) const RESULT: &str = "gen_ai.evaluation.result";

/// The evaluation of a step by one rubric.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Evaluation {
    /// The evaluation as a step of the kind `reward`. `None` where a span is the evaluation.
    pub record: Option<EventDraft<StepRecorded>>,
    /// The id of the event that records it: a log that has this event has the score.
    pub record_event_id: EventId,
    /// The id of its `score.added`, where the node exists already.
    pub score_id: EventId,
    pub at: Timestamp,
    /// Rubric path; `None` where the name is not a rubric path.
    pub path: Option<String>,
    /// The score; `None` where there is none, or no finite number.
    pub value: Option<f64>,
    /// Whether the evaluator itself failed.
    pub failed: bool,
    pub label: Option<String>,
    pub explanation: Option<String>,
    pub source: String,
    /// Why it is not a score, if it is none.
    pub warning: Option<String>,
}

/// What an evaluation judges, and when.
#[derive(Clone, Copy)]
pub(crate) struct EvaluationContext<'a> {
    pub trace: &'a str,
    pub span: &'a str,
    pub source: &'a Source,
    pub at: Timestamp,
    /// The time as it was sent, in nanoseconds: `at` may be that of the arrival, which a retry does not
    /// repeat.
    pub stamp: u64,
}

/// Whether a table's reading is an evaluation.
pub(crate) fn is_evaluation(payload: &Object) -> bool {
    payload.get("evaluation").is_some_and(Value::is_string)
        && ["value", "label", "explanation"].iter().any(|key| payload.contains_key(*key))
}

impl Evaluation {
    /// From the attributes of an event or log record. `extra` is what else its metadata keeps.
    pub(crate) fn from_attributes(attributes: Object, extra: Object, judged: &EvaluationContext<'_>) -> Self {
        let MappedAttributes { payload, mut rest } = read(attributes);
        let kind = take_text(&mut rest, "error.type");
        let mut this = Self::from_payload(&payload, kind.is_some(), judged);
        let mut metadata = judged.source.metadata();
        metadata.extend(extra);
        note(&mut metadata, "attributes", rest);
        let key = this.score_id.as_bytes();
        let body = StepRecorded {
            step_kind: StepKind::Reward,
            name: payload.get("evaluation").and_then(Value::as_str).map(label).filter(|n| !n.is_empty()),
            span_id: hex::encode(span_id(&[b"evaluation", key])),
            parent_span_id: (!judged.span.is_empty()).then(|| judged.span.to_owned()),
            started_at: judged.at,
            ended_at: None,
            payload,
            error: kind.map(|kind| StepError {
                kind: Some(label(&kind)).filter(|k| !k.is_empty()).unwrap_or_else(|| "error".to_owned()),
                message: "the evaluator failed".to_owned(),
                traceback: None,
            }),
            metadata,
        };
        this.record = Some(EventDraft { id: this.record_event_id, at: judged.at, body });
        this
    }

    /// Label and explanation as a line of text.
    pub(crate) fn line(&self) -> Option<String> {
        let words: Vec<&str> =
            [&self.label, &self.explanation].into_iter().flatten().map(String::as_str).collect();
        (!words.is_empty()).then(|| {
            let name = self.path.as_deref().unwrap_or_default();
            format!("{name}: {}", words.join(". "))
        })
    }

    /// From a payload that the table of attributes has read.
    pub(crate) fn from_payload(payload: &Object, failed: bool, judged: &EvaluationContext<'_>) -> Self {
        let text = |key: &str| payload.get(key).and_then(Value::as_str);
        let name = text("evaluation").unwrap_or_default();
        let reading = payload.get("value").map(|value| gauntlet_values::number(value, Decimal::Point));
        let number = reading.and_then(Reading::value);
        let is_path = Scores::new([(name, 0.0)]).is_ok();
        let warning = match payload.get("value") {
            _ if !is_path => {
                Some(format!("{name:?} is not a rubric path, so it is kept as a step but not as a score"))
            }
            Some(value) if matches!(reading, Some(Reading::Invalid)) => Some(format!(
                "its score.value {value} is not a finite number, so it is kept as a step but not as a score"
            )),
            _ => None,
        };
        let id = event_id(&[
            b"score",
            judged.trace.as_bytes(),
            judged.span.as_bytes(),
            &(judged.stamp / 1000).to_be_bytes(),
            serde_json::to_string(payload).unwrap_or_default().as_bytes(),
        ]);
        Self {
            record: None,
            record_event_id: event_id(&[b"evaluation", id.as_bytes()]),
            score_id: id,
            at: judged.at,
            path: is_path.then(|| name.to_owned()),
            value: number.filter(|_| is_path),
            failed,
            label: text("label").map(label),
            explanation: text("explanation").map(|e| cut(e, MAX_TEXT_BYTES).to_owned()),
            source: judged.source.name(),
            warning: warning.map(|w| format!("evaluation {name:?} of span {:?}: {w}", judged.span)),
        }
    }
}

/// The scores of evaluations: of several with one path the last counts.
pub(crate) fn paths<'a>(evaluations: impl IntoIterator<Item = &'a Evaluation>) -> Vec<(String, f64)> {
    let mut paths = Vec::new();
    for evaluation in evaluations {
        if let (Some(path), Some(value)) = (&evaluation.path, evaluation.value) {
            upsert_score(&mut paths, path.clone(), value);
        }
    }
    paths
}

/// Sets the score of a path.
pub(crate) fn upsert_score(paths: &mut Vec<(String, f64)>, path: String, value: f64) {
    match paths.iter_mut().find(|(known, _)| *known == path) {
        Some((_, known)) => *known = value,
        None => paths.push((path, value)),
    }
}

/// Adds `root` where there is one evaluation only, which then is the total.
pub(crate) fn with_root(mut paths: Vec<(String, f64)>) -> Vec<(String, f64)> {
    if let [(path, value)] = paths.as_slice()
        && path != "root"
    {
        let with_root = ("root".to_owned(), *value);
        paths.insert(0, with_root);
    }
    paths
}
