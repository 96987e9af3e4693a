//! The `gauntlet` server: configuration, router, ingest, live, the origin's paths.

// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

pub mod access;
pub mod answers;
pub mod api;
pub mod archive_places;
mod attempt;
pub mod backup_settings;
mod beside;
pub mod body;
mod compare_page;
pub mod config;
pub mod connections;
pub mod contact;
pub mod docs;
pub mod document;
pub mod downloads;
pub mod error;
mod evolution_page;
pub mod exposure;
pub mod extract;
mod groups_page;
pub mod guard;
pub mod health;
pub mod http;
pub mod hub;
pub mod intake;
pub mod live;
pub mod lock;
mod markdown;
mod media;
pub mod metrics;
mod monitors_page;
pub mod openapi;
pub mod otlp;
pub mod pages;
pub mod policy;
pub mod process;
pub mod router;
pub mod routes;
mod run_list;
mod search_page;
pub mod serve;
pub mod settings_changes;
pub mod site;
pub mod state;
mod status_page;
pub mod tail;
pub mod tls;
mod value_tree;
mod webhooks;
