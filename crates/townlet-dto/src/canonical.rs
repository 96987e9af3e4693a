//! Canonical JSON (RFC 8785) and the hash of a content.
//!
//! Keys are sorted, numbers have one spelling and there is no white space, so equal values are equal bytes in
//! every language that implements the RFC.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// A value that JSON cannot hold: a number that is not finite, or a key that is not a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the value cannot be written as canonical JSON: {reason}")]
pub struct NotCanonical {
    reason: String,
}

/// The canonical JSON of a value.
///
/// # Errors
///
/// [`NotCanonical`] where the value has a number that is not finite or a key that is not a text.
pub fn to_vec(value: &impl Serialize) -> Result<Vec<u8>, NotCanonical> {
    serde_json_canonicalizer::to_vec(value).map_err(|error| NotCanonical { reason: error.to_string() })
}

/// `sha256:` and the hash of the canonical JSON, in small hexadecimal letters.
///
/// # Errors
///
/// As [`to_vec`].
pub fn content_hash(value: &impl Serialize) -> Result<String, NotCanonical> {
    Ok(format!("sha256:{}", hex::encode(Sha256::digest(to_vec(value)?))))
}
