//! The words and style classes of failures, states and statuses, in one place, so that colour is never the
//! only sign.

use gauntlet_film::State;
use gauntlet_model::{FailureKind, RunSummary, Severity, Status};

use super::format::grouped;

/// One word for a failure, as lists and the stage show it.
pub(crate) use gauntlet_scene::failure_word;

/// A failure as a headline.
pub(crate) fn failure_title(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Hallucination => "Ungrounded claim",
        FailureKind::Format => "Unreadable format",
        FailureKind::Refusal => "Refusal",
        FailureKind::Inconsistency => "Inconsistent answer",
        FailureKind::Generic => "Rubric failed",
    }
}

/// The style class that colours a failure.
pub(crate) fn failure_class(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Hallucination => "is-hallucination",
        FailureKind::Format => "is-format",
        FailureKind::Refusal => "is-refusal",
        FailureKind::Inconsistency => "is-inconsistency",
        FailureKind::Generic => "is-generic",
    }
}

/// The word for a rubric's state.
pub(crate) fn state_word(state: State) -> &'static str {
    match state {
        State::Passed => "passed",
        State::Failed => "failed",
        State::NotEvaluated => "not evaluated",
    }
}

/// The style class of a rubric's state.
pub(crate) fn state_class(state: State) -> &'static str {
    match state {
        State::Passed => "is-pass",
        State::Failed => "is-fail",
        State::NotEvaluated => "is-none",
    }
}

/// A run's status for people.
pub(crate) fn status_word(status: Status) -> &'static str {
    match status {
        Status::TimedOut => "timed out",
        other => other.as_str(),
    }
}

/// Whether contact with the run's writers is lost.
pub(crate) fn is_contact_lost(run: &RunSummary) -> bool {
    run.contact.is_some_and(|contact| contact.lost)
}

/// A run's status for people: its style class and its words.
pub(crate) fn run_status(run: &RunSummary) -> (&'static str, &'static str) {
    match is_contact_lost(run) {
        true => ("lost", "lost contact"),
        false => (run.status.as_str(), status_word(run.status)),
    }
}

/// The style class of an alert.
pub(crate) fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "is-info",
        Severity::Warning => "is-warning",
        Severity::Error => "is-error",
    }
}

/// The number of a run's alerts for people.
pub(crate) fn alert_count(alerts: u64) -> String {
    format!("{} {}", grouped(alerts), if alerts == 1 { "alert" } else { "alerts" })
}

/// A word with its first letter in upper case.
pub(crate) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
