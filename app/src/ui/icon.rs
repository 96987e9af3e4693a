//! Icons as inline outlines, one stroke weight, coloured by the text around them.

use leptos::prelude::*;

/// The icons there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    PreviousFailure,
    StepBack,
    Play,
    Pause,
    StepForward,
    NextFailure,
    Chevron,
    Search,
    Open,
    Link,
    Panel,
    Close,
    Centre,
    Overview,
    Pin,
    Theme,
}

impl Shape {
    fn outline(self) -> &'static str {
        match self {
            Shape::PreviousFailure => "M3 3v10M13 3.5 6.5 8l6.5 4.5z",
            Shape::StepBack => "M10 3.5 5.5 8l4.5 4.5",
            Shape::Play => "M5 3.2v9.6L13 8z",
            Shape::Pause => "M5.5 3.5v9M10.5 3.5v9",
            Shape::StepForward => "M6 3.5 10.5 8 6 12.5",
            Shape::NextFailure => "M13 3v10M3 3.5 9.5 8 3 12.5z",
            Shape::Chevron => "M4 6l4 4 4-4",
            Shape::Search => "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.6 10.6 14 14",
            Shape::Open => "M8 10.5V2.5M4.8 5.6 8 2.4l3.2 3.2M2.5 10v3.5h11V10",
            Shape::Link => {
                "M6.5 9.5l3-3M7 4.5l1.3-1.3a3 3 0 0 1 4.3 4.3L11.2 8.8M9 11.5l-1.3 1.3a3 3 0 0 1-4.3-4.3\
                l1.4-1.3"
            }
            Shape::Panel => "M2.5 3h11v10h-11zM6 3v10",
            Shape::Pin => "M5.5 2.5h5M6.5 2.5v4.2L4.5 9.5h7l-2-2.8V2.5M8 9.5v4",
            Shape::Close => "M4 4l8 8M12 4l-8 8",
            Shape::Theme => "M8 2a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM8 2v12M8 4.5a3.5 3.5 0 0 1 0 7",
            Shape::Overview => {
                "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10M5.5 9.5l2-3 1.5 2 1.5-1.5"
            }
            Shape::Centre => "M8 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2",
        }
    }

    fn is_filled(self) -> bool {
        matches!(self, Shape::Play | Shape::PreviousFailure | Shape::NextFailure)
    }
}

/// One icon. It is hidden from screen readers: its button has the label.
#[component]
pub(crate) fn Icon(
    /// Which.
    #[prop(into)]
    shape: Signal<Shape>,
) -> impl IntoView {
    view! {
        <svg
            class="icon" viewBox="0 0 16 16" aria-hidden="true"
            class:icon-filled=move || shape.get().is_filled()
        >
            <path d=move || shape.get().outline() />
        </svg>
    }
}
