//! The newest events of a run as they were committed, for readers that follow it: what the store has just
//! validated and written is not read back and validated again.

use std::collections::VecDeque;
use std::sync::Arc;

use gauntlet_model::{EpisodeId, EventId, Record, Timestamp};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;

use crate::row::Row;

/// Bytes of events held for a followed run; what is older is read from the log.
const MAX_BYTES: usize = 1 << 20;

/// An event as it was committed.
pub(crate) struct CommittedEvent {
    pub seq: u64,
    pub received_at: Timestamp,
    pub row: Arc<Row>,
}

/// What a follower of a run reads from. It holds what was committed since the first follower came, about
/// 1 MiB of it, and nothing once every follower is dropped.
pub struct RecentEvents {
    /// The head of the run, as [`crate::Store::subscribe`] has it.
    pub head: watch::Receiver<u64>,
    pub(crate) ring: Arc<Ring>,
}

impl RecentEvents {
    /// At most `limit` events from the sequence number `from` on, without gaps, ending early after about
    /// `bytes` of bodies; `None` where the first of them must be read from the log.
    pub fn from(&self, from: u64, limit: u32, bytes: usize) -> Option<Vec<Record>> {
        self.ring.from(from, limit as usize, bytes)
    }
}

/// Consecutive events of one run, the newest at the end.
#[derive(Default)]
pub(crate) struct Ring(Mutex<Events>);

#[derive(Default)]
struct Events {
    events: VecDeque<CommittedEvent>,
    bytes: usize,
}

impl Ring {
    pub(crate) fn push(&self, events: impl Iterator<Item = CommittedEvent>) {
        let mut held = self.held();
        for event in events {
            let follows = held.events.back().is_none_or(|last| last.seq + 1 == event.seq);
            if !follows {
                held.events.clear();
                held.bytes = 0;
            }
            held.bytes += event.row.bytes();
            held.events.push_back(event);
            while held.bytes > MAX_BYTES
                && let Some(oldest) = held.events.pop_front()
            {
                held.bytes -= oldest.row.bytes();
            }
        }
    }

    fn from(&self, from: u64, limit: usize, max_bytes: usize) -> Option<Vec<Record>> {
        let held = self.held();
        let first = held.events.front()?.seq;
        let at = usize::try_from(from.checked_sub(first)?).ok().filter(|at| *at < held.events.len())?;
        let mut bytes = 0;
        let mut records = Vec::new();
        for event in held.events.range(at..).take(limit) {
            if bytes >= max_bytes {
                break;
            }
            bytes += event.row.body.len();
            records.push(record(event)?);
        }
        Some(records)
    }

    fn held(&self) -> MutexGuard<'_, Events> {
        // Nothing panics while it holds this lock.
        self.0.lock()
    }
}

/// The event as the log has it.
fn record(event: &CommittedEvent) -> Option<Record> {
    let row = &event.row;
    let episode = row.episode.as_deref().map(EpisodeId::new).transpose().ok()?;
    Some(Record {
        seq: event.seq,
        received_at: event.received_at,
        id: EventId::from_u128(u128::from_be_bytes(row.id)),
        at: Timestamp::from_micros(row.at),
        kind: row.kind,
        version: row.kind.version(),
        episode,
        step: row.step,
        body: row.body.to_string(),
    })
}
