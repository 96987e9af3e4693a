//! The theme: dark by default; light is the viewer's choice, stored by the browser.

use leptos::prelude::*;

use super::{Icon, Shape};

/// The key of the choice in local storage.
const KEY: &str = "gauntlet.theme";

/// The script in the document's head that applies the stored choice before the first paint.
pub const APPLY: &str =
    "try{let t=localStorage.getItem('gauntlet.theme');if(t)document.documentElement.dataset.theme=t}catch{}";

/// The script at the end of the documents without a bundle.
pub const PLAIN_PAGE: &str = include_str!("plain_page.js");

/// Switches between the two.
#[component]
pub(crate) fn ThemeSwitch() -> impl IntoView {
    let switch = move |_| {
        let Some(root) = document().document_element() else { return };
        let is_light = root.get_attribute("data-theme").as_deref() == Some("light");
        let theme = if is_light { "dark" } else { "light" };
        // Fails only if the browser stores nothing; then the choice lasts as long as the page.
        let _ = root.set_attribute("data-theme", theme);
        if let Ok(Some(storage)) = window().local_storage() {
            let _ = storage.set_item(KEY, theme);
        }
    };
    view! {
        <button
            class="button is-icon" title="Dark or light" aria-label="Switch between dark and light"
            on:click=switch
        >
            <Icon shape=Shape::Theme />
        </button>
    }
}
