//! The notices of uploads: progress, result and a way on.

use leptos::prelude::*;

use super::address::run_address;
use super::erase::Erase;
use super::icon::{Icon, Shape};
use super::importer::Importer;
use super::upload::{Upload, UploadStatus};
use crate::ports::FilePhase;

/// The phases in order, with the word for people.
const PHASES: [(FilePhase, &str); 3] =
    [(FilePhase::Sending, "Sending"), (FilePhase::Checking, "Checking"), (FilePhase::Adding, "Adding")];

/// A notice for each upload, until it is dismissed.
#[component]
pub(super) fn Notices(importer: Importer) -> impl IntoView {
    view! {
        <div class="notices">
            <For
                each=move || importer.ids() key=|id| *id children=move |id| view! { <Notice importer id /> }
            />
        </div>
    }
    .erase()
}

#[component]
fn Notice(importer: Importer, id: u32) -> impl IntoView {
    let file = Memo::new(move |_| importer.file(id));
    let name = move || file.with(|f| f.as_ref().map(|f| f.name.clone()));
    let end = Memo::new(move |_| match file.get().map(|f| f.status) {
        Some(UploadStatus::Done { run, notes }) => Some(Ok((run, notes))),
        Some(UploadStatus::Failed { message, is_readable }) => Some(Err((message, is_readable))),
        _ => None,
    });
    let dismiss = move || {
        view! {
            <button class="icon-button" aria-label="Dismiss" on:click=move |_| importer.remove(id)>
                <Icon shape=Shape::Close />
            </button>
        }
    };
    move || match end.get() {
        None => view! {
            <div class="notice">
                <div class="notice-head">
                    <p role="status"><b>{name}</b></p>
                    <button class="button" on:click=move |_| importer.remove(id)>"Cancel"</button>
                </div>
                <Progress file />
            </div>
        }
        .erase(),
        Some(Ok((run, notes))) => view! {
            <div class="notice is-good">
                <p role="status">
                    <b>{name}</b>" is a run now. "<a href=run_address(&run) rel="external">"Open it"</a>
                </p>
                {dismiss()}
                {(!notes.is_empty()).then(|| view! { <Notes notes /> })}
            </div>
        }
        .erase(),
        Some(Err((message, is_readable))) => view! {
            <div class="notice is-bad" role="alert">
                <p><b>{name}" did not open. "</b>{message}</p>
                {dismiss()}
                {is_readable.then(|| view! {
                    <button class="button" on:click=move |_| importer.import_partially(id)>
                        "Import what can be read"
                    </button>
                })}
            </div>
        }
        .erase(),
    }
}

/// The notes of an import.
#[component]
fn Notes(notes: Vec<String>) -> impl IntoView {
    let items = notes.into_iter().map(|note| view! { <li>{note}</li> }).collect_view();
    view! { <ul class="notice-notes" aria-label="Notes of the import">{items}</ul> }.erase()
}

/// The three phases, and the numbers of the active one.
#[component]
fn Progress(file: Memo<Option<Upload>>) -> impl IntoView {
    let progress = Memo::new(move |_| match file.get() {
        Some(Upload { status: UploadStatus::Active(progress), size_bytes, .. }) => {
            Some((progress, size_bytes))
        }
        _ => None,
    });
    let at = move || {
        progress.with(|p| {
            p.as_ref().and_then(|(progress, _)| PHASES.iter().position(|(phase, _)| *phase == progress.phase))
        })
    };
    let share = move |phase: usize| match at() {
        Some(now) if phase < now => 1.0,
        Some(now) if phase == now => progress
            .with(|p| p.as_ref().map_or(0.0, |(progress, size)| progress.done_bytes / size.max(1.0)))
            .clamp(0.0, 1.0),
        _ => 0.0,
    };
    let disconnected =
        move || progress.with(|p| p.as_ref().and_then(|(progress, _)| progress.disconnected.clone()));
    let numbers = move || {
        progress.with(|p| p.as_ref().map(|(progress, size)| progress.text(*size)).unwrap_or_default())
    };
    let hint = move || match (disconnected(), at()) {
        (Some(reason), _) => format!("{reason}; asking again every second."),
        (None, None) => "Waits for the file before it.".to_owned(),
        (None, Some(0)) => "Keep this page open until it is sent.".to_owned(),
        (None, Some(_)) => "The server has it: this page may be closed.".to_owned(),
    };
    let is_on = move |phase: usize| at() == Some(phase);
    view! {
        <ol class="phases" class:is-disconnected=move || disconnected().is_some()>
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
        <p class="notice-numbers"><span>{move || numbers().0}</span><span>{move || numbers().1}</span></p>
        <p class="notice-hint">{hint}</p>
    }
    .erase()
}
