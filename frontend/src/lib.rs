//! The browser side: hydration, the feed, the stage. Empty on any other target.

#![cfg(target_arch = "wasm32")]
// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod feed;
mod stage;

use std::rc::Rc;

use gauntlet_app::ports::Ports;
use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the page once the module is loaded: gives the app its ports and takes over what the server
/// rendered.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    let ports = Ports { feed: Rc::new(feed::HttpFeed::default()), stage: Rc::new(stage::WebGlStage) };
    leptos::mount::hydrate_body(move || {
        gauntlet_app::provide_ports(ports);
        gauntlet_app::App()
    });
}
