//! A loop over the browser's animation frames that ends when its owner is dropped.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

type FrameCallback = Closure<dyn FnMut(f64)>;

/// Calls a function once an animation frame, with the frame's time in milliseconds. Dropping it ends the
/// loop.
pub(crate) struct EachFrame {
    is_over: Rc<Cell<bool>>,
    requested: Rc<Cell<Option<i32>>>,
    callback: Rc<RefCell<Option<FrameCallback>>>,
}

impl EachFrame {
    /// Starts the loop.
    pub(crate) fn start(mut tick: impl FnMut(f64) + 'static) -> Self {
        let is_over = Rc::new(Cell::new(false));
        let requested: Rc<Cell<Option<i32>>> = Rc::default();
        let callback: Rc<RefCell<Option<FrameCallback>>> = Rc::default();
        let (over, next, again) = (is_over.clone(), requested.clone(), Rc::downgrade(&callback));
        *callback.borrow_mut() = Some(Closure::new(move |now_ms: f64| {
            tick(now_ms);
            if let Some(closure) = again.upgrade().filter(|_| !over.get()) {
                next.set(request(&closure.borrow()));
            }
        }));
        requested.set(request(&callback.borrow()));
        Self { is_over, requested, callback }
    }
}

impl Drop for EachFrame {
    fn drop(&mut self) {
        self.is_over.set(true);
        if let Some(frame) = self.requested.take() {
            // Fails only where there is no window, and then no frame comes either.
            let _ = window().cancel_animation_frame(frame);
        }
        // The tick itself may have ended the loop; its closure must outlive that call.
        if let Some(last) = self.callback.borrow_mut().take() {
            set_timeout(move || drop(last), std::time::Duration::ZERO);
        }
    }
}

/// Asks for the next frame; answers the number to cancel it by. `None` only where there is no window to draw
/// in.
fn request(closure: &Option<FrameCallback>) -> Option<i32> {
    window().request_animation_frame(closure.as_ref()?.as_ref().unchecked_ref()).ok()
}
