//! The run page: reads the run, then shows the parts of the page around its session.

use gauntlet_model::RunSummary;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::commands::Commands;
use super::controls::CommandLine;
use super::diagnostics::Diagnostics;
use super::effects_editor::EffectsDialog;
use super::header::Header;
use super::legend::Legend;
use super::panels::{Panels, SheetTabs};
use super::recap::Restored;
use super::session::Session;
use super::stage::StageArea;
use super::steps::Steps;
use super::transport::Transport;
use super::{address, beside_panel, keyboard};
use crate::api::get_run;
use crate::ui::{Erase, NotFoundPage, PageTitle};

/// `/runs/{id}`.
#[component]
pub(crate) fn RunPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|p| p.get("id")).unwrap_or_default());
    let run = Resource::new_blocking(move || id.get(), get_run);
    view! {
        // A transition, as a suspense takes its content out of the page whenever something in it is read
        // again: open dialogs would no longer be modal.
        <Transition fallback=|| view! { <p class="quiet-words is-page" role="status">"Opening the run"</p> }>
            {move || Suspend::new(async move {
                match run.await {
                    Ok(Some(summary)) => view! { <RunView summary /> }.erase(),
                    Ok(None) => view! {
                        <NotFoundPage
                            title="There is no such run"
                            words="It may have been deleted, or it is on another server. The list \
                            shows what is here."
                        />
                    }.erase(),
                    Err(error) => {
                        view! { <Unreadable error=error.to_string() retry=move || run.refetch() /> }.erase()
                    }
                }
            })}
        </Transition>
    }
    .erase()
}

/// The server could not read the run.
#[component]
fn Unreadable(error: String, retry: impl Fn() + 'static) -> impl IntoView {
    view! {
        <main class="lost" role="alert">
            <h1>"The run could not be read"</h1>
            <p>{error}</p>
            <button class="button" on:click=move |_| retry()>"Try again"</button>
        </main>
    }
    .erase()
}

/// One run.
#[component]
fn RunView(summary: RunSummary) -> impl IntoView {
    let session = Session::new(summary);
    let panels = Panels::new();
    let commands = Commands::new(session);
    address::sync(session, panels);
    provide_context(commands);
    provide_context(panels);
    keyboard::listen(session, panels);
    // In the browser. Until then, and where they cannot be read, the defaults are drawn.
    Effect::new(move || session.view.effects.read(session.summary(|run| run.project.clone())));
    beside_panel::follow(session);
    // Nothing can be played: the run has measurements alone, or ended without a step.
    let is_unplayable = Memo::new(move |_| {
        let has_ended = session.status().is_final() && session.summary(|run| run.steps == 0);
        session.watch_calmly(|f| f.is_empty() && (has_ended || f.measured_paths().next().is_some()))
    });
    view! {
        {move || {
            let title = session.described(|run| format!("{} · {} · Gauntlet", run.name, run.project));
            view! { <PageTitle text=title /> }
        }}
        <div class="run" class=("no-steps", move || !panels.steps.is_open.get())
            class=("no-diagnostics", move || !panels.diagnostics.is_open.get())
            class=("is-unplayable", move || is_unplayable.get())
            data-sheet=move || panels.sheet.get().word() style=move || panels.style()
        >
            <Header session panels commands />
            <Steps session panels />
            <main class="centre">
                <CommandLine commands />
                <Restored session />
                <StageArea session panels />
                <Legend session />
                <Transport session />
            </main>
            <Diagnostics commands panels />
            <SheetTabs session panels />
            // Not in the stage, which is dark in both themes.
            <EffectsDialog session open=panels.edits_effects />
        </div>
    }
    .erase()
}
