//! The bundle of the lists of runs. Does nothing on any other target than the browser.

#![cfg_attr(target_arch = "wasm32", no_main)]

/// Called by the page once the module is loaded: takes over what the server rendered.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    gauntlet_frontend::hydrate_list();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}
