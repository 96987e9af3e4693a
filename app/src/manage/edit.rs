//! The dialog that changes name, tags and notes of a run.

use gauntlet_model::{RunPatch, RunSummary};
use leptos::prelude::*;

use super::tags;
use crate::api::{PageError, change_run};
use crate::ui::{Dialog, Erase};

/// The dialog.
#[component]
pub(crate) fn EditDialog(
    open: RwSignal<bool>,
    /// The run.
    #[prop(into)]
    run: Signal<Option<RunSummary>>,
    /// Gets the run as it was.
    before: RwSignal<Vec<RunSummary>>,
    /// Called with the run once it is changed.
    done: Callback<RunSummary>,
) -> impl IntoView {
    let content = move || match run.get_untracked() {
        Some(run) => view! { <EditForm open run before done /> }.erase(),
        None => ().erase(),
    };
    view! { <Dialog open title="Name, tags and notes" content /> }
}

/// The fields of the form.
fn fields(name: RwSignal<String>, labels: RwSignal<String>, notes: RwSignal<String>) -> impl IntoView {
    view! {
        <div class="dialog-fields">
            <label>
                "Name"
                <input
                    type="text" class="field" required autocomplete="off"
                    prop:value=name.get_untracked() on:input=move |e| name.set(event_target_value(&e))
                />
            </label>
            <label>
                "Tags, separated by commas"
                <input
                    type="text" class="field" autocomplete="off" prop:value=labels.get_untracked()
                    on:input=move |e| labels.set(event_target_value(&e))
                />
            </label>
            <label>
                "Notes"
                <textarea
                    class="field" prop:value=notes.get_untracked()
                    on:input=move |e| notes.set(event_target_value(&e))
                ></textarea>
            </label>
        </div>
    }
}

#[component]
fn EditForm(
    open: RwSignal<bool>,
    run: RunSummary,
    before: RwSignal<Vec<RunSummary>>,
    done: Callback<RunSummary>,
) -> impl IntoView {
    let old = run.clone();
    let (name, labels) = (RwSignal::new(run.name), RwSignal::new(run.tags.join(", ")));
    let notes = RwSignal::new(run.notes);
    let save = Action::new(move |patch: &RunPatch| {
        let (old, patch) = (old.clone(), patch.clone());
        async move {
            let changed = change_run(old.id.to_string(), patch).await?;
            open.try_set(false);
            before.try_set(vec![old]);
            done.run(changed);
            Ok::<(), PageError>(())
        }
    });
    let error = move || save.value().with(|result| result.as_ref()?.as_ref().err().map(ToString::to_string));
    let submit = move |e: web_sys::SubmitEvent| {
        e.prevent_default();
        save.dispatch(RunPatch {
            name: Some(name.get_untracked().trim().to_owned()),
            tags: Some(tags(&labels.get_untracked())),
            notes: Some(notes.get_untracked()),
            ..RunPatch::default()
        });
    };
    view! {
        <form on:submit=submit>
            {fields(name, labels, notes)}
            {move || error().map(|error| view! { <p class="trouble" role="alert">{error}</p> })}
            <div class="dialog-ways">
                <button type="button" class="button" on:click=move |_| open.set(false)>"Cancel"</button>
                <button type="submit" class="button is-on" disabled=move || save.pending().get()>
                    "Save"
                </button>
            </div>
        </form>
    }
    .erase()
}
