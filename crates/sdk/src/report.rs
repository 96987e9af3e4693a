//! What became of the events, sink by sink.

use std::fmt;

use gauntlet_rubric::sinks::Counters;

/// One sink's books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkReport {
    /// Which sink: `server`, `spool`, `console`, `file`, `database`, or the name it was given.
    pub name: String,
    /// What became of its events.
    pub counters: Counters,
    /// Why the last dropped event was dropped, if any was.
    pub last_loss: Option<String>,
    /// Why what waits or is on disk has not arrived, in the words of the other side, if something holds it up.
    pub delay: Option<String>,
}

/// Every sink's books.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// In the order the sinks were named.
    pub sinks: Vec<SinkReport>,
    /// Artifacts given up before they became an event, such as on a full disk.
    pub artifacts_lost: u64,
}

impl Report {
    /// The books of one sink.
    pub fn of(&self, name: &str) -> Option<&SinkReport> {
        self.sinks.iter().find(|sink| sink.name == name)
    }

    /// Whether anything was given up.
    pub fn is_complete(&self) -> bool {
        self.artifacts_lost == 0 && self.sinks.iter().all(|sink| sink.counters.dropped == 0)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, sink) in self.sinks.iter().enumerate() {
            let Counters { queued, spooled, sent, dropped, .. } = sink.counters;
            let separator = if at == 0 { "" } else { "; " };
            write!(
                f,
                "{separator}{}: {sent} sent, {spooled} on disk, {queued} waiting, {dropped} lost",
                sink.name
            )?;
            for why in [&sink.delay, &sink.last_loss].into_iter().flatten() {
                write!(f, " ({why})")?;
            }
        }
        Ok(())
    }
}

/// Not everything has arrived in time. Nothing is lost by that: it goes on, or stays on disk for the next process.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not everything has arrived yet: {0}")]
pub struct Unfinished(pub Report);
