//! A detailed result of a report: question, response, scores.
//!
//! If it has a `snapshot`, that has the scores. Otherwise the reward is the root score and the metrics name
//! the failures; no other rubric has a score.

use gauntlet_model::{FailureKind, Scores, SnapshotScored, Timestamp};
use gauntlet_values::Reading;
use serde_json::Value;

use crate::error::ImportError;
use crate::fields::{Fields, preview};
use crate::json_span::JsonSpan;

/// The metrics that name failures, the most severe first.
pub(crate) const METRICS: [(&str, FailureKind); 4] = [
    ("hallucination", FailureKind::Hallucination),
    ("format_error", FailureKind::Format),
    ("refusal", FailureKind::Refusal),
    ("inconsistency", FailureKind::Inconsistency),
];

/// A detailed result that has been read but not yet numbered.
pub(crate) struct Detail<'a> {
    /// Its reward, if any.
    pub reward: Option<f64>,
    /// When it was scored, if known.
    pub at: Option<Timestamp>,
    /// The body of its event.
    pub body: SnapshotScored,
    /// The record without its fields, for the path in errors.
    pub fields: Fields<'a>,
}

/// Reads one detailed result.
pub(crate) fn read(span: JsonSpan<'_>) -> Result<Detail<'_>, ImportError> {
    let mut fields = Fields::from_object(span)?;
    let reward = fields.number("reward")?;
    let mut body = SnapshotScored::default();
    let mut at = None;
    let snapshot = fields.take_object("snapshot")?;
    let scored = snapshot.is_some();
    let mut judged_action = None;
    if let Some(mut snapshot) = snapshot {
        let scores = snapshot.take_scores("scores")?;
        (body.scores, body.not_evaluated) = scores
            .ok_or_else(|| snapshot.refuse("scores", "is missing", "rubric paths and finite numbers"))?;
        if let Some((text, time)) = snapshot.take_time("timestamp") {
            body.timestamp = Some(text);
            at = Some(time);
        }
        body.is_paused = snapshot.take_flag("is_paused")?.unwrap_or(false);
        body.challenge = snapshot.take_challenge()?;
        judged_action = snapshot
            .left
            .get("metadata")
            .and_then(|m| m.get("action"))
            .and_then(Value::as_str)
            .map(str::to_owned);
        fields.tally.add(std::mem::take(&mut snapshot.tally));
        if !snapshot.left.is_empty() {
            fields.left.insert("snapshot".to_owned(), Value::Object(snapshot.left));
        }
    } else {
        if reward.is_none() && !fields.left.contains_key("reward") {
            return Err(fields.refuse("reward", "is missing", "a finite number"));
        }
        body.scores =
            Scores::new(reward.map(|reward| ("root", reward))).map_err(|e| fields.refuse_rule(&e))?;
        body.not_evaluated = reward.is_none().then(|| "root".to_owned()).into_iter().collect();
    }
    let declared = failures(&fields)?;
    if !scored {
        body.failures = declared;
    }
    if at.is_none() {
        at = fields.left.get("timestamp").and_then(|value| gauntlet_values::time(value).value());
    }
    body.action = fields.take_text("response").or(judged_action).unwrap_or_default();
    body.observation = observation(&fields);
    body.metadata = std::mem::take(&mut fields.left);
    Ok(Detail { reward, at, body, fields })
}

/// The failures that the metrics name. A metric that is absent or null names none.
fn failures(fields: &Fields<'_>) -> Result<Vec<FailureKind>, ImportError> {
    let metrics = match fields.left.get("metrics") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(metrics)) => metrics,
        Some(other) => return Err(fields.refuse("metrics", format!("is {}", preview(other)), "an object")),
    };
    let mut found = Vec::new();
    for (name, kind) in METRICS {
        match metrics.get(name) {
            None | Some(Value::Null) => {}
            Some(value) => match gauntlet_values::flag(value) {
                Reading::Value(true) => found.push(kind),
                Reading::Value(false) | Reading::NotEvaluated => {}
                Reading::Invalid => {
                    let field = format!("metrics.{name}");
                    return Err(fields.refuse(&field, format!("is {}", preview(value)), "true or false"));
                }
            },
        }
    }
    Ok(found)
}

/// The observation: context and question, from `ground_truth` or from the record itself.
fn observation(fields: &Fields<'_>) -> String {
    let holder = fields.left.get("ground_truth").and_then(Value::as_object).unwrap_or(&fields.left);
    let texts = ["context", "question"].iter().filter_map(|key| holder.get(*key)).map(|value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    });
    texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n")
}
