//! How a part of the bench ends.

/// Any failure ends the bench with its message.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
