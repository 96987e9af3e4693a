//! How far an import has come: a bar for people at a terminal, nothing for machines.

use gauntlet_api::{ImportPhase, ImportStatus};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::commands::screen::clip;

/// Columns of a file's name, at most.
const MAX_NAME_COLUMNS: usize = 24;

const OF_A_SIZE: &str =
    "{prefix}  {msg:<9} [{wide_bar}] {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
const OF_NO_SIZE: &str = "{prefix}  {msg:<9} {bytes}, {bytes_per_sec}";

/// A bar on standard error; hidden where that is not a terminal, or where a machine reads.
pub(super) struct Bar {
    bar: ProgressBar,
}

impl Bar {
    /// A bar for a file of that name.
    pub(super) fn new(name: &str, quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(
            Some(0),
            if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() },
        );
        bar.set_prefix(clip(name, MAX_NAME_COLUMNS));
        Self { bar }
    }

    /// Bytes that were sent, of how many where that is known.
    pub(super) fn sent(&mut self, sent_bytes: u64, size_bytes: Option<u64>) {
        self.phase("sending", if size_bytes.is_some() { OF_A_SIZE } else { OF_NO_SIZE });
        self.bar.set_length(size_bytes.unwrap_or(sent_bytes));
        self.bar.set_position(sent_bytes);
    }

    /// The answer of the server.
    pub(super) fn show(&mut self, view: &ImportStatus) {
        let word = match view.phase {
            ImportPhase::Receiving => "sending",
            ImportPhase::Checking => "checking",
            _ => "importing",
        };
        self.phase(word, OF_A_SIZE);
        self.bar.set_length(view.size_bytes.unwrap_or(view.received_bytes));
        self.bar.set_position(view.done_bytes);
    }

    fn phase(&mut self, word: &'static str, style: &str) {
        if self.bar.message() != word {
            if let Ok(style) = ProgressStyle::with_template(style) {
                self.bar.set_style(style.progress_chars("=> "));
            }
            self.bar.set_message(word);
            self.bar.reset_eta();
        }
    }

    /// Takes the bar away; what follows is the answer.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
