//! The notice that names, tags and notes were changed, with the way back.

use gauntlet_model::{RunPatch, RunSummary};
use leptos::prelude::*;

use super::named;
use crate::api::{PageError, change_run};
use crate::ui::{Erase, Icon, Shape};

/// The notice; nothing while there is no change to take back.
#[component]
pub(crate) fn UndoNotice(
    /// The runs as they were before the last change.
    before: RwSignal<Vec<RunSummary>>,
    /// Called with each run that is as it was.
    done: Callback<RunSummary>,
) -> impl IntoView {
    let undo = Action::new(move |runs: &Vec<RunSummary>| {
        let runs = runs.clone();
        async move {
            for run in runs {
                let patch = RunPatch {
                    name: Some(run.name),
                    tags: Some(run.tags),
                    notes: Some(run.notes),
                    ..RunPatch::default()
                };
                done.run(change_run(run.id.to_string(), patch).await?);
            }
            before.try_set(Vec::new());
            Ok::<(), PageError>(())
        }
    });
    let error = move || undo.value().with(|result| result.as_ref()?.as_ref().err().map(ToString::to_string));
    let notice = move || {
        let words = before.with(|runs| (!runs.is_empty()).then(|| format!("Changed: {}", named(runs))))?;
        Some(view! {
            <div class="notice is-good">
                <p>{words}</p>
                <button class="button" disabled=move || undo.pending().get()
                    on:click=move |_| _ = undo.dispatch(before.get_untracked())>"Undo"</button>
                <button class="icon-button" aria-label="Dismiss" on:click=move |_| before.set(Vec::new())>
                    <Icon shape=Shape::Close />
                </button>
                {move || error().map(|error| view! { <p class="trouble" role="alert">{error}</p> })}
            </div>
        })
    };
    view! { <div class="notices is-undo" role="status">{notice}</div> }.erase()
}
