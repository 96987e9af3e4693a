//! The follower itself: one batch at a time, and the loop around it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::lags::{Lag, Lags};
use crate::log::{Cursor, EventAt, Limits, Log, RunEnd};
use crate::output::{Output, Part};

/// How a follower shares the machine with those who write the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How long changes are gathered before they are followed.
    pub gather: Duration,
    /// While the log grows, the follower rests this many times as long as it worked: writers come first.
    pub rest: u32,
    /// The longest such rest.
    pub longest_rest: Duration,
    /// How long to wait after a failure; twice as long after each further one.
    pub first_retry: Duration,
    /// The longest wait after a failure.
    pub longest_retry: Duration,
}

impl Pace {
    /// The pace of a follower inside the server: changes are gathered for 50 ms, and a failure is tried again
    /// after 1 s, 2 s, 4 s and so on up to 30 s. `rest` and `longest_rest` are how much of the machine it
    /// leaves to the writers.
    pub const fn of_server(rest: u32, longest_rest: Duration) -> Self {
        Self {
            gather: Duration::from_millis(50),
            rest,
            longest_rest,
            first_retry: Duration::from_secs(1),
            longest_retry: Duration::from_secs(30),
        }
    }
}

/// What one step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing: the output holds everything.
    Done,
    /// A batch was committed or removed; there may be more.
    More {
        /// Whether the log has grown since the step before.
        has_grown: bool,
    },
}

/// Which side failed.
#[derive(Debug)]
pub enum Error<L, O> {
    /// The log could not be read. The output is as it was.
    Log(L),
    /// The output could not be read or written.
    Output(O),
}

impl<L: fmt::Display, O: fmt::Display> fmt::Display for Error<L, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Log(error) => error.fmt(f),
            Error::Output(error) => error.fmt(f),
        }
    }
}

type Parts<L> = Vec<Part<<L as Log>::Run, <L as Log>::Event>>;

/// Follows a log into an output. It is the only one that writes the output.
pub struct Follower<L: Log, O> {
    /// For logs and messages: what follows.
    name: &'static str,
    log: L,
    output: O,
    limits: Limits,
    /// As the output has them; `None` until they are read.
    cursors: Option<BTreeMap<L::Run, Cursor>>,
    /// Events in all runs at the last step; `None` before the first.
    seen: Option<u64>,
    lag: Reported,
}

/// A lag that is reported for as long as somebody follows.
struct Reported(Lag);

impl Drop for Reported {
    fn drop(&mut self) {
        self.0.set(0);
    }
}

impl<L: Log, O: Output<Run = L::Run, Event = L::Event>> Follower<L, O> {
    /// A follower that continues where the output was left.
    pub fn new(name: &'static str, log: L, output: O, limits: Limits) -> Self {
        Self { name, log, output, limits, cursors: None, seen: None, lag: Reported(Lag::default()) }
    }

    /// Reports at each step how far it is behind, under its name.
    pub fn reporting(self, lags: &Lags) -> Self {
        Self { lag: Reported(lags.of(self.name)), ..self }
    }

    /// Whether the output was made of this log: not where the log was replaced by another one, or by an older
    /// copy of itself. Of each run the last event that was followed is compared.
    ///
    /// # Errors
    /// Where the output's cursors or the log cannot be read.
    pub async fn belongs(&mut self) -> Result<bool, Error<L::Error, O::Error>> {
        self.read_cursors().await.map_err(Error::Output)?;
        for (run, cursor) in self.cursors.iter().flatten() {
            // Without an event that can be read there is nothing to compare.
            let (Some(id), Some(seq)) = (cursor.last_id, cursor.next.checked_sub(1)) else { continue };
            match self.log.event_at(*run, seq).await.map_err(Error::Log)? {
                EventAt::NoRun => {}
                EventAt::Id(found) if found == id => {}
                EventAt::Id(_) | EventAt::NoEvent => return Ok(false),
            }
        }
        Ok(true)
    }

    async fn read_cursors(&mut self) -> Result<&mut BTreeMap<L::Run, Cursor>, O::Error> {
        let cursors = match self.cursors.take() {
            Some(cursors) => cursors,
            None => self.output.cursors().await?,
        };
        Ok(self.cursors.insert(cursors))
    }

    /// Ends following and returns the output.
    pub fn into_output(self) -> O {
        self.output
    }

