//! A sink with a spool behind it: what cannot be delivered now goes to disk, and from there in order once it
//! can.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gauntlet_model::{Event, FieldError};

use crate::bisect::{PartOutcome, bisect};
use crate::sink::{Backlog, DeliveryError, Sink};
use crate::spool::{Spool, SpoolError};

/// Events that go from disk to the sink at a time.
const CHUNK: usize = 2000;
/// First pause after the sink could not take anything; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Delivers to `inner`, or to the spool while that returns [`DeliveryError::NotNow`]. The order is preserved:
/// while the spool is not empty, new events are appended to it. Where the answer to a batch was lost, the
/// batch is sent again; the ids of its events make that idempotent.
pub struct SpoolingSink<S> {
    inner: S,
    spool: Spool,
    /// From the front of the spool, less what was refused.
    chunk: Option<Chunk>,
    pause: Duration,
    next_try: Option<Instant>,
    /// Why the last try failed.
    delay: String,
    lost: u64,
    reason: String,
}

struct Chunk {
    events: Vec<Arc<Event>>,
    lines: u64,
    end: u64,
}

impl<S: Sink> SpoolingSink<S> {
    /// `inner`, with `spool` for when it is away.
    pub fn new(inner: S, spool: Spool) -> Self {
        let (chunk, next_try, delay, reason) = (None, None, String::new(), String::new());
        Self { inner, spool, chunk, pause: FIRST_PAUSE, next_try, delay, lost: 0, reason }
    }

    fn put_off(&mut self, after: Option<Duration>, message: String) {
        self.delay = message;
        self.next_try = Some(Instant::now() + after.unwrap_or_default().max(self.pause));
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    fn resume(&mut self) {
        (self.pause, self.next_try) = (FIRST_PAUSE, None);
        self.delay.clear();
    }

    fn is_put_off(&self) -> bool {
        self.next_try.is_some_and(|at| Instant::now() < at)
    }

    /// Passes on a chunk if there is one and its time has come. Whether there may be another.
    fn go_on(&mut self) -> bool {
        if self.spool.left() == 0 || self.is_put_off() {
            return false;
        }
        match self.pass_on() {
            Err(DeliveryError::NotNow { after, message }) => self.put_off(after, message),
            _ => self.resume(),
        }
        true
    }

    fn books(&mut self) -> Backlog {
        // Of a chunk on its way, what has arrived or was given up is no longer behind.
        let settled = self.chunk.as_ref().map_or(0, |chunk| chunk.lines - chunk.events.len() as u64);
        Backlog {
            events: self.spool.left() - settled,
            delay: self.delay.clone(),
            lost: std::mem::take(&mut self.lost),
            reason: std::mem::take(&mut self.reason),
        }
    }

    fn lose(&mut self, count: u64, reason: &str) {
        if count > 0 {
            self.lost += count;
            self.reason = reason.to_owned();
        }
    }

    /// Passes on one chunk from disk.
    fn pass_on(&mut self) -> Result<(), DeliveryError> {
        let mut chunk = match self.chunk.take() {
            Some(chunk) => chunk,
            None => {
                let read = self.spool.peek(CHUNK).map_err(DeliveryError::not_now)?;
                self.lose(read.unreadable, "a line of the spool was damaged");
                Chunk { events: read.events, lines: read.lines, end: read.end }
            }
        };
        let inner = &mut self.inner;
        let mut refused = (0, String::new());
        let settled = bisect(
            &mut chunk.events,
            |part| inner.deliver(part),
            |outcome| {
                if let PartOutcome::Refused(count, reason) = outcome {
                    refused = (refused.0 + count, reason);
                }
            },
        );
        self.lose(refused.0, &refused.1);
        match settled {
            Ok(()) => self.spool.advance(chunk.lines, chunk.end),
            Err(_) => self.chunk = Some(chunk),
        }
        settled
    }
}

impl<S: Sink> Sink for SpoolingSink<S> {
    fn deliver(&mut self, batch: &[Arc<Event>]) -> Result<(), DeliveryError> {
        if self.spool.left() == 0 && !self.is_put_off() {
            match self.inner.deliver(batch) {
                Err(DeliveryError::NotNow { after, message }) => self.put_off(after, message),
                settled => {
                    self.resume();
                    return settled;
                }
            }
        }
        let appended = self.spool.append(batch);
        if !matches!(appended, Err(DeliveryError::NotNow { .. })) {
            return appended;
        }
        // Full: only an empty file shrinks.
        while self.go_on() {}
        self.spool.append(batch)
    }

    fn catch_up(&mut self) -> Backlog {
        self.go_on();
        self.books()
    }
}

/// What became of the spools earlier processes left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Leftovers {
    /// Events that arrived.
    pub delivered: u64,
    /// Events that are still on disk.
    pub left: u64,
    /// What went wrong, as sentences that name the file.
    pub problems: Vec<String>,
}

/// Delivers what earlier processes left in a folder, each run to the sink `sink_for` makes for it. Skips
/// files that other processes are using, and files that cannot be delivered now.
pub fn deliver_leftovers<S: Sink>(
    folder: &Path,
    sink_for: impl Fn(&Spool) -> Result<S, FieldError>,
) -> Result<Leftovers, SpoolError> {
    let failed = |error| SpoolError::Io { path: folder.to_owned(), error };
    let mut found = Leftovers::default();
    let listing = match std::fs::read_dir(folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(found),
        listing => listing.map_err(failed)?,
    };
    let mut paths: Vec<_> = listing.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    paths.retain(|entry| entry.path().extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort_by_key(std::fs::DirEntry::path);
    for path in paths.into_iter().map(|entry| entry.path()) {
        let opened = Spool::take_over(&path).and_then(|spool| {
            let Some(spool) = spool else { return Ok(None) };
            Ok(Some(SpoolingSink::new(sink_for(&spool)?, spool)))
        });
        let mut spooled = match opened {
            Ok(Some(spooled)) => spooled,
            Ok(None) => continue,
            Err(error) => {
                found.problems.push(error.to_string());
                continue;
            }
        };
        let had = spooled.spool.left();
        let problem = loop {
            if spooled.spool.left() == 0 {
                break None;
            }
            if let Err(error) = spooled.pass_on() {
                break Some(error.to_string());
            }
        };
        let Backlog { events, lost, reason, .. } = spooled.books();
        found.delivered += had.saturating_sub(events + lost);
        found.left += events;
        let lost = (lost > 0).then(|| format!("{lost} events were refused: {reason}"));
        let problems = problem.into_iter().chain(lost);
        found.problems.extend(problems.map(|problem| format!("{}: {problem}", path.display())));
    }
    Ok(found)
}
