//! A file on its way in, as people see it: what is done with it, how far it is, how fast, how long it still takes.

use super::erase::Erase;
use leptos::prelude::*;

use super::format::{bytes, percent_done, time_left};
use super::icon::{Icon, Shape};
use super::importer::{Importer, run_address};
use crate::ports::FilePhase;

/// A rate is told once it rests on so many milliseconds.
const STEADY_MS: f64 = 800.0;

/// A file on its way in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Incoming {
    /// Tells it from other files.
    pub(super) id: u32,
    /// Its name.
    pub(super) name: String,
    /// Its size, bytes.
    pub(super) size_bytes: f64,
    /// How it stands.
    pub(super) stands: Stands,
}

/// How a file stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stands {
    /// Behind other files.
    Waiting,
    /// Something is done with it.
    Moving(Pace),
    /// It is a run.
    Done {
        /// Its id.
        run: String,
        /// What was read differently from how it is written.
        notes: Vec<String>,
    },
    /// It is none.
    Failed {
        /// Why.
        words: String,
        /// Whether what can be read of it can be imported.
        is_readable: bool,
    },
}

/// How far one phase has come, and how fast.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pace {
    phase: FilePhase,
    done_bytes: f64,
    /// Milliseconds and bytes of where the rate is reckoned from.
    from: (f64, f64),
    now_ms: f64,
    /// Why it stands still.
    away: Option<String>,
}

impl Stands {
    /// So many bytes of a phase are done at `now_ms`.
    pub(super) fn moved(&self, phase: FilePhase, done_bytes: f64, now_ms: f64) -> Self {
        let from = match self {
            Stands::Moving(pace) if pace.phase == phase && pace.away.is_none() => pace.from,
            _ => (now_ms, done_bytes),
        };
        Stands::Moving(Pace { phase, done_bytes, from, now_ms, away: None })
    }

    /// It stands still, and why.
    pub(super) fn away(&self, words: String, now_ms: f64) -> Self {
        match self.clone() {
            Stands::Moving(pace) => Stands::Moving(Pace { away: Some(words), ..pace }),
            _ => self.moved(FilePhase::Sending, 0.0, now_ms).away(words, now_ms),
        }
    }

    /// Whether it needs this page.
    pub(super) fn needs_page(&self) -> bool {
        match self {
            Stands::Waiting => true,
            Stands::Moving(pace) => pace.phase == FilePhase::Sending,
            Stands::Done { .. } | Stands::Failed { .. } => false,
        }
    }

    /// Whether nothing more happens to it.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self, Stands::Done { .. } | Stands::Failed { .. })
    }
}

impl Pace {
    /// Bytes a second, once it is steady.
    fn rate(&self) -> Option<f64> {
        let (secs, done) = ((self.now_ms - self.from.0) / 1000.0, self.done_bytes - self.from.1);
        (secs * 1000.0 >= STEADY_MS && done > 0.0).then(|| done / secs)
    }

