//! The browser's animation frames as one loop that ends when its owner goes.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

type Heard = Closure<dyn FnMut(f64)>;

/// Calls a function once an animation frame, with the frame's time in milliseconds. Dropping it ends the loop.
pub(crate) struct EachFrame {
    is_over: Rc<Cell<bool>>,
    asked: Rc<Cell<Option<i32>>>,
    heard: Rc<RefCell<Option<Heard>>>,
}

impl EachFrame {
    /// Starts the loop.
    pub(crate) fn start(mut tick: impl FnMut(f64) + 'static) -> Self {
        let is_over = Rc::new(Cell::new(false));
        let asked: Rc<Cell<Option<i32>>> = Rc::default();
        let heard: Rc<RefCell<Option<Heard>>> = Rc::default();
        let (over, next, again) = (is_over.clone(), asked.clone(), Rc::downgrade(&heard));
        *heard.borrow_mut() = Some(Closure::new(move |now_ms: f64| {
            tick(now_ms);
            if let Some(closure) = again.upgrade().filter(|_| !over.get()) {
                next.set(request(&closure.borrow()));
            }
        }));
        asked.set(request(&heard.borrow()));
        Self { is_over, asked, heard }
    }
}

impl Drop for EachFrame {
    fn drop(&mut self) {
        self.is_over.set(true);
        if let Some(frame) = self.asked.take() {
            // Fails only where there is no window, and then no frame comes either.
            let _ = window().cancel_animation_frame(frame);
        }
        // The tick itself may have ended the loop; its closure must outlive that call.
        if let Some(last) = self.heard.borrow_mut().take() {
            set_timeout(move || drop(last), std::time::Duration::ZERO);
        }
    }
}

/// Asks for the next frame; answers the number to cancel it by. `None` only where there is no window to draw in.
fn request(closure: &Option<Heard>) -> Option<i32> {
    window().request_animation_frame(closure.as_ref()?.as_ref().unchecked_ref()).ok()
}
