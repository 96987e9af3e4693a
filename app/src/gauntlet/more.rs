//! The button below a list or a text of which a part is shown.

use leptos::prelude::*;

use crate::ui::{Erase, grouped};

/// A button that shows more at each press, as long as so many of `what` follow.
pub(super) fn more(left: Signal<usize>, what: &'static str, press: Callback<()>) -> AnyView {
    let button = move |left: usize| {
        (left > 0).then(|| {
            view! {
                <button class="button more-text" on:click=move |_| press.run(())>
                    {format!("Show more: {} {what} follow", grouped(left as u64))}
                </button>
            }
        })
    };
    (move || button(left.get())).erase()
}
