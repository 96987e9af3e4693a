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
/// What the card leaves free around the agent: its light and its label, CSS pixels.
const AGENT_PX: f64 = 26.0;
/// The card stays on its side of the agent unless it would cover so many points of the path fewer elsewhere.
const SIDE_CHANGE: usize = 6;
/// Pieces of the path on either side of the agent that the card avoids, and how many of all others.
const AVOIDED: (f32, usize) = (60.0, 80);
/// Width of a character of a label, its padding left and right, and its height, CSS pixels.
const LABEL_PX: (f64, f64, f64) = (6.7, 8.0, 17.0);

/// A rectangle on the stage: left, top, right, bottom; CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Area([f64; 4]);

impl Area {
    fn at((x, y): (f64, f64), (width, height): (f64, f64)) -> Self {
        Self([x, y, x + width, y + height])
    }

    fn of_label(label: &Label, size: (f64, f64)) -> Self {
        let (x, y) = pixels(label.screen, size);
        let width = label.text.chars().count() as f64 * LABEL_PX.0 + LABEL_PX.1;
        Self::at((x - width / 2.0, y - LABEL_PX.2 / 2.0), (width, LABEL_PX.2))
    }

    fn has(self, (x, y): (f64, f64), around: f64) -> bool {
        let Self([left, top, right, bottom]) = self;
        (left - around..=right + around).contains(&x) && (top - around..=bottom + around).contains(&y)
    }

    fn overlaps(self, other: Self) -> bool {
        let (Self(a), Self(b)) = (self, other);
        a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
    }
}

/// A label's element, what the scene has it show, and what it shows.
struct Pooled {
    element: web_sys::HtmlElement,
    wanted: Option<Label>,
    shown: Option<Label>,
}

