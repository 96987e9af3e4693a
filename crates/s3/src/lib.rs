//! Archives in a bucket of an S3 server: AWS, or any that speaks as it does.
//!
//! Credentials, and where nothing else is said the region and the address, are found as AWS's own tools find
//! them: the environment, the profile, a web identity, the metadata of the machine. An archive goes up in
//! parts, each with its SHA-256, while the next one is compressed; then the server is asked what it has, and
//! an object with another size or checksum is deleted. What comes down goes on where a connection broke.

// Nothing but this page where the feature is not asked for.
#![cfg(feature = "client")]
// Tests may panic, what is shipped may not.
#![cfg_attr(not(test), warn(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

mod connection;
mod error;
mod sink;
mod source;
mod target;

pub use target::S3Target;
