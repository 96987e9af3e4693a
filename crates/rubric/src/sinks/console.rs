//! One line a snapshot, for people who watch a terminal.

use std::io::Write;
use std::sync::Arc;

use gauntlet_model::{Body, Event};

use super::{DeliveryError, Sink};

/// Writes a line for every event: `step 12  root -20.0  grounding -20.0 < 0` names the negative rubrics, other events
/// their kind.
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
        Body::SnapshotScored(snapshot) => {
            match snapshot.scores.root() {
                Some(root) => line.push_str(&format!("root {root:.1}")),
                None => line.push_str("incomplete"),
            }
            for (path, score) in
                snapshot.scores.iter().filter(|(path, score)| *path != "root" && *score < 0.0)
            {
                line.push_str(&format!("  {path} {score:.1} < 0"));
            }
            if snapshot.is_paused {
                line.push_str("  paused");
            }
        }
        Body::Gap(gap) => line.push_str(&format!("gap: {} events lost: {}", gap.lost, gap.reason)),
        Body::RunStatus(status) => line.push_str(&format!("run {}", status.status.as_str())),
        _ => line.push_str(event.kind().as_str()),
    }
    line
}
