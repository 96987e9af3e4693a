//! The stage: the canvas and the elements over it. Starts the render loop, and ends it with the page.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use leptos::html;
use leptos::prelude::*;

use super::callout::Callout;
use super::charts::Charts;
use super::flat::Flat;
use super::inbox::Inbox;
use super::orbit::OrbitControls;
use super::overlay::{Overlay, OverlayPool};
use super::panels::Panels;
use super::render_loop::{Attach, RenderLoop};
use super::render_loop_handle::{RenderLoopHandle, SharedLoop};
use super::session::Session;
use super::toolbar::Toolbar;
use crate::ports::{RunPorts, StageView, use_ports};
use crate::ui::{EachFrame, Erase, Resized, prefers_reduced_motion};

/// Owners of the loop's frames, its size observer and its connection; dropping them ends all three.
type KeepAlive = Vec<Box<dyn Any>>;

/// The elements the loop works on.
#[derive(Clone, Copy, Default)]
struct Elements {
    frame: NodeRef<html::Div>,
    solid: NodeRef<html::Canvas>,
    flat: NodeRef<html::Canvas>,
    labels: NodeRef<html::Div>,
    card: NodeRef<html::Div>,
    leader: NodeRef<html::Div>,
}

impl Elements {
    /// Starts the loop once all elements are on the page; `None` before that.
    fn start(
        self,
        session: Session,
        ports: &RunPorts,
        without_3d: RwSignal<Option<String>>,
        is_attached: RwSignal<bool>,
    ) -> Option<(SharedLoop, KeepAlive)> {
        let (frame, solid, flat) = (self.frame.get()?, self.solid.get()?, self.flat.get()?);
        let (labels, card, leader) = (self.labels.get()?, self.card.get()?, self.leader.get()?);
        let (stage, on_frame) = (ports.stage.clone(), frame.clone());
        let attach: Attach = Box::new(move || {
            let (renderer, canvas, view): (_, _, Box<dyn StageView>) = match stage.attach(solid.clone()) {
                Ok(view) => ("webgl2", solid, view),
                Err(words) => {
                    without_3d.set(Some(words));
                    ("2d", flat.clone(), Box::new(Flat::new(&flat)))
                }
            };
            // Fails only for names that are not attribute names.
            let _ = on_frame.set_attribute("data-renderer", renderer);
            is_attached.set(true);
            (view, canvas)
        });
        let overlay = Overlay::new(&labels, Some(card.into()), Some(leader.into()));
        let inbox = Rc::new(RefCell::new(Inbox::new(session.summary(|s| s.rules))));
        let render_loop = RenderLoop::new(session, inbox.clone(), attach, overlay, frame.clone().into());
        let render_loop = Rc::new(RefCell::new(render_loop));
        let resized = render_loop.clone();
        let resized = Resized::watch(&frame, move || resized.borrow_mut().resize());
        let shown = render_loop.clone();
        let frames = EachFrame::start(move |ms| shown.borrow_mut().frame(ms));
        let run = session.summary(|s| s.id.clone());
        let following = ports.feed.follow(&run, None, Rc::new(move |update| inbox.borrow_mut().put(update)));
        Some((render_loop, vec![Box::new(frames), Box::new(resized), following]))
    }
}

/// The stage with its tools, labels and the card of the failing node.
#[component]
pub(super) fn StageArea(session: Session, panels: Panels) -> impl IntoView {
    let elements = Elements::default();
    let without_3d = RwSignal::new(None::<String>);
    let is_attached = RwSignal::new(false);
    let handle = RenderLoopHandle::new();
    Effect::new(move || {
        let Some(ports) = use_ports().and_then(|ports| ports.run) else { return };
        let Some((render_loop, keep_alive)) = elements.start(session, &ports, without_3d, is_attached) else {
            return;
        };
        handle.set(render_loop);
        // Lives as long as this effect: dropping it ends the loop and the connection.
        StoredValue::new_local(keep_alive);
    });
    let controls = OrbitControls::new(session, handle);
    view! {
        <div
            class="stage" node_ref=elements.frame data-ready="false" data-nodes="0" data-feed="connecting"
            data-playing="false"
        >
            <div
                class="pictures" tabindex="0" role="application"
                class:is-controls=move || controls.is_turning()
                aria-label="Stage: the run as a path. Drag to turn, scroll to zoom, W A S D and + - by \
                keyboard; click a node to select it."
                on:pointerdown=move |e| controls.on_down(&e)
                on:pointermove=move |e| controls.on_move(&e)
                on:pointerup=move |e| controls.on_up(&e)
                on:pointercancel=move |e| controls.on_cancel(&e)
                on:wheel=move |e| controls.on_wheel(&e)
                on:dblclick=move |_| controls.follow_agent()
                on:keydown=move |e| controls.on_key(&e)
            >
                <canvas
                    class="picture" node_ref=elements.solid hidden=move || without_3d.with(Option::is_some)
                ></canvas>
                <canvas
                    class="picture" node_ref=elements.flat hidden=move || without_3d.with(Option::is_none)
                ></canvas>
            </div>
            <OverlayPool labels=elements.labels />
            <div class="leader" node_ref=elements.leader aria-hidden="true"></div>
            <Callout session panels card=elements.card />
            <Toolbar session controls />
            {move || without_3d.get().map(|words| view! {
                <p class="flat-note" role="note">
                    "This is the flat view: 3D needs WebGL2. " <span>{words}</span>
                </p>
            })}
            {substitutes(session, is_attached)}
        </div>
    }
    .erase()
}

/// What is shown where there is no picture: curves of a run that is only measured, words before the first
/// step and before the first frame.
fn substitutes(session: Session, is_attached: RwSignal<bool>) -> impl IntoView {
    let is_empty = Memo::new(move |_| session.watch(|f| f.is_empty()));
    let is_measured = Memo::new(move |_| session.watch_calmly(|f| f.measured_paths().next().is_some()));
    view! {
        {move || is_empty.get().then(|| match is_measured.get() {
            true => view! { <Charts session /> }.erase(),
            false => view! { <Waiting session /> }.erase(),
        })}
        {move || (!is_empty.get() && !is_attached.get()).then(|| view! {
            <div class="waiting"><p>"Preparing the picture"</p></div>
        })}
    }
}

/// What the stage says before the first step.
#[component]
fn Waiting(session: Session) -> impl IntoView {
    use crate::ports::FeedState;
    let words = move || match session.feed.get() {
        FeedState::Connecting | FeedState::CatchingUp { .. } => ("Opening the film", ""),
        FeedState::Live if session.status().is_final() => {
            ("No scored steps in this run", "It ended before its rubric was called once.")
        }
        FeedState::Live => ("Waiting for the first step", "It appears here the moment the server has it."),
        FeedState::Lost { .. } => ("No connection", "The page tries again by itself."),
        FeedState::Missing => ("This run is gone", "It may have been deleted. The list shows what is there."),
    };
    let skips = session.view.skips_warm_up;
    let is_warming_up = move || {
        let is_waiting = session.feed.with(|f| *f == FeedState::Live) && !session.status().is_final();
        is_waiting && !skips.get() && !prefers_reduced_motion()
    };
    view! {
        <div class="waiting" role="status">
            <h2>{move || words().0}</h2>
            <p>{move || words().1}</p>
            <button
                class="link warm-up-skip" hidden=move || !is_warming_up() on:click=move |_| skips.set(true)
            >
                "Skip the warm-up"
            </button>
        </div>
    }
    .erase()
}
