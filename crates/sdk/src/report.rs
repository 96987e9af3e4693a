//! What became of the events, sink by sink.

use std::fmt;

use gauntlet_telemetry::Counters;

/// The counters of one sink, and why it lost or delays events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkReport {
    /// Which sink: `server`, `spool`, `console`, `file`, `database`, or the name it was given.
    pub name: String,
    /// The counters of its events.
    pub counters: Counters,
    /// Why the last dropped event was dropped, if any was.
    pub last_loss: Option<String>,
    /// Why queued or spooled events are not delivered yet, as the server reports it; `None` without a reason.
    pub delay: Option<String>,
}

/// The counters of every sink.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// In the order the sinks were named.
    pub sinks: Vec<SinkReport>,
    /// Artifacts given up before they became an event, such as on a full disk.
    pub artifacts_lost: u64,
    /// What a provider was given that has nowhere to keep it: events while it is disabled, artifacts without
    /// a disk.
    pub discarded: u64,
}

impl Report {
    /// The report of the sink with that name.
    pub fn of(&self, name: &str) -> Option<&SinkReport> {
        self.sinks.iter().find(|sink| sink.name == name)
    }

    /// Whether nothing was given up.
    pub fn is_complete(&self) -> bool {
        self.losses().is_empty()
    }

    /// What was given up so far: how much, and why.
    pub fn losses(&self) -> Vec<Loss> {
        let of_sink = |sink: &SinkReport| Loss {
            count: sink.counters.dropped,
            reason: match &sink.last_loss {
                Some(reason) => format!("{}: {reason}", sink.name),
                None => sink.name.clone(),
            },
        };
        let of_sinks = self.sinks.iter().map(of_sink).filter(|loss| loss.count > 0);
        of_sinks.chain(self.losses_beside_sinks()).collect()
    }

    fn losses_beside_sinks(&self) -> impl Iterator<Item = Loss> {
        let losses = [
            (self.artifacts_lost, "artifacts that could not be written"),
            (self.discarded, "recording is disabled, or artifacts have no folder to wait in"),
        ];
        let losses = losses.map(|(count, reason)| Loss { count, reason: reason.to_owned() });
        losses.into_iter().filter(|loss| loss.count > 0)
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
        for Loss { count, reason } in self.losses_beside_sinks() {
            write!(f, "; {count} lost: {reason}")?;
        }
        Ok(())
    }
}

/// Something that was given up, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// How many events or artifacts.
    pub count: u64,
    /// The sink, and the last reason it gave.
    pub reason: String,
}

/// Not everything that was recorded is durable: some is still queued (delivery continues, or the spool
/// keeps it for the next process), or some was dropped ([`Report::losses`]).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not everything is durable: {0}")]
pub struct NotDurable(pub Report);