    /// Looks at the log and commits one batch of what is new in it.
    ///
    /// # Errors
    /// Then nothing of the batch is in the output, and the next step tries it again.
    pub async fn step(&mut self) -> Result<Step, Error<L::Error, O::Error>> {
        let ends = self.log.ends().await.map_err(Error::Log)?;
        let events = ends.values().map(|end| end.head).sum();
        let has_grown = self.seen.replace(events).is_some_and(|before| events > before && before > 0);
        let cursors = self.read_cursors().await.map_err(Error::Output)?;
        let behind = ends.iter().map(|(run, end)| {
            let next = cursors.get(run).map_or(0, |cursor| cursor.next);
            end.head.saturating_sub(next)
        });
        let behind = behind.sum();
        if let Some(gone) = cursors.keys().copied().find(|run| !ends.contains_key(run)) {
            if self.output.remove(gone).await.map_err(Error::Output)? {
                self.cursors.get_or_insert_default().remove(&gone);
            }
            return Ok(Step::More { has_grown });
        }
        self.lag.0.set(behind);
        let parts = self.gather(&ends).await.map_err(Error::Log)?;
        if parts.is_empty() {
            return Ok(Step::Done);
        }
        let committed: Vec<_> = parts.iter().map(|part| (part.run, part.cursor)).collect();
        self.output.commit(parts).await.map_err(Error::Output)?;
        // Only now: a batch that is not committed is gathered again.
        self.cursors.get_or_insert_default().extend(committed);
        Ok(Step::More { has_grown })
    }

    /// What is new of each run, until the batch is full.
    async fn gather(&self, ends: &BTreeMap<L::Run, RunEnd>) -> Result<Parts<L>, L::Error> {
        let (mut parts, mut left) = (Vec::new(), self.limits);
        for (run, end) in ends {
            if left.events == 0 || left.bytes == 0 {
                break;
            }
            let known = self.cursors.as_ref().and_then(|cursors| cursors.get(run));
            let from = known.map_or(0, |cursor| cursor.next);
            let is_edited = end.head > 0 && known.is_none_or(|cursor| cursor.edits != end.edits);
            let before = Cursor { next: from, last_id: known.and_then(|c| c.last_id), edits: end.edits };
            if from < end.head {
                let stretch = self.log.read(*run, from..end.head, left).await?;
                left.events = left.events.saturating_sub(stretch.looked_at);
                left.bytes = left.bytes.saturating_sub(stretch.bytes);
                let cursor = Cursor { next: stretch.next, last_id: stretch.last_id, ..before };
                parts.push(Part { run: *run, from, events: stretch.events, is_edited, cursor });
            } else if is_edited {
                parts.push(Part { run: *run, from, events: Vec::new(), is_edited, cursor: before });
            }
        }
        Ok(parts)
    }

    /// Follows until `stop`, or until the log is closed. `changes` changes after each commit
    /// of the log.
    ///
    /// # Errors
    /// Where the output is broken ([`Output::is_broken`]).
    pub async fn run(
        &mut self,
        mut changes: watch::Receiver<u64>,
        stop: &CancellationToken,
        pace: &Pace,
    ) -> Result<(), O::Error> {
        let mut retry = pace.first_retry;
        while !stop.is_cancelled() {
            // What changes from here on is news, even if this step sees it already.
            changes.mark_unchanged();
            let begun = Instant::now();
            let rest = match self.step().await {
                Ok(Step::Done) => match stop.run_until_cancelled(changes.changed()).await {
                    Some(Ok(())) => pace.gather,
                    Some(Err(_)) | None => return Ok(()),
                },
                Ok(Step::More { has_grown: true }) => (begun.elapsed() * pace.rest).min(pace.longest_rest),
                Ok(Step::More { has_grown: false }) => Duration::ZERO,
                Err(Error::Output(error)) if O::is_broken(&error) => return Err(error),
                Err(error) => {
                    tracing::warn!(follower = self.name, %error, "following failed and is tried again");
                    stop.run_until_cancelled(tokio::time::sleep(retry)).await;
                    retry = (retry * 2).min(pace.longest_retry);
                    continue;
                }
            };
            retry = pace.first_retry;
            match rest {
                Duration::ZERO => tokio::task::yield_now().await,
                rest => {
                    stop.run_until_cancelled(tokio::time::sleep(rest)).await;
                }
            }
        }
        Ok(())
    }
}
