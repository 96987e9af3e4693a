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
    heard: Rc<RefCell<Option<Heard>>>,
}

impl EachFrame {
    /// Starts the loop.
    pub(crate) fn start(mut tick: impl FnMut(f64) + 'static) -> Self {
        let is_over = Rc::new(Cell::new(false));
        let heard: Rc<RefCell<Option<Heard>>> = Rc::default();
        let (over, again) = (is_over.clone(), Rc::downgrade(&heard));
        *heard.borrow_mut() = Some(Closure::new(move |now_ms: f64| {
            if over.get() {
                return;
            }
            tick(now_ms);
            if let Some(closure) = again.upgrade() {
                request(&closure.borrow());
            }
        }));
        request(&heard.borrow());
        Self { is_over, heard }
    }
}

impl Drop for EachFrame {
    fn drop(&mut self) {
        self.is_over.set(true);
        // A frame may still be asked for; its closure must outlive that call, so it goes one frame later.
        if let Some(last) = self.heard.borrow_mut().take() {
            set_timeout(move || drop(last), std::time::Duration::from_millis(250));
        }
    }
}

fn request(closure: &Option<Heard>) {
    if let Some(closure) = closure {
        // Fails only where there is no window to draw in.
        let _ = window().request_animation_frame(closure.as_ref().unchecked_ref());
    }
}
