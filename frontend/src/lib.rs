//! The browser side: hydration, the feed, the stage. Empty on any other target.
//!
//! It comes as two bundles (`src/bin/`), of which a page loads one: a page without a stage does not wait for
//! the code that draws it.

#![cfg(target_arch = "wasm32")]
// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod changes;
mod feed;
mod socket;
mod stage;
mod uploads;

use std::rc::Rc;

use gauntlet_app::ports::{Ports, RunPorts};
use gauntlet_app::{ListApp, RunApp, provide_ports};
use leptos::prelude::IntoView;

/// Takes over a list of runs that the server rendered.
pub fn hydrate_list() {
    hydrate(None, ListApp);
}

/// Takes over a run page that the server rendered.
pub fn hydrate_run() {
    hydrate(Some(RunPorts { feed: Rc::new(feed::HttpFeed), stage: Rc::new(stage::WebGlStage) }), RunApp);
}

fn hydrate<V: IntoView + 'static>(run: Option<RunPorts>, pages: fn() -> V) {
    console_error_panic_hook::set_once();
    let uploads = Rc::new(uploads::HttpUploads::default());
    provide_ports(Ports { uploads, changes: Rc::new(changes::HttpChanges), run });
    leptos::mount::hydrate_body(pages);
}
