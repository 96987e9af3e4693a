//! `/runs/{id}`: the Gauntlet. One [`session::Session`] says what the page knows and shows; one loop in
//! [`projector`] moves it; every other file is a part of the page that reads the session and changes it.

mod about;
mod address;
mod callout;
mod charts;
mod curve;
mod diagnostics;
mod easing;
mod facts;
mod flat;
mod header;
mod inspector;
mod intervene;
mod keyboard;
mod legend;
mod motion;
mod orbit;
mod overlay;
mod page;
mod pairs;
mod panels;
mod projector;
mod proof;
mod session;
mod spark;
mod stage;
mod steps;
mod story;
mod toolbar;
mod transport;
mod tree;

pub(crate) use page::RunPage;
