//! The panels beside the stage. They can be folded and resized; on a small screen they are sheets over the
//! stage.

use gauntlet_film::Film;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::session::Session;
use crate::ui::{Erase, Icon, Shape, grouped};

/// Change of width per key press, CSS pixels.
const KEY_PX: f64 = 16.0;

/// The sheet over the stage on a small screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Sheet {
    /// None: the stage.
    #[default]
    Stage,
    /// The steps.
    Steps,
    /// The diagnostics.
    Diagnostics,
}

impl Sheet {
    /// Its name in the markup.
    pub(super) fn word(self) -> &'static str {
        match self {
            Sheet::Stage => "stage",
            Sheet::Steps => "steps",
            Sheet::Diagnostics => "diagnostics",
        }
    }
}

/// One panel.
#[derive(Clone, Copy)]
pub(super) struct Panel {
    /// Whether it is unfolded (on a large screen).
    pub(super) is_open: RwSignal<bool>,
    width: RwSignal<f64>,
    narrowest: f64,
    widest: f64,
}

impl Panel {
    fn new(width: f64, narrowest: f64, widest: f64) -> Self {
        Self { is_open: RwSignal::new(true), width: RwSignal::new(width), narrowest, widest }
    }

    fn resize(self, width: f64) {
        self.width.set(width.clamp(self.narrowest, self.widest).round());
    }
}

/// All panels.
#[derive(Clone, Copy)]
pub(super) struct Panels {
    /// The list of steps, left.
    pub(super) steps: Panel,
    /// The diagnostics, right.
    pub(super) diagnostics: Panel,
    /// The sheet over the stage on a small screen.
    pub(super) sheet: RwSignal<Sheet>,
    /// Whether the list of keys is shown.
    pub(super) shows_keys: RwSignal<bool>,
    /// Whether the editor of the effects is open.
    pub(super) edits_effects: RwSignal<bool>,
    /// Whether keys of one letter do nothing.
    pub(super) has_no_letters: RwSignal<bool>,
}

impl Panels {
    /// Both open, at their default widths.
    pub(super) fn new() -> Self {
        Self {
            steps: Panel::new(248.0, 188.0, 420.0),
            diagnostics: Panel::new(340.0, 280.0, 560.0),
            sheet: RwSignal::new(Sheet::default()),
            shows_keys: RwSignal::new(false),
            edits_effects: RwSignal::new(false),
            has_no_letters: RwSignal::new(false),
        }
    }

    /// The widths, for the page's grid.
    pub(super) fn style(self) -> String {
        format!(
            "--steps-width:{}px;--diagnostics-width:{}px",
            self.steps.width.get(),
            self.diagnostics.width.get()
        )
    }

    /// Shows a sheet, or the stage if it is the one shown.
    fn toggle(self, sheet: Sheet) {
        self.sheet.update(|s| *s = if *s == sheet { Sheet::Stage } else { sheet });
    }

    /// Shows the steps, as a panel or as a sheet.
    pub(super) fn show_steps(self) {
        self.steps.is_open.set(true);
        self.sheet.set(Sheet::Steps);
    }

    /// Shows the diagnostics, as a panel or as a sheet.
    pub(super) fn show_diagnostics(self) {
        self.diagnostics.is_open.set(true);
        self.sheet.set(Sheet::Diagnostics);
    }
}

/// The edge of a panel. Dragging it, or the arrow keys, resize the panel.
#[component]
pub(super) fn Edge(
    /// The panel.
    panel: Panel,
    /// Whether the panel is at the right of the stage, so that a drag to the left widens it.
    #[prop(optional)]
    is_right: bool,
    /// Its name, for screen readers.
    name: &'static str,
) -> impl IntoView {
    let from = StoredValue::new(None::<(f64, f64)>);
    let sign = if is_right { -1.0 } else { 1.0 };
    let down = move |e: web_sys::PointerEvent| {
        e.prevent_default();
        if let Some(element) = e.target().and_then(|t| t.dyn_into::<web_sys::Element>().ok()) {
            // Fails for a pointer that is already up again.
            let _ = element.set_pointer_capture(e.pointer_id());
        }
        from.set_value(Some((f64::from(e.client_x()), panel.width.get_untracked())));
    };
    let moved = move |e: web_sys::PointerEvent| {
        if let Some((x, width)) = from.get_value() {
            panel.resize(width + sign * (f64::from(e.client_x()) - x));
        }
    };
    let key = move |e: web_sys::KeyboardEvent| {
        let by = match e.key().as_str() {
            "ArrowLeft" => -KEY_PX,
            "ArrowRight" => KEY_PX,
            _ => return,
        };
        e.prevent_default();
        e.stop_propagation();
        panel.resize(panel.width.get_untracked() + sign * by);
    };
    view! {
        <div
            class="edge" role="separator" tabindex="0" aria-orientation="vertical" aria-label=name
            aria-valuenow=move || panel.width.get().to_string() aria-valuemin=panel.narrowest.to_string()
            aria-valuemax=panel.widest.to_string()
            on:pointerdown=down on:pointermove=moved on:pointerup=move |_| from.set_value(None)
            on:pointercancel=move |_| from.set_value(None) on:keydown=key
        ></div>
    }
    .erase()
}

/// Folds or unfolds a panel.
#[component]
pub(super) fn Fold(
    /// The panel.
    panel: Panel,
    /// The name of its content.
    name: &'static str,
    /// Whether the panel is at the right.
    #[prop(optional)]
    is_right: bool,
) -> impl IntoView {
    let words = move || format!("{} {name}", if panel.is_open.get() { "Fold" } else { "Unfold" });
    view! {
        <button
            class="icon-button fold" class:is-right=is_right aria-label=words title=words
            aria-expanded=move || panel.is_open.get().to_string()
            on:click=move |_| panel.is_open.update(|o| *o = !*o)
        >
            <Icon shape=Shape::Panel />
        </button>
    }
    .erase()
}

/// The tabs of a small screen.
#[component]
pub(super) fn SheetTabs(session: Session, panels: Panels) -> impl IntoView {
    let failing = move || session.watch_calmly(Film::failing);
    let tab = move |sheet: Sheet, words: &'static str| {
        let is_on = move || panels.sheet.get() == sheet;
        view! {
            <button
                class="tab" class:is-on=is_on aria-pressed=move || is_on().to_string()
                on:click=move |_| panels.toggle(sheet)
            >
                {words}
                {(sheet == Sheet::Steps).then(|| view! {
                    <span class="count">{move || (failing() > 0).then(|| grouped(failing() as u64))}</span>
                })}
            </button>
        }
    };
    view! {
        <nav class="tabs" aria-label="Panels">
            {tab(Sheet::Steps, "Steps")}
            {tab(Sheet::Stage, "Stage")}
            {tab(Sheet::Diagnostics, "Diagnostics")}
        </nav>
    }
    .erase()
}
