//! Sinks: where events end up. Each has a queue and a thread of its own.
