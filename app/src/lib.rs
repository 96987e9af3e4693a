//! Gauntlet's pages: the shell, the routes, one folder a feature.
//!
//! The crate has no sockets, no SQL and no WebGL: it gets a [`ports::Feed`] and a [`ports::Stage`] from
//! context in the browser, and an [`api::Backend`] from context on the server. It renders on the server
//! (`ssr`) and hydrates in the browser (`hydrate`), never both in one build.

// `#[component]` writes public property structs into private modules.
#![allow(unreachable_pub)]
// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

#[cfg(all(feature = "ssr", feature = "hydrate"))]
compile_error!("`ssr` and `hydrate` are enabled together: a host dependency leaked into the browser build");

pub mod api;
#[cfg(feature = "ssr")]
pub mod cells;
#[cfg(feature = "ssr")]
pub mod compare;
#[cfg(feature = "ssr")]
mod correlations;
mod gauntlet;
#[cfg(feature = "ssr")]
pub mod groups;
#[cfg(feature = "ssr")]
mod instant;
mod manage;
#[cfg(feature = "ssr")]
pub mod monitors;
pub mod ports;
#[cfg(feature = "ssr")]
mod prompt_strips;
mod routes;
mod runs;
#[cfg(feature = "ssr")]
pub mod search;
#[cfg(feature = "ssr")]
mod shell;
#[cfg(feature = "ssr")]
pub mod status;
#[cfg(test)]
mod test_run;
mod ui;

pub use ports::{provide_ports, use_ports};
pub use routes::{App, ListApp, RunApp};
#[cfg(feature = "ssr")]
pub use shell::{head_html, shell};
pub use ui::{APPLY_THEME, PLAIN_PAGE};
