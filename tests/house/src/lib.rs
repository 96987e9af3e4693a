//! The rules of the house as code: which crate may depend on which ([`graph`]), and what every source file keeps to
//! ([`source`]). Both judge plain data and answer a list of violations; [`workspace`] reads that data from the real
//! workspace. The tests of this package apply the one to the other.

pub mod graph;
pub mod source;
pub mod workspace;