    /// `84 of 200 MB`, and `42 %, 38 MB/s, 3 s left` as far as that is known.
    fn words(&self, size: f64) -> (String, String) {
        let done = format!("{} of {}", bytes(self.done_bytes), bytes(size));
        let rate = self.rate().filter(|_| self.away.is_none());
        let left = rate.map(|rate| time_left((size - self.done_bytes) / rate));
        let told = [
            Some(percent_done(self.done_bytes / size.max(1.0))),
            rate.map(|r| format!("{}/s", bytes(r))),
            left,
        ];
        (done, told.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

const PHASES: [(FilePhase, &str); 3] =
    [(FilePhase::Sending, "Sending"), (FilePhase::Checking, "Checking"), (FilePhase::Adding, "Adding")];

/// Every file on its way, and every one that needs a word.
#[component]
pub(super) fn Notices(importer: Importer) -> impl IntoView {
    view! {
        <div class="notices">
            <For each=move || importer.ids() key=|id| *id children=move |id| view! { <Notice importer id /> } />
        </div>
    }
    .erase()
}

#[component]
fn Notice(importer: Importer, id: u32) -> impl IntoView {
    let file = Memo::new(move |_| importer.file(id));
    let name = move || file.with(|f| f.as_ref().map(|f| f.name.clone()));
    let end = Memo::new(move |_| match file.get().map(|f| f.stands) {
        Some(Stands::Done { run, notes }) => Some(Ok((run, notes))),
        Some(Stands::Failed { words, is_readable }) => Some(Err((words, is_readable))),
        _ => None,
    });
    let dismiss = move || {
        view! {
            <button class="icon-button" aria-label="Dismiss" on:click=move |_| importer.forget(id)>
                <Icon shape=Shape::Close />
            </button>
        }
    };
    move || match end.get() {
        None => view! {
            <div class="notice">
                <div class="notice-head">
                    <p role="status"><b>{name}</b></p>
                    <button class="button" on:click=move |_| importer.forget(id)>"Cancel"</button>
                </div>
                <Progress file />
            </div>
        }
        .erase(),
        Some(Ok((run, notes))) => view! {
            <div class="notice is-good">
                <p role="status"><b>{name}</b>" is a run now. "<a href=run_address(&run)>"Open it"</a></p>
                {dismiss()}
                {(!notes.is_empty()).then(|| view! { <Notes notes /> })}
            </div>
        }
        .erase(),
        Some(Err((words, is_readable))) => view! {
            <div class="notice is-bad" role="alert">
                <p><b>{name}" did not open. "</b>{words}</p>
                {dismiss()}
                {is_readable.then(|| view! {
                    <button class="button" on:click=move |_| importer.import_in_part(id)>
                        "Import what can be read"
                    </button>
                })}
            </div>
        }
        .erase(),
    }
}

/// What was read differently from how it is written.
#[component]
fn Notes(notes: Vec<String>) -> impl IntoView {
    let items = notes.into_iter().map(|note| view! { <li>{note}</li> }).collect_view();
    view! { <ul class="notice-notes" aria-label="Notes of the import">{items}</ul> }.erase()
}

/// The three phases, and the numbers of the one that is under way.
#[component]
fn Progress(file: Memo<Option<Incoming>>) -> impl IntoView {
    let pace = Memo::new(move |_| match file.get() {
        Some(Incoming { stands: Stands::Moving(pace), size_bytes, .. }) => Some((pace, size_bytes)),
        _ => None,
    });
    let at = move || {
        pace.with(|p| {
            p.as_ref().and_then(|(pace, _)| PHASES.iter().position(|(phase, _)| *phase == pace.phase))
        })
    };
    let share = move |phase: usize| match at() {
        Some(now) if phase < now => 1.0,
        Some(now) if phase == now => pace
            .with(|p| p.as_ref().map_or(0.0, |(pace, size)| pace.done_bytes / size.max(1.0)))
            .clamp(0.0, 1.0),
        _ => 0.0,
    };
    let away = move || pace.with(|p| p.as_ref().and_then(|(pace, _)| pace.away.clone()));
    let words = move || pace.with(|p| p.as_ref().map(|(pace, size)| pace.words(*size)).unwrap_or_default());
    let hint = move || match (away(), at()) {
        (Some(words), _) => format!("{words}; asking again every second."),
        (None, None) => "Waits for the file before it.".to_owned(),
        (None, Some(0)) => "Keep this page open until it is sent.".to_owned(),
        (None, Some(_)) => "The server has it: this page may be closed.".to_owned(),
    };
    let is_on = move |phase: usize| at() == Some(phase);
    view! {
        <ol class="phases" class:is-away=move || away().is_some()>
            {PHASES.into_iter().enumerate().map(|(phase, (_, word))| view! {
                <li
                    class:is-on=move || is_on(phase) class:is-done=move || at().is_some_and(|now| phase < now)
                    aria-current=move || is_on(phase).then_some("step")
                >
                    <span>{word}</span>
                    <progress
                        aria-label=word aria-hidden=move || (!is_on(phase)).then_some("true")
                        prop:value=move || share(phase)
                    />
                </li>
            }).collect_view()}
        </ol>
        <p class="notice-numbers"><span>{move || words().0}</span><span>{move || words().1}</span></p>
        <p class="notice-hint">{hint}</p>
    }
    .erase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(stands: &Stands) -> &Pace {
        match stands {
            Stands::Moving(pace) => pace,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_rate_is_of_its_phase_and_of_the_time_the_server_was_there() {
        let sending = Stands::Waiting.moved(FilePhase::Sending, 0.0, 0.0);
        assert_eq!(pace(&sending).words(4e6), ("0 B of 4.0 MB".into(), "0 %".into()));
        let sending = sending.moved(FilePhase::Sending, 2e6, 2000.0);
        assert_eq!(pace(&sending).words(4e6), ("2.0 MB of 4.0 MB".into(), "50 %, 1.0 MB/s, 2 s left".into()));

        let away = sending.away("gone".to_owned(), 3000.0);
        assert_eq!(pace(&away).words(4e6).1, "50 %");
        let back = away.moved(FilePhase::Sending, 2e6, 60_000.0).moved(FilePhase::Sending, 3e6, 61_000.0);
        assert_eq!(pace(&back).words(4e6).1, "75 %, 1.0 MB/s, 1 s left");

        let checking = back.moved(FilePhase::Checking, 1e6, 62_000.0);
        assert_eq!(pace(&checking).words(4e6).1, "25 %", "another phase has another rate");
        assert!(back.needs_page() && !checking.needs_page());
    }
}
