//! Access to the running render loop, for parts of the page that ask it what is under the pointer or where
//! the camera is.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::prelude::*;

use super::render_loop::RenderLoop;

/// The loop, shared by the animation frames and those who read it.
pub(super) type SharedLoop = Rc<RefCell<RenderLoop>>;

/// The running loop; empty until the stage is on the page.
#[derive(Clone, Copy)]
pub(super) struct RenderLoopHandle(RwSignal<Option<StoredValue<SharedLoop, LocalStorage>>>);

impl RenderLoopHandle {
    /// No loop yet.
    pub(super) fn new() -> Self {
        Self(RwSignal::new(None))
    }

    /// Sets the loop that has started.
    pub(super) fn set(self, render_loop: SharedLoop) {
        self.0.set(Some(StoredValue::new_local(render_loop)));
    }

    /// Draws the last scene again and returns its canvas, whose picture is there until the browser shows it.
    pub(super) fn redraw(self) -> Option<web_sys::HtmlCanvasElement> {
        let render_loop = self.0.get_untracked()?;
        render_loop.try_with_value(|render_loop| {
            let render_loop = &mut *render_loop.borrow_mut();
            let (stage, canvas) = render_loop.stage.as_mut()?;
            stage.draw(render_loop.scene.as_ref()?, canvas.width(), canvas.height());
            Some(canvas.clone())
        })?
    }

    /// Reads the loop; `None` before it runs.
    pub(super) fn read<T>(self, read: impl FnOnce(&RenderLoop) -> Option<T>) -> Option<T> {
        let render_loop = self.0.get_untracked()?;
        render_loop.try_with_value(|render_loop| read(&render_loop.borrow()))?
    }
}
