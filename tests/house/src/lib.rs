//! The rules of the house as code: which crate may depend on which ([`graph`]), what every source file keeps to
//! ([`source`]), and which licences may be linked ([`licences`]). All judge plain data and answer a list of violations or a yes or no; [`workspace`] reads that data from the real
//! workspace. The tests of this package apply the one to the other.

pub mod graph;
pub mod licences;
pub mod source;
pub mod workspace;
