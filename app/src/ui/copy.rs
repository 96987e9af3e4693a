//! Copies texts to the clipboard, with feedback.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;

/// The result of the last copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Outcome {
    /// Nothing copied recently.
    #[default]
    Idle,
    /// Copied.
    Done,
    /// The browser refused.
    Refused,
}

/// Copies texts to the clipboard and has the result for two seconds.
#[derive(Clone, Copy)]
pub(crate) struct Copied(RwSignal<Outcome>);

impl Copied {
    /// Nothing copied yet.
    pub(crate) fn new() -> Self {
        Self(RwSignal::new(Outcome::Idle))
    }

    /// Copies a text.
    pub(crate) fn copy(self, text: String) {
        let outcome = self.0;
        // Not an action: the outcome is gone after a while, and the bundle is full.
        spawn_local(async move {
            let copied = JsFuture::from(window().navigator().clipboard().write_text(&text)).await;
            outcome.try_set(if copied.is_ok() { Outcome::Done } else { Outcome::Refused });
            set_timeout(move || _ = outcome.try_set(Outcome::Idle), Duration::from_secs(2));
        });
    }

    /// The button's words: before something is copied, once it is, and where the browser refuses.
    pub(crate) fn words(self, idle: &'static str, done: &'static str, refused: &'static str) -> &'static str {
        match self.0.get() {
            Outcome::Idle => idle,
            Outcome::Done => done,
            Outcome::Refused => refused,
        }
    }
}
