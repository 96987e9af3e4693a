//! The commands for people and scripts on the real binary: runs, show, tail, import, completions, and a demo
//! that obeys.

mod fixture;
mod following;
mod importing;
mod looking;
mod manual;
mod surroundings;
