//! One line a snapshot, for people who watch a terminal.

use std::io::Write;
use std::sync::Arc;

use gauntlet_model::{Body, Event, SnapshotScored, StepRecorded};

use crate::sink::{DeliveryError, Sink};

/// Writes a line for every event: `step 12  root -20.0  grounding -20.0 < 0` names the negative rubrics,
/// `step 3  tool_result lookup  Timeout: no answer` what an agent did.
pub struct ConsoleSink<W>(W);

impl ConsoleSink<std::io::Stderr> {
    /// To the standard error stream.
    pub fn stderr() -> Self {
        Self(std::io::stderr())
    }
}

impl<W: Write + Send> ConsoleSink<W> {
    /// To any writer.
    pub fn to(writer: W) -> Self {
        Self(writer)
    }
}

impl<W: Write + Send> Sink for ConsoleSink<W> {
    fn deliver(&mut self, batch: &[Arc<Event>]) -> Result<(), DeliveryError> {
        let text: String = batch.iter().map(|event| line(event) + "\n").collect();
        // Half a line that is written twice is worse than one that is lost: a terminal is not retried.
        let written = self.0.write_all(text.as_bytes()).and_then(|()| self.0.flush());
        written.map_err(|e| DeliveryError::Refused { index: None, message: e.to_string() })
    }
}

fn line(event: &Event) -> String {
    let mut line = match event.step() {
        Some(step) => format!("step {step}  "),
        None => String::new(),
    };
    match event.body() {
        Body::SnapshotScored(snapshot) => line.push_str(&scored(snapshot)),
        Body::StepRecorded(step) => line.push_str(&recorded(step)),
        Body::EpisodeStarted(started) => {
            line.push_str(&format!("episode  {}", started.task.as_deref().unwrap_or_default()));
        }
        Body::EpisodeFinished(finished) => {
            line.push_str(&format!("episode {}", finished.status.as_str()));
            let sum = finished.return_.map(|sum| format!("  return {:.1}", sum.get()));
            line.push_str(&sum.unwrap_or_default());
        }
        Body::ScoreAdded(score) => line.push_str(&format!("{} {:.1}", score.path, score.value.get())),
        Body::ArtifactAdded(artifact) => line.push_str(&format!("file {}", artifact.name)),
        Body::TrialFinished(trial) => {
            line.push_str(&format!("trial {} {}", trial.trial_id, trial.status.as_str()));
        }
        Body::Gap(gap) => line.push_str(&format!("gap: {} events lost: {}", gap.lost, gap.reason)),
        Body::RunStatus(status) => line.push_str(&format!("run {}", status.status.as_str())),
        Body::RunFinished(finished) => line.push_str(&format!("run {}", finished.status.as_str())),
        _ => line.push_str(event.kind().as_str()),
    }
    line
}

fn scored(snapshot: &SnapshotScored) -> String {
    let mut text = match snapshot.scores.root() {
        Some(root) => format!("root {root:.1}"),
        None => "no root".to_owned(),
    };
    for (path, score) in snapshot.scores.iter().filter(|(path, score)| *path != "root" && *score < 0.0) {
        text.push_str(&format!("  {path} {score:.1} < 0"));
    }
    for failure in &snapshot.failures {
        text.push_str(&format!("  {} failure", failure.as_str()));
    }
    if snapshot.is_paused {
        text.push_str("  paused");
    }
    text
}

fn recorded(step: &StepRecorded) -> String {
    let mut text = step.step_kind.as_str().to_owned();
    if let Some(name) = &step.name {
        text.push_str(&format!(" {name}"));
    }
    if let Some(error) = &step.error {
        let message = error.message.lines().next().unwrap_or_default();
        text.push_str(&format!("  {}: {message}", error.kind));
    }
    text
}
