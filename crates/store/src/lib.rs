//! Gauntlet's log.
