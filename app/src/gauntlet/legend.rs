//! The legend, a line below the stage: generated from the project's effects and the failing rules. It is not
//! over the stage, where it would cover the path.

use gauntlet_scene::{effect_color, legend, to_hex};
use leptos::prelude::*;

use super::session::Session;
use crate::ui::{Erase, Icon, Shape};

/// On a narrower window the legend starts folded, CSS pixels; the same value is in the style sheet.
const SMALL_PX: f64 = 900.0;

/// The meaning of each shape that the run shows, and of the height. Can be folded. The rule itself is behind
/// every count of what fails.
#[component]
pub(super) fn Legend(session: Session) -> impl IntoView {
    let effects = session.view.effects;
    let entries = Memo::new(move |_| {
        let chosen = session.view.rubric.get();
        effects.shown.with(|set| session.watch_calmly(|film| legend(film, set, chosen)))
    });
    // `None`: the style sheet decides by the width of the window.
    let is_open = RwSignal::new(None::<bool>);
    let fold = move |_| {
        let is_small = window().inner_width().ok().and_then(|w| w.as_f64()).is_some_and(|w| w <= SMALL_PX);
        is_open.update(|o| *o = Some(!o.unwrap_or(!is_small)));
    };
    view! {
        <div
            class="legend" class:is-folded=move || is_open.get() == Some(false)
            class:is-open=move || is_open.get() == Some(true)
        >
            <button class="legend-fold" aria-label="Legend: fold or unfold" on:click=fold>
                "Legend" <Icon shape=Shape::Chevron />
            </button>
            <ul>
                {move || entries.get().into_iter().map(|entry| view! {
                    <li title=entry.when>
                        <i class=format!("swatch is-{}", entry.effect.as_str()) aria-hidden="true"
                            style=format!("background:{}", to_hex(effect_color(entry.color)))></i>
                        {entry.words}
                    </li>
                }).collect_view()}
                {move || session.view.rubric.get().map(|_| view! {
                    <li><i class="swatch is-passed" aria-hidden="true"></i>"passed"</li>
                    <li><i class="swatch is-failed" aria-hidden="true"></i>"failed"</li>
                })}
                <li title="Steps ahead of the agent, and those that were not evaluated">
                    <i class="swatch is-none" aria-hidden="true"></i>"ahead or n/e"
                </li>
                <li><Heights session /></li>
            </ul>
            {move || effects.unread.get().map(|error| view! {
                <p class="trouble" role="alert">
                    "The effects of the project could not be read; the page tries again. "{error}
                </p>
            })}
        </div>
    }
    .erase()
}

/// What the height of the path means: the rubric, and the scores at both ends.
#[component]
fn Heights(session: Session) -> impl IntoView {
    let (heights, is_fixed) = (session.view.heights, session.view.has_fixed_heights);
    let name = Memo::new(move |_| {
        let path = session.rubric()?;
        session.watch_calmly(|film| film.path_of(path).map(|path| path.path.clone()))
    });
    let ends = move || heights.with(|h| format!("{} to {}", h.text(h.low), h.text(h.high)));
    let choose =
        move || if is_fixed.get() { ("fit", "fit to the run") } else { ("fix", "fix at −50 to 50") };
    move || {
        name.get().map(|name| {
            view! {
                <span role="status">"height: "<bdi>{name}</bdi>", "{ends}</span>
                " "
                <button class="link" aria-pressed=move || is_fixed.get().to_string()
                    title="The height of the path and of the curve. Fixed, two runs can be compared by eye."
                    aria-label=move || choose().1
                    on:click=move |_| is_fixed.update(|fixed| *fixed = !*fixed)>{move || choose().0}</button>
            }
        })
    }
}
