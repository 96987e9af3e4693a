//! An upload as the page shows it: its phase, how far it is, how fast, how long it still takes.

use super::format::{bytes, percent_done, time_left};
use crate::ports::FilePhase;

/// The least time that a rate is computed from, milliseconds.
const STEADY_MS: f64 = 800.0;

/// A file that is uploaded and imported.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Upload {
    /// Unique on the page.
    pub(super) id: u32,
    /// Its name.
    pub(super) name: String,
    /// Its size, bytes.
    pub(super) size_bytes: f64,
    /// Its status.
    pub(super) status: UploadStatus,
}

/// The status of an upload.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum UploadStatus {
    /// Queued behind other files.
    Waiting,
    /// In one of its phases.
    Active(UploadProgress),
    /// Imported as a run.
    Done {
        /// The run's id.
        run: String,
        /// Notes of the import: what was read differently from how it is written.
        notes: Vec<String>,
    },
    /// Not imported.
    Failed {
        /// The reason, as a sentence.
        message: String,
        /// Whether the readable part of it can be imported.
        is_readable: bool,
    },
}

/// Progress and rate of one phase.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct UploadProgress {
    pub(super) phase: FilePhase,
    pub(super) done_bytes: f64,
    /// Time in milliseconds and bytes done at which the rate begins to be measured.
    rate_from: (f64, f64),
    now_ms: f64,
    /// Why it makes no progress, while the server cannot be reached.
    pub(super) disconnected: Option<String>,
}

impl UploadStatus {
    /// The status once `done_bytes` of a phase are done. The rate starts again with each phase and after each
    /// time without a server, so that it is that of the present.
    pub(super) fn with_progress(&self, phase: FilePhase, done_bytes: f64, now_ms: f64) -> Self {
        let rate_from = match self {
            UploadStatus::Active(progress) if progress.phase == phase && progress.disconnected.is_none() => {
                progress.rate_from
            }
            _ => (now_ms, done_bytes),
        };
        UploadStatus::Active(UploadProgress { phase, done_bytes, rate_from, now_ms, disconnected: None })
    }

    /// The status while the server cannot be reached.
    pub(super) fn disconnected(&self, message: String, now_ms: f64) -> Self {
        match self.clone() {
            UploadStatus::Active(progress) => {
                UploadStatus::Active(UploadProgress { disconnected: Some(message), ..progress })
            }
            _ => self.with_progress(FilePhase::Sending, 0.0, now_ms).disconnected(message, now_ms),
        }
    }

    /// Whether it would end with the page: the server imports on its own what it has received.
    pub(super) fn needs_page(&self) -> bool {
        match self {
            UploadStatus::Waiting => true,
            UploadStatus::Active(progress) => progress.phase == FilePhase::Sending,
            UploadStatus::Done { .. } | UploadStatus::Failed { .. } => false,
        }
    }

    /// Whether it is over.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self, UploadStatus::Done { .. } | UploadStatus::Failed { .. })
    }
}

impl UploadProgress {
    /// Bytes per second, once measured for long enough.
    fn rate(&self) -> Option<f64> {
        let (secs, done) = ((self.now_ms - self.rate_from.0) / 1000.0, self.done_bytes - self.rate_from.1);
        (secs * 1000.0 >= STEADY_MS && done > 0.0).then(|| done / secs)
    }

    /// `84 of 200 MB`, and `42 %, 38 MB/s, 3 s left` as far as that is known.
    pub(super) fn text(&self, size: f64) -> (String, String) {
        let done = format!("{} of {}", bytes(self.done_bytes), bytes(size));
        let rate = self.rate().filter(|_| self.disconnected.is_none());
        let left = rate.map(|rate| time_left((size - self.done_bytes) / rate));
        let parts = [
            Some(percent_done(self.done_bytes / size.max(1.0))),
            rate.map(|r| format!("{}/s", bytes(r))),
            left,
        ];
        (done, parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(status: &UploadStatus) -> &UploadProgress {
        match status {
            UploadStatus::Active(progress) => progress,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_rate_is_of_its_phase_and_of_the_time_the_server_was_there() {
        let sending = UploadStatus::Waiting.with_progress(FilePhase::Sending, 0.0, 0.0);
        assert_eq!(progress(&sending).text(4e6), ("0 B of 4.0 MB".into(), "0 %".into()));
        let sending = sending.with_progress(FilePhase::Sending, 2e6, 2000.0);
        assert_eq!(
            progress(&sending).text(4e6),
            ("2.0 MB of 4.0 MB".into(), "50 %, 1.0 MB/s, 2 s left".into())
        );

        let disconnected = sending.disconnected("gone".to_owned(), 3000.0);
        assert_eq!(progress(&disconnected).text(4e6).1, "50 %");
        let back = disconnected.with_progress(FilePhase::Sending, 2e6, 60_000.0).with_progress(
            FilePhase::Sending,
            3e6,
            61_000.0,
        );
        assert_eq!(progress(&back).text(4e6).1, "75 %, 1.0 MB/s, 1 s left");

        let checking = back.with_progress(FilePhase::Checking, 1e6, 62_000.0);
        assert_eq!(progress(&checking).text(4e6).1, "25 %", "another phase has another rate");
        assert!(back.needs_page() && !checking.needs_page());
    }
}
