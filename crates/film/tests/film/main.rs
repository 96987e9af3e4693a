//! The film as its viewers see it: stories and properties through the public interface.

mod by_step;
mod codec;
mod digests;
mod facts;
mod failing;
mod levels;
mod measurements;
mod order;
mod outline;
mod overlay;
mod rules;
mod series;
mod stories;
mod totals;
