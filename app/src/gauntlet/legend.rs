//! The legend: generated from the rules that make the effects.

use gauntlet_film::Film;
use gauntlet_scene::legend;
use leptos::prelude::*;

use super::session::Session;
use crate::ui::{failure_class, Icon, Shape};

/// What each shape means. Folds away.
#[component]
pub(super) fn Legend(session: Session) -> impl IntoView {
    let entries = session.film(|film: &Film| legend(film.rules()));
    let is_open = RwSignal::new(true);
    view! {
        <div class="legend" class:is-folded=move || !is_open.get()>
            <button class="legend-fold" aria-expanded=move || is_open.get().to_string() on:click=move |_| is_open.update(|o| *o = !*o)>
                "Legend" <Icon shape=Shape::Chevron />
            </button>
            <ul>
                {entries.into_iter().map(|entry| view! {
                    <li title=entry.when>
                        <i class=format!("swatch {}", failure_class(entry.failure)) aria-hidden="true"></i>
                        {entry.words}
                    </li>
                }).collect_view()}
                <li><i class="swatch is-none" aria-hidden="true"></i>"ahead, or not evaluated: dim"</li>
            </ul>
        </div>
    }
}
