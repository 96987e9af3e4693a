//! The question before runs are deleted.

use gauntlet_model::RunSummary;
use leptos::prelude::*;

use super::named;
use crate::api::{PageError, delete_run};
use crate::ui::{Dialog, Erase, grouped};

/// The dialog.
#[component]
pub(crate) fn DeleteDialog(
    open: RwSignal<bool>,
    /// The runs.
    #[prop(into)]
    runs: Signal<Vec<RunSummary>>,
    /// Called with the id of each run that was deleted.
    done: Callback<String>,
) -> impl IntoView {
    let delete = Action::new(move |runs: &Vec<RunSummary>| {
        let runs = runs.clone();
        async move {
            for run in runs {
                let id = run.id.to_string();
                delete_run(id.clone(), run.name).await?;
                done.run(id);
            }
            open.try_set(false);
            Ok::<(), PageError>(())
        }
    });
    let error =
        move || delete.value().with(|result| result.as_ref()?.as_ref().err().map(ToString::to_string));
    let question = move || {
        runs.with(|runs| {
            let events: u64 = runs.iter().map(|run| run.head).sum();
            let events = if events == 1 { "event".to_owned() } else { format!("{} events", grouped(events)) };
            let files = if runs.len() == 1 { "the files of the run" } else { "the files of the runs" };
            format!("{}, with {events} and {files}. This cannot be undone.", named(runs))
        })
    };
    let content = move || {
        view! {
            <p>{question}</p>
            {move || error().map(|error| view! { <p class="trouble" role="alert">{error}</p> })}
            <div class="dialog-ways">
                <button class="button" on:click=move |_| open.set(false)>"Keep"</button>
                <button class="button is-danger" disabled=move || delete.pending().get()
                    on:click=move |_| _ = delete.dispatch(runs.get_untracked())>"Delete"</button>
            </div>
        }
        .erase()
    };
    view! { <Dialog open title="Delete?" content /> }
}
