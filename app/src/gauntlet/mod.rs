//! `/runs/{id}`: the Gauntlet. One [`session::Session`] says what the page knows and shows; one loop in
//! [`render_loop`] moves it; every other file is a part of the page that reads the session and changes it.

mod about;
mod address;
mod attempt;
mod beside;
mod beside_panel;
mod callout;
mod capture;
mod charts;
mod citations;
mod commands;
mod controls;
mod curve;
mod diagnostics;
mod easing;
mod effects;
mod effects_editor;
mod episode_timeline;
mod episode_ways;
mod flags;
mod flat;
mod frame_timing;
mod header;
mod headline;
mod heights;
mod inbox;
mod inspector;
mod intervene;
mod keyboard;
mod legend;
mod listed;
mod more;
mod motion;
mod orbit;
mod overlay;
mod page;
mod pairs;
mod panels;
mod rate_meter;
mod recap;
mod render_loop;
mod render_loop_handle;
mod rubric_detail;
mod run_menu;
mod session;
mod spark;
mod stage;
mod steps;
mod test_attributes;
#[cfg(test)]
mod test_film;
mod toolbar;
mod transport;
mod tree;
mod tweak;

pub(crate) use page::RunPage;
