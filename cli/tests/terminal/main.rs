//! The commands for people, scripts and language models on the real binary: runs, show, tail, import,
//! completions, monitors, scenarios, mcp, and a demo that obeys.

mod fixture;
mod following;
mod importing;
mod looking;
mod manual;
mod mcp;
mod monitoring;
mod scenarios;
mod surroundings;
