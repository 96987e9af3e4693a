//! The menus above the list.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::ui::Erase;

/// A button with a sheet below it. Escape closes the sheet, and so does going elsewhere, as to another menu.
#[component]
pub(super) fn Menu(
    /// What is written on the button.
    title: &'static str,
    /// Whether the sheet is shown; the menu sets it when it is opened or closed.
    open: RwSignal<bool>,
    /// What is on the sheet.
    children: Children,
) -> impl IntoView {
    let (details, summary) = (NodeRef::<html::Details>::new(), NodeRef::<html::Summary>::new());
    // `open` follows the element, whose `toggle` comes later than the click: what closes it asks the element.
    // The browser sends `toggle` and `focusout` of a menu that has just been taken off the page as well.
    let toggled = move |_| {
        if let Some(details) = details.try_get_untracked().flatten() {
            open.try_set(details.open());
        }
    };
    let close = move |event: web_sys::KeyboardEvent| {
        let details = details.get_untracked().filter(|details| details.open());
        if let Some(details) = details.filter(|_| event.key() == "Escape") {
            details.set_open(false);
            if let Some(summary) = summary.get_untracked() {
                // An element that cannot take the focus stays without it.
                let _ = summary.focus();
            }
        }
    };
    let left = move |event: web_sys::FocusEvent| {
        let to = event.related_target().and_then(|to| to.dyn_into::<web_sys::Node>().ok());
        let details = details.try_get_untracked().flatten();
        if let Some(details) = details.filter(|it| to.is_some_and(|to| !it.contains(Some(&to)))) {
            details.set_open(false);
        }
    };
    view! {
        <details class="columns" node_ref=details prop:open=open on:toggle=toggled on:keydown=close
            on:focusout=left>
            <summary class="button" node_ref=summary>{title}</summary>
            <div class="columns-sheet">{children()}</div>
        </details>
    }
    .erase()
}
