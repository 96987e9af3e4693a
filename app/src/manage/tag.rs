//! The dialog that adds tags to several runs, or removes them.

use gauntlet_model::{RunPatch, RunSummary};
use leptos::prelude::*;

use super::{named, tags};
use crate::api::{PageError, change_run};
use crate::ui::{Dialog, Erase};

/// The dialog.
#[component]
pub(crate) fn TagDialog(
    open: RwSignal<bool>,
    /// The runs.
    #[prop(into)]
    runs: Signal<Vec<RunSummary>>,
    /// Gets the runs as they were.
    before: RwSignal<Vec<RunSummary>>,
    /// Called with each run that was changed.
    done: Callback<RunSummary>,
) -> impl IntoView {
    let content = move || view! { <TagForm open runs=runs.get_untracked() before done /> }.erase();
    view! { <Dialog open title="Tags" content /> }
}

/// A run's tags with those added or without those removed; `None` where that changes nothing.
fn changed(run: &RunSummary, tags: &[String], is_added: bool) -> Option<Vec<String>> {
    let mut now: Vec<String> =
        run.tags.iter().filter(|tag| is_added || !tags.contains(tag)).cloned().collect();
    if is_added {
        now.extend(tags.iter().filter(|tag| !run.tags.contains(tag)).cloned());
    }
    (now != run.tags).then_some(now)
}

#[component]
fn TagForm(
    open: RwSignal<bool>,
    runs: Vec<RunSummary>,
    before: RwSignal<Vec<RunSummary>>,
    done: Callback<RunSummary>,
) -> impl IntoView {
    let words = RwSignal::new(String::new());
    let question = format!("To {}:", named(&runs));
    let save = Action::new(move |is_added: &bool| {
        let (labels, is_added, runs) = (tags(&words.get_untracked()), *is_added, runs.clone());
        async move {
            before.try_set(Vec::new());
            for run in runs {
                if let Some(tags) = changed(&run, &labels, is_added) {
                    let patch = RunPatch { tags: Some(tags), ..RunPatch::default() };
                    done.run(change_run(run.id.to_string(), patch).await?);
                    before.try_update(|before| before.push(run));
                }
            }
            open.try_set(false);
            Ok::<(), PageError>(())
        }
    });
    let error = move || save.value().with(|result| result.as_ref()?.as_ref().err().map(ToString::to_string));
    let is_idle = move || words.with(|words| tags(words).is_empty()) || save.pending().get();
    let submit = move |e: web_sys::SubmitEvent| {
        e.prevent_default();
        save.dispatch(true);
    };
    view! {
        <form on:submit=submit>
            <p>{question}</p>
            <div class="dialog-fields">
                <label>"Tags, separated by commas"<input type="text" class="field" autocomplete="off"
                    on:input=move |e| words.set(event_target_value(&e)) /></label>
            </div>
            {move || error().map(|error| view! { <p class="trouble" role="alert">{error}</p> })}
            <div class="dialog-ways">
                <button type="button" class="button" on:click=move |_| open.set(false)>"Cancel"</button>
                <button
                    type="button" class="button" disabled=is_idle on:click=move |_| _ = save.dispatch(false)
                >
                    "Remove"
                </button>
                <button type="submit" class="button is-on" disabled=is_idle>"Add"</button>
            </div>
        </form>
    }
    .erase()
}
