//! What types alone cannot hold: lengths, ranges, shapes.

use super::*;
use crate::limits::{FieldError, MAX_TAGS, label, non_negative, optional_label, step, text};
use crate::score::check_path;

/// Checks what types alone cannot: lengths, ranges, shapes.
pub(crate) trait Check {
    fn check(&self) -> Result<(), FieldError> {
        Ok(())
    }
}

pub(super) fn opt_label(field: &str, value: &Option<String>) -> Result<(), FieldError> {
    value.as_deref().map_or(Ok(()), |v| optional_label(field, v))
}

pub(super) fn opt_text(field: &str, value: &Option<String>) -> Result<(), FieldError> {
    value.as_deref().map_or(Ok(()), |v| text(field, v))
}

pub(crate) fn tags(field: &str, tags: &[String]) -> Result<(), FieldError> {
    if tags.len() > MAX_TAGS {
        return Err(FieldError::new(
            field,
            format!("has {} tags; at most {MAX_TAGS} are allowed", tags.len()),
        ));
    }
    tags.iter().enumerate().try_for_each(|(i, t)| label(&format!("{field}[{i}]"), t))
}

pub(super) fn hex(field: &str, text: &str, digits: usize) -> Result<(), FieldError> {
    if text.len() == digits && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return Ok(());
    }
    Err(FieldError::new(field, format!("{text:?} is not {digits} lowercase hexadecimal digits")))
}

pub(super) fn final_status(status: Status, what: &str) -> Result<(), FieldError> {
    if status.is_final() {
        return Ok(());
    }
    let found = status.as_str();
    let message = format!("{found:?} does not end {what}; use completed, failed, timed_out or cancelled");
    Err(FieldError::new("status", message))
}

pub(super) fn error(error: &StepError) -> Result<(), FieldError> {
    label("error.type", &error.kind)?;
    text("error.message", &error.message)?;
    opt_text("error.traceback", &error.traceback)
}

impl Check for RunStarted {
    fn check(&self) -> Result<(), FieldError> {
        label("name", &self.name)?;
        label("project", &self.project)?;
        label("kind", &self.kind)?;
        opt_label("agent", &self.agent)?;
        opt_label("task", &self.task)?;
        tags("tags", &self.tags)
    }
}

impl Check for RunStatus {
    fn check(&self) -> Result<(), FieldError> {
        opt_text("reason", &self.reason)
    }
}

impl Check for RunFinished {
    fn check(&self) -> Result<(), FieldError> {
        final_status(self.status, "a run")
    }
}

impl Check for EpisodeStarted {
    fn check(&self) -> Result<(), FieldError> {
        opt_label("task", &self.task)
    }
}

impl Check for EpisodeFinished {
    fn check(&self) -> Result<(), FieldError> {
        non_negative("latency_ms", self.latency_ms)?;
        non_negative("cost", self.cost)?;
        opt_text("error", &self.error)
    }
}

impl Check for SnapshotScored {
    fn check(&self) -> Result<(), FieldError> {
        for (i, path) in self.not_evaluated.iter().enumerate() {
            check_path(path).map_err(|e| FieldError::new(format!("not_evaluated[{i}]"), e.message))?;
            if self.scores.get(path).is_some() {
                return Err(FieldError::new(
                    format!("not_evaluated[{i}]"),
                    format!("{path:?} also has a score"),
                ));
            }
        }
        if self.not_evaluated.len() > crate::MAX_SCORES {
            return Err(FieldError::new(
                "not_evaluated",
                format!("names more than {} paths", crate::MAX_SCORES),
            ));
        }
        text("action", &self.action)?;
        text("observation", &self.observation)?;
        non_negative("duration_ms", self.duration_ms)?;
        opt_label("timestamp", &self.timestamp)?;
        for (i, key) in self.posted.iter().enumerate() {
            if !SNAPSHOT_KEYS.contains(&key.as_str()) || self.posted[..i].contains(key) {
                let message = format!("{key:?} is not a key of a snapshot, each named once");
                return Err(FieldError::new(format!("posted[{i}]"), message));
            }
        }
        let Some(challenge) = &self.challenge else { return Ok(()) };
        label("challenge.type", &challenge.kind)?;
        text("challenge.question", &challenge.question)?;
        opt_text("challenge.expected_answer", &challenge.expected_answer)?;
        challenge
            .options
            .iter()
            .enumerate()
            .try_for_each(|(i, o)| label(&format!("challenge.options[{i}]"), o))
    }
}

impl Check for StepRecorded {
    fn check(&self) -> Result<(), FieldError> {
        opt_label("name", &self.name)?;
        hex("span_id", &self.span_id, 16)?;
        self.parent_span_id.as_deref().map_or(Ok(()), |p| hex("parent_span_id", p, 16))?;
        if self.ended_at.is_some_and(|end| end < self.started_at) {
            return Err(FieldError::new("ended_at", "is before started_at"));
        }
        self.error.as_ref().map_or(Ok(()), error)
    }
}

impl Check for ScoreAdded {
    fn check(&self) -> Result<(), FieldError> {
        check_path(&self.path).map_err(|e| FieldError::new("path", e.message))?;
        opt_label("label", &self.label)?;
        opt_text("explanation", &self.explanation)?;
        label("source", &self.source)
    }
}

impl Check for ArtifactAdded {
    fn check(&self) -> Result<(), FieldError> {
        label("name", &self.name)?;
        label("mime_type", &self.mime_type)?;
        label("role", &self.role)?;
        hex("sha256", &self.sha256, 64)
    }
}

impl Check for CommandIssued {
    fn check(&self) -> Result<(), FieldError> {
        label("command_id", &self.command_id)?;
        label("author", &self.author)
    }
}

impl Check for CommandApplied {
    fn check(&self) -> Result<(), FieldError> {
        label("command_id", &self.command_id)?;
        text("result", &self.result)
    }
}

impl Check for ChallengeAnswered {
    fn check(&self) -> Result<(), FieldError> {
        label("answer", &self.answer)?;
        label("author", &self.author)
    }
}

impl Check for AnnotationAdded {
    fn check(&self) -> Result<(), FieldError> {
        text("text", &self.text)?;
        label("author", &self.author)?;
        match self.range {
            Some(r) if r.from > r.to => {
                Err(FieldError::new("range", format!("from {} is after to {}", r.from, r.to)))
            }
            Some(r) => step("range.to", r.to),
            None => Ok(()),
        }
    }
}

impl Check for AlertRaised {
    fn check(&self) -> Result<(), FieldError> {
        if self.text.is_empty() {
            return Err(FieldError::new("text", "must not be empty"));
        }
        text("text", &self.text)?;
        self.monitor.as_deref().map_or(Ok(()), |name| label("monitor", name))?;
        self.rule.as_deref().map_or(Ok(()), |rule| label("rule", rule))
    }
}

impl Check for Gap {
    fn check(&self) -> Result<(), FieldError> {
        label("reason", &self.reason)
    }
}
