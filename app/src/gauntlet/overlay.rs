//! HTML over the canvas: the labels and the card of the failing node, at the positions the scene gives them.

use gauntlet_model::FailureKind;
use gauntlet_scene::{Label, LabelKind, Scene};
use leptos::prelude::*;

use crate::ui::Erase;
use wasm_bindgen::JsCast;

/// Labels at once, as many as a scene has at most.
pub(super) const LABELS: usize = 14;
/// Space between the card and the stage's edges, CSS pixels.
const MARGIN_PX: f64 = 12.0;
/// Height of the toolbar, which the card does not cover, CSS pixels.
const TOOLBAR_PX: f64 = 60.0;
/// Space between the card and the agent, horizontal and vertical, CSS pixels.
const CARD_OFFSET_PX: (f64, f64) = (34.0, 46.0);

/// Elements that follow points of the scene.
pub(super) struct Overlay {
    labels: Vec<(web_sys::HtmlElement, Option<Label>)>,
    card: Option<web_sys::HtmlElement>,
    leader: Option<web_sys::HtmlElement>,
    /// Where the agent was last on the stage, and how large the stage and the card were.
    last: (Option<(f64, f64)>, (f64, f64)),
    card_size: (i32, i32),
}

impl Overlay {
    /// Takes the children of `labels` as a pool of labels; `card` and its `leader` line follow the agent.
    pub(super) fn new(
        labels: &web_sys::Element,
        card: Option<web_sys::HtmlElement>,
        leader: Option<web_sys::HtmlElement>,
    ) -> Self {
        let pool = labels.children();
        let elements = (0..pool.length()).filter_map(|i| pool.item(i)?.dyn_into().ok());
        Self {
            labels: elements.map(|e| (e, None)).collect(),
            card,
            leader,
            last: (None, (0.0, 0.0)),
            card_size: (0, 0),
        }
    }

    /// Places everything for a scene. While the camera glides, the scene's label positions are those of the
    /// target camera, so no labels are shown.
    pub(super) fn place(&mut self, scene: &Scene, size: (f64, f64), is_gliding: bool) {
        let aspect = (size.0 / size.1.max(1.0)) as f32;
        let is_resized = self.last.1 != size;
        let labels: &[Label] = if is_gliding { &[] } else { &scene.labels };
        for (i, (element, shown)) in self.labels.iter_mut().enumerate() {
            let label = labels.get(i);
            if is_resized || shown.as_ref() != label {
                show(element, shown.as_ref(), label, size);
                *shown = label.cloned();
            }
        }
        let agent = scene.camera.project(scene.agent.at, aspect).map(|p| pixels([p[0], p[1]], size));
        self.last = (agent, size);
        self.place_card();
    }

    /// Places the card again where its text has changed its size between two frames.
    pub(super) fn update_card_size(&mut self) {
        let size = self.card.as_ref().map(|c| (c.offset_width(), c.offset_height()));
        if size.is_some_and(|s| s != self.card_size) {
            self.place_card();
        }
    }

    fn place_card(&mut self) {
        let Some(card) = &self.card else { return };
        let (agent, size) = self.last;
        self.card_size = (card.offset_width(), card.offset_height());
        let (width, height) = (f64::from(self.card_size.0), f64::from(self.card_size.1));
        if width < 1.0 {
            return;
        }
        // Off the picture, or behind the eye: the card rests in the upper right.
        let inside = agent.filter(|(x, y)| (0.0..=size.0).contains(x) && (0.0..=size.1).contains(y));
        let (ax, ay) = inside.unwrap_or((size.0, 0.0));
        let right_fits = ax + CARD_OFFSET_PX.0 + width + MARGIN_PX <= size.0;
        let x = if right_fits { ax + CARD_OFFSET_PX.0 } else { ax - CARD_OFFSET_PX.0 - width };
        let x = x.clamp(MARGIN_PX, (size.0 - width - MARGIN_PX).max(MARGIN_PX));
        let y =
            (ay - CARD_OFFSET_PX.1 - height).clamp(TOOLBAR_PX, (size.1 - height - MARGIN_PX).max(TOOLBAR_PX));
        let style = card.style();
        // Setting a style fails only for names that are not properties.
        let _ = style.set_property("transform", &format!("translate({x:.1}px,{y:.1}px)"));
        let Some(leader) = &self.leader else { return };
        let Some((ax, ay)) = inside else {
            let _ = leader.style().set_property("opacity", "0");
            return;
        };
        let (cx, cy) = (ax.clamp(x, x + width), ay.clamp(y, y + height));
        let (dx, dy) = (cx - ax, cy - ay);
        let _ = leader.style().set_property("opacity", "1");
        let _ = leader.style().set_property("width", &format!("{:.1}px", dx.hypot(dy)));
        let _ = leader.style().set_property(
            "transform",
            &format!("translate({ax:.1}px,{ay:.1}px) rotate({:.4}rad)", dy.atan2(dx)),
        );
    }
}

/// The place of a point in normalised device coordinates, CSS pixels from the upper left.
fn pixels(ndc: [f32; 2], size: (f64, f64)) -> (f64, f64) {
    (f64::from(ndc[0] * 0.5 + 0.5) * size.0, f64::from(0.5 - ndc[1] * 0.5) * size.1)
}

fn show(element: &web_sys::HtmlElement, before: Option<&Label>, label: Option<&Label>, size: (f64, f64)) {
    let style = element.style();
    let Some(label) = label else {
        let _ = style.set_property("opacity", "0");
        return;
    };
    if before.is_none_or(|b| b.text != label.text) {
        element.set_text_content(Some(&label.text));
    }
    if before.is_none_or(|b| (b.kind, b.failure) != (label.kind, label.failure)) {
        element.set_class_name(match (label.kind, label.failure) {
            (LabelKind::Active, _) => "label is-active",
            (_, Some(FailureKind::Format)) => "label is-format",
            (_, Some(FailureKind::Refusal)) => "label is-refusal",
            (LabelKind::Failure, _) => "label is-failure",
            (LabelKind::Axis, _) => "label is-axis",
            (LabelKind::Node, _) => "label",
        });
    }
    let (x, y) = pixels(label.screen, size);
    let _ = style.set_property("opacity", &format!("{:.2}", label.opacity));
    let _ = style.set_property("transform", &format!("translate({x:.1}px,{y:.1}px) translate(-50%,-50%)"));
}

/// The pool of labels and the leader line, empty until the first frame.
#[component]
pub(super) fn OverlayPool(
    /// The labels' parent.
    labels: NodeRef<leptos::html::Div>,
) -> impl IntoView {
    view! {
        <div class="labels" node_ref=labels aria-hidden="true">
            {(0..LABELS).map(|_| view! { <span class="label"></span> }).collect_view()}
        </div>
    }
    .erase()
}
