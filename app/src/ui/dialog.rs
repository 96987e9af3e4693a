//! A modal dialog on the browser's `dialog` element, which keeps the focus inside, closes on Escape, and
//! gives the focus back.

use leptos::html;
use leptos::prelude::*;

use super::erase::Erase;
use super::icon::{Icon, Shape};

/// A dialog. Its content exists while it is open only.
#[component]
pub(crate) fn Dialog(
    /// Whether it is open; the dialog sets it to `false` when it is closed.
    open: RwSignal<bool>,
    /// Its title.
    #[prop(into)]
    title: String,
    /// Its content.
    content: impl Fn() -> AnyView + Send + 'static,
) -> impl IntoView {
    let element = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        let (is_open, Some(dialog)) = (open.get(), element.get()) else { return };
        match (is_open, dialog.open()) {
            // Fails only for an element that has left the page.
            (true, false) => _ = dialog.show_modal(),
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    let label = title.clone();
    view! {
        <dialog class="dialog" node_ref=element aria-label=label on:close=move |_| open.set(false)>
            <div class="dialog-head">
                <h2>{title}</h2>
                <button class="icon-button" aria-label="Close" on:click=move |_| open.set(false)>
                    <Icon shape=Shape::Close />
                </button>
            </div>
            {move || open.get().then(&content)}
        </dialog>
    }
    .erase()
}
