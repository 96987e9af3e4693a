//! The rules of the house as code: which crate may depend on which ([`graph`]), that no crate's files import
//! each other in circles ([`modules`]), that public types have names of their own ([`names`]), that recorded
//! migrations stay as they are ([`migrations`]), that the code of pure crates reads no clock and no file
//! ([`purity`]), and what every source file keeps to ([`source`], [`functions`], [`identifiers`]).
//!
//! All judge plain data and answer a list of violations; [`workspace`] reads that data from the real
//! workspace. The tests of this package apply the one to the other.

pub mod functions;
pub mod graph;
pub mod identifiers;
mod imports;
pub mod migrations;
pub mod modules;
pub mod names;
pub mod purity;
pub mod source;
mod tokens;
pub mod workspace;
