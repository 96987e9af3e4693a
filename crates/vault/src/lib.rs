//! Who may do what: API keys, the principals that they stand for, and the permission that every route needs.
//!
//! A [`Secret`] is random and shown once; what is stored is its [`Digest`] beside the key's
//! [`ApiKey`](gauntlet_model::ApiKey). A [`Keyring`] holds the stored keys and turns what a request presents
//! into a [`Principal`]; [`routes::find`] says which [`Permission`] a route needs. Randomness and time are
//! arguments.

// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod keyring;
mod permission;
mod principal;
pub mod routes;
mod secret;
mod throttle;

pub use keyring::{Keyring, RefusedKey, StoredKey};
pub use permission::Permission;
pub use principal::{Principal, Projects};
pub use secret::{Digest, SECRET_BYTES, Secret};
pub use throttle::Throttle;
