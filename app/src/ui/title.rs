//! The document's title. A run's name may contain markup, which is shown as text.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::api::title_text;

/// Sets the title of the document. Every page uses this instead of [`Title`], which writes its text into the
/// server's HTML without escaping it.
#[component]
pub(crate) fn PageTitle(
    /// The title, as plain text.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    view! { <Title text=title_text(text) /> }
}
