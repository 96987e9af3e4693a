//! How far an import has come: a bar for people at a terminal, nothing for machines.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::imports::{Phase, View};

/// A bar on standard error; hidden where that is no terminal, or where a machine reads.
pub struct Bar {
    bar: ProgressBar,
}

impl Bar {
    /// A bar for a file of that name.
    pub fn new(name: &str, quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(
            Some(0),
            if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() },
        );
        let style = "{prefix}  {msg:<10} [{bar:30}] {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(name.to_owned());
        Self { bar }
    }

    /// Bytes that were sent, of how many.
    pub fn sent(&mut self, sent_bytes: u64, size_bytes: u64) {
        self.phase("sending");
        self.bar.set_length(size_bytes.max(sent_bytes));
        self.bar.set_position(sent_bytes);
    }

    /// What the server says.
    pub fn show(&mut self, view: &View) {
        self.phase(match view.phase {
            Phase::Receiving => "sending",
            Phase::Checking => "checking",
            _ => "importing",
        });
        self.bar.set_length(view.size_bytes.unwrap_or(view.received_bytes));
        self.bar.set_position(view.done_bytes);
    }

    fn phase(&mut self, word: &'static str) {
        if self.bar.message() != word {
            self.bar.set_message(word);
            self.bar.reset_eta();
        }
    }

    /// Takes the bar away; what follows is the answer.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