/// Elements that follow points of the scene.
pub(super) struct Overlay {
    labels: Vec<Pooled>,
    card: Option<web_sys::HtmlElement>,
    leader: Option<web_sys::HtmlElement>,
    /// Where the agent was last on the stage, and how large the stage was.
    last: (Option<(f64, f64)>, (f64, f64)),
    /// Points of the path on the stage, the most of them near the agent.
    path: Vec<(f64, f64)>,
    /// Size of the card, and whether it is shown.
    card_state: (i32, i32, bool),
    /// Which of its places around the agent the card has.
    side: usize,
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
            labels: elements.map(|element| Pooled { element, wanted: None, shown: None }).collect(),
            card,
            leader,
            last: (None, (0.0, 0.0)),
            path: Vec::new(),
            card_state: (0, 0, false),
            side: 0,
        }
    }

    /// Places everything for a scene. While the camera glides, the scene's label positions are those of the
    /// target camera, so no labels are shown.
    pub(super) fn place(&mut self, scene: &Scene, size: (f64, f64), is_gliding: bool) {
        let aspect = (size.0 / size.1.max(1.0)) as f32;
        let is_resized = self.last.1 != size;
        let labels: &[Label] = if is_gliding { &[] } else { &scene.labels };
        for (i, pooled) in self.labels.iter_mut().enumerate() {
            if pooled.wanted.as_ref() != labels.get(i) {
                pooled.wanted = labels.get(i).cloned();
            }
        }
        let seen = |at| scene.camera.project(at, aspect).map(|p| pixels([p[0], p[1]], size));
        self.last = (seen(scene.agent.at), size);
        self.card_state = self.read_card_state();
        self.path = if self.card_state.2 { path_points(scene, seen) } else { Vec::new() };
        self.place_card();
        self.show_labels(is_resized);
    }

    /// Places the card again where its text has changed its size between two frames, or it has appeared.
    pub(super) fn update_card_size(&mut self, scene: Option<&Scene>) {
        if self.read_card_state() == self.card_state {
            return;
        }
        self.card_state = self.read_card_state();
        match scene.filter(|_| self.card_state.2 && self.path.is_empty()) {
            Some(scene) => self.place(scene, self.last.1, false),
            None => {
                self.place_card();
                self.show_labels(false);
            }
        }
    }

    fn read_card_state(&self) -> (i32, i32, bool) {
        let state = |c: &web_sys::HtmlElement| {
            (c.offset_width(), c.offset_height(), c.class_list().contains("is-shown"))
        };
        self.card.as_ref().map_or((0, 0, false), state)
    }

    /// Where the card is; `None` while it is hidden.
    fn card_area(&self) -> Option<Area> {
        let (agent, size) = self.last;
        let (width, height, is_shown) = self.card_state;
        let card = (f64::from(width), f64::from(height));
        is_shown.then(|| Area::at(card_places(agent, size, card)[self.side], card))
    }

    /// Shows the labels that are neither below the card nor, on a low stage, over another one.
    fn show_labels(&mut self, is_resized: bool) {
        let size = self.last.1;
        let mut taken: Vec<Area> = self.card_area().into_iter().collect();
        for Pooled { element, wanted, shown } in &mut self.labels {
            let area = wanted.as_ref().map(|label| Area::of_label(label, size));
            let free = area.filter(|area| !taken.iter().any(|other| other.overlaps(*area)));
            taken.extend(free);
            let label = wanted.as_ref().filter(|_| free.is_some());
            if is_resized || shown.as_ref() != label {
                show(element, shown.as_ref(), label, size);
                *shown = label.cloned();
            }
        }
    }

    fn place_card(&mut self) {
        let Some(card) = &self.card else { return };
        let (agent, size) = self.last;
        let (width, height) = (f64::from(self.card_state.0), f64::from(self.card_state.1));
        if width < 1.0 {
            return;
        }
        let places = card_places(agent, size, (width, height));
        let covered = places.map(|place| covered(Area::at(place, (width, height)), agent, &self.path));
        self.side = chosen_side(self.side, &covered);
        let (x, y) = places[self.side];
        let style = card.style();
        // Setting a style fails only for names that are not properties.
        let _ = style.set_property("transform", &format!("translate({x:.1}px,{y:.1}px)"));
        let Some(leader) = &self.leader else { return };
        let Some((ax, ay)) = inside(agent, size) else {
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

/// The agent, if it is on the picture.
fn inside(agent: Option<(f64, f64)>, size: (f64, f64)) -> Option<(f64, f64)> {
    agent.filter(|(x, y)| (0.0..=size.0).contains(x) && (0.0..=size.1).contains(y))
}

/// Where the card may be, the best place first: around the agent, then in the corners of the stage. Off the
/// picture, or behind the eye, the agent counts as in the upper right.
fn card_places(agent: Option<(f64, f64)>, size: (f64, f64), card: (f64, f64)) -> [(f64, f64); 8] {
    let (ax, ay) = inside(agent, size).unwrap_or((size.0, 0.0));
    let (left, right) = (ax - CARD_OFFSET_PX.0 - card.0, ax + CARD_OFFSET_PX.0);
    let (above, below) = (ay - CARD_OFFSET_PX.1 - card.1, ay + CARD_OFFSET_PX.1);
    let (first, last) = (0.0, size.0);
    let corners = [(last, first), (first, first), (last, size.1), (first, size.1)];
    let [a, b, c, d] = corners;
    let places = [(right, above), (left, above), (right, below), (left, below), a, b, c, d];
    let most = (size.0 - card.0 - MARGIN_PX, size.1 - card.1 - MARGIN_PX);
    places.map(|(x, y)| {
        (x.clamp(MARGIN_PX, most.0.max(MARGIN_PX)), y.clamp(TOOLBAR_PX, most.1.max(TOOLBAR_PX)))
    })
}

/// How much of the path a card there would cover; the agent counts as more than any path.
fn covered(card: Area, agent: Option<(f64, f64)>, path: &[(f64, f64)]) -> usize {
    let hides_agent = agent.is_some_and(|agent| card.has(agent, AGENT_PX));
    path.iter().filter(|point| card.has(**point, 0.0)).count() + if hides_agent { 10_000 } else { 0 }
}

/// The place to take, where the card is at `side` now.
fn chosen_side(side: usize, covered: &[usize; 8]) -> usize {
    let best = (0..covered.len()).min_by_key(|i| covered[*i]).unwrap_or_default();
    if covered[side] < covered[best] + SIDE_CHANGE { side } else { best }
}

/// Points of the path on the stage: those near the agent, and some of all others.
fn path_points(scene: &Scene, seen: impl Fn([f32; 3]) -> Option<(f64, f64)>) -> Vec<(f64, f64)> {
    let segments = &scene.path.ribbon;
    let at = |index: f32| segments.partition_point(|segment| segment.from_index < index);
    let near = at(scene.travelled - AVOIDED.0)..at(scene.travelled + AVOIDED.0);
    // Jagged parts have many segments a step.
    let near = near.clone().step_by(near.len() / (4 * AVOIDED.1) + 1);
    let all = (0..segments.len()).step_by(segments.len() / AVOIDED.1 + 1);
    let segments = near.chain(all).filter_map(|i| segments.get(i));
    let middle = |a: [f32; 3], b: [f32; 3]| std::array::from_fn(|k| (a[k] + b[k]) / 2.0);
    segments.flat_map(|segment| [segment.from, middle(segment.from, segment.to)]).filter_map(seen).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    const STAGE: (f64, f64) = (700.0, 460.0);
    const CARD: (f64, f64) = (276.0, 100.0);

    /// The place of the card for an agent in the middle of the stage.
    fn placed(side: usize, path: &[(f64, f64)]) -> (usize, Area) {
        let agent = Some((350.0, 230.0));
        let places = card_places(agent, STAGE, CARD);
        let counts = places.map(|place| covered(Area::at(place, CARD), agent, path));
        let side = chosen_side(side, &counts);
        (side, Area::at(places[side], CARD))
    }

    #[test]
    fn the_card_goes_where_no_path_is() {
        let (side, area) = placed(0, &[]);
        assert_eq!((side, area.has((400.0, 150.0), 0.0)), (0, true), "without a path, right above the agent");
        let rising: Vec<(f64, f64)> =
            (0..70).map(|i| (f64::from(i) * 10.0, 440.0 - f64::from(i) * 6.0)).collect();
        let (side, area) = placed(0, &rising);
        assert!(!rising.iter().any(|point| area.has(*point, 0.0)), "{area:?} at {side}");
        assert_eq!(placed(side, &[]).0, side, "it stays where it is while that is as good");
    }

    #[test]
    fn the_card_leaves_the_agent_free_and_is_on_the_stage() {
        for agent in [(0.0, 0.0), (690.0, 10.0), (350.0, 450.0), (10.0, 230.0)] {
            let places = card_places(Some(agent), STAGE, CARD);
            let counts = places.map(|place| covered(Area::at(place, CARD), Some(agent), &[]));
            let area = Area::at(places[chosen_side(0, &counts)], CARD);
            assert!(!area.has(agent, AGENT_PX), "{agent:?} below {area:?}");
            let Area([left, top, right, bottom]) = area;
            assert!(left >= 0.0 && top >= 0.0 && right <= STAGE.0 && bottom <= STAGE.1, "{area:?}");
        }
        let hidden = card_places(None, STAGE, CARD)[0];
        assert_eq!(hidden, (STAGE.0 - CARD.0 - MARGIN_PX, TOOLBAR_PX), "behind the eye: in the upper right");
    }

    #[test]
    fn areas_that_touch_do_not_overlap() {
        let one = Area::at((0.0, 0.0), (10.0, 10.0));
        assert!(one.overlaps(Area::at((9.0, 9.0), (4.0, 4.0))));
        assert!(!one.overlaps(Area::at((10.0, 0.0), (4.0, 4.0))));
    }
}
