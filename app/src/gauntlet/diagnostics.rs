//! The diagnostics of the selected step: root score, rubric tree, intervention, texts.

use leptos::prelude::*;

use super::about::About;
use super::beside_panel::BesideRun;
use super::commands::Commands;
use super::headline::Headline;
use super::inspector::Inspector;
use super::intervene::Intervention;
use super::panels::{Edge, Fold, Panels};
use super::rubric_detail::RubricDetail;
use super::tree::RubricTree;
use crate::ui::{Erase, grouped};

/// The right panel.
#[component]
pub(super) fn Diagnostics(commands: Commands, panels: Panels) -> impl IntoView {
    let session = commands.session;
    let step =
        move || session.named_step().map_or_else(|| "no step".to_owned(), |s| format!("step {}", grouped(s)));
    view! {
        <aside class="panel diagnostics" aria-label="Diagnostics">
            <Edge panel=panels.diagnostics is_right=true name="Width of the diagnostics" />
            <h2 class="panel-title">
                <span>"Diagnostics"</span>
                <span class="panel-note">{step}</span>
                <Fold panel=panels.diagnostics is_right=true name="the diagnostics" />
            </h2>
            <div class="panel-body" tabindex="-1">
                <Headline session />
                <BesideRun session />
                <Intervention commands />
                <RubricTree session />
                <RubricDetail session />
                <Inspector session />
                <About session />
            </div>
        </aside>
    }
    .erase()
}
